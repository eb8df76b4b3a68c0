insmod samples/chardev/chardev.ko; echo "insmod $?"
grep chardev /proc/devices | wc -l
ls /sys/class/chardev
echo hello > /dev/chardev0; echo "write $?"
cat /dev/chardev0
echo "more text" > /dev/chardev0
cat /dev/chardev0
lsmod
rmmod chardev; echo "rmmod $?"
