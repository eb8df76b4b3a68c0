insmod oopses.ko
sh -c 'echo null_read timer > /dev/oopses'
echo "after: $?"
