insmod oopses.ko on=null_read
sh -c 'read line < /dev/oopses'; echo "read: $?"
sh -c 'read line < /sys/module/oopses/parameters/bad'; echo "show: $?"
lsmod
