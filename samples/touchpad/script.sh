insmod samples/touchpad/touchpad.ko; echo "insmod $?"
insmod debian/evdev.ko; echo "evdev $?"
cat /sys/class/input/input0/properties /sys/class/input/input0/modalias /sys/class/input/input0/capabilities/abs /sys/class/input/input0/capabilities/key
cat /sys/class/input/input1/poll /sys/class/input/input1/min /sys/class/input/input1/max
echo 50 > /sys/class/input/input1/poll; cat /sys/class/input/input1/poll
echo 5000 > /sys/class/input/input1/poll 2>/dev/null; echo "poll $?"
ls /sys/class/input/input1
sys 'open a /dev/input/event0 r nonblock' 'ioctl a _IOR(E,1,4)' 'ioctl a _IOR(E,6,32)' 'ioctl a _IOR(E,7,32)' 'ioctl a _IOR(E,9,8)' 'ioctl a _IOR(E,111,24)' 'ioctl a _IOR(E,117,24)' 'ioctl a _IOR(E,121,24)' 'read a 24' 'poll a in 100' 'close a'
rmmod evdev; echo "rmmod evdev $?"
rmmod touchpad; echo "rmmod $?"
