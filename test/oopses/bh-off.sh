insmod oopses.ko
sh -c 'echo bug bh_off > /dev/oopses'
echo "after: $?"
