insmod oopses.ko
sh -c 'echo int3 > /dev/oopses'
echo "after: $?"
