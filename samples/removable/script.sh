insmod samples/removable/removable.ko; echo "insmod $?"
lsmod
ls /sys/module/removable /sys/module/removable/sections /sys/module/removable/notes
cat /sys/module/removable/initsize
rmmod removable; echo "rmmod $?"
lsmod
