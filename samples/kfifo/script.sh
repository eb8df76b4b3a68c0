insmod samples/kfifo/kfifo.ko; echo "insmod $?"
rmmod kfifo; echo "rmmod $?"
