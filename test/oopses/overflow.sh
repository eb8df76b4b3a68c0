insmod oopses.ko
sh -c 'echo overflow > /dev/oopses'
echo "after: $?"
