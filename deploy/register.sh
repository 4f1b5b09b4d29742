#!/bin/sh
# register.sh CONNECT-URL FILE: registers the connector of FILE ({"name": …, "config": {…}}) with Kafka Connect and waits
# until it and its task run. One that is registered already keeps its configuration. Needs curl.
set -eu
url=$1 file=$2
name=$(sed -n 's/^ *"name": *"\([^"]*\)".*/\1/p' "$file" | head -n 1)
seconds=90 answer=

registered() {
  # A worker that is just joining its group refuses with 409 as well: it is asked again.
  curl --silent --fail --output /dev/null "$url/connectors/$name" && return
  answer=$(curl --silent --show-error --header 'Content-Type: application/json' --data "@$file" "$url/connectors" 2>&1)
  curl --silent --fail --output /dev/null "$url/connectors/$name"
}

runs() {
  answer=$(curl --silent --show-error "$url/connectors/$name/status" 2>&1)
  case $answer in
    *'"state":"FAILED"'*) echo "the connector $name failed: $answer" >&2; exit 1 ;;
    *'"connector":{"state":"RUNNING"'*'"tasks":[{'*'"state":"RUNNING"'*) return 0 ;;
    *) return 1 ;;
  esac
}

for step in registered runs; do
  until $step; do
    seconds=$((seconds - 1))
    case $answer in *'"error_code":400'*) seconds=0 ;; esac
    if [ "$seconds" -le 0 ]; then
      echo "the connector $name is not $step: ${answer:-no answer from $url}" >&2
      exit 1
    fi
    sleep 1
  done
done
echo "the connector $name runs"
