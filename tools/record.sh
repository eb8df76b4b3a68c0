#!/bin/bash
# Records what the real kernel does with each sample: boots Debian's kernel in QEMU (software emulation) with busybox and
# the real kmod, runs samples/NAME/script.sh, and writes samples/NAME/recording.txt:
#   --- script    what the script printed (stdout and stderr, in order)
#   --- status    its exit status
#   --- dmesg     lines since the script began: "<LEVEL>TEXT", time stamps dropped
#   --- tainted   /proc/sys/kernel/tainted at the end
#   --- events    what samples/NAME/events.sh printed after all that, where there is one
# The PS/2 controller is left out (initcall_blacklist): kobox has none, and input devices are numbered from 0.
# samples/NAME/modules lists Debian's modules that the script finds in debian/.
# Usage: tools/record.sh [NAME...]
set -euo pipefail
release=6.1.0-56-amd64
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/setup-debian.sh"
image=$root/build/linux-image-$release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fs=$work/fs
mkdir -p "$fs"/{bin,sbin,proc,sys,dev,tmp,root,lib64,usr/bin,usr/sbin}
cp /bin/busybox "$fs/bin/"
for tool in cat echo ls sleep mount dd head tail grep mknod uname test true false printf sort wc mkdir rm reboot poweroff tr od sed timeout; do ln -s busybox "$fs/bin/$tool"; done
# busybox would run its own insmod: the shell is dash, and kmod and dmesg are the real ones.
cp /bin/kmod "$fs/bin/kmod"
cp /bin/dash "$fs/bin/sh"
cp /bin/dmesg "$fs/bin/dmesg"
for tool in insmod rmmod lsmod modinfo modprobe; do ln -s ../bin/kmod "$fs/sbin/$tool"; done
{ ldd /bin/kmod; ldd /bin/dash; ldd /bin/dmesg; } | grep -o '/[^ ]*' | while read -r library; do mkdir -p "$fs$(dirname "$library")"; cp -L "$library" "$fs$library"; done
cp -r "$root/samples" "$fs/root/samples"
rm -f "$fs"/root/samples/*/recording.txt
cat > "$fs/init" <<'INIT'
#!/bin/sh
export PATH=/sbin:/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev; mount -t debugfs debugfs /sys/kernel/debug
name=$(tr ' ' '\n' < /proc/cmdline | grep ^sample= | cut -d= -f2 2>/dev/null || true)
name=${name:-$(cat /sample)}
cd /root
before=$(dmesg -r | wc -l)
sh "samples/$name/script.sh" > /tmp/out 2>&1
status=$?
{
  echo '--- script'; cat /tmp/out
  echo '--- status'; echo $status
  echo '--- dmesg'; dmesg -r | tail -n +$((before + 1))
  echo '--- tainted'; cat /proc/sys/kernel/tainted
  [ ! -f "samples/$name/events.sh" ] || { echo '--- events'; sh "samples/$name/events.sh" 2>&1; }
  echo '--- end'
} > /dev/ttyS1
sleep 1
poweroff -f
INIT
ln -s busybox "$fs/bin/cut"
chmod +x "$fs/init"

record() {
  local name=$1
  (
    cp -r "$fs" "$work/fs-$name"
    echo "$name" > "$work/fs-$name/sample"
    mkdir "$work/fs-$name/root/debian"
    for module in $(cat "$root/samples/$name/modules" 2>/dev/null); do cp "$image/lib/modules/$release/kernel/$module" "$work/fs-$name/root/debian/"; done
    cd "$work/fs-$name" && find . | cpio -o -H newc --quiet | gzip -1 > "$work/$name.gz"
  )
  timeout 120 qemu-system-x86_64 -machine q35,accel=tcg -cpu max -m 512 -display none -no-reboot \
    -serial "file:$work/$name.console" -serial "file:$work/$name.result" \
    -kernel "$image/boot/vmlinuz-$release" -initrd "$work/$name.gz" -append "console=ttyS0 panic=-1 quiet initcall_blacklist=i8042_init" || true
  if ! grep -q '^--- end' "$work/$name.result"; then
    echo "record: $name did not finish; its console:" >&2
    tail -20 "$work/$name.console" >&2
    return 1
  fi
  tr -d '\r' < "$work/$name.result" | sed -n '/^--- script/,/^--- end/p' | sed '/^--- end/d' |
    sed -E '/^--- dmesg/,/^--- tainted/ s/^(<[0-9]+>)\[[^]]*\] /\1/' > "$root/samples/$name/recording.txt"
  echo "recorded $name"
}

names=${*:-$(cd "$root/samples" && ls -d */ | tr -d /)}
for name in $names; do
  [ -f "$root/samples/$name/script.sh" ] || { echo "record: samples/$name has no script.sh" >&2; exit 1; }
  while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
  record "$name" &
done
while [ "$(jobs -rp | wc -l)" -gt 0 ]; do wait -n; done
