#!/bin/bash
# Builds every sample against Debian's kernel headers, in one run of kbuild, at a fixed place, so that the result is always the same;
# without debugging information, as distributions ship modules. Rust's compiler is Debian's (/usr/bin/rustc). With --check compares with the committed .ko instead of replacing it.
set -euo pipefail
release=6.1.0-56-amd64
samples=$(cd "$(dirname "$0")/../samples" && pwd)
place=/usr/src/kobox-samples
headers=/usr/src/linux-headers-$release
[ -d "$headers" ] || { echo "build-samples: $headers is missing: run tools/setup-debian.sh" >&2; exit 1; }
# One build at a time: the place is fixed.
exec 9> "$place.lock"
flock 9
rm -rf "$place"
for folder in "$samples"/*/; do
  name=$(basename "$folder")
  mkdir -p "$place/$name"
  cp "$folder$name".[cr]* "$place/$name/"
  # A module of one C file needs one line; others bring a Kbuild.
  if [ -f "$folder/Kbuild" ]; then cp "$folder/Kbuild" "$place/$name/"; else echo "obj-m := $name.o" > "$place/$name/Kbuild"; fi
  echo "obj-m += $name/" >> "$place/Kbuild"
done
make -s -j2 -C "$headers" M="$place" modules >"$place/log" 2>&1 || { cat "$place/log" >&2; exit 1; }
grep -E 'warning|WARNING' "$place/log" | grep -v 'Skipping BTF' >&2 || true
status=0
for built in "$place"/*/*.ko; do
  strip --strip-debug "$built"
  committed=$samples/${built#"$place"/}
  if [ "${1:-}" = --check ]; then
    cmp "$built" "$committed" || status=1
  else
    cmp -s "$built" "$committed" || cp "$built" "$committed"
  fi
done
exit $status
