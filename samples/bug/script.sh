insmod samples/bug/bug.ko; echo "insmod $?"
lsmod
cat /sys/module/bug/initstate
rmmod bug; echo "rmmod $?"
