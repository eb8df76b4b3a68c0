insmod oopses.ko
for kind in bug bug_on ud2 divide_zero divide_overflow; do sh -c "echo $kind > /dev/oopses"; echo "$kind: $?"; done
cat /proc/sys/kernel/tainted
lsmod
rmmod oopses
