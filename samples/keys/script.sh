insmod debian/evdev.ko
insmod samples/keys/keys.ko; echo "insmod $?"
cat /proc/bus/input/devices
ls /sys/class/leds
ls /sys/class/input/input0
cat /sys/class/leds/input0::capslock/brightness /sys/class/leds/input0::capslock/max_brightness
echo 1 > /sys/class/leds/input0::capslock/brightness; cat /sys/class/leds/input0::capslock/brightness
echo 0 > /sys/class/leds/input0::capslock/brightness; cat /sys/class/leds/input0::capslock/brightness
sys 'open a /dev/input/event0 r nonblock' 'ioctl a _IOR(E,25,8)' 'ioctl a _IOR(E,4,8)' 'ioctl a _IOR(E,4,8) 2' 'ioctl a _IOR(E,4,8) 9' 'close a'
rmmod keys; echo "rmmod $?"
ls /sys/class/leds
rmmod evdev
