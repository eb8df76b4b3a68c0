insmod samples/tasklet/tasklet.ko; echo "insmod $?"
sleep 1
rmmod tasklet; echo "rmmod $?"
