#!/bin/bash
# Runs a shell script on Debian's kernel in QEMU (software emulation), with busybox and the real kmod, and prints its output.
# Usage: tools/qemu-run.sh SCRIPT [FILE...]     files are copied to /root; KERNEL_ARGUMENTS is added to the command line, or
# KERNEL_COMMAND_LINE is all of it. KERNEL_IMAGE is another kernel's vmlinuz. QEMU_SECONDS: how long it may take.
# CONSOLE: a file for what the kernel writes to its console; the script may then end in a panic.
set -euo pipefail
release=6.1.0-56-amd64
root=$(cd "$(dirname "$0")/.." && pwd)
script=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fs=$work/fs
mkdir -p "$fs"/{bin,sbin,proc,sys,dev,tmp,root}
cp /bin/busybox "$fs/bin/"
# busybox has tools of its own under these names: here the real ones count.
for tool in $(busybox --list | grep -vxE 'busybox|sh|dmesg|insmod|rmmod|lsmod|modinfo|modprobe|depmod'); do ln -s busybox "$fs/bin/$tool"; done
cp /bin/kmod /bin/dmesg "$fs/bin/"
cp /bin/dash "$fs/bin/sh"
for tool in insmod rmmod lsmod modinfo modprobe depmod; do ln -s ../bin/kmod "$fs/sbin/$tool"; done
for program in /bin/kmod /bin/dash /bin/dmesg; do ldd "$program"; done | grep -o '/[^ ]*' | sort -u | while read -r library; do
  mkdir -p "$fs$(dirname "$library")"
  cp -L "$library" "$fs$library"
done
for file in "$@"; do cp -r "$file" "$fs/root/"; done
cp "$script" "$fs/script"
cat > "$fs/init" <<'INIT'
#!/bin/sh
export PATH=/sbin:/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev; mount -t debugfs debugfs /sys/kernel/debug
cd /root
sh /script > /dev/ttyS1 2>&1
echo '--- end' > /dev/ttyS1
sleep 1
poweroff -f
INIT
chmod +x "$fs/init"
(cd "$fs" && find . | cpio -o -H newc --quiet | gzip -1 > "$work/initramfs.gz")
timeout ${QEMU_SECONDS:-300} qemu-system-x86_64 -machine q35,accel=tcg -cpu max -m 512 -display none -no-reboot \
  -serial "file:$work/console" -serial "file:$work/output" -pidfile "$work/pid" \
  -kernel "${KERNEL_IMAGE:-$root/build/linux-image-$release/boot/vmlinuz-$release}" -initrd "$work/initramfs.gz" \
  -append "${KERNEL_COMMAND_LINE-console=ttyS0 panic=-1 quiet ${KERNEL_ARGUMENTS:-}}" &
# A panic with panic=0 waits for somebody to turn the machine off.
while sleep 1 && kill -0 $! 2> "$work/gone"; do
  if grep -q -- '---\[ end Kernel panic' "$work/console" 2> "$work/gone"; then kill -KILL "$(cat "$work/pid")"; fi
done
wait $! || true
tr -d '\r' < "$work/output" | sed '/^--- end$/,$d'
if [ -n "${CONSOLE:-}" ]; then cp "$work/console" "$CONSOLE"; fi
if ! grep -q '^--- end' "$work/output" && ! { [ -n "${CONSOLE:-}" ] && grep -q 'Kernel panic' "$work/console"; }; then
  echo "qemu-run: $script did not finish; the console:" >&2
  tail -20 "$work/console" >&2
  exit 1
fi
