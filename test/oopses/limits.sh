echo 2 > /proc/sys/kernel/oops_limit
cat /proc/sys/kernel/oops_limit /proc/sys/kernel/warn_limit
insmod oopses.ko
sh -c "echo bug > /dev/oopses"; echo "bug: $?"
sh -c "echo warn > /dev/oopses"; echo "warn: $?"
sh -c "echo null_write > /dev/oopses"; echo "null: $?"
