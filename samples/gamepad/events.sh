insmod debian/evdev.ko
insmod samples/gamepad/gamepad.ko
emit() { echo "$1" > /sys/module/gamepad/parameters/emit; }
show() { timeout 1 dd bs=24 count=$1 2>/dev/null | od -v -An -tx1 -w24 | tr -s ' ' | cut -d' ' -f18-25; }
exec 3</dev/input/event0
echo '# a button, down and up; a code that the device does not have is dropped'
emit '0 1 304 1'; emit '0 0 0 0'; emit '0 1 300 1'; emit '0 1 304 1'; emit '0 1 304 0'; emit '0 0 0 0'
show 4 <&3
echo '# an axis with fuzz 4: small moves do not show, larger ones are smoothed'
emit '0 3 0 100'; emit '0 0 0 0'; emit '0 3 0 101'; emit '0 0 0 0'; emit '0 3 0 103'; emit '0 0 0 0'; emit '0 3 0 106'; emit '0 0 0 0'
show 4 <&3
echo '# an axis without'
emit '0 3 1 5'; emit '0 3 1 5'; emit '0 3 1 6'; emit '0 0 0 0'
show 3 <&3
sleep 2
exec 3<&-
exec 3</dev/input/event1
echo '# scan code, key, switch'
emit '1 4 4 7'; emit '1 1 115 1'; emit '1 1 115 0'; emit '1 5 0 1'; emit '1 5 0 1'; emit '1 0 0 0'
show 5 <&3
echo '# a held key repeats; 1 or more times in half a second'
emit '1 1 114 1'; emit '1 0 0 0'
sleep 1
show 4 <&3
emit '1 1 114 0'; emit '1 0 0 0'
exec 3<&-
sleep 2
rmmod gamepad
rmmod evdev
dmesg -r | sed 's/\[[^]]*\] //' | grep gamepad: | tail -n 5
