# uevents: what NETLINK_KOBJECT_UEVENT says. Recorded on the real kernel (tools/record-shell.sh uevents); test/files.test.ts replays it.
title() { echo "== $*"; }
# Sequence numbers go on from the boot; what counts is that each is one more.
numbers() { awk '{ while (match($0, /SEQNUM=[0-9]+/)) { n = substr($0, RSTART + 7, RLENGTH - 7); if (!first) first = n; printf "%sSEQNUM=+%d", substr($0, 1, RSTART - 1), n - first; $0 = substr($0, RSTART + RLENGTH) } print }'; }
cd /root/samples

title a module
before=$(cat /sys/kernel/uevent_seqnum)
(sleep 1; insmod minimal/minimal.ko; echo add > /sys/module/minimal/uevent; echo 'change 01234567-89ab-cdef-0123-456789abcdef A=1 Bc=x' > /sys/module/minimal/uevent; echo "$?"; insmod failinit/failinit.ko 2> /dev/null; rmmod minimal) &
sys 'uevents u nonblock' 'read u 4096' 'sleep 3' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'close u' | numbers
wait; after=$(cat /sys/kernel/uevent_seqnum); echo "$((after - before)) more"

title writes to uevent
insmod minimal/minimal.ko; dmesg -C
(sleep 1; for text in add remove change move online offline bind unbind 'add ' 'add\n' 'add\n\n' ADD addx x '' ' add' 'add x' 'add 01234567-89ab-cdef-0123-456789abcdef' 'add 01234567-89ab-cdef-0123-456789abcdef ' 'add 01234567-89ab-cdef-0123-456789abcdef A' 'add 01234567-89ab-cdef-0123-456789abcdef A=' 'add 01234567-89AB-cdef-0123-456789abcdef A_=1' 'add 01234567-89AB-cdef-0123-456789abcdef A=1  B=2' 'add 01234567-89AB-cdef-0123-456789abcde' 'add 0123456789abcdef0123456789abcdef' 'add 01234567-89ab-cdef-0123-456789abcdefA=1' 'add\0x'; do printf "$text" > /sys/module/minimal/uevent && echo "[$text]"; done) 2>&1 | cat > /tmp/said &
sys 'uevents u nonblock' 'sleep 3' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' | numbers
wait; sed 's/.*write error/write error/' /tmp/said; dmesg -t; rmmod minimal
sys 'uevents u nonblock' 'read u 10' 'write u x' 'lseek u 0 set' 'poll u in 0' 'poll u out 0' 'uevents v' 'capset 0' 'uevents w nonblock'

title a reader that waits and one with a small buffer
insmod minimal/minimal.ko
(sleep 1; echo add > /sys/module/minimal/uevent; echo remove > /sys/module/minimal/uevent) &
sys 'uevents u' '& read u 4096' 'sleep 2' wait 'poll u in 100' 'read u 10' 'poll u in 100' | numbers; wait; rmmod minimal

title devices
for module in miscdev chardev wqueue; do
  (sleep 1; insmod $module/$module.ko; sleep 1; rmmod $module) &
  sys 'uevents u nonblock' 'sleep 3' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' 'read u 4096' | numbers; wait
done
