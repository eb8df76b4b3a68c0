insmod samples/procfile/procfile.ko; echo "insmod $?"
ls /proc/procfile
stat -c '%A %s %n' /proc/procfile /proc/procfile/squares /proc/procfile/about
cat /proc/procfile/squares
cat /proc/procfile/about
# A reader may take small pieces, or start in the middle: seq_file walks to where it is.
sys 'open a /proc/procfile/squares r' 'read a 10' 'read a 1' 'read a 30' 'read a 500' 'read a 500' 'lseek a 19 set' 'read a 18' 'lseek a -5 cur' 'read a 9' 'lseek a 5000 set' 'read a 5' 'lseek a 0 end' 'lseek a -1 set' 'close a'
sys 'open a /proc/procfile/about rw' 'write a x' 'read a 7' 'poll a in,out 0' 'ioctl a 0x1234' 'close a'
dd if=/proc/procfile/squares bs=7 count=2 2>/dev/null; echo
head -n 2 /proc/procfile/squares | tail -n 1
# An open file in /proc does not hold the module: rmmod waits for calls that run, and closes the file.
sys 'open a /proc/procfile/squares r' 'open b /sys/module/procfile/refcnt r' 'read b 5'
rmmod procfile; echo "rmmod $?"
test -e /proc/procfile; echo "there: $?"
