insmod oopses.ko init=null_read; echo "insmod: $?"
lsmod
cat /sys/module/oopses/initstate /sys/module/oopses/refcnt
rmmod oopses; echo "rmmod: $?"
grep oopses /proc/modules | cut -d' ' -f1-5
cat /proc/sys/kernel/tainted
