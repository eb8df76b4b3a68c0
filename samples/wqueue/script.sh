insmod samples/wqueue/wqueue.ko; echo "insmod $?"
sleep 1
rmmod wqueue; echo "rmmod $?"
