insmod samples/gamepad/gamepad.ko; echo "insmod $?"
ls /sys/class/input
cat /proc/bus/input/devices
insmod debian/evdev.ko; echo "evdev $?"
cat /proc/bus/input/devices
ls /sys/class/input
ls /dev/input
cat /proc/bus/input/handlers
cat /sys/class/input/input0/name /sys/class/input/input0/phys /sys/class/input/input0/uniq
cat /sys/class/input/input0/modalias /sys/class/input/input1/modalias
cat /sys/class/input/input0/properties /sys/class/input/input0/inhibited
ls /sys/class/input/input0/id
ls /sys/class/input/input0/capabilities
ls /sys/class/input/input1
cat /sys/class/input/input0/id/bustype /sys/class/input/input0/id/vendor /sys/class/input/input0/id/product /sys/class/input/input0/id/version
cat /sys/class/input/input0/capabilities/ev /sys/class/input/input0/capabilities/key /sys/class/input/input0/capabilities/abs /sys/class/input/input0/capabilities/ff
cat /sys/class/input/input1/capabilities/ev /sys/class/input/input1/capabilities/key /sys/class/input/input1/capabilities/sw /sys/class/input/input1/capabilities/msc
cat /sys/class/input/input0/uevent /sys/class/input/input1/uevent /sys/class/input/event0/uevent
echo 1 > /sys/class/input/input1/inhibited; cat /sys/class/input/input1/inhibited
echo 0 > /sys/class/input/input1/inhibited; cat /sys/class/input/input1/inhibited
sys 'open a /dev/input/event0 rw nonblock' 'ioctl a _IOR(E,1,4)' 'ioctl a _IOR(E,2,8)' 'ioctl a _IOR(E,6,32)' 'ioctl a _IOR(E,8,8)' 'ioctl a _IOR(E,32,8)' 'ioctl a _IOR(E,33,96)' 'ioctl a _IOR(E,64,24)' 'ioctl a _IOR(E,132,4)' 'ioctl a _IOW(E,128,48) 4294901840' 'ioctl a _IOW(E,128,48) 4294901841' 'ioctl a _IOR(E,3,8)' 'read a 24' 'close a'
sys 'open a /dev/input/event1 rw nonblock' 'open b /dev/input/event1 r nonblock' 'ioctl a _IOR(E,3,8)' 'ioctl a _IOW(E,3,8) 128849018980' 'ioctl a _IOR(E,3,8)' 'ioctl a _IOW(E,144,4) 1' 'ioctl b _IOW(E,144,4) 1' 'ioctl a _IOR(E,27,8)' 'poll a in 10' 'read b 24' 'close a' 'close b'
lsmod
rmmod evdev; echo "rmmod evdev $?"
ls /sys/class/input
rmmod gamepad; echo "rmmod $?"
cat /proc/bus/input/devices | grep -v mice
