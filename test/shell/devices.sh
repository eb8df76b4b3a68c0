# What a shell and a module's files do with each other. Recorded with bash, coreutils, kmod and util-linux of Debian on the real kernel
# (tools/record-shell.sh); test/devices.test.ts runs the same lines in kobox.
title() { echo "== $*"; }
# Time stamps differ.
plain() { sed -E 's/\[ *[0-9]+\.[0-9]+( <[^>]*>)?\] ?//'; }
dmesg -C

title a device by redirection
insmod samples/chardev/chardev.ko; echo "insmod $?"
stat -c '%F %A %U:%G' /dev/chardev0; ls -l /dev/chardev0 | cut -c1-20
[ -c /dev/chardev0 ] && echo character; [[ -c /dev/chardev0 && ! -b /dev/chardev0 ]] && echo "[[ too"
echo hello > /dev/chardev0; cat /dev/chardev0; cat < /dev/chardev0
printf 'abc\ndef\n' > /dev/chardev0; while read -r line; do echo "<$line>"; done < /dev/chardev0
read -r x < /dev/chardev0; echo "$x"; x=$(cat /dev/chardev0); echo "[$x]"; x=$(< /dev/chardev0); echo "[$x]"
printf 0123456789 | tee /dev/chardev0; echo; head -c 4 /dev/chardev0; echo
cp /dev/chardev0 /tmp/copy; cat /tmp/copy; echo; dd if=/dev/chardev0 bs=3 count=2 status=none; echo
dd if=/dev/chardev0 bs=2 skip=1 count=1 2>&1 | grep -v copied
printf XY | dd of=/dev/chardev0 bs=1 seek=4 conv=notrunc status=none; cat /dev/chardev0; echo
od -An -c -N 6 /dev/chardev0; grep -c 0 /dev/chardev0; wc -c /dev/chardev0; tail -c 3 /dev/chardev0; echo
head -c 70 /dev/zero > /dev/chardev0; echo "too much $?"
dmesg | plain | uniq -c | sed 's/^ *//' | tail -n 3

title descriptors that stay open
exec 3<> /dev/chardev0; echo "open $?"; lsmod | grep chardev; rmmod chardev; echo "in use $?"
echo three >&3; read -r -u 3 x; echo "after the position: [$x]"
exec 4<&3; exec 3>&-; lsmod | grep chardev | tr -s ' '; exec 4>&-; lsmod | grep chardev | tr -s ' '
sleep 100 < /dev/chardev0 & sleep 1; lsmod | grep chardev | tr -s ' '; cat /sys/module/chardev/refcnt; kill $!; wait $!; echo "killed $?"; cat /sys/module/chardev/refcnt
(exec 5< /dev/chardev0; cat /sys/module/chardev/refcnt); cat /sys/module/chardev/refcnt
rmmod chardev; echo "rmmod $?"; ls /dev/chardev0; echo $?

title nodes without a device
mknod /tmp/nothing c 200 7; cat /tmp/nothing; echo $?; echo x > /tmp/nothing; echo $?; cat < /tmp/nothing; echo $?
: > /tmp/nothing; echo $?; dd if=/tmp/nothing; echo $?; head -c 1 /tmp/nothing; echo $?; [ -e /tmp/nothing ] && echo exists
mknod /tmp/nothing c 200 7; mknod /tmp/null c 1 3; echo gone > /tmp/null; cat /tmp/null; stat -c '%t:%T' /tmp/null; rm /tmp/null /tmp/nothing

title errors of a driver
insmod samples/miscdev/miscdev.ko; cat /dev/answer
echo x > /dev/answer; echo $?; printf x > /dev/answer; echo $?; cat /etc/hostname > /dev/answer 2>&1; ls / > /dev/answer; echo $?
echo x | tee /dev/answer; echo $?; echo x | dd of=/dev/answer 2>&1 | head -n 1; cp /tmp/copy /dev/answer; echo $?
rmmod miscdev

title a read that waits
insmod samples/mailbox/mailbox.ko
head -c 6 /dev/mailbox & sleep 1; echo "letter" > /dev/mailbox; wait $!; echo; echo "reader $?"
cat /dev/mailbox > /tmp/mail & sleep 1; echo one > /dev/mailbox; sleep 1; echo two > /dev/mailbox; sleep 1; lsmod | grep mailbox | tr -s ' '; kill $!; wait $!; echo "cat $?"; cat /tmp/mail
timeout 1 cat /dev/mailbox; echo "timeout $?"
timeout -s INT 1 dd if=/dev/mailbox bs=10 count=1 status=none; echo "dd $?"
(sleep 1; echo late > /dev/mailbox) & x=$(head -n 1 /dev/mailbox); echo "read [$x]"; wait
# read takes a byte at a time: this driver forgets the rest.
(sleep 1; echo one > /dev/mailbox; sleep 1; echo > /dev/mailbox) & read -r x < /dev/mailbox; echo "read [$x]"; wait
cat /dev/mailbox | head -n 1 & sleep 1; echo "through a pipe" > /dev/mailbox; sleep 1; echo again > /dev/mailbox; wait $!; echo "pipe $?"
head -n 1 /dev/mailbox > /tmp/a & head -n 1 /dev/mailbox > /tmp/b & sleep 1; echo x > /dev/mailbox; sleep 1; echo y > /dev/mailbox; wait; cat /tmp/a /tmp/b | sort | tr '\n' ' '; echo
rmmod mailbox; echo "rmmod $?"
dmesg | plain | grep mailbox | sed 's/mailbox: //' | sort | uniq -c | sed 's/^ *//'

title sysfs and procfs
insmod samples/params/params.ko
cd /sys/module/params/parameters; cat number; echo 7 > number; cat number; echo nonsense > number; echo $?; echo 3 > even; echo $?; printf 4 > even; cat even
echo 1 > word; echo $?; cat word; echo x > nosuch; echo $?; cat nosuch; cat hidden; ls number nosuch
echo 5 > /sys/module/params/refcnt; echo $?; cat /sys/module/params/initstate; cd /root
rmmod params
cat /proc/sys/kernel/ostype /proc/sys/kernel/osrelease; echo x > /proc/sys/kernel/ostype; echo $?; echo x > /proc/version; echo $?; mkdir /proc/x; touch /sys/x; rm /proc/version; ls /proc/nosuch
echo x > /sys; cat /sys; cd /proc/version; ls -d /proc /sys /dev /tmp /lib/modules

title the log
dmesg -C; dmesg; echo "<3>an error by hand" > /dev/kmsg; echo "plain words" > /dev/kmsg; printf 'two\nlines' > /dev/kmsg; printf 'tab\tand back\\slash\n' > /dev/kmsg
dmesg | plain; dmesg -r | plain; dmesg -x | plain; dmesg -t; dmesg -l err -t; dmesg -u | wc -l; dmesg -k | wc -l
dmesg -f user -l warn -t | head -n 1; dmesg -l bogus; dmesg -q; dmesg -c | wc -l; dmesg | wc -l
echo follow > /dev/kmsg; (sleep 1; echo second > /dev/kmsg) & timeout 3 dmesg -wt; echo "dmesg -w $?"; wait
timeout 2 tail -n 1 /dev/kmsg; echo "kmsg waits $?"; dmesg -n 3; cut -f1 /proc/sys/kernel/printk; dmesg -n debug; cut -f1 /proc/sys/kernel/printk; dmesg -n 0; dmesg -n 9

title processes
cat /proc/self/comm; readlink /proc/self/fd/0 < /dev/null; readlink /proc/self/fd/1 > /tmp/o; cat /tmp/o; cat /proc/$$/comm; readlink /proc/$$/cwd; readlink /proc/$$/fd/0 < /dev/null | cut -c1-6
sleep 50 & cat /proc/$!/comm; tr '\0' ' ' < /proc/$!/cmdline; echo; grep -E '^(Name|State|PPid)' /proc/$!/status | sed "s/$$/SHELL/"; kill -9 $!; wait $!; echo $?; ls /proc/$! 2>&1 | sed "s/$!/PID/"
echo redirected > /dev/stdout; echo error > /dev/stderr; echo through | cat /dev/stdin; echo fd > /dev/fd/1; cat /dev/fd/3 3< /tmp/o
mkfifo /tmp/fifo; cat /tmp/fifo & echo "by fifo" > /tmp/fifo; wait; echo "fifo $?"; rm /tmp/fifo
seq 100000 | head -n 1; yes | head -n 1 > /dev/null; echo "${PIPESTATUS[*]}"; echo full > /dev/full; echo $?; cat /dev/full | head -c 3 | od -An -tx1

title modprobe
modprobe importer; echo $?; lsmod | cut -d' ' -f1; modprobe -r exporter; echo $?; modprobe -r importer; echo $?; lsmod | wc -l
modprobe -v importer; modprobe --first-time importer; echo $?; modprobe -rv importer; modprobe -r --first-time importer; echo $?; modprobe nosuch; echo $?; modprobe -q nosuch; echo $?
mkdir -p /etc/modprobe.d; echo 'options params number=42' > /etc/modprobe.d/x.conf; modprobe params flag=y; cat /sys/module/params/parameters/number /sys/module/params/parameters/flag; modprobe -r params
echo 'install hello echo no hello for $MODPROBE_MODULE' >> /etc/modprobe.d/x.conf; modprobe hello; echo $?; modprobe -i hello; lsmod | grep -c hello; rmmod hello; echo 'blacklist hello' >> /etc/modprobe.d/x.conf; modprobe -b hello; echo $?
modprobe params number=many; echo $?; modprobe failinit; echo $?; insmod /nosuch.ko; insmod /etc/hostname; echo $?; rm /etc/modprobe.d/x.conf
modprobe unix; echo $?; modprobe -r unix; echo $?; modinfo -n hello; modinfo -F license hello; depmod; echo $?
