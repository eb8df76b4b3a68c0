#!/bin/bash
# Records what the real kernel does with each sample: boots Debian's kernel in QEMU (software emulation), once per sample, with
# busybox, dash and the real kmod, runs samples/NAME/script.sh, and writes samples/NAME/recording.txt:
#   --- script    what the script printed (stdout and stderr, in order)
#   --- status    its exit status
#   --- modules   before each rmmod and at the end, of each loaded module: its line of /proc/modules, and the tree below
#                 /sys/module/NAME: mode, name, and what can be read (notes in hexadecimal)
#   --- dmesg     lines since the script began: "<LEVEL>TEXT", time stamps dropped
#   --- tainted   /proc/sys/kernel/tainted at the end
#   --- events    what samples/NAME/events.sh printed after all that, where there is one
# The PS/2 controller is left out (initcall_blacklist): kobox has none, and input devices are numbered from 0.
# samples/NAME/modules lists Debian's modules that the script finds in debian/.
# Usage: tools/record.sh [NAME...]     (no name: all samples)
set -euo pipefail
release=6.1.0-56-amd64
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/setup-debian.sh"
image=$root/build/linux-image-$release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fs=$work/fs
mkdir -p "$fs"/{bin,sbin,record,proc,sys,dev,tmp,root,lib64,usr/bin,usr/sbin}
cp /bin/busybox "$fs/bin/"
for tool in cat chmod cut dd echo false find grep head hexdump ls mkdir mknod mount od poweroff printf readlink rm sed sleep sort stat tail test timeout tr true uname wc; do
  ln -s busybox "$fs/bin/$tool"
done
# busybox would run its own insmod: the shell is dash, and kmod and dmesg are the real ones.
cp /bin/kmod "$fs/bin/kmod"
cp /bin/dash "$fs/bin/sh"
cp /bin/dmesg "$fs/bin/dmesg"
for tool in depmod insmod rmmod lsmod modinfo modprobe; do ln -s ../bin/kmod "$fs/sbin/$tool"; done
{ ldd /bin/kmod; ldd /bin/dash; ldd /bin/dmesg; } | grep -o '/[^ ]*' | while read -r library; do mkdir -p "$fs$(dirname "$library")"; cp -L "$library" "$fs$library"; done
gcc -O1 -Wall -Wno-unused-parameter -static -o "$fs/bin/sys" "$root/tools/sys.c"
cp -r "$root/samples" "$fs/root/samples"
rm -f "$fs"/root/samples/*/recording.txt
mkdir "$fs/root/debian"
for module in $(cat "$root"/samples/*/modules); do cp "$image/lib/modules/$release/kernel/$module" "$fs/root/debian/"; done

cat > "$fs/record/snapshot" <<'SNAPSHOT'
#!/bin/sh
cd /sys/module
while read -r name line; do
  echo "$name $line"
  find "$name" | sort | while read -r path; do
    mode=$(stat -c %A "$path")
    case $mode:$path in
      l*) echo "$mode $path -> $(readlink "$path")" ;;
      -r*/notes/*) echo "$mode $path = $(hexdump -v -e '/1 "%02x"' "$path")" ;;
      -r*) echo "$mode $path = $(cat "$path" 2>/dev/null || echo unreadable)" ;;
      *) echo "$mode $path" ;;
    esac
  done
done < /proc/modules >> /tmp/modules
SNAPSHOT
# Comes before the real one in PATH: a module is looked at just before it leaves.
cat > "$fs/record/rmmod" <<'RMMOD'
#!/bin/sh
/record/snapshot
exec /sbin/rmmod "$@"
RMMOD
# $sample comes from the kernel's command line.
cat > "$fs/init" <<'INIT'
#!/bin/sh
export PATH=/record:/sbin:/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev; mount -t debugfs debugfs /sys/kernel/debug
cd /root
: > /tmp/modules
before=$(busybox dmesg -r | wc -l)
sh "samples/$sample/script.sh" > /tmp/out 2>&1
status=$?
/record/snapshot
{
  echo '--- script'; cat /tmp/out
  echo '--- status'; echo $status
  echo '--- modules'; cat /tmp/modules
  echo '--- dmesg'; busybox dmesg -r | tail -n +$((before + 1))
  echo '--- tainted'; cat /proc/sys/kernel/tainted
  [ ! -f "samples/$sample/events.sh" ] || { echo '--- events'; sh "samples/$sample/events.sh" 2>&1; }
  echo '--- end'
} > /dev/ttyS1
sleep 1
poweroff -f
INIT
chmod +x "$fs/init" "$fs"/record/*
(cd "$fs" && find . | cpio -o -H newc --quiet | gzip -1 > "$work/initrd.gz")

record() {
  local name=$1
  timeout 180 qemu-system-x86_64 -machine q35,accel=tcg -cpu max -m 512 -display none -no-reboot \
    -serial "file:$work/$name.console" -serial "file:$work/$name.result" \
    -kernel "$image/boot/vmlinuz-$release" -initrd "$work/initrd.gz" \
    -append "console=ttyS0 panic=-1 quiet initcall_blacklist=i8042_init sample=$name" || true
  if ! grep -q '^--- end' "$work/$name.result"; then
    echo "record: $name did not finish; its console:" >&2
    tail -20 "$work/$name.console" >&2
    return 1
  fi
  # What the kernel says of its own accord a while after the boot is none of the sample's.
  tr -d '\r' < "$work/$name.result" | sed -n '/^--- script/,/^--- end/p' | sed '/^--- end/d' |
    sed -E '/^--- dmesg/,/^--- tainted/ { s/^(<[0-9]+>)\[[^]]*\] /\1/; /^<[46]>(tsc: Refined|clocksource: (tsc: mask|Switched)|random: crng init|hrtimer: interrupt took)/d }' \
      > "$root/samples/$name/recording.txt"
  echo "recorded $name"
}

names=${*:-$(cd "$root/samples" && ls -d */ | tr -d /)}
failed=0
for name in $names; do
  [ -f "$root/samples/$name/script.sh" ] || { echo "record: samples/$name has no script.sh" >&2; exit 1; }
  while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || failed=1; done
  record "$name" &
done
while [ "$(jobs -rp | wc -l)" -gt 0 ]; do wait -n || failed=1; done
exit $failed
