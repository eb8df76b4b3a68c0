#!/bin/bash
# Builds test/params/every.ko and records on the real kernel, in one boot, what the commands of test/params/commands.ts do with it:
# test/params/every.txt (test/params/drive.c tells its form), and the kernel's own call sites of dynamic debug:
# how many lines the file has, its first, and each twentieth (builtin.txt).
# With --build only builds.
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
cp "$root/test/params/every.c" "$place/"
printf 'obj-m := every.o\nccflags-y := -g0\n' > "$place/Makefile"
make -s -C "/usr/src/linux-headers-$release" M="$place" modules > "$place/log" 2>&1 || { cat "$place/log" >&2; exit 1; }
strip --strip-debug -o "$root/test/params/every.ko" "$place/every.ko"
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
wc -l "$root"/test/params/*.txt
