# The kernel log: /dev/kmsg, /proc/kmsg, syslog(2). Recorded on the real kernel (tools/record-shell.sh log); test/files.test.ts replays it.
title() { echo "== $*"; }
# Sequence numbers and times go on from the boot: what counts is how far a record is behind the first of its section.
plain() { awk '{ while (match($0, /[0-9]+,[0-9]+,[0-9]+,[-c];/)) { split(substr($0, RSTART, RLENGTH), f, ","); if (!any) { any = 1; first = f[2] } printf "%s%s,+%d,T,%s", substr($0, 1, RSTART - 1), f[1], f[2] - first, f[4]; $0 = substr($0, RSTART + RLENGTH) } gsub(/\[ *[0-9]+\.[0-9]+\]/, "[T]"); print }' | sed -E 's/= [0-9]+ ("[0-9]+,)/= N \1/'; }
cd /root/samples

title reading
dmesg -C; insmod hello/hello.ko; echo 'a\b' > /dev/kmsg
sys 'open k /dev/kmsg r nonblock' 'lseek k 0 data' 'read k 8192' 'read k 5' 'read k 8192' 'read k 8192' 'read k 8192' 'lseek k 0 end' 'read k 100' 'lseek k 0 data' 'read k 8192' 'lseek k 1 set' 'lseek k 0 cur' 'lseek k 0 7' 'poll k in 0' 'lseek k 0 end' 'poll k in 0' 'poll k out 0' | plain
sys 'open k /dev/kmsg rw nonblock' 'lseek k 0 end' 'write k <3>one\n' 'read k 200' 'write k two\nlines\n' 'read k 200' 'write k <14>fourteen\n' 'read k 200' 'write k <0>zero\n' 'read k 200' 'write k <>none\n' 'read k 200' 'write k <x>letter\n' 'read k 200' 'write k <300>much\n' 'read k 200' 'write k <4 >space\n' 'read k 200' 'write k \n' 'read k 200' 'write k <6>\n' 'read k 200' 'write k eleventh\n' 'read k 200' 'write k twelfth\n' 'read k 200' 'close k' | plain; dmesg -t | tail -n 1
sys 'open k /dev/kmsg rw nonblock' 'lseek k 0 end' 'write k open' 'read k 200' 'write k second\n' 'read k 200' 'read k 200' | plain
sys 'open k /dev/kmsg r' 'lseek k 0 end' '& read k 200' 'sleep 1' 'open w /dev/kmsg w' 'write w woken\n' wait 'poll k in 1000' 'read w 5' 'close k' 'close w' | plain
sys 'open k /dev/kmsg r' 'lseek k 0 end' '& poll k in 5000' 'sleep 1' 'open w /dev/kmsg w' 'write w woken again\n' wait '& read k 100' wait '& read k 100' 'sleep 1' signal wait | plain
long=$(printf '%0990d' 0); for more in a ab abc abcd; do printf '%s' "$long$more" | cut -c 3- > /dev/kmsg; echo "$? $(dmesg -t | tail -n 1 | wc -c)"; done 2>&1
printf '<5>tab\tbell\a nul\0 after\n' > /dev/kmsg; printf '\001\0063not a level\n' > /dev/kmsg; printf 'caf\303\251 \377\n' > /dev/kmsg; sys 'open k /dev/kmsg r nonblock' 'lseek k 0 set' 'close k'; dmesg -r | tail -n 3 | plain
rmmod hello

title who may
sys 'capset 0' 'open k /dev/kmsg r' 'open k /dev/kmsg rw' 'open k /dev/kmsg w' 'write k by nobody\n' 'open p /proc/kmsg r' 'syslog 3 100' 'syslog 10 0' 'syslog 5 0' 'syslog 8 4' 'syslog 99 0'
echo 0 > /proc/sys/kernel/dmesg_restrict; sys 'capset 0' 'open k /dev/kmsg r nonblock' 'open p /proc/kmsg r' 'syslog 3 0' 'syslog 10 0' 'syslog 5 0' 'syslog 2 10' 'syslog 4 10' 'syslog 9 0' 'syslog 99 0'; echo 1 > /proc/sys/kernel/dmesg_restrict
dmesg -C; sys 'capset 1fbffffffff' 'open k /dev/kmsg r nonblock' 'syslog 10 0'; dmesg -t | sed 's/([0-9]*)/(PID)/'
echo off > /proc/sys/kernel/printk_devkmsg; sys 'open k /dev/kmsg r' 'open k /dev/kmsg w'; echo ratelimit > /proc/sys/kernel/printk_devkmsg
sys 'open k /dev/kmsg rw nonblock'; echo on > /proc/sys/kernel/printk_devkmsg; dmesg -C; for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $n; done > /dev/kmsg; dmesg -t | wc -l; echo ratelimit > /proc/sys/kernel/printk_devkmsg
dmesg -C; for n in 1 2 3 4 5 6 7 8 9 10 11 12 13; do echo "line $n"; done > /dev/kmsg; dmesg -t | tail -n 2

title syslog
dmesg -C; echo "<4>one" > /dev/kmsg; printf '<13>two\nthree\n' > /dev/kmsg
sys 'syslog 0 0' 'syslog 1 0' 'syslog 10 0' 'syslog 3 1000' 'syslog 3 40' 'syslog 3 20' 'syslog 3 0' 'syslog 3 -1' 'syslog 2 -1' 'syslog 2 0' 'syslog 11 0' 'syslog -1 0' 'syslog 4 1000' 'syslog 3 1000' 'syslog 5 0' | plain
# What was never read is read here once.
cat > /dev/null < /proc/kmsg & sleep 1; kill $!; wait
echo "<4>first" > /dev/kmsg; printf '<13>second\nthird\n' > /dev/kmsg
timeout 20 sys 'syslog 9 0' 'syslog 2 10' 'syslog 9 0' 'syslog 2 5' 'syslog 2 1000' 'syslog 9 0' | sed -E 's/\[ *[0-9.]+\]?/[T/; s/"\.[0-9]+"/".DDDD"/; s/"[0-9]+\] first/"DD] first/' | plain
echo "<4>first" > /dev/kmsg; echo "<5>second" > /dev/kmsg; sys 'open p /proc/kmsg r nonblock' 'poll p in 0' 'read p 0' 'read p 30' 'read p 1000' 'read p 1000' 'poll p in 0' 'lseek p 0 set' 'read p 10' | plain
sys 'open p /proc/kmsg r' '& read p 100' 'sleep 1' 'open k /dev/kmsg w' 'write k <6>to the reader\n' wait 'open w /proc/kmsg w' 'open w /proc/kmsg rw' 'write w x' | plain
sys 'open p /proc/kmsg r' '& read p 100' 'sleep 1' signal wait
for level in 0 1 4 8 9 -1; do sys "syslog 8 $level" 'syslog 9 0'; cut -f 1 /proc/sys/kernel/printk; done
echo 5 > /proc/sys/kernel/printk; sys 'syslog 6 0'; cat /proc/sys/kernel/printk; sys 'syslog 6 0' 'syslog 7 0'; cat /proc/sys/kernel/printk; sys 'syslog 7 0'; cat /proc/sys/kernel/printk; sys 'syslog 6 0' 'syslog 8 6' 'syslog 7 0'; cat /proc/sys/kernel/printk; echo '4 4 1 7' > /proc/sys/kernel/printk
dmesg -C; echo N > /sys/module/printk/parameters/time; echo "<4>no time" > /dev/kmsg; sys 'syslog 3 100'; dmesg | plain; echo Y > /sys/module/printk/parameters/time; dmesg | plain
echo '4 6 1 7' > /proc/sys/kernel/printk; echo "default level" > /dev/kmsg; dmesg -r | tail -n 1 | plain; echo '4 4 1 7' > /proc/sys/kernel/printk

title a full ring
echo on > /proc/sys/kernel/printk_devkmsg; exec 3> /dev/kmsg; for n in $(seq 6000); do echo "$n" >&3; done
dmesg -C; for n in $(seq 4500); do printf '%-39d\n' "$n" >&3; done; dmesg -t | wc -l; dmesg -t | head -n 1
dmesg -C; for n in $(seq 4500); do echo >&3; done; dmesg -t | wc -l
sys 'open k /dev/kmsg r nonblock' 'read k 200' > /tmp/one; for n in $(seq 5000); do echo "$n" >&3; done
(sys 'open k /dev/kmsg r nonblock' 'sleep 3' 'poll k in 0' 'read k 200' 'poll k in 0' 'read k 200') > /tmp/two & sleep 1; for n in $(seq 5000); do echo "$n" >&3; done; wait; plain < /tmp/two
exec 3>&-; echo ratelimit > /proc/sys/kernel/printk_devkmsg
