# Each bad pointer kills the process that follows it; the next one finds a kernel that still works.
insmod samples/faults/faults.ko
for name in null error freed user nowhere nobody; do sh -c "echo $name > /dev/faults"; echo "$name: $?"; done
lsmod
rmmod faults; echo "rmmod: $?"
