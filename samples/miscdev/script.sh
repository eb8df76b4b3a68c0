insmod samples/miscdev/miscdev.ko; echo "insmod $?"
cat /dev/answer
grep -c answer /proc/misc
rmmod miscdev; echo "rmmod $?"
grep -c answer /proc/misc
