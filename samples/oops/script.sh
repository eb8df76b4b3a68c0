insmod samples/oops/oops.ko; echo "insmod $?"
lsmod
cat /sys/module/oops/initstate
rmmod oops; echo "rmmod $?"
cat /proc/sys/kernel/tainted
