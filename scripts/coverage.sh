#!/bin/sh
# Which lines and branches of src/ the tests take: a line a file, and the sum; fails when less than LEAST percent of
# the lines are.
set -eu
cd "$(dirname "$0")/.."
LEAST=${LEAST-95}
. scripts/packages.sh
# shellcheck disable=SC2086
need $BUILD_PACKAGES $TEST_PACKAGES gcovr
cmake --preset coverage > /dev/null
cmake --build --preset coverage
find build/coverage -name '*.gcda' -delete
ctest --preset coverage -j "$(nproc)" -LE long "$@"
gcovr --root . --filter src/ --exclude-throw-branches --print-summary \
  --txt build/coverage/report.txt --html-details build/coverage/report.html --fail-under-line "$LEAST" build/coverage
