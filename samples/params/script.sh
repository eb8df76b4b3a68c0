insmod samples/params/params.ko number=0x11 flag=y list=5,6,7 word=moon big=-5 text=short; echo "insmod $?"
cd /sys/module/params/parameters
ls
cat flag number positive small usmall big ubig octet word text list even
echo 8 > even; echo "even 8: $?"
cat even
echo 99 > number
cat number
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
