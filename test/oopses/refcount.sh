insmod oopses.ko
for kind in zero under leak many not_zero zero; do sh -c "echo refcount_$kind > /dev/oopses"; echo "$kind: $?"; done
cat /proc/sys/kernel/tainted
rmmod oopses
