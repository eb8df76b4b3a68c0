insmod samples/removable/removable.ko; echo "insmod $?"
lsmod
ls /sys/module/removable
ls /sys/module/removable/notes
ls /sys/module/removable/sections
cat /sys/module/removable/initsize
rmmod removable; echo "rmmod $?"
lsmod
