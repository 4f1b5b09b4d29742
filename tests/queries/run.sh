#!/bin/sh
# run.sh CDCLITE DATA: loads hand-made edge events and recordings with the program, then holds every canned query, run
# by the program and by the sqlite3 shell, against values computed from the events or the database's own audit.
set -eu
cdclite=$1 data=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1
load() {
  "$cdclite" load --input "$1" --db "$2" --no-text --quiet
}
python3 "$here/make_edge_events.py" > "$work/edge.jsonl"
python3 "$here/make_edge_events.py" --schemas > "$work/edge-schemas.jsonl"
python3 "$here/make_edge_events.py" --partitions 3 > "$work/edge-3.jsonl"
for name in a-seed-schema bulk-tenth; do gunzip -c "$data/$name.jsonl.gz" > "$work/$name.jsonl"; done
for name in edge edge-schemas edge-3 a-seed-schema bulk-tenth; do
  load "$work/$name.jsonl" "$work/$name.db"
  audit=
  [ $name = bulk-tenth ] && audit="--audit $data/bulk-tenth.audit.csv.gz"
  echo "== $name"
  # shellcheck disable=SC2086
  python3 "$here/check_queries.py" --db "$work/$name.db" --recording "$work/$name.jsonl" $audit \
    --queries "$here/../../queries" --cdclite "$cdclite" --few
done

python3 "$here/make_generic_events.py" > "$work/made.jsonl"
for name in c-pk-default-identity g-transactions-heartbeat-messages m-crash-duplicates; do
  gunzip -c "$data/$name.jsonl.gz" > "$work/$name.jsonl"
done
for name in c-pk-default-identity g-transactions-heartbeat-messages a-seed-schema m-crash-duplicates edge edge-schemas made; do
  [ -f "$work/$name.db" ] || load "$work/$name.jsonl" "$work/$name.db"
  echo "== $name, any table"
  python3 "$here/check_generic.py" --db "$work/$name.db" --recording "$work/$name.jsonl" \
    --queries "$here/../../queries" --cdclite "$cdclite"
done
echo "== a table that was altered often"
python3 "$here/check_altered.py" --cdclite "$cdclite" --data "$data"
