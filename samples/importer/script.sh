insmod samples/importer/importer.ko; echo "too early $?"
insmod samples/exporter/exporter.ko; echo "exporter $?"
insmod samples/importer/importer.ko; echo "importer $?"
lsmod
ls /sys/module/exporter/holders
rmmod exporter; echo "in use $?"
rmmod importer; echo "rmmod $?"
rmmod exporter; echo "rmmod $?"
