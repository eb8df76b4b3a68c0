insmod samples/miscdev/miscdev.ko; echo "insmod $?"
cat /dev/answer
stat -c '%A %n' /dev/answer
cat /sys/class/misc/answer/uevent | tail -n 2
grep -c answer /proc/misc
# Pieces, and what it does not do: take data, seek, or any ioctl.
sys 'open a /dev/answer rw' 'read a 5' 'read a 20' 'read a 20' 'write a x' 'lseek a 0 set' 'ioctl a 0x1234' 'poll a in,out 0' 'close a'
echo x > /dev/answer 2>/dev/null; echo "write $?"
# The node can be made by hand as well: what counts is its number.
mknod /tmp/node c 10 $(grep answer /proc/misc | cut -c1-3)
dd if=/tmp/node bs=4 count=1 2>/dev/null; echo
mknod /tmp/nobody c 10 250
mknod /tmp/nomajor c 123 0
sys 'open a /tmp/nobody r' 'open b /tmp/nomajor r'
rmmod miscdev; echo "rmmod $?"
sys 'open a /tmp/node r'
grep -c answer /proc/misc
test -e /dev/answer; echo "node there: $?"
