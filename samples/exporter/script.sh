insmod samples/exporter/exporter.ko; echo "insmod $?"
lsmod
grep -c exporter_add /proc/kallsyms
rmmod exporter; echo "rmmod $?"
