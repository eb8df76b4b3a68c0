insmod oopses.ko
for place in notifier mutex work thread; do sh -c "echo null_read $place > /dev/oopses"; echo "$place: $?"; done
for place in irqs_off preempt_off; do for kind in null_read bug; do sh -c "echo $kind $place > /dev/oopses"; echo "$kind $place: $?"; done; done
sh -c "echo bug spinlock > /dev/oopses"; echo "spinlock: $?"
cat /proc/sys/kernel/tainted
lsmod
rmmod oopses
