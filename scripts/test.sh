#!/bin/sh
# Installs what is missing, builds, and runs all tests that need no server.
set -eu
cd "$(dirname "$0")/.."
case ${1-} in
  '') ;;
  *) echo "usage: sh scripts/test.sh" >&2; exit 2 ;;
esac
. scripts/packages.sh
# shellcheck disable=SC2086
need $BUILD_PACKAGES $TEST_PACKAGES
echo "== building (into build/release)"
cmake --preset release -DCDCLITE_TESTS=ON > /dev/null
cmake --build --preset release
echo "== testing"
ctest --preset release -j "$(nproc)"
