insmod samples/mouse/mouse.ko
emit() { echo "$1" > /sys/module/mouse/parameters/emit; }
packets() { { timeout 1 dd bs=3 count=$1; } 2>/dev/null | od -v -An -tx1 -w3; }
exec 3</dev/input/mouse0
echo '# moves: a packet each; y grows upwards'
emit '2 0 5'; emit '2 1 7'; emit '0 0 0'; emit '2 0 -3'; emit '0 0 0'
packets 4 <&3
echo '# a long move is cut into several'
emit '2 0 300'; emit '2 1 -200'; emit '0 0 0'
packets 6 <&3
echo '# buttons'
emit '1 272 1'; emit '0 0 0'; emit '1 273 1'; emit '0 0 0'; emit '1 272 0'; emit '1 273 0'; emit '0 0 0'; emit '1 274 1'; emit '0 0 0'; emit '1 274 0'; emit '0 0 0'
packets 8 <&3
echo '# the wheel does not show in this protocol'
emit '2 8 1'; emit '0 0 0'
packets 3 <&3
sleep 2
exec 3<&-
exec 3</dev/input/mice
echo '# all mice together'
emit '2 0 1'; emit '0 0 0'; emit '1 272 1'; emit '2 1 1'; emit '0 0 0'
packets 3 <&3
sleep 2
exec 3<&-
rmmod mouse
dmesg -r | sed 's/\[[^]]*\] //' | grep mouse: | tail -n 4
