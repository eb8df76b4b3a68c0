insmod samples/hrtimer/hrtimer.ko; echo "insmod $?"
sleep 1
rmmod hrtimer; echo "rmmod $?"
