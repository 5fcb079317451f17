#!/bin/sh
# Checks that bench/server.sh measures, not its figures; and that a server that answers wrongly is noticed.
#
#   tests/bench/server.sh PATH-OF-TENANT_SERVER_UV
set -u

# shellcheck source=tests/bench/kit.sh
. "${0%/*}/kit.sh"

command -v wrk >/dev/null || { echo "wrk is missing"; exit 77; }
server=$bench
bench=${0%/*}/../../bench/server.sh
export BENCH_ROUNDS=1 BENCH_SECONDS=1 BENCH_CONNECTIONS=8

BENCH_ROWS=3000 run "$server"
[ "$status" -eq 0 ] || fail "status $status: $(cat "$scratch/err")"
[ "$(wc -l <"$scratch/out")" -eq 3 ] || fail "not a head and one row: $(cat "$scratch/out")"
number='[0-9,]+'
grep -qE "^\| 3,000 \| 8 \| $number \($number–$number\) \| $number \($number–$number\) \| [0-9.,]+ \| not measured \|$" \
    "$scratch/out" || fail "another row was expected: $(tail -n 1 "$scratch/out")"

# Of so few orders there are tenants that have none, and their answer is 404.
BENCH_ROWS=10 run "$server"
[ "$status" -eq 1 ] || fail "status $status where answers are 404"
grep -q 'Non-2xx' "$scratch/err" || fail "it is not said why"

[ "$failures" -eq 0 ] || exit 1
echo "ok"
