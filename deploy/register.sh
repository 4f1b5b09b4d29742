#!/bin/sh
# register.sh CONNECT-URL FILE: registers the connector of FILE ({"name": …, "config": {…}}) with Kafka Connect and waits
# until it and its task run. One that is registered already keeps its configuration, and is started again where it
# failed; to give it another one, delete it first: curl -X DELETE CONNECT-URL/connectors/NAME. Needs curl.
set -eu
url=$1 file=$2
name=$(sed -n 's/^ *"name": *"\([^"]*\)".*/\1/p' "$file" | head -n 1)
seconds=90 answer=

there() {
  curl --silent --fail --output /dev/null "$url/connectors/$name"
}

# A worker that is just joining its group refuses with 409: it is asked again.
registered() {
  there && return
  answer=$(curl --silent --show-error --header 'Content-Type: application/json' --data "@$file" "$url/connectors" 2>&1)
  there
}

runs() {
  answer=$(curl --silent --show-error "$url/connectors/$name/status" 2>&1)
  case $answer in
    *'"state":"FAILED"'*) give_up failed ;;
    *'"connector":{"state":"RUNNING"'*'"tasks":[{'*'"state":"RUNNING"'*) return 0 ;;
    *) return 1 ;;
  esac
}

# Of a Java trace only what was thrown.
give_up() {
  printf 'the connector %s %s: %s\n' "$name" "$1" "${answer:-no answer from $url}" |
    sed 's/\\n\\tat [^\\]*//g; s/\\n\\t\.\.\. [0-9]* more//g; s/\\n/\n/g' >&2
  exit 1
}

if there; then
  curl --silent --output /dev/null --request POST "$url/connectors/$name/restart?includeTasks=true&onlyFailed=true"
  sleep 1
fi
for step in registered runs; do
  until $step; do
    seconds=$((seconds - 1))
    case $answer in *'"error_code":400'*) seconds=0 ;; esac
    [ "$seconds" -gt 0 ] || give_up "is not $step"
    sleep 1
  done
done
echo "the connector $name runs"
