#!/bin/bash
# Builds test/loader/*.c against Debian's headers (without debugging information), and plain.signed.ko: plain.ko with a signature by a
# key that no kernel knows. The committed files only change with their sources, but for that key.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
release=6.1.0-56-amd64
place=/usr/src/kobox-loader
rm -rf "$place"
mkdir -p "$place"
cp "$root"/test/loader/*.c "$place/"
names=$(cd "$place" && ls -- *.c | sed 's/\.c$//')
for name in $names; do echo "obj-m += $name.o"; done > "$place/Makefile"
make -s -C "/usr/src/linux-headers-$release" M="$place" modules > "$place/log" 2>&1 || { cat "$place/log" >&2; exit 1; }
for name in $names; do strip --strip-debug -o "$root/test/loader/$name.ko" "$place/$name.ko"; done
cd "$place"
openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 36500 -subj '/CN=kobox test key' -keyout key.pem -out cert.pem 2> /dev/null
openssl cms -sign -binary -outform DER -noattr -nocerts -md sha256 -nosmimecap -signer cert.pem -inkey key.pem -in "$root/test/loader/plain.ko" -out signature
size=$(stat -c %s signature)
{
  cat "$root/test/loader/plain.ko" signature
  printf '\0\0\2\0\0\0\0\0'
  printf "\\x$(printf %08x "$size" | sed 's/../&\\x/g; s/\\x$//')"
  printf '~Module signature appended~\n'
} > "$root/test/loader/plain.signed.ko"
