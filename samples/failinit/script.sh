insmod samples/failinit/failinit.ko; echo "insmod $?"
lsmod
rmmod failinit; echo "rmmod $?"
