insmod oopses.ko
sh -c "echo warn > /dev/oopses"; echo "warn: $?"
echo 2 > /proc/sys/kernel/warn_limit
sh -c "echo warn > /dev/oopses"; echo "warn: $?"
