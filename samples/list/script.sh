insmod samples/list/list.ko; echo "insmod $?"
rmmod list; echo "rmmod $?"
