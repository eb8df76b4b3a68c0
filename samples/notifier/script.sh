insmod samples/notifier/notifier.ko; echo "insmod $?"
rmmod notifier; echo "rmmod $?"
