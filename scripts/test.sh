#!/bin/sh
# Installs what is missing, builds, and runs the tests that need no server; the long ones too with --all; with --stack
# those with a real Kafka, fetched from Maven Central, instead.
set -eu
cd "$(dirname "$0")/.."
tests='-LE long'
case ${1-} in
  '') ;;
  --all) tests= ;;
  --stack) tests='-C stack -R ^stack$ -V' ;;
  *) echo "usage: sh scripts/test.sh [--all | --stack]" >&2; exit 2 ;;
esac
. scripts/packages.sh
# shellcheck disable=SC2086
need $BUILD_PACKAGES $TEST_PACKAGES
# shellcheck disable=SC2086
[ "${1-}" != --stack ] || need $STACK_PACKAGES
# shellcheck disable=SC2086
[ "${1-}" != --all ] || need $BROWSER_PACKAGES
echo "== building (into build/release)"
cmake --preset release -DCDCLITE_TESTS=ON > /dev/null
cmake --build --preset release
echo "== testing"
# shellcheck disable=SC2086
ctest --preset release -j "$(nproc)" $tests
