insmod samples/kthread/kthread.ko; echo "insmod $?"
sleep 1
rmmod kthread; echo "rmmod $?"
