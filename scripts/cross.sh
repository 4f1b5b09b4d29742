#!/bin/sh
# Builds for 64-bit ARM and runs the tests of it in qemu's user mode, in a Debian system made for it (in build/arm64-root;
# mmdebstrap, which needs root or user namespaces), so that this one learns of no foreign architecture. Then compiles the
# sources for musl. What is there of the last time is used again.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
# shellcheck disable=SC2086
need git $CROSS_PACKAGES
root=$PWD/build/arm64-root
if [ ! -e "$root/made" ]; then
  echo "== a system with a cross compiler (into build/arm64-root)"
  rm -rf "$root"
  mkdir -p build
  mmdebstrap --quiet --variant=apt --architectures=amd64,arm64 --dpkgopt='path-exclude=/usr/share/{doc,info,man,locale}/*' \
    --include=crossbuild-essential-arm64,cmake,ninja-build,pkgconf,qemu-user,python3,python3-yaml,procps,sqlite3 \
    --include=librdkafka-dev:arm64,libsqlite3-dev:arm64,libjson-c-dev:arm64,libcmocka-dev:arm64 bookworm "$root"
  touch "$root/made"
fi
# Only what was built before stays.
mkdir -p "$root/cdclite"
find "$root/cdclite" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
changed=$(git stash create)
git archive "${changed:-HEAD}" | tar -x -C "$root/cdclite"

echo "== building for arm64"
# shellcheck disable=SC2016  # expanded there
chroot "$root" sh -euc '
  cd /cdclite
  cmake --preset arm64 > log 2>&1 || { cat log; exit 1; }
  cmake --build --preset arm64 > log || { cat log; exit 1; }
  echo "== testing in qemu"
  ctest --preset arm64 -j "$(nproc)" -R "^unit/|^cases$|^upgrade$|^kafka_source$|^fuzz/" -E fuzz_message
  echo "== the demo, in qemu"
  cd "$(mktemp -d)"
  qemu-aarch64 /cdclite/build/arm64/cdclite demo > log 2>&1 || { cat log; exit 1; }
  stored=$(sqlite3 cdclite-demo/history.db "SELECT count(*) FROM holding_history")
  sent=$(grep -vc "\"value\": *null" /cdclite/tests/data/demo.jsonl)
  [ "$stored" = "$sent" ] || { echo "$stored changes were stored of $sent"; exit 1; }
  qemu-aarch64 /cdclite/build/arm64/cdclite verify --db cdclite-demo/history.db'

echo "== compiling for musl, whose libraries are not there to link with"
# Of /usr/include only these: the rest is glibc's.
for header in librdkafka sqlite3.h json-c; do
  mkdir -p build/musl/include
  ln -sfn "/usr/include/$header" build/musl/include/
done
for file in src/*.c; do
  musl-gcc -std=c17 -D_GNU_SOURCE -DCDCLITE_VERSION='""' -O2 -Wall -Wextra -Werror -Iinclude \
    -isystem build/musl/include -c -o /dev/null "$file"
done
