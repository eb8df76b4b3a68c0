insmod samples/hello/hello.ko; echo "insmod $?"
lsmod
cat /sys/module/hello/initstate /sys/module/hello/coresize /sys/module/hello/taint
ls /sys/module/hello
modinfo -F license samples/hello/hello.ko
modinfo -F description samples/hello/hello.ko
rmmod hello; echo "rmmod $?"
cat /proc/sys/kernel/tainted
