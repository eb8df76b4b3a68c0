insmod oopses.ko
sh -c 'echo sleeps > /dev/oopses'
echo "after: $?"
