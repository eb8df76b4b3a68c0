insmod samples/mutex/mutex.ko; echo "insmod $?"
sleep 1
rmmod mutex; echo "rmmod $?"
