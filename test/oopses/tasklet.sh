insmod oopses.ko
sh -c 'echo null_write tasklet > /dev/oopses'
echo "after: $?"
