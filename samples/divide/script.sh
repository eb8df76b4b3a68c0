insmod samples/divide/divide.ko; echo "insmod $?"
sys 'open a /dev/divide w' 'write a 4' 'write a four' 'close a'; echo "4: $?"
sys 'open a /dev/divide w' 'write a 0' 'close a' 2>&1; echo "0: $?"
sys 'open a /dev/divide w' 'write a 5' 'close a'; echo "5: $?"
lsmod
rmmod divide; echo "rmmod $?"
cat /proc/sys/kernel/tainted
