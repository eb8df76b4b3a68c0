insmod samples/warn/warn.ko; echo "insmod $?"
rmmod warn; echo "rmmod $?"
cat /proc/sys/kernel/tainted
