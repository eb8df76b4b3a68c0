insmod samples/removable/removable.ko; echo "insmod $?"
lsmod
ls /sys/module/removable
ls /sys/module/removable/notes
ls /sys/module/removable/sections
cat /sys/module/removable/initsize
# A made-up event: what udev would be told.
echo change > /sys/module/removable/uevent; echo "uevent $?"
sys 'open a /sys/module/removable/uevent w' 'write a explode' 'write a add 1' 'open b /sys/module/removable/refcnt w' 'open b /sys/module/removable/uevent r'
rmmod removable; echo "rmmod $?"
lsmod
