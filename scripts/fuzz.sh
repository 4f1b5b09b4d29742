#!/bin/sh
# Builds the fuzz targets with libFuzzer and runs each for SECONDS (30): sh scripts/fuzz.sh [SECONDS [TARGET...]]
# With FUZZ_SEED=NUMBER it tries the same inputs each time, as CI does: a change answers for what it changed.
# What is found stays in build/fuzz/found; mended, it belongs into tests/fuzz/regressions/TARGET.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
seconds=${1:-30}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- fuzz_json fuzz_value fuzz_line fuzz_query fuzz_message fuzz_shape
# shellcheck disable=SC2086
need $BUILD_PACKAGES $FUZZ_PACKAGES
echo "== building (into build/fuzz)"
cmake --preset fuzz > /dev/null
cmake --build --preset fuzz
build=build/fuzz/tests/fuzz here=tests/fuzz result=0
mkdir -p build/fuzz/found
for target in "$@"; do
  dictionary=$here/${target#fuzz_}.dict
  case $target in fuzz_message | fuzz_shape) dictionary=$here/debezium.dict ;; esac
  corpus=build/fuzz/corpus/$target log=build/fuzz/$target.log
  mkdir -p "$corpus" "$here/regressions/$target"
  # New inputs go to the first folder and stay for the next run.
  if "$build/$target" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -dict="$dictionary" -rss_limit_mb=2048 -timeout=20 \
    -max_len=8192 -artifact_prefix="build/fuzz/found/$target-" -print_final_stats=1 \
    "$corpus" "$build/seeds/$target" "$here/regressions/$target" > "$log" 2>&1; then
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions," \
      "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log") a second, nothing found"
  else
    echo "$target: FOUND something (all of it: $log):"
    grep -aE '^(found:|SUMMARY:|==.*ERROR|.*runtime error|.*Test unit written)' "$log" | cut -c1-500 | head -20
    result=1
  fi
done
exit $result
