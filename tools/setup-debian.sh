#!/bin/bash
# Installs by apt what the tests need. Quick when all is there; loud when something cannot be had.
set -euo pipefail
release=6.1.0-56-amd64
packages="gcc libc6-dev make bc linux-headers-$release rustc qemu-system-x86 busybox-static cpio kmod xz-utils zstd file xxd bsdextrautils binutils openssl"
missing=
for package in $packages; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
  echo "setup-debian: installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; } >/tmp/kobox-apt.log 2>&1 || {
    tail -20 /tmp/kobox-apt.log >&2
    echo "setup-debian: could not install:$missing (needed by the tests; Debian 12 with the security archive has them)" >&2
    exit 1
  }
fi
# The real kernel and its modules: unpacked, not installed.
cd "$(dirname "$0")/.."
if [ ! -d "build/linux-image-$release/lib" ]; then
  mkdir -p build/apt
  (cd build/apt && apt-get download -q "linux-image-$release" >/dev/null 2>&1 || { apt-get update -q >/dev/null && apt-get download -q "linux-image-$release" >/dev/null; })
  dpkg-deb -x build/apt/linux-image-${release}_*.deb "build/linux-image-$release"
fi
