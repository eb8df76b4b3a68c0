insmod samples/rcu/rcu.ko; echo "insmod $?"
sleep 1
rmmod rcu; echo "rmmod $?"
