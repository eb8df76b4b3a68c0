#!/bin/bash
# Records test/shell/NAME.txt: what test/shell/NAME.sh prints on Debian's kernel in QEMU, with Debian's own bash,
# coreutils, kmod, util-linux and their libraries.
# Usage: tools/record-shell.sh [NAME...]     (no name: all)
set -euo pipefail
release=6.1.0-56-amd64
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fs=$work/rootfs
programs="awk bash cat chmod cp cmp cut dd dmesg dash env find grep head id kmod ln ls md5sum mkdir mkfifo mknod mv od readlink rm rmdir sed seq sleep sort stat tail tee timeout touch tr uniq wc yes"
mkdir -p "$fs/usr/bin" "$fs/usr/sbin" "$fs/etc" "$fs/lib/modules/$release/extra"
for program in $programs; do
  path=$(readlink -f "$(command -v "$program")")
  cp "$path" "$fs/usr/bin/$program"
  { ldd "$path" || true; } | grep -o '/[^ ]*' | while read -r library; do mkdir -p "$fs$(dirname "$library")"; cp -L "$library" "$fs$library"; done
done
ln -s dash "$fs/usr/bin/sh"
gcc -O1 -Wall -Wno-unused-parameter -static -o "$fs/usr/bin/sys" "$root/tools/sys.c"
ln -s usr/bin "$fs/bin"
ln -s usr/sbin "$fs/sbin"
for tool in insmod rmmod lsmod modinfo modprobe depmod; do ln -s ../bin/kmod "$fs/usr/sbin/$tool"; done
echo kobox > "$fs/etc/hostname"
echo 'root:x:0:0:root:/root:/bin/bash' > "$fs/etc/passwd"
echo 'root:x:0:' > "$fs/etc/group"
for module in "$root"/samples/*/*.ko; do cp "$module" "$fs/lib/modules/$release/extra/"; done
cp "$root/build/linux-image-$release/lib/modules/$release"/modules.{builtin,builtin.modinfo} "$fs/lib/modules/$release/"
: > "$fs/lib/modules/$release/modules.order"
mkdir -p "$fs"/{dev,proc,sys,tmp,root}
for module in "$root"/samples/*/*.ko; do mkdir -p "$fs/root/samples/$(basename "$module" .ko)"; cp "$module" "$fs/root/samples/$(basename "$module" .ko)/"; done
for name in ${*:-$(cd "$root/test/shell" && ls -- *.sh | sed 's/\.sh$//')}; do
  cp "$root/test/shell/$name.sh" "$fs/root/$name.sh"
  cat > "$work/script" <<'SCRIPT'
cd /root/rootfs
for folder in dev proc sys; do mount --bind /$folder $folder; done
for link in fd: stdin:/0 stdout:/1 stderr:/2; do ln -s /proc/self/fd${link#*:} dev/${link%%:*}; done
export HOME=/root
timeout 240 chroot . /usr/bin/env PATH=/usr/sbin:/usr/bin bash -c 'depmod; cd /root; bash /root/NAME.sh 2>&1 < /dev/null | cat > /tmp/recording'
cat tmp/recording
SCRIPT
  sed -i "s/NAME/$name/" "$work/script"
  "$root/tools/qemu-run.sh" "$work/script" "$fs" > "$root/test/shell/$name.txt"
  wc -l "$root/test/shell/$name.txt"
done
