# The kernel's own files about modules, symbols and variables: /proc/modules, /proc/kallsyms, /sys/module, /proc/sys/kernel, uevents.
# Recorded with Debian's tools on the real kernel (tools/record-shell.sh files); test/files.test.ts runs the same lines in kobox.
title() { echo "== $*"; }
# Addresses: those that can be seen are all 0xffff..., the hidden ones zeros.
plain() { sed -E 's/(0x)?ffff[0-9a-f]{12}/ADDRESS/g'; }
put() { printf -- "$2" > /proc/sys/kernel/$1; echo "$1 <- $2: $? $(cat /proc/sys/kernel/$1 | tr '\n' '|')"; }
HIDDEN='capset 1fbffffffff'
cd /root/samples; dmesg -C

title symbols of the kernel
sed -E 's/^[0-9a-f]* //' /proc/kallsyms | grep -v '\[' | md5sum
head -n 3 /proc/kallsyms; grep -c ' a \| A ' /proc/kallsyms; stat -c '%A %s %n' /proc/kallsyms /proc/modules
insmod hello/hello.ko; insmod exporter/exporter.ko 2>/dev/null || insmod importer/exporter.ko; insmod params/params.ko
grep '\[' /proc/kallsyms | sed -E 's/^ffff[0-9a-f]{12}/ADDRESS/'
cat /proc/modules | plain

title what others see
sys 'open m /proc/modules r' 'open s /sys/module/hello/sections/.init.text r' 'capset 1fbffffffff' 'read m 5000' 'read s 50' 'close m' 'open m /proc/modules r' 'read m 5000' 'close s' 'open s /sys/module/hello/sections/.init.text r' 'read s 50' 'open k /proc/kallsyms r' 'read k 80' | plain
sys 'capset 1fbffffffff' 'open m /proc/modules r' 'capset 1ffffffffff' 'read m 60' | plain
put perf_event_paranoid 1; sys 'capset 1fbffffffff' 'open m /proc/modules r' 'read m 60' | plain
put kptr_restrict 1; sys 'capset 1fbffffffff' 'open m /proc/modules r' 'read m 60' 'capset 1ffffffffff' 'open m /proc/modules r' 'read m 60' | plain
put kptr_restrict 2; head -n 1 /proc/modules; sed -n '400,401p' /proc/kallsyms | cut -c 1-16; cat /sys/module/hello/sections/.init.text; put kptr_restrict 0; put perf_event_paranoid 3
sys 'open s /sys/module/hello/sections/.init.text r' 'read s 5' 'read s 5' 'lseek s 0 set' 'read s 30' 'read s 30' 'lseek s 3 set' 'read s 30' | plain
sys 'open r /sys/module/hello/refcnt r' 'read r 1' 'read r 5' 'read r 5' 'lseek r 0 set' 'read r 100' 'open w /sys/module/hello/refcnt rw' 'open w /sys/module/hello/uevent r'

title built-in modules
find /sys/module -mindepth 1 -maxdepth 1 | sort | tr '\n' ' '; echo
for name in $(ls /sys/module | grep -vE '^(hello|exporter|params)$' | sort); do find "/sys/module/$name" -type f | sort | while read -r file; do stat -c '%A %s %n' "$file"; done; done | md5sum
cd /sys/module; for file in printk/parameters/* kernel/parameters/* module/parameters/* vt/parameters/default_* 8250/parameters/*; do echo "$(stat -c %a $file) $file = $(cat $file)"; done
for file in */version; do echo "$(stat -c '%a %s' $file) $file = $(cat $file)"; done; ls -d shpchp/drivers/*; readlink shpchp/drivers/*
value() { echo "$2" > $1; echo "$? $(cat $1)"; }
value printk/parameters/time N; value printk/parameters/time maybe; value printk/parameters/time 1; value kernel/parameters/panic x; value kernel/parameters/panic 4; cat /proc/sys/kernel/panic; value kernel/parameters/panic 99999999999; value kernel/parameters/panic -1
value module/parameters/sig_enforce 0; value module/parameters/async_probe 1; value vt/parameters/default_red 1,2,3; value vt/parameters/default_red 300; value firmware_class/parameters/path /lib/fw; value tpm_tis/parameters/hid x
value tcp_cubic/parameters/beta 0x10; value rng_core/parameters/current_quality 70000; echo add > printk/uevent; echo $?; echo x > printk/uevent; echo $?; cd /root/samples

title variables of the kernel
cd /proc/sys/kernel; find . | sort | while read -r file; do stat -c '%A %s %n' $file; done
for file in acct arch cap_last_cap core_pattern ctrl-alt-del dmesg_restrict domainname hung_task_timeout_secs io_delay_type keys/maxbytes kptr_restrict modprobe modules_disabled msg_next_id ngroups_max oops_limit osrelease ostype overflowuid panic_on_oops panic_on_warn panic_print perf_event_paranoid pid_max poweroff_cmd printk_delay printk_devkmsg printk_ratelimit printk_ratelimit_burst pty/max random/poolsize randomize_va_space seccomp/actions_avail sem shmmax sysctl_writes_strict sysrq tainted usermodehelper/bset version warn_limit watchdog_thresh yama/ptrace_scope; do echo "$file = $(cat $file)"; done

title writing to them
for text in 5 ' 6 ' '7\n' '\n' '' x '8x' '9 10' '0x1f' 017 08 -3 +4 2147483647 2147483648 -2147483648 -2147483649 99999999999999999999 '1\t2' '1,2'; do put panic "$text"; done
for text in 1 2 -1 0 x; do put panic_on_warn "$text"; done; for text in 3 2 1 -1 0; do put kptr_restrict "$text"; done
for text in 2 1 0 1; do put dmesg_restrict "$text"; done; put printk_ratelimit 7; put printk_ratelimit -1; put printk_ratelimit 5; put printk_ratelimit_burst 10; put printk_delay 10001; put printk_delay 0
for text in '3 4 1 7' '5' '1 x 1 1' '6 4 1 7 9' '4\t4\t1\t7' 'x'; do put printk "$text"; done
for text in on off ratelimit bogus 'off\n' 'on x' ''; do put printk_devkmsg "$text"; done
for text in 0 1 -1 foo 512 1048576 0x1000 '1 2'; do put tainted "$text"; done
for text in /bin/true 'a b' 'x\ny' ''; do put modprobe "$text"; done; put modprobe /sbin/modprobe; put hostname 'a.long-name'; put hostname ''; put domainname 'x y'; put randomize_va_space 2; put panic_print 18446744073709551615; put panic_print 18446744073709551616; put panic_print -1; put panic_print 0
put oops_limit -1; put oops_limit 5000000000; put oops_limit 10000; put pid_max 5; put pid_max 32768; put sysrq 1; put sysrq 438; put core_pattern core; put ngroups_max 1; echo $?
sys 'open p panic rw' 'read p 1' 'read p 9' 'lseek p 0 set' 'read p 9' 'write p 4' 'lseek p 0 set' 'write p 4 5' 'lseek p 0 set' 'read p 20' 'write p 77' 'lseek p 0 set' 'read p 20' 'lseek p 0 set' 'write p 0' 'poll p in 0'
sys 'open v version w' 'open v version rw' 'open v hostname rw' 'read v 3' 'read v 30' 'lseek v 0 set' 'write v kobox' 'lseek v 2 set' 'write v XX' 'lseek v 0 set' 'read v 30'
sys 'capset 0' 'open t tainted rw' 'write t 1' 'open d dmesg_restrict rw' 'write d 0' 'open k kptr_restrict rw' 'write k 1' 'read k 9' 'open p panic_on_warn rw' 'write p 1' 'lseek p 0 set' 'write p 0'
put modules_disabled 2; put modules_disabled 0; put modules_disabled 1; put modules_disabled 0; put modules_disabled 1; insmod /root/samples/minimal/minimal.ko; rmmod hello; echo $?; cd /root/samples
dmesg -t | grep -v 'hrtimer\|clocksource'

title the rest
cat /proc/version; stat -c '%A %s %n' /proc/version /proc/cmdline /proc/kmsg /proc/sys /sys/kernel/btf /sys/kernel/btf/vmlinux /sys/kernel/notes /sys/kernel/uevent_seqnum
md5sum < /sys/kernel/notes; md5sum < /sys/kernel/btf/vmlinux; ls /sys/kernel/btf; for file in fscaps kexec_crash_loaded kexec_loaded; do echo "$(stat -c '%a %s' /sys/kernel/$file) $file = $(cat /sys/kernel/$file)"; done
sys 'open b /sys/kernel/btf/vmlinux r' 'lseek b 4359780 set' 'read b 50' 'read b 50' 'open n /sys/kernel/notes r' 'read n 24' 'read n 8' 'open n /sys/kernel/notes rw'
