insmod samples/idr/idr.ko; echo "insmod $?"
rmmod idr; echo "rmmod $?"
