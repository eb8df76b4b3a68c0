insmod samples/procfile/procfile.ko; echo "insmod $?"
ls /proc/procfile
cat /proc/procfile/squares
cat /proc/procfile/about
rmmod procfile; echo "rmmod $?"
