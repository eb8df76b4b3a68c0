insmod samples/chardev/chardev.ko; echo "insmod $?"
grep chardev /proc/devices | wc -l
ls /sys/class/chardev
echo hello > /dev/chardev0; echo "write $?"
cat /dev/chardev0
# Two files are open at a time: each has its own position and its own count of transfers.
sys 'open a /dev/chardev0 rw' 'open b /dev/chardev0 rw' 'read a 3' 'read b 100' 'lseek a 1 set' 'read a 2' 'lseek a 1 cur' 'read a 9' 'ioctl a _IOR(k,2,4)' 'ioctl b _IOR(k,2,4)' 'close a' 'close b'
sys 'open a /dev/chardev0 rw' 'lseek a -4 end' 'write a too much' 'lseek a 0 end' 'write a x' 'lseek a 65 set' 'lseek a 0 7' 'close a'
sys 'open a /dev/chardev0 r' 'write a x' 'ioctl a _IO(k,1)' 'read a 10' 'ioctl a 0x5401' 'close a'
lsmod
rmmod chardev; echo "rmmod $?"
