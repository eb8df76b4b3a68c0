insmod samples/debugfile/debugfile.ko; echo "insmod $?"
cd /sys/kernel/debug/debugfile
ls
ls inner
cat small number large bits enabled count state inner/half
sys 'open a blob r' 'read a 4' 'read a 10' 'read a 10' 'lseek a 0 set' 'read a 2' 'close a'
echo 0x10 > number; echo "number $?"
cat number inner/up
sys 'open a small rw' 'write a 256' 'write a 255' 'lseek a 0 set' 'read a 9' 'close a'
sys 'open a enabled rw' 'write a maybe' 'write a n' 'lseek a 0 set' 'read a 9' 'close a'
sys 'open a count rw' 'write a -7' 'lseek a 0 set' 'read a 9' 'close a'
sys 'open a inner/half rw' 'write a 50' 'read a 9' 'lseek a 0 set' 'write a 1001' 'close a'
echo "a line for the log" > inner/log
cat state
stat -c '%A %n' . small large blob inner inner/log
cd /root
rmmod debugfile; echo "rmmod $?"
ls /sys/kernel/debug | grep -c debugfile
