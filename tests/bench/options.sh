#!/bin/sh
# Checks what ctxbench says, not how fast anything is: options, help, JSON, unwritable output.
#
#   tests/bench/options.sh PATH-OF-CTXBENCH
set -u

bench=$1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
failures=0

fail()
{
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# run ARGUMENT...: status in $status, output in $scratch/out and $scratch/err.
run()
{
    "$bench" "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
}

# One line on stderr, nothing on stdout, status 2.
expect_refused()
{
    run "$@"
    [ "$status" -eq 2 ] || fail "$* ended with status $status, not 2"
    [ "$(wc -l <"$scratch/err")" -eq 1 ] || fail "$* did not say one line on stderr"
    [ ! -s "$scratch/out" ] || fail "$* wrote to stdout"
}

# A bench run that is as short as possible.
short()
{
    run throughput --rounds 1 --keys 1000 "$@"
}

# ---- options that are not understood ----

expect_refused
expect_refused gallop
expect_refused throughput --no-such-option
expect_refused throughput stray
expect_refused throughput --section
expect_refused throughput --section kitchen
expect_refused throughput --workload ''
expect_refused throughput --workload W7
expect_refused throughput --workload get/17
expect_refused throughput --workload W1,
expect_refused throughput --competitor nobody
expect_refused throughput --section context --workload W1
expect_refused throughput --workload miss --competitor floor
expect_refused throughput --threads 0
expect_refused throughput --threads 1,1
expect_refused throughput --threads 100000
expect_refused throughput --threads one
expect_refused throughput --rounds 0
expect_refused throughput --rounds 1.5
expect_refused throughput --rounds 99999999999999999999999
expect_refused throughput --seconds -1
expect_refused throughput --seconds nan
expect_refused throughput --seconds 1s
expect_refused throughput --keys 1
expect_refused throughput --keys 1000 --capacity 10000
expect_refused throughput --large-keys 1
expect_refused throughput --json --markdown
expect_refused throughput --svg
expect_refused throughput --seed 0x10
expect_refused throughput --json=yes

# ---- help and version ----

for arguments in --help --version 'throughput --help' 'throughput --version'; do
    # shellcheck disable=SC2086 # two words are two arguments
    run $arguments
    [ "$status" -eq 0 ] || fail "$arguments ended with status $status"
    [ -s "$scratch/out" ] || fail "$arguments printed nothing"
    [ ! -s "$scratch/err" ] || fail "$arguments wrote to stderr"
done
for option in section workload competitor threads seconds rounds keys large-keys growth-keys capacity seed json \
    markdown svg output; do
    "$bench" throughput --help | grep -q -e "--$option" || fail "--help does not name --$option"
done

# ---- output ----

# Ten minutes of work do not fit into the processor time allowed here; refusing at once does.
(
    # shellcheck disable=SC3045 # dash and bash have it
    ulimit -t 10
    "$bench" throughput --seconds 600 --output "$scratch/absent/result"
) >"$scratch/out" 2>"$scratch/err"
status=$?
[ "$status" -eq 1 ] || fail "an unwritable --output ended with status $status, not 1"
[ "$(wc -l <"$scratch/err")" -eq 1 ] || fail "an unwritable --output was not said in one line"

echo 'the result of an older run, longer than nothing' >"$scratch/result"
short --section context --workload get/16 --json --output "$scratch/result"
[ "$status" -eq 0 ] || fail "--output ended with status $status"
[ ! -s "$scratch/out" ] || fail "--output wrote to stdout, too"
python3 -m json.tool "$scratch/result" >"$scratch/out" || fail "--output is not JSON alone"

if [ -c /dev/full ]; then
    "$bench" throughput --rounds 1 --workload get/1 >/dev/full 2>"$scratch/err"
    [ $? -eq 1 ] || fail "a full disk went unnoticed"
fi

# ---- the table ----

short --section cache --workload W1
[ "$status" -eq 0 ] || fail "a table ended with status $status: $(cat "$scratch/err")"
head -n 1 "$scratch/out" | grep -q '^ctxbench .*seed 1$' || fail "the first line is not the machine"
[ "$(grep -c '^W1 ' "$scratch/out")" -ge 4 ] || fail "the table lacks rows"

# ---- Markdown and the picture ----

short --workload W1,W5,get/1 --markdown --svg "$scratch/picture.svg"
[ "$status" -eq 0 ] || fail "--markdown ended with status $status: $(cat "$scratch/err")"
[ "$(grep -c '^| ---' "$scratch/out")" -eq 3 ] || fail "--markdown has not one table a workload"
[ "$(grep '^|' "$scratch/out" | awk -F '|' '{ print NF }' | sort -u | wc -l)" -eq 2 ] ||
    fail "rows of one Markdown table are not of one length"
python3 - "$scratch/picture.svg" <<'END' || fail "--svg lacks what it promises"
import sys
import xml.etree.ElementTree

svg = "{http://www.w3.org/2000/svg}"
picture = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
texts = [text.text for text in picture.iter(svg + "text")]
assert picture.tag == svg + "svg"
for name in "floor", "ctxcache", "ctxcache-ref", "uthash+mutex", "uthash-16-shards", "1 thread":
    assert name in texts, name
assert any(text.startswith("ctxbench ") for text in texts)
END

expect_refused throughput --workload get/1 --svg "$scratch/no-picture.svg"
[ ! -e "$scratch/no-picture.svg" ] || fail "a refused --svg left a file"

# ---- JSON ----

short --json
[ "$status" -eq 0 ] || fail "--json ended with status $status: $(cat "$scratch/err")"
python3 - "$scratch/out" <<'END' || fail "--json lacks what it promises"
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)

assert set(report["machine"]) >= {"cpu", "cores", "kernel", "compiler", "flags", "seed"}
assert report["machine"]["seed"] == 1
seen = set()
for row in report["results"]:
    key = row["section"], row["workload"], row["threads"], row["competitor"]
    assert key not in seen, key
    seen.add(key)
    ns = row["ns_per_op"]
    assert 0 < ns["min"] <= ns["median"] <= ns["max"], row
    assert row["mops"] > 0 and row["samples"] + row["dropped"] == 1, row
    if row["section"] == "context":
        assert row["hit_ratio"] is None and row["bytes_per_entry"] is None, row
        assert row["variables"] in (1, 16, 1000), row
        continue
    expected = {"W3": None, "miss": 0}.get(row["workload"], 1)
    assert expected is None or row["hit_ratio"] == expected, row
    assert 64 < row["bytes_per_entry"] < (1 << 20 if row["workload"] == "W5" else 4096), row
    assert 0 < row["bytes_per_entry"] - 64 - row["overhead_per_entry"] < 57, row
    latency = row["latency_ns"]
    assert latency["calls"] > 0, row
    assert 0 <= latency["p50"] <= latency["p99"] <= latency["p999"], row

for operation in "get get-default set-reset set copy run copy-run-set bind-run".split():
    for variables in 1, 16, 1000:
        assert ("context", f"{operation}/{variables}", 1, "ctxcache") in seen
for workload in "W1 W2 W3 W4 W5 W6 hit-plain miss".split():
    for competitor in "ctxcache", "ctxcache-ref", "uthash+mutex", "uthash-16-shards":
        assert ("cache", workload, 1, competitor) in seen, (workload, competitor)
    assert workload == "miss" or ("cache", workload, 1, "floor") in seen, workload

absent = {absence["competitor"] for absence in report["not_measured"]}
assert ("glib" in absent) != (("cache", "W1", 1, "glib") in seen)

exact = {row["hit_ratio"] for row in report["results"]
         if row["workload"] == "W3" and row["threads"] == 1
         and row["competitor"] in ("ctxcache", "ctxcache-ref", "uthash+mutex", "glib")}
assert len(exact) == 1 and 0 < exact.pop() < 1
END

# ---- growth, which is measured only when it is asked for ----

short --section growth --growth-keys 20000 --json
[ "$status" -eq 0 ] || fail "--section growth ended with status $status: $(cat "$scratch/err")"
python3 - "$scratch/out" <<'END' || fail "--section growth lacks what it promises"
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    rows = {(row["workload"], row["competitor"]): row for row in json.load(file)["results"]}

for competitor in "ctxcache", "uthash+mutex":
    insert = rows["insert", competitor]
    latency = insert["latency_ns"]
    assert insert["hit_ratio"] == 0 and latency["calls"] == 20000, insert
    assert latency["p50"] <= latency["p99"] <= latency["p999"], insert
    assert latency["max"] > 0, insert
for entries in 1000, 10000:
    for competitor in "floor", "ctxcache", "uthash+mutex":
        assert rows[f"hit/{entries}x64", competitor]["hit_ratio"] == 1
assert rows["invalidate/10", "ctxcache"]["ns_per_op"]["median"] > 0
assert not any(workload.startswith("hit/100000") for workload, _ in rows)
END

# ---- the same seed gives the same calls ----

ratio_of()
{
    short --workload W3 --threads 1 --competitor ctxcache --json "$@"
    python3 -c 'import json, sys; print(json.load(sys.stdin)["results"][0]["hit_ratio"])' \
        <"$scratch/out"
}
[ "$(ratio_of --seed 7)" = "$(ratio_of --seed 7)" ] || fail "one seed gave two streams"
[ "$(ratio_of --seed 7)" != "$(ratio_of --seed 8)" ] || fail "two seeds gave one stream"

[ "$failures" -eq 0 ] && echo "ctxbench: all checks passed"
exit $((failures > 0))
