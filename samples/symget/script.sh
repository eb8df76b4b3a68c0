insmod samples/symget/symget.ko; echo "alone $?"
rmmod symget; echo "rmmod $?"
insmod samples/exporter/exporter.ko; echo "exporter $?"
insmod samples/symget/symget.ko; echo "symget $?"
lsmod
rmmod exporter; echo "in use $?"
rmmod symget; echo "rmmod $?"
rmmod exporter; echo "rmmod $?"
