#!/bin/bash
# Builds test/probes/*.c against Debian's headers (without debugging information, to keep them small) and records what each
# prints on the real kernel, all in one boot of QEMU: test/probes/NAME.ko and NAME.dmesg. A probe ends with -ENODEV.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
release=6.1.0-56-amd64
place=/usr/src/kobox-probes
rm -rf "$place"
mkdir -p "$place"
cp "$root"/test/probes/*.c "$place/"
names=$(cd "$place" && ls -- *.c | sed 's/\.c$//')
for name in $names; do echo "obj-m += $name.o"; done > "$place/Makefile"
echo 'ccflags-y := -w -g0 -Wno-unused-value' >> "$place/Makefile"
make -s -C "/usr/src/linux-headers-$release" M="$place" modules > "$place/log" 2>&1 || { cat "$place/log" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in $names; do
  strip --strip-debug -o "$root/test/probes/$name.ko" "$place/$name.ko"
  echo "echo '=== $name'; dmesg -C; insmod $name.ko; dmesg -r"
done > "$work/script"
# The clock's calibration is over by then.
sed -i '1i sleep 3' "$work/script"
"$root/tools/qemu-run.sh" "$work/script" "$root"/test/probes/*.ko > "$work/output"
for name in $names; do
  sed -n "/^=== $name\$/,/^=== /p" "$work/output" | grep '^<' | grep -vE 'clocksource: |hrtimer: interrupt took' | sed -E 's/^(<[0-9]+>)\[[^]]*\] /\1/' > "$root/test/probes/$name.dmesg"
done
wc -l "$root"/test/probes/*.dmesg
