insmod oopses.ko
sh -c 'echo bug hrtimer > /dev/oopses'
echo "after: $?"
