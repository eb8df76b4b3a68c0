insmod oopses.ko exit=bug
rmmod oopses; echo "rmmod: $?"
lsmod
cat /sys/module/oopses/initstate /sys/module/oopses/refcnt
rmmod oopses; echo "rmmod: $?"
grep oopses /proc/modules | cut -d' ' -f1-5
