#!/bin/sh
# Installs what is missing, builds, and runs the tests that need no server; the long ones too with --all.
set -eu
cd "$(dirname "$0")/.."
long='-LE long'
case ${1-} in
  '') ;;
  --all) long= ;;
  *) echo "usage: sh scripts/test.sh [--all]" >&2; exit 2 ;;
esac
. scripts/packages.sh
# shellcheck disable=SC2086
need $BUILD_PACKAGES $TEST_PACKAGES
echo "== building (into build/release)"
cmake --preset release -DCDCLITE_TESTS=ON > /dev/null
cmake --build --preset release
echo "== testing"
# shellcheck disable=SC2086
ctest --preset release -j "$(nproc)" $long
