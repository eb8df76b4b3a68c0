#!/bin/bash
# Records where the real kernel puts modules: loads Debian modules one after another after a start with nokaslr, and writes
# test/inspect/loaded.txt: of each its line of /proc/modules, its sections' addresses, and its struct module (read from /proc/kcore).
# Usage: tools/record-inspect.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
modules="crc7 lm75 dummy tun llc stp bridge nf_defrag_ipv4 nf_defrag_ipv6 irqbypass kvm configfs null_blk zsmalloc"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files=()
for module in $modules; do
  files+=("$(find -L "$root/build/linux-image-6.1.0-56-amd64/lib/modules" -name "$module.ko" | head -n 1)")
done
# Built anew: a module whose init sleeps shows what it is while init runs.
release=6.1.0-56-amd64
mkdir "$work/slow"
cp "$root/test/inspect/slow.c" "$work/slow/"
echo 'obj-m += slow.o' > "$work/slow/Makefile"
make -s -C "/usr/src/linux-headers-$release" M="$work/slow" modules > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
strip --strip-debug -o "$root/test/inspect/slow.ko" "$work/slow/slow.ko"
files+=("$root/test/inspect/slow.ko")
cat > "$work/script" <<SCRIPT
show() {
  echo "== \$1"
  grep "^\$1 " /proc/modules
  address=\$(grep " __this_module.*\\[\$1\\]" /proc/kallsyms | cut -c1-16)
  # /proc/kcore has an address at its low 56 bits, behind the headers.
  low=\$(echo \$address | cut -c9-)
  skip=\$(((0x00ffffff\$low + 0x4000) / 64))
  echo "struct \$address \$(dd if=/proc/kcore bs=64 count=14 skip=\$skip 2> /dev/null | od -A n -v -t x1 | tr -d ' \n')"
  echo "initsize \$(cat /sys/module/\$1/initsize)"
  for s in \$(ls -A /sys/module/\$1/sections); do echo "section \$s \$(cat /sys/module/\$1/sections/\$s)"; done
}
for m in $modules; do
  insmod ./\$m.ko
  show \$m
done
insmod ./slow.ko delay=20000 &
until grep -q '^slow .*Loading' /proc/modules; do sleep 0.1; done
show slow
SCRIPT
mkdir -p "$root/test/inspect"
KERNEL_ARGUMENTS=nokaslr "$root/tools/qemu-run.sh" "$work/script" "${files[@]}" > "$root/test/inspect/loaded.txt"
wc -l "$root/test/inspect/loaded.txt"
