#!/bin/bash
# Builds test/oopses/oopses.c against Debian's headers and records what the real kernel says when each script test/oopses/NAME.sh
# makes it oops, warn or panic, one boot of QEMU a script: test/oopses/NAME.txt, what the script printed ("--- script") and the log
# from there on ("--- log", from the serial console: after a panic nobody is left to ask). The first line of a script may name
# kernel arguments. Addresses stand where kobox has them (nokaslr).
# Usage: tools/record-oopses.sh [NAME...]     (no name: all)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
release=6.1.0-56-amd64
oopses=$root/test/oopses
place=/usr/src/kobox-oopses
rm -rf "$place"
mkdir -p "$place"
cp "$oopses/oopses.c" "$place/"
echo 'obj-m := oopses.o' > "$place/Kbuild"
echo 'ccflags-y := -w -g0' >> "$place/Kbuild"
make -s -C "/usr/src/linux-headers-$release" M="$place" modules > "$place/log" 2>&1 || { cat "$place/log" >&2; exit 1; }
strip --strip-debug -o "$oopses/oopses.ko" "$place/oopses.ko"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

record() {
  local name=$1
  local arguments
  arguments=$(sed -n '1s/^# kernel arguments: //p' "$oopses/$name.sh")
  { echo "echo '<7>oopses: the log begins' > /dev/kmsg"; cat "$oopses/$name.sh"; } > "$work/$name"
  KERNEL_ARGUMENTS="nokaslr ignore_loglevel console_msg_format=syslog $arguments" CONSOLE="$work/$name.console" \
    "$root/tools/qemu-run.sh" "$work/$name" "$oopses/oopses.ko" > "$work/$name.output"
  {
    echo '--- script'
    cat "$work/$name.output"
    echo '--- log'
    tr -d '\r' < "$work/$name.console" | sed '1,/oopses: the log begins/d' |
      sed -E 's/^(<[0-9]+>)\[[^]]*\] /\1/; /^<[46]>(tsc: Refined|clocksource: (tsc: mask|Switched)|random: crng init|hrtimer: interrupt took)/d; /^<6>(sysrq|reboot): Power (O|o)ff/d; /^<[0-9]+>(ACPI: PM: Preparing|reboot: Power down)/d'
  } > "$oopses/$name.txt"
  echo "recorded $name"
}
names=${*:-$(cd "$oopses" && ls -- *.sh | sed 's/\.sh$//')}
failed=0
for name in $names; do
  while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || failed=1; done
  record "$name" &
done
while [ "$(jobs -rp | wc -l)" -gt 0 ]; do wait -n || failed=1; done
exit $failed
