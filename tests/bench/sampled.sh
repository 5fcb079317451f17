#!/bin/sh
# Checks what ctxbench says of a recording of some keys beside one of all: the same requests, recorded twice.
# Which keys are recorded is up to the seed of the cache, which replay fixes, so nothing here is up to chance
# but what the numbers of keys decide: the spread of groups, and which of the sample another sample takes.
#
#   tests/bench/sampled.sh PATH-OF-CTXBENCH
set -u

# shellcheck source=tests/bench/kit.sh
. "${0%/*}/kit.sh"

says='^This trace is a sample, of one key in 10\.'
capacities=1000,3000,10000,30000

# record NAME OPTION...: a recording of the trace.
record()
{
    name=$1
    shift
    run replay "$scratch/trace.csv" --capacity 10000 --record "$scratch/$name" "$@"
    [ "$status" -eq 0 ] || fail "recording $* ended with status $status: $(cat "$scratch/err")"
    grep -q ' 0 dropped$' "$scratch/err" || fail "requests are missing: $(cat "$scratch/err")"
}

# json NAME COMMAND TRACE OPTION...: the JSON of a command, as a file of that name.
json()
{
    name=$1
    shift
    run "$@" --json
    [ "$status" -eq 0 ] || fail "$* ended with status $status: $(cat "$scratch/err")"
    mv "$scratch/out" "$scratch/$name.json"
}

run generate --kind zipf --requests 600000 --objects 200000 --tenants 8 --output "$scratch/trace.csv"
expect_refused replay "$scratch/trace.csv" --capacity 10 --record "$scratch/not" --record-rate 0
expect_refused replay "$scratch/trace.csv" --capacity 10 --record "$scratch/not" --record-rate 1.5
expect_refused replay "$scratch/trace.csv" --capacity 10 --record-rate 0.1
record whole
record sample --record-rate 0.1
expect_refused replay "$scratch/sample" --capacity 10 --record "$scratch/not"
[ -e "$scratch/not" ] && fail "a recording that was refused was begun"

# ---- numbers ----

for trace in whole sample; do
    json "$trace-curve" curve "$scratch/$trace" --capacity $capacities --tenants
    json "$trace-bytes" curve "$scratch/$trace" --bytes
    json "$trace-advise" advise "$scratch/$trace"
    json "$trace-compare" compare "$scratch/$trace" --capacity 10,$capacities --policy lru,opt
    json "$trace-shares" compare "$scratch/$trace" --policy lru
    json "$trace-replay" replay "$scratch/$trace" --capacity 10,$capacities
done
json sample-half curve "$scratch/sample" --sample 0.5
json sample-few curve "$scratch/sample" --samples 2000
python3 - "$scratch" <<'END' || fail "the sample is not like the whole"
import json
import sys


def read(name):
    with open(f"{sys.argv[1]}/{name}.json", encoding="utf-8") as file:
        return json.load(file)


def near(one, other, part):
    assert abs(one - other) <= part * other, (one, other)


commands = "curve", "bytes", "advise", "compare", "shares", "replay"
whole = {command: read(f"whole-{command}") for command in commands}
sample = {command: read(f"sample-{command}") for command in commands}
for command in commands:
    assert whole[command]["rate"] == 1 and abs(sample[command]["rate"] - 0.1) < 1e-6, command

# Counts, and ratios at the same capacities of the whole cache: within 3 points, capacities within 15 %.
for command in "curve", "advise":
    for name in "requests", "distinct":
        near(sample[command][name], whole[command][name], 0.1)
    near(sample[command]["ceiling"], whole[command]["ceiling"], 0.03)
assert "sample" not in whole["curve"] and sample["curve"]["sample"]["enough"]
assert abs(sample["curve"]["sample"]["rate"] - 0.1) < 1e-6
assert len(sample["curve"]["points"]) == 4 and len(sample["curve"]["tenants"]) == 8
for one, other in zip(sample["curve"]["points"], whole["curve"]["points"]):
    near(one["capacity"], other["capacity"], 0.01)
    assert abs(one["hit_ratio"] - other["hit_ratio"]) < 0.03, (one, other)
    assert one["low"] < one["hits"] < one["high"], one
near(sample["bytes"]["knee"]["capacity"], whole["bytes"]["knee"]["capacity"], 0.15)

named = {step["advice"]: step for step in whole["advise"]["capacities"]}
assert set(named) == {step["advice"] for step in sample["advise"]["capacities"]}
for step in sample["advise"]["capacities"]:
    near(step["capacity"], named[step["advice"]]["capacity"], 0.15)
    assert abs(step["hit_ratio"] - named[step["advice"]]["hit_ratio"]) < 0.03, step
near(sample["advise"]["total"], whole["advise"]["total"], 0.15)
splits = {split["split"]: split["hit_ratio"] for split in whole["advise"]["splits"]}
assert {split["split"] for split in sample["advise"]["splits"]} == set(splits) - {"greedy"}
for split in sample["advise"]["splits"]:
    assert abs(split["hit_ratio"] - splits[split["split"]]) < 0.04, split
assert sum(tenant["quota"] for tenant in sample["advise"]["tenants"]) <= sample["advise"]["total"]
assert sample["advise"]["enough"] and "enough" not in whole["advise"]
# Which keys of different tenants are equal, no recording says.
assert "without_tenant" not in whole["advise"] and "without_tenant" not in sample["advise"]

# The library and the list of `compare` run the same smaller caches.
for result in sample["compare"]["results"], sample["replay"]["results"]:
    assert [row["capacity"] for row in result][:5] == [10, 1000, 3000, 10000, 30000]
for one, other in zip(sample["compare"]["results"], sample["replay"]["results"]):
    assert one["hits"] == other["hits"], (one, other)
for one, other in zip(sample["compare"]["results"], whole["compare"]["results"]):
    assert one["capacity"] == 10 or abs(one["hit_ratio"] - other["hit_ratio"]) < 0.03, (one, other)
near(sample["compare"]["requests"], 0.1 * whole["compare"]["requests"], 0.1)
for one, other in zip(sample["shares"]["results"], whole["shares"]["results"]):
    near(one["capacity"], other["capacity"], 0.1)

# A sample of the sample.
keys = sample["curve"]["sample"]["keys"]
half, few = read("sample-half"), read("sample-few")
assert half["rate"] == sample["curve"]["rate"] and abs(half["sample"]["rate"] - 0.05) < 1e-6
near(half["sample"]["keys"], keys / 2, 0.1)
near(half["distinct"], whole["curve"]["distinct"], 0.15)
assert few["sample"]["keys"] == 2000 and not few["sample"]["enough"] and "knee" not in few
near(few["sample"]["rate"], 0.1 * 2000 / keys, 0.2)
END

# ---- words ----

for command in curve advise 'compare --policy lru' 'replay --capacity 1000'; do
    # shellcheck disable=SC2086 # two words are two arguments
    run $command "$scratch/sample"
    grep -q "$says" "$scratch/out" || fail "$command does not say that it is a sample"
    # shellcheck disable=SC2086
    run $command "$scratch/whole"
    grep -q 'This trace is a sample' "$scratch/out" && fail "$command says that the whole is a sample"
    # shellcheck disable=SC2086
    run $command "$scratch/sample" --csv
    grep -q 'This trace is a sample, of one key in 10\.' "$scratch/err" ||
        fail "$command --csv does not say that it is a sample"
    grep -q 'sample' "$scratch/out" && fail "$command --csv says so among the rows"
done
run report "$scratch/sample" -o "$scratch/sample.html"
grep -q '<p id="sample">This trace is a sample, of one key in 10 ' "$scratch/sample.html" ||
    fail "the page does not say that it is a sample"
grep -q 'in the sample, exactly as the curve says' "$scratch/sample.html" ||
    fail "the library does not hit what the curve of the sample says"
run report "$scratch/whole" -o "$scratch/whole.html"
grep -q 'id="sample"' "$scratch/whole.html" && fail "a page says that the whole is a sample"

# Of few keys nothing much is known.
record tiny --record-rate 0.001
run advise "$scratch/tiny"
grep -q '^Fewer than 8192 sampled keys: it may be far off' "$scratch/out" ||
    fail "advise trusts a tiny sample"

[ "$failures" -eq 0 ] && echo "sampled: all checks passed"
exit $((failures > 0))
