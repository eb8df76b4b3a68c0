# kernel arguments: panic=1
insmod oopses.ko
sh -c 'echo panics > /dev/oopses'
echo "after: $?"
