# kernel arguments: oops=panic
insmod oopses.ko
sh -c 'echo null_read > /dev/oopses'
echo "after: $?"
