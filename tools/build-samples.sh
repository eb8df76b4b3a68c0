#!/bin/bash
# Builds every sample against Debian's kernel headers, at a fixed place so that the result is always the same.
# With --check compares with the committed .ko instead of replacing it.
set -euo pipefail
release=6.1.0-56-amd64
here=$(cd "$(dirname "$0")/.." && pwd)
place=/usr/src/kobox-samples
headers=/usr/src/linux-headers-$release
[ -d "$headers" ] || { echo "build-samples: $headers is missing: run tools/setup-debian.sh" >&2; exit 1; }
status=0
for sample in exporter $(cd "$here/samples" && ls -d */ | tr -d / | grep -vx exporter); do
  source=$here/samples/$sample/$sample.c
  [ -f "$source" ] || continue
  rm -rf "$place/$sample"
  mkdir -p "$place/$sample"
  cp "$source" "$place/$sample/"
  echo "obj-m := $sample.o" > "$place/$sample/Makefile"
  extra=
  [ "$sample" = importer ] && extra=KBUILD_EXTRA_SYMBOLS=$place/exporter/Module.symvers
  make -s -C "$headers" M="$place/$sample" $extra modules >"$place/$sample/log" 2>&1 || { cat "$place/$sample/log" >&2; exit 1; }
  built=$place/$sample/$sample.ko
  if [ "${1:-}" = --check ]; then
    cmp "$built" "$here/samples/$sample/$sample.ko" || status=1
  else
    cp "$built" "$here/samples/$sample/$sample.ko"
  fi
done
exit $status
