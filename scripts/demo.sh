#!/bin/sh
# From a fresh Debian 12 machine to the answers: installs what is missing, builds, runs `cdclite demo`.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
# shellcheck disable=SC2086
need $BUILD_PACKAGES sqlite3
echo "== building (into build/release)"
log=$(mktemp)
if ! { cmake --preset release -DCDCLITE_TESTS=OFF && cmake --build --preset release; } > "$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
rm -f "$log"
echo "== build/release/cdclite demo"
exec build/release/cdclite demo
