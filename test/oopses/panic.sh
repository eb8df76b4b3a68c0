insmod oopses.ko
sh -c 'echo panics > /dev/oopses'
echo "after: $?"
