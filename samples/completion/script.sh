insmod samples/completion/completion.ko; echo "insmod $?"
rmmod completion; echo "rmmod $?"
