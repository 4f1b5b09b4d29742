#!/bin/sh
# Makes what is handed out, in build/dist: the source tarball, of the files that git knows as they stand here, and of it
# the Debian package. With --check both are tried: the tarball is built with clang outside of git and passes the quick
# tests; the package pleases lintian, and is installed, run, removed and purged in a fresh Debian system (mmdebstrap,
# which needs root or user namespaces).
set -eu
cd "$(dirname "$0")/.."
check=
case ${1-} in
  '') ;;
  --check) check=yes ;;
  *) echo "usage: sh scripts/package.sh [--check]" >&2; exit 2 ;;
esac
. scripts/packages.sh
# shellcheck disable=SC2086
need $BUILD_PACKAGES $PACKAGE_PACKAGES
# shellcheck disable=SC2086
[ -z "$check" ] || need $TEST_PACKAGES $CHECK_PACKAGES
version=$(sed -n 's/^project(cdclite VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
source=cdclite-$version dist=$PWD/build/dist
rm -rf "$dist"
mkdir -p "$dist"

echo "== $source.tar.gz"
changed=$(git stash create)
git archive --format=tar --prefix="$source/" "${changed:-HEAD}" | gzip -9n > "$dist/$source.tar.gz"
# Not below the repository: nothing may be found there that the tarball lacks.
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
tar -x -z -f "$dist/$source.tar.gz" -C "$away"
cd "$away/$source"

echo "== the Debian package"
cmake --preset package > /dev/null
cmake --build --preset package > "$away/log" || { cat "$away/log"; exit 1; }
cpack --config build/package/CPackConfig.cmake -B build/package > "$away/log" || { cat "$away/log"; exit 1; }
mv build/package/*.deb "$dist/"
(cd "$dist" && ls -l -- *)
[ -n "$check" ] || exit 0

echo "== the package, in a fresh system"
PYTHONDONTWRITEBYTECODE=1 python3 tests/package/check_deb.py --deb "$dist"/cdclite_*.deb --root .

echo "== the tarball, with clang"
cmake --preset clang > /dev/null
cmake --build --preset clang > "$away/log" || { cat "$away/log"; exit 1; }
ctest --preset clang -j "$(nproc)" -R '^unit/|^install$|^deploy$|^cases$|^queries$|^cli_manual$|^kafka_source$'
