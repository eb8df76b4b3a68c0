ls /sys/class/input /dev/input
cat /sys/class/input/mice/dev /sys/class/input/mice/uevent
insmod samples/mouse/mouse.ko; echo "insmod $?"
cat /proc/bus/input/devices
ls /sys/class/input
ls /dev/input
cat /sys/class/input/mouse0/dev /sys/class/input/mouse0/uevent
ls /sys/class/input/mouse0
sys 'open a /dev/input/mouse0 r nonblock' 'read a 3' 'poll a in 10' 'close a'
sys 'open a /dev/input/mice r nonblock' 'read a 3' 'open b /dev/input/mouse0 r' 'close a' 'close b'
rmmod mouse; echo "rmmod $?"
ls /dev/input
