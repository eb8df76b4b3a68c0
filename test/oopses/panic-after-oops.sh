insmod oopses.ko
sh -c 'echo bug > /dev/oopses'
sh -c 'echo panics > /dev/oopses'
echo "after: $?"
