insmod samples/formats/formats.ko; echo "insmod $?"
rmmod formats; echo "rmmod $?"
