#!/bin/sh
# Formatting, and what clang-tidy, cppcheck and shellcheck find.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
# shellcheck disable=SC2086
need $BUILD_PACKAGES $TEST_PACKAGES clang clang-format clang-tidy cppcheck shellcheck
echo "== formatting"
git ls-files '*.c' '*.h' | xargs clang-format --dry-run --Werror
echo "== cppcheck"
# Not what it cannot parse ({0} within ?:), nor what it cannot follow: lists that own their links.
cppcheck --quiet --std=c11 --max-configs=1 -j "$(nproc)" -I include -D_GNU_SOURCE --error-exitcode=1 \
  --enable=warning,performance,portability --suppress=missingIncludeSystem --suppress=internalAstError \
  --suppress=memleak:src/text_log.c src
echo "== clang-tidy"
cmake --preset clang > /dev/null
git ls-files 'src/*.c' | xargs -P "$(nproc)" -n 6 clang-tidy -p build/clang --quiet 2> /dev/null
echo "== shellcheck"
git ls-files '*.sh' | xargs shellcheck -s sh -e SC1091
shellcheck -e SC1091 .ci/run
shellcheck -s bash completions/cdclite.bash
