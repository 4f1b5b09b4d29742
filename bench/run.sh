#!/bin/sh
# Measures cdclite beside its peers and writes docs/performance.md: see bench/README.md.
#   sh bench/run.sh [--quick] [--fifty] [--report] [PART ...]
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
# shellcheck disable=SC2086
need $BUILD_PACKAGES sqlite3 python3
# Whoever cannot be installed is left out, and the report says so.
for package in $BENCH_PACKAGES $STACK_PACKAGES; do
  (need "$package") || echo "== $package cannot be installed"
done
venv=build/bench/venv
if ! [ -x $venv/bin/pip ]; then
  python3 -m venv $venv || echo "== no peers from PyPI: python3 has no venv"
fi
for package in $PEERS_OF_PYPI; do
  $venv/bin/python -c "import importlib.metadata as m; m.version('$package')" 2> /dev/null \
    || $venv/bin/pip install -q --disable-pip-version-check "$package" || echo "== $package cannot be installed"
done
echo "== building (into build/bench/release)"
cmake -G Ninja -B build/bench/release -DCMAKE_BUILD_TYPE=Release -DCDCLITE_TESTS=OFF -DCDCLITE_BENCH=ON > /dev/null
cmake --build build/bench/release > build/bench/build.log || { cat build/bench/build.log; exit 1; }
exec python3 bench/bench.py "$@"
