insmod samples/timer/timer.ko; echo "insmod $?"
sleep 1
rmmod timer; echo "rmmod $?"
