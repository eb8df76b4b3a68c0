#!/bin/bash
# Records what Debian's own modules do on the real kernel: runs test/debian/NAME.sh in QEMU, with the modules that its first line
# names, and writes test/debian/NAME.txt: what it printed, then the kernel's messages without their times.
# Usage: tools/record-debian.sh [NAME...]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
names=${*:-$(cd "$root/test/debian" && ls -- *.sh | sed 's/\.sh$//')}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in $names; do
  script=$root/test/debian/$name.sh
  files=()
  for module in $(sed -n 's/^# modules: //p' "$script"); do
    files+=("$(find -L "$root/build/linux-image-6.1.0-56-amd64/lib/modules" -name "$module.ko")")
  done
  # The clock's calibration is over by then.
  { echo 'sleep 3; dmesg -C'; cat "$script"; echo "echo '--- dmesg'; dmesg -r"; } > "$work/script"
  "$root/tools/qemu-run.sh" "$work/script" "${files[@]}" | sed -E '/^--- dmesg/,$ s/^(<[0-9]+>)\[[^]]*\] /\1/' > "$root/test/debian/$name.txt"
  wc -l "$root/test/debian/$name.txt"
done
