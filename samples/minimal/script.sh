# A module without init and exit: loaded, listed, unloaded.
insmod samples/minimal/minimal.ko; echo "insmod $?"
lsmod
ls /sys/module/minimal
cat /sys/module/minimal/initstate /sys/module/minimal/coresize /sys/module/minimal/refcnt /sys/module/minimal/taint
insmod samples/minimal/minimal.ko; echo "again $?"
rmmod minimal; echo "rmmod $?"
rmmod minimal; echo "rmmod again $?"
