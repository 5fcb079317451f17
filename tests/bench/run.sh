#!/bin/sh
# Checks what `make bench` does, on traces that are as short as possible: it says something of each, leaves a
# page for each and one that links them, and names what is not there.
#
#   tests/bench/run.sh PATH-OF-CTXBENCH
set -u

# shellcheck source=tests/bench/kit.sh
. "${0%/*}/kit.sh"

run_sh=${0%/*}/../../bench/run.sh

# bench_in FOLDER: with the recorded traces of $scratch/recorded.
bench_in()
{
    CTX_TRACES=$scratch/recorded BENCH_REQUESTS=3000 BENCH_SECONDS=0.01 \
        "$run_sh" "$bench" "$1" >"$scratch/out" 2>"$scratch/err"
    status=$?
}

# One recorded trace of four, of the name and the format that is asked for.
mkdir "$scratch/recorded"
awk 'BEGIN { for (i = 0; i < 200; i++) print i % 7 * (i % 3) + 1 }' | gzip >"$scratch/recorded/sprite.trace.gz"

bench_in "$scratch/pages"
[ "$status" -eq 0 ] || fail "bench/run.sh ended with status $status: $(cat "$scratch/err")"
for name in zipf mixed sprite; do
    grep -q "^== $name: " "$scratch/out" || fail "nothing is said of $name"
    grep -q '</html>' "$scratch/pages/report-$name.html" || fail "$name has no page"
    grep -q "<a href=\"report-$name.html\">$name</a>" "$scratch/pages/report.html" ||
        fail "the index does not link $name"
done
grep -q '<td>3,000</td>' "$scratch/pages/report.html" || fail "the index has no thousands separators"
[ "$(grep -c '^lru ' "$scratch/out")" -eq 3 ] || fail "policies are not compared"
[ "$(grep -c 'of what can be hit' "$scratch/out")" -eq 9 ] || fail "there is no advice"
[ "$(grep -c '^Set [0-9,]* entr' "$scratch/out")" -eq 3 ] || fail "it is not said what to set"
[ "$(grep -c ' at most$' "$scratch/out")" -eq 3 ] || fail "there are no drawings"
[ "$(grep -c '^The library itself' "$scratch/out")" -eq 3 ] || fail "nothing was replayed"
grep -q '^W1 .* ctxcache ' "$scratch/out" || fail "no single operations were measured"
grep -q 'left out: orm-busy.trace.xz p3.lis.gz lora-a.csv.gz ' "$scratch/out" ||
    fail "it is not said what is not there"
tail -n 1 "$scratch/out" | grep -q "^Pages of 3 traces: $scratch/pages/report.html$" ||
    fail "the last line does not say where the page is"

# A trace that is cut off ends it, and the page of before stays.
printf '1\n2\n1\n' | gzip | head -c 20 >"$scratch/recorded/sprite.trace.gz"
cp "$scratch/pages/report.html" "$scratch/before"
bench_in "$scratch/pages"
[ "$status" -ne 0 ] || fail "a trace that is cut off went unnoticed"
cmp -s "$scratch/pages/report.html" "$scratch/before" || fail "an index was written after a failure"

[ "$failures" -eq 0 ] && echo "bench/run.sh: all checks passed"
exit $((failures > 0))
