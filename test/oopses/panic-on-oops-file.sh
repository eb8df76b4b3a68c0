insmod oopses.ko
echo 1 > /proc/sys/kernel/panic_on_oops
sh -c 'echo bug > /dev/oopses'
echo "after: $?"
