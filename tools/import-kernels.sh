#!/bin/bash
# Imports every 6.1 kernel package for amd64 that apt offers (or those that match the pattern given), starts each kernel and loads
# a module of that package into it. Needs dist/ (npm run build) and the network. Usage: tools/import-kernels.sh [PATTERN]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
pattern=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
good=0
bad=0
for package in $(apt-cache search --names-only '^linux-image-6\.1\.0-[0-9]+-(amd64|cloud-amd64|rt-amd64)$' | awk '{print $1}' | sort -V); do
  [[ $package =~ $pattern ]] || continue
  release=${package#linux-image-}
  (cd "$work" && apt-get download -q "$package" > /dev/null 2>&1) || { echo "$release: cannot be downloaded"; bad=$((bad + 1)); continue; }
  deb=$(ls "$work"/*.deb)
  mkdir "$work/module"
  if node "$root/dist/kobox.js" kernel import "$deb" > "$work/log" 2>&1 &&
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/module" --wildcards --strip-components=6 '*/lib/crc7.ko*' '*/lib/crc-itu-t.ko*' 2>> "$work/log" &&
    node "$root/dist/kobox.js" --kernel "$release" --mount "$work/module:/m" -c 'insmod /m/*.ko && uname -r && lsmod' >> "$work/log" 2>&1 &&
    grep -q "^$release\$" "$work/log"; then
    echo "$release: imported, booted, a module loaded"
    good=$((good + 1))
  else
    echo "$release: failed"
    cat "$work/log"
    bad=$((bad + 1))
  fi
  rm -rf "$deb" "$work/module" "$work/cache/kobox/kernels/$release"
done
echo "$good good, $bad bad"
[ "$bad" = 0 ]
