# Sourced by the other scripts: need PACKAGE... installs the Debian packages that are missing.

need() {
  if ! command -v dpkg-query > /dev/null 2>&1 || ! command -v apt-get > /dev/null 2>&1; then
    check_without_apt "$@"
    return
  fi
  missing=
  for package in "$@"; do
    case $(dpkg-query -W -f '${Status}' "$package" 2> /dev/null) in
      *' installed') ;;
      *) missing="$missing $package" ;;
    esac
  done
  [ -n "$missing" ] || return 0
  root=
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo > /dev/null 2>&1; then
      echo "missing packages:$missing" >&2
      echo "run as root: apt-get update && apt-get install$missing" >&2
      exit 1
    fi
    root=sudo
  fi
  echo "== installing$missing"
  # shellcheck disable=SC2086
  $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends $missing > /dev/null
}

# Without apt nothing is installed: say what is not there of what the packages would bring.
check_without_apt() {
  lacking=
  tools="cc cmake ninja pkg-config sqlite3" libraries="rdkafka sqlite3 json-c"
  case " $* " in
    *' libcmocka-dev '*) tools="$tools python3" libraries="$libraries cmocka" ;;
  esac
  for tool in $tools; do
    command -v "$tool" > /dev/null 2>&1 || lacking="$lacking $tool"
  done
  if command -v pkg-config > /dev/null 2>&1; then
    for library in $libraries; do
      pkg-config --exists "$library" || lacking="$lacking $library(development files)"
    done
  fi
  [ -n "$lacking" ] || return 0
  echo "this system has no apt-get, and these are missing:$lacking" >&2
  echo "install them with your package manager, then run this again" >&2
  exit 1
}

# shellcheck disable=SC2034  # for the scripts that source this
BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config librdkafka-dev libsqlite3-dev libjson-c-dev"
# shellcheck disable=SC2034
TEST_PACKAGES="libcmocka-dev sqlite3 python3 python3-yaml python3-venv procps python3-prometheus-client bash zsh fish man-db mandoc"
# shellcheck disable=SC2034
STACK_PACKAGES="openjdk-17-jre-headless maven openssl postgresql curl"
# What looks at the page of `cdclite report`, in the test report_browser.
# shellcheck disable=SC2034
BROWSER_PACKAGES="chromium"
# shellcheck disable=SC2034
FUZZ_PACKAGES="clang llvm libclang-rt-dev python3"
# What bench/run.sh measures and measures with.
# shellcheck disable=SC2034
BENCH_PACKAGES="kcat jq valgrind python3-venv"
# shellcheck disable=SC2034
PEERS_OF_PYPI="duckdb chdb orjson confluent-kafka"
# What scripts/package.sh makes a Debian package with, and what it checks it with.
# shellcheck disable=SC2034
PACKAGE_PACKAGES="dpkg-dev git gzip"
# shellcheck disable=SC2034
CHECK_PACKAGES="lintian mmdebstrap clang"
# What scripts/cross.sh makes its system with; the headers are the same for all processors.
# shellcheck disable=SC2034
CROSS_PACKAGES="mmdebstrap musl-tools librdkafka-dev libsqlite3-dev libjson-c-dev"
