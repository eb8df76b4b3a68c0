insmod oopses.ko
sh -c 'echo null_read reference > /dev/oopses'; echo "write: $?"
lsmod
cat /sys/module/oopses/refcnt /sys/module/oopses/initstate
rmmod oopses; echo "rmmod: $?"
sh -c 'echo bug > /dev/oopses'; echo "bug: $?"
