#!/bin/bash
# Builds test/params/every.ko and records on the real kernel, in one boot, what the commands of test/params/commands.ts do with it:
# test/params/every.txt (test/params/drive.c tells its form), and the kernel's own call sites of dynamic debug:
# how many lines the file has, its first, and each twentieth (builtin.txt).
# boots.txt: what the kernel's command line changes (boots.list), and when drivers are probed (slowprobe.ko with the arguments of
# probes.list). With --build only builds.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
release=6.1.0-56-amd64
place=/usr/src/kobox-params
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# One build at a time: the place is fixed.
exec 9> "$place.lock"
flock 9
rm -rf "$place"
mkdir -p "$place"
cp "$root"/test/params/{every,slowprobe}.c "$place/"
printf 'obj-m := every.o slowprobe.o\nccflags-y := -g0\n' > "$place/Makefile"
make -s -C "/usr/src/linux-headers-$release" M="$place" modules > "$place/log" 2>&1 || { cat "$place/log" >&2; exit 1; }
for name in every slowprobe; do strip --strip-debug -o "$root/test/params/$name.ko" "$place/$name.ko"; done
[ "${1:-}" != --build ] || exit 0

gcc -O1 -Wall -Wno-unused-result -static -s -o "$work/drive" "$root/test/params/drive.c"
(cd "$root" && npx tsx -C source test/params/commands.ts) > "$work/commands"
# The clock's calibration is over by then.
cat > "$work/script" <<'SCRIPT'
sleep 3
mount -t securityfs none /sys/kernel/security
cat /proc/dynamic_debug/control
echo '--- commands'
./drive every.ko commands
SCRIPT
"$root/tools/qemu-run.sh" "$work/script" "$work/drive" "$root/test/params/every.ko" "$work/commands" > "$work/output"
{ sed '/^--- commands$/,$d' "$work/output" | wc -l; sed '/^--- commands$/,$d' "$work/output" | awk 'NR == 1 || NR % 20 == 0'; } > "$root/test/params/builtin.txt"
sed '1,/^--- commands$/d' "$work/output" > "$root/test/params/every.txt"

# What the kernel's command line changes: of each line of boots.list, what the log says of it, then the commands.
cat > "$work/commands" <<'COMMANDS'
load 
load async_probe=0
load dyndbg
COMMANDS
# insmod with each of these arguments; the module goes two seconds later, or at once.
cat > "$work/script" <<'SCRIPT'
sleep 3
mount -t securityfs none /sys/kernel/security
dmesg -r | sed -E 's/^(<[0-9]+>)\[[^]]*\] /\1/' | grep -E '^<.>(Kernel is locked down|Malformed early|dyndbg: [^0-9])'
cat /sys/kernel/security/lockdown
grep '^init/main' /proc/dynamic_debug/control
# No module of ours loads then.
! grep -q '\[none\]' /sys/kernel/security/lockdown && exit
echo '--- drive'
./drive every.ko commands
grep -q async_probe /proc/cmdline || exit
echo '--- probes'
while read -r args; do
  for wait in 2 0; do
    dmesg -C
    insmod slowprobe.ko $args
    echo 'insmod is back' > /dev/kmsg
    sleep $wait
    rmmod slowprobe
    echo "> $wait $args"
    dmesg -r | sed -E 's/^(<[0-9]+>)\[[^]]*\] /\1/' | grep -vE 'clocksource: |hrtimer: '
  done
done < probes.list
SCRIPT
while read -r line; do
  echo "=== $line"
  KERNEL_ARGUMENTS=$line "$root/tools/qemu-run.sh" "$work/script" "$work/drive" "$root"/test/params/{every,slowprobe}.ko "$work/commands" "$root/test/params/probes.list"
done < "$root/test/params/boots.list" > "$root/test/params/boots.txt"
wc -l "$root"/test/params/*.txt
