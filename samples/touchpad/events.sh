insmod debian/evdev.ko
insmod samples/touchpad/touchpad.ko
emit() { echo "$1" > /sys/module/touchpad/parameters/touch; }
show() { { timeout 1 dd bs=24 count=$1; } 2>/dev/null | od -v -An -tx1 -w24 | tr -s ' ' | cut -d' ' -f18-25; }
exec 3</dev/input/event0
echo '# one finger comes and moves'
emit '100,100'; emit '110,105'
show 40 <&3
echo '# a second one comes, both move; they are named in the other order'
emit '112,106 600,300'; emit '590,310 115,108'
show 40 <&3
echo '# two more, then all at once somewhere near'
emit '590,310 115,108 300,400 900,50'; emit '905,55 120,110 310,390 585,305'
show 60 <&3
echo '# the first is lifted, then all'
emit '905,55 310,390 585,305'; emit ''
show 40 <&3
sleep 2
exec 3<&-
exec 3</dev/input/event1
echo '# the knob turns while somebody looks'
sleep 1
show 4 <&3
sleep 2
exec 3<&-
rmmod touchpad
rmmod evdev
