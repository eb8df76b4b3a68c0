insmod samples/slowinit/slowinit.ko &
sleep 1
look() {
  sed -E 's/0xffff[0-9a-f]{12}/ADDRESS/' /proc/modules
  cat /sys/module/slowinit/initstate /sys/module/slowinit/refcnt
  grep slowinit /proc/kallsyms | sed -E 's/^[0-9a-f]{16}/ADDRESS/'
}
look
rmmod slowinit; echo "rmmod $?"
wait
sleep 1
look
rmmod slowinit; echo "rmmod $?"
