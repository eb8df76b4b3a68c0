insmod samples/pollable/pollable.ko; echo "insmod $?"
sys 'open a /dev/pollable rw' 'poll a in,out 0' 'poll a in 0' 'read a 1' 'write a x' 'poll a in,out 0' 'write a y' 'read a 1' 'lseek a 5 set' 'close a'
# The time is up before anything happens.
sys 'open a /dev/pollable rw' 'poll a in 100' 'close a'
# The waiting poll returns when another process writes.
sys 'open a /dev/pollable r' '& poll a in -1' 'sleep 0.2' 'open b /dev/pollable w' 'write b z' wait 'read a 1' 'close a' 'close b'
# A file without poll can always be read and written.
sys 'open a /proc/modules r' 'poll a in 0' 'open b /dev/null rw' 'poll b in,out 0'
rmmod pollable; echo "rmmod $?"
