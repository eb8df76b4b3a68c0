# dmesg of util-linux: what it makes of a file, of the log, and of bad options. Recorded on the real kernel (tools/record-shell.sh dmesg);
# test/files.test.ts replays it.
title() { echo "== $*"; }
# Times of the log differ from run to run.
times() { sed -E 's/\[ *[0-9]+\.[0-9]+( <[^>]*>)?\]/[T]/g; s/"time": *[0-9.]+/"time": T/'; }
try() { echo "-- dmesg $*"; dmesg "$@" 2>&1; echo "= $?"; }
unset LANG LC_ALL LC_CTYPE
printf '%s\n' '<6>[    0.000000] Linux version 6.1' '<4>[    1.500000] acpi: one' '<3>[   12.345678] usb 1-1: bad "thing" \x41 \ back' '<13>[   12.345679] user: text' 'two lines' ' third' '<2>[  100.000001] crit: here' '<30>[  160.000000] daemon text without colon' '<46>[  161.000000] syslog facility 5' '<191>[  161.5] local7' '<999>[ 162.0] out' '[  163.000000] no priority' '<7>nothing but text' '<6>[  170.000000] ' '<1>[  171.000000] alert: ALERT' > /tmp/k.log
printf '<0>[ 99999.000000] emerg: x\ttab\n<6>[100000.123456] caf\303\251 \377 \001 \033[1m end\n<5>[200000.000001] unfinished\n<6>[200001.000000] last without newline' >> /tmp/k.log

title a file
for options in '' -t -r -x -d -dt '--time-format delta' --time-format=notime '-p -t' '-l err' '-l err,warn -x' '-l ERR' '-l 3' '-l 0,7' '-f user' '-f daemon,syslog' '-f 1' -k -u '-k -u' '-u -l info' -L --color=always -L=always -Lnever '-x --color=always' -P --noescape '-w' '-W' '-dtx'; do try -F /tmp/k.log $options; done
printf '<6>[    1.000000] a: one\n<14>[    2.500000] two\nlines \001 \303\251 "q"\b\n<3>[   65.000000] c\n' > /tmp/j.log
for options in -J '-J -x' '-Jr' '-J -l err' '-J -l emerg' '-J -t' --noescape; do try -F /tmp/j.log $options; done
# The time of the boot is no part of the file.
for options in -T '-T -d' '--time-format iso' '-H -d' '-x -T'; do echo "-- $options"; dmesg -F /tmp/j.log $options | sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}/DATE/; s/\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4}/[CTIME/'; done
dmesg -F /tmp/j.log -e --color=always | sed -E 's/[A-Z][a-z]{2}[ 0-9]{2} [0-9:]{5}/WHEN/'
: > /tmp/empty; try -F /tmp/empty; try -F /tmp/empty -J; echo 'plain' > /tmp/plain; try -F /tmp/plain -x; try -F /tmp/plain -l warn

title options that are refused
for options in '-x -r' -l '-l bogus' '-l emerg,x' '-l x,err' -f '-f x' '-f kern,' '-l ,err' '-l err,,warn' '-l 8' '-f 12' '-f local7' -q --bogus --time '--time-format x' '-C -c' '-D -E' -n '-n 0' '-n 9' '-n x' '-n 3 -C' '-r -H' '-L -r' -L=bogus '-S -w' '-T -r' '-d -r' '-e -r' '-t -r' operand -F '-F /nosuch' '-F /' '-F /tmp/j.log x' -s '-s x' -V '-xV' '-V -q' '-q -V' '-rx -V' '--ra -F /tmp/j.log' --c --con '-r -l err -F /tmp/j.log'; do try $options; done; dmesg --help; echo "= $?"

title the log
dmesg -C; try; try -J; echo '<3>an error by hand' > /dev/kmsg; sys 'open k /dev/kmsg w' 'write k two\nlines\n' > /dev/null; echo '<30>daemon: \ "quoted"' > /dev/kmsg; printf '<4>caf\303\251 \001\n' > /dev/kmsg; echo '<190>local' > /dev/kmsg
for options in '' -r -x -t -J -Jx -S -Sx '-S -r' '-S -J' '-l err -r' '-u -t' '-k -t' '-L=always'; do try $options | times; done
dmesg -T | sed -E 's/\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4}\]/[CTIME]/'; dmesg -e | sed -E 's/\[[A-Z][a-z]{2}[ 0-9]{2} [0-9:]{5}\]/[WHEN]/; s/\+[0-9.]+/+D/'
dmesg -c -t; try -t; echo again > /dev/kmsg; dmesg -S -c -t; try -t
for level in 1 8 debug emerg ERR; do dmesg -n $level; echo "$level: $(cut -f 1 /proc/sys/kernel/printk)"; done
dmesg -n 5; dmesg -D; cut -f 1 /proc/sys/kernel/printk; dmesg -E; cut -f 1 /proc/sys/kernel/printk; dmesg -n 4
echo old > /dev/kmsg; (sleep 1; echo new > /dev/kmsg) & timeout 3 dmesg -wt; echo "= $?"; wait; (sleep 1; echo newer > /dev/kmsg) & timeout 3 dmesg -Wt; echo "= $?"; wait
(sleep 1; echo one > /dev/kmsg; sleep 1; echo two > /dev/kmsg) & dmesg -Wt | head -n 1; wait
