insmod oopses.ko
sh -c 'echo canary > /dev/oopses'
echo "after: $?"
