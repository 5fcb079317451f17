#!/bin/sh
# Checks what ctxbench says of a trace whose answers were worked out by hand: curve, compare, advise;
# their options, and that their JSON and CSV are what is promised.
#
#   tests/bench/advice.sh PATH-OF-CTXBENCH
set -u

# shellcheck source=tests/bench/kit.sh
. "${0%/*}/kit.sh"

# expect PYTHON ARGUMENT...: the output is JSON, and the expression about it, `j`, is true.
expect()
{
    expression=$1
    shift
    run "$@"
    [ "$status" -eq 0 ] || fail "$* ended with status $status: $(cat "$scratch/err")"
    python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
sys.exit(0 if eval("(" + sys.argv[2] + ")") else 1)' "$scratch/out" "$expression" ||
        fail "$*: not so: $expression"
}

# Two tenants. A loop of three keys by one, the same key twice by the other, in turns; loads of 1 ms.
trace=$scratch/trace.csv
{
    echo time,tenant,key,size,load_ms
    for round in 1 2 3 4; do
        for key in 1 2 3; do
            echo "$round,loop,$key,100,1"
        done
        echo "$round,one,1,50,1"
        echo "$round,one,1,50,1"
    done
} >"$trace"

# ---- options that are not understood ----

# The same, long enough for advice.
long=$scratch/long.csv
cp "$trace" "$long"
for round in 2 3 4 5 6; do
    sed 1d "$trace" >>"$long"
done

for command in curve compare advise; do
    expect_refused "$command"
    expect_refused "$command" "$trace" "$trace"
    expect_refused "$command" "$trace" --no-such-option
    expect_refused "$command" "$trace" --format nothing
    expect_refused "$command" "$trace" --json --csv
    run "$command" "$scratch/absent"
    [ "$status" -eq 1 ] || fail "$command of an absent trace ended with status $status, not 1"
    run "$command" "$trace" --output "$scratch/absent/result"
    [ "$status" -eq 1 ] || fail "$command to an absent folder ended with status $status, not 1"
    run "$command" --help
    [ "$status" -eq 0 ] || fail "$command --help ended with status $status"
    grep -q 'TRACE' "$scratch/out" || fail "$command --help does not name the trace"
    run "$command" "$trace"
    [ "$status" -eq 0 ] || fail "$command ended with status $status: $(cat "$scratch/err")"
    [ -s "$scratch/out" ] || fail "$command printed nothing"
    if [ -c /dev/full ]; then
        "$bench" "$command" "$trace" >/dev/full 2>/dev/null
        [ $? -eq 1 ] || fail "$command: a full disk went unnoticed"
    fi
done
for capacity in 0 -1 many "1,"; do
    expect_refused curve "$trace" --capacity "$capacity"
    expect_refused compare "$trace" --capacity "$capacity"
done
expect_refused curve "$trace" --sample 0
expect_refused curve "$trace" --sample 2
expect_refused curve "$trace" --samples 0
expect_refused curve "$trace" --sample 0.5 --samples 10
expect_refused compare "$trace" --policy nothing
expect_refused compare "$trace" --policy lru,lru
expect_refused advise "$trace" --total 0
expect_refused advise "$trace" --want 101
expect_refused advise "$trace" --want 95
grep -q '95 % is --want 0.95' "$scratch/err" || fail "--want 95 is not put right"

# ---- the answers ----

# At 1 the second of two in a row hits; at 4 everything does that was there before.
points='[(p["capacity"], p["hits"]) for p in j["points"]]'
expect "$points == [(1, 4), (3, 4), (4, 16), (100, 16)]" \
    curve "$trace" --json --capacity 1,3,4,100
expect "(${points})[0] == (1, 4) and (${points})[-1] == (4, 16)" curve "$trace" --json
expect 'j["requests"] == 20 and j["distinct"] == 4 and j["ceiling"] == 0.8' curve "$trace" --json
expect '[t["tenant"] for t in j["tenants"]] == ["loop", "one"] and
    [[p["hits"] for p in t["points"]] for t in j["tenants"]] == [[0, 9], [7, 7]]' \
    curve "$trace" --json --tenants --capacity 2,3
expect 'j["unit"] == "bytes" and [(p["hits"], p["saved_ns"]) for p in j["points"]] ==
    [(4, 4000000), (16, 16000000)]' curve "$trace" --json --bytes --capacity 349,350
expect "$points == [(1, 4), (3, 4), (4, 16)] and j['sample']['enough'] and
    all(p['low'] == p['hits'] == p['high'] for p in j['points'])" \
    curve "$trace" --json --samples 8 --capacity 1,3,4
expect 'not j["sample"]["enough"] and "knee" not in j' curve "$trace" --json --samples 2
# Of a tenant with no more keys than that, the curve is exact; from two keys of three nothing is said.
expect '[[(p["low"], p["hits"], p["high"]) for p in t["points"]] for t in j["tenants"]] ==
    [[(0, 0, 0), (9, 9, 9)], [(7, 7, 7), (7, 7, 7)]]' \
    curve "$trace" --json --tenants --samples 3 --capacity 2,3
expect '[(t["tenant"], t["requests"], t["sample"]["keys"], "refused" in t, "points" in t)
    for t in j["tenants"]] == [("loop", 12, 2, True, False), ("one", 8, 1, False, True)]' \
    curve "$trace" --json --tenants --samples 2
# A fifth of the keys of thirty tenants: nine in ten of the intervals hold what the exact curves say.
run generate --requests 600000 --objects 90000 --tenants 30 --tenant-skew 0.3 --format csv \
    --output "$scratch/thirty.csv"
run curve "$scratch/thirty.csv" --json --tenants --capacity 30,300,1500
cp "$scratch/out" "$scratch/exact"
expect 'len(j["tenants"]) == 30 and sum(p["low"] <= e["hits"] <= p["high"]
    for t, exact in zip(j["tenants"], json.load(open("'"$scratch"'/exact"))["tenants"])
    for p, e in zip(t["points"], exact["points"])) >= 81' \
    curve "$scratch/thirty.csv" --json --tenants --sample 0.2 --capacity 30,300,1500

results='{(r["policy"], r["capacity"]): r["hits"] for r in j["results"]}'
expect "$results == {('lru', 3): 4, ('lru', 4): 16, ('opt', 3): 12, ('opt', 4): 16}" \
    compare "$trace" --json --capacity 3,4 --policy lru,opt
expect 'len({r["policy"] for r in j["results"]}) == 9' compare "$trace" --json --capacity 2

splits='{s["split"]: s["hits"] for s in j["splits"]}'
expect "(${splits})['lookahead'] == 16 and (${splits})['shared'] == 16 and (${splits})['equal'] == 7" \
    advise "$trace" --json --total 4
expect '[(t["quota"], t["hits"]["lookahead"]) for t in j["tenants"]] == [(3, 9), (1, 7)]' \
    advise "$trace" --json --total 4
expect 'j["without_tenant"]["distinct"] == 3 and j["without_tenant"]["reachable"] == 17' \
    advise "$trace" --json --total 4
expect '[c["capacity"] for c in j["capacities"] if c["advice"] == "want"] == [4]' \
    advise "$trace" --json --want 0.5
expect 'not j["want_reached"]' advise "$trace" --json --want 0.9
expect 'j["saved"][-1] == {"bytes": 350, "hits": 16, "saved_ns": 16000000}' advise "$trace" --json

# ---- CSV and text ----

for command in 'curve --tenants' 'curve --tenants --samples 2' compare advise; do
    # shellcheck disable=SC2086 # two words are two arguments
    run $command "$trace" --csv
    python3 -c 'import csv, sys
rows = list(csv.reader(open(sys.argv[1])))
sys.exit(0 if len(rows) > 3 and len({len(row) for row in rows}) == 1 else 1)' "$scratch/out" ||
        fail "$command --csv is not a table"
done
run curve "$trace"
grep -q ' at most$' "$scratch/out" || fail "curve draws no ceiling"
grep -q '^ *capacity, entries (logarithmic)$' "$scratch/out" || fail "curve names no unit"
grep -q '^K, the knee: 4 with' "$scratch/out" || fail "curve names no knee"
run curve "$trace" --bytes
grep -q '^ *capacity, bytes of values (logarithmic)$' "$scratch/out" || fail "curve names no bytes"
run curve "$trace" --samples 2
grep -q '^Fewer than 8192 sampled keys: no advice' "$scratch/out" ||
    fail "a small sample is not said to be one"
grep -q '^--sample and --samples it would be exact' "$scratch/out" ||
    fail "it is not said that there are fewer keys than a sample wants"
run curve "$trace" --tenants --samples 2
grep -q '^loop .* 2 sampled keys: too few to say more$' "$scratch/out" ||
    fail "a tenant with too small a sample is not said to be one"
grep -q '^one .* 87\.50 - *87\.50$' "$scratch/out" || fail "a tenant's interval is not shown"
run curve "$trace" --tenants --samples 2 --csv
grep -q '^refused,"loop",,12,,,,,$' "$scratch/out" || fail "CSV does not say which tenant is refused"
run curve "$scratch/thirty.csv" --sample 0.01
rate=$(sed -n 's/^--sample \(0\.[0-9]*\) would do.*/\1/p' "$scratch/out")
expect 'j["sample"]["enough"]' curve "$scratch/thirty.csv" --json --sample "$rate"
run advise "$long"
grep -q '^Set 4 entries, 100 % of the objects: that hits 96.67 % of the gets, 100 % of what' \
    "$scratch/out" || fail "advise does not say what to set: $(sed 3q "$scratch/out")"
run advise "$scratch/thirty.csv" --want 0.99
grep -q 'If memory is dear, [0-9,]* entries, the knee' "$scratch/out" || fail "advise lacks the knee"
grep -q '^No capacity has a hit ratio of 0.99: none has more than 0\.[0-9]*, the ceiling' \
    "$scratch/out" || fail "what is wanted and cannot be had is not held against the ceiling"
grep -qE '^ +[0-9.]+ [KM]iB .* (s|min|h)$' "$scratch/out" || fail "what a MiB saves has no units"
grep -q ' 0 B ' "$scratch/out" && fail "what no byte saves has a row"
run advise "$trace"
[ "$(sed 1,2d "$scratch/out")" = 'Fewer than 100 gets are too few to advise on.' ] ||
    fail "it is not said that a trace is too small"
seq 200 >"$scratch/once.txt"
run advise "$scratch/once.txt" --format keys
[ "$(sed 1,2d "$scratch/out")" = 'Nothing is asked for twice, so no cache of any size has a hit.' ] ||
    fail "it is not said that there are no hits"
run compare "$trace" --capacity 3
grep -q '^ctxcache is lru' "$scratch/out" || fail "compare does not say which one ctxcache is"
run advise "$long" --total 4
grep -q '^No split hits more than plain sharing' "$scratch/out" ||
    fail "advise does not say that sharing is as good as any split"
run advise "$long" --total 3
grep -q 'points more than plain sharing' "$scratch/out" || fail "advise does not name the best split"

# ---- nothing to work on ----

: >"$scratch/empty.txt"
printf 'key,op\n1,put\n1,delete\n2,put\n' >"$scratch/puts.csv"
for command in curve compare advise; do
    expect_refused "$command" "$scratch/empty.txt" --format keys
    expect 'j["requests"] == 0 and j["ceiling"] == 0' "$command" "$scratch/puts.csv" --json
    run "$command" "$scratch/puts.csv"
    [ "$status" -eq 0 ] || fail "$command of puts alone ended with status $status"
done

[ "$failures" -eq 0 ] || exit 1
echo "ok"
