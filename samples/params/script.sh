insmod samples/params/params.ko number=0x11 flag loud=n verbose=y list=5,6,7 names=red,green word=moon big=-5 text=short huge=0xffffffffff address=1000 switches=1,0 hidden=9; echo "insmod $?"
cd /sys/module/params/parameters
ls
stat -c '%A %n' number positive private secret switches
cat octet small usmall number positive big ubig huge address flag loud verbose word text list names switches private even
echo 8 > even; echo "even 8: $?"
cat even
echo 99 > number
cat number
# What a store refuses, and how.
sys 'open a number rw' 'write a 12x' 'write a 0x7fffffff' 'write a 2147483648' 'write a -1\n' 'lseek a 0 set' 'read a 20' 'close a'
sys 'open a octet rw' 'write a 256' 'write a -1' 'write a +7' 'lseek a 0 set' 'read a 20' 'close a'
sys 'open a flag rw' 'write a perhaps' 'write a off' 'lseek a 0 set' 'read a 20' 'close a'
sys 'open a text rw' 'write a this_is_much_too_long' 'write a fits' 'lseek a 0 set' 'read a 20' 'close a'
sys 'open a list rw' 'write a 1,2,3,4,5' 'lseek a 0 set' 'read a 20' 'write a 9' 'lseek a 0 set' 'read a 20' 'close a'
sys 'open a even rw' 'write a 3' 'write a 4' 'close a'
sys 'open a positive rw' 'open b secret r' 'open c secret w' 'write c 77' 'close c'
cd /root
rmmod params; echo "rmmod $?"
insmod samples/params/params.ko number=many; echo "insmod $?"
insmod samples/params/params.ko octet=256; echo "insmod $?"
insmod samples/params/params.ko even=3; echo "insmod $?"
insmod samples/params/params.ko list=1,2,3,4,5; echo "insmod $?"
insmod samples/params/params.ko text=this_is_much_too_long; echo "insmod $?"
insmod samples/params/params.ko nosuch=1; echo "insmod $?"
rmmod params; echo "rmmod $?"
insmod samples/params/params.ko number; echo "insmod $?"
