# kernel arguments: panic=0
insmod oopses.ko
sh -c 'echo panics > /dev/oopses'
echo "after: $?"
