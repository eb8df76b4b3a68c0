insmod samples/sysfsattr/sysfsattr.ko; echo "insmod $?"
cd /sys/kernel/sysfsattr
ls
ls named
readlink module
cat level changes
echo 55 > level; echo "55: $?"
cat level changes
sys 'open a level rw' 'write a 101' 'write a abc' 'write a 7' 'lseek a 0 set' 'read a 10' 'read a 10' 'lseek a 0 set' 'read a 1' 'read a 1' 'close a'
sys 'open a changes w' 'open b reset r' 'open c reset w' 'write c 1' 'read c 1' 'close c'
cat level named/changes named/secret
stat -c '%A %s %n' level changes reset named named/level
cd /root
rmmod sysfsattr; echo "rmmod $?"
ls /sys/kernel | grep -c sysfsattr
