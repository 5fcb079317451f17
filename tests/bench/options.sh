#!/bin/sh
# Checks what ctxbench says, not how fast anything is: options, help, JSON, unwritable output.
#
#   tests/bench/options.sh PATH-OF-CTXBENCH
set -u

# shellcheck source=tests/bench/kit.sh
. "${0%/*}/kit.sh"

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
expect_refused throughput --section context --workload callback
expect_refused throughput --section async --workload get
expect_refused throughput --workload callback/65
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

expect_refused replay
expect_refused replay --capacity 5
expect_refused replay trace
expect_refused replay trace more --capacity 5
expect_refused replay trace --capacity 0
expect_refused replay trace --capacity 5,
expect_refused replay trace --capacity 5,x
expect_refused replay trace --capacity 4294967296
expect_refused replay trace --capacity 5 --format parquet
expect_refused replay trace --capacity 5 --json --csv
expect_refused replay trace --capacity 5 --lenient=yes
expect_refused replay trace --capacity 5,6 --record recording
expect_refused generate trace
expect_refused generate --kind waltz
expect_refused generate --format lis
expect_refused generate --requests 0
expect_refused generate --tenants 0
expect_refused generate --zipf -1

# ---- help and version ----

for arguments in --help --version 'throughput --help' 'throughput --version' 'replay --help' \
    'generate --help'; do
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

for format in recorded csv keys arc lirs oracleGeneral orm; do
    "$bench" replay --help | grep -q "^  $format " || fail "replay --help does not name $format"
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

# ---- async, which is, too ----

short --section async --json
[ "$status" -eq 0 ] || fail "--section async ended with status $status: $(cat "$scratch/err")"
python3 - "$scratch/out" <<'END' || fail "--section async lacks what it promises"
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)

rows = {(row["workload"], row["competitor"]): row for row in report["results"] if row["threads"] == 1}
absent = {absence["competitor"] for absence in report["not_measured"]}
for row in report["results"]:
    assert row["section"] == "async" and row["hit_ratio"] is None and "variables" not in row, row
    assert (row["bytes_per_entry"] is not None) == row["workload"].startswith("task"), row
for workload in "switch/3", "swap/3":
    for competitor in "floor", "floor-inline", "ctxcache":
        assert (workload, competitor) in rows, (workload, competitor)
assert ("cpython" in absent) != (("switch/3", "cpython") in rows)
for workload in "callback/64", "callback/10000", "once/64", "once/10000":
    for competitor in "libuv", "ctxcache-uv":
        assert (competitor in absent) != ((workload, competitor) in rows), (workload, competitor)
if "ctxcache-uv" not in absent:
    same, own = (rows[workload, "ctxcache-uv"] for workload in ("task/100000", "task-own/100000"))
    # A context, and what waits; and then three values and what holds them.
    assert 100 < same["bytes_per_entry"] < own["bytes_per_entry"] < 2000, (same, own)
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

# ---- replay: what cannot be read, or written ----

# expect_one_line STATUS WORDS: how the last run ended, and what it said in its one line.
expect_one_line()
{
    [ "$status" -eq "$1" ] || fail "status $status, not $1: $(cat "$scratch/err")"
    [ "$(wc -l <"$scratch/err")" -eq 1 ] || fail "not one line: $(cat "$scratch/err")"
    grep -qF "$2" "$scratch/err" || fail "'$2' is not in: $(cat "$scratch/err")"
}

printf '7\n8\nx\n7\n' >"$scratch/wrong.trc"
run replay "$scratch/wrong.trc" --capacity 5 --format lirs
expect_one_line 2 "$scratch/wrong.trc:3: a block number or '*' was expected, not 'x'"
run replay "$scratch/absent.trc" --capacity 5
expect_one_line 1 "$scratch/absent.trc: cannot be read"
: >"$scratch/empty"
run replay "$scratch/empty" --capacity 5
expect_one_line 2 "$scratch/empty: offset 0: a request was expected"
printf 'abcdefghijklmnopqrstuvwxyz' >"$scratch/cut"
run replay "$scratch/cut" --capacity 5 --format oracleGeneral
expect_one_line 2 "$scratch/cut: offset 24: the rest of a record was expected"
run replay "$scratch/cut" --capacity 5 --format oracleGeneral --lenient
expect_one_line 0 '1 malformed records were passed over'
run replay "$scratch/wrong.trc" --capacity 5 --format lirs --lenient --csv
expect_one_line 0 '1 malformed records were passed over'
grep -q '^lru,5,all,,3,1,2,0,' "$scratch/out" || fail "--lenient read something else"
run replay "$scratch/wrong.trc" --capacity 5 --columns colour
expect_one_line 2 "not 'colour'"

# A trace without an end is not read when the result cannot be written.
(
    # shellcheck disable=SC3045 # dash and bash have it
    ulimit -t 10
    yes | "$bench" replay - --capacity 5 --output "$scratch/absent/result"
) >"$scratch/out" 2>"$scratch/err"
status=$?
expect_one_line 1 'cannot write'
run generate --output "$scratch/absent/trace"
expect_one_line 1 'name a file in a folder that is there'
printf 'int main(void)\n{\n}\n' >"$scratch/main.c"
run replay "$scratch/main.c" --capacity 5
expect_one_line 0 "$scratch/main.c: read as one key in each line; --format says otherwise"
run replay "$scratch/main.c" --capacity 5 --format keys
[ ! -s "$scratch/err" ] || fail "a format that was named is said to be guessed: $(cat "$scratch/err")"
grep -q ': 3 requests for 3 objects of 1 tenant$' "$scratch/out" || fail "one tenant is several"
if [ -c /dev/full ]; then
    "$bench" generate --requests 1000000000 >/dev/full 2>"$scratch/err"
    [ $? -eq 1 ] || fail "generate did not notice a full disk"
fi

# ---- generate and replay: the hits of an LRU list, worked out by Python ----

small()
{
    run generate --requests 20000 --objects 2000 --tenants 12 "$@"
    [ "$status" -eq 0 ] || fail "generate $* ended with status $status: $(cat "$scratch/err")"
}

# hits_of FILE --capacity N...: the hits, in one line.
hits_of()
{
    run replay "$@" --json
    python3 -c 'import json, sys; print(*[r["hits"] for r in json.load(sys.stdin)["results"]])' \
        <"$scratch/out"
}

small
mv "$scratch/out" "$scratch/mixed.csv"
small --seed 1
cmp -s "$scratch/out" "$scratch/mixed.csv" || fail "one seed gave two traces"
small --seed 2
cmp -s "$scratch/out" "$scratch/mixed.csv" && fail "two seeds gave one trace"

run replay "$scratch/mixed.csv" --capacity 1,50,700,100000 --json --output "$scratch/result"
[ "$status" -eq 0 ] || fail "replay ended with status $status: $(cat "$scratch/err")"
[ ! -s "$scratch/out" ] || fail "--output of replay wrote to stdout, too"
run replay "$scratch/mixed.csv" --capacity 1,50,700,100000 --csv
python3 - "$scratch/mixed.csv" "$scratch/result" "$scratch/out" <<'END' || fail "replay is no LRU list"
import collections
import csv
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    rows = [(row["tenant"], row["key"], int(row["size"])) for row in csv.DictReader(file)]
with open(sys.argv[2], encoding="utf-8") as file:
    report = json.load(file)
with open(sys.argv[3], encoding="utf-8") as file:
    table = {(int(row["capacity"]), row["scope"], row["tenant"]): row for row in csv.DictReader(file)}


def simulate(capacity):
    """Hits, evictions, hit bytes by tenant; None is all of them."""
    cache = collections.OrderedDict()
    hits, evictions, hit_bytes = collections.Counter(), collections.Counter(), collections.Counter()
    for tenant, key, size in rows:
        if (tenant, key) in cache:
            cache.move_to_end((tenant, key))
            for who in tenant, None:
                hits[who] += 1
                hit_bytes[who] += size
            continue
        cache[tenant, key] = True
        if len(cache) > capacity:
            (victim, _), _ = cache.popitem(last=False)
            evictions[victim] += 1
            evictions[None] += 1
    return hits, evictions, hit_bytes


requests = collections.Counter(tenant for tenant, _, _ in rows) + collections.Counter({None: len(rows)})
volume = collections.Counter()
first = collections.Counter()
seen = set()
for tenant, key, size in rows:
    for who in tenant, None:
        volume[who] += size
        first[who] += (tenant, key) not in seen
    seen.add((tenant, key))

assert report["requests"] == len(rows) and report["distinct"] == len(seen)
capacities = [1, 50, 700, 100000]
assert [result["capacity"] for result in report["results"]] == capacities
assert len(report["tenants"]) == 4 * len(set(requests) - {None})
assert len(table) == 4 * len(requests)
answers = [(None, result) for result in report["results"]]
answers += [(row["tenant"], row) for row in report["tenants"]]
models = {capacity: simulate(capacity) for capacity in capacities}
for who, row in answers:
    hits, evictions, hit_bytes = (counts[who] for counts in models[row["capacity"]])
    assert row["hits"] == hits and row["misses"] == requests[who] - hits, (who, row, hits)
    assert row["evictions"] == evictions, (who, row, evictions)
    assert abs(row["hit_ratio"] - hits / requests[who]) < 1e-5, row
    assert abs(row["byte_hit_ratio"] - hit_bytes / volume[who]) < 1e-5, row
    assert abs(row["ceiling"] - 1 + first[who] / requests[who]) < 1e-5, row
    assert row["byte_ceiling"] <= 1 and (row["ns_per_call"] or 1) > 0, row
    assert who is None or row["requests"] == requests[who], row
    line = table[row["capacity"], "tenant" if who else "all", who or ""]
    for name in "hits", "misses", "evictions":
        assert int(line[name]) == row[name], (line, row)
END

# ---- replay --record: the recording hits the same ----

run replay "$scratch/mixed.csv" --capacity 700 --record "$scratch/recording" --csv
[ "$status" -eq 0 ] || fail "replay --record ended with status $status: $(cat "$scratch/err")"
grep -q ' 0 dropped$' "$scratch/err" || fail "a recording is not told of: $(cat "$scratch/err")"
grep ',all,' "$scratch/out" | cut -d, -f1-8 >"$scratch/recorded"
[ -s "$scratch/recorded" ] || fail "replay --record has no result"
run replay "$scratch/recording" --capacity 700 --csv
grep ',all,' "$scratch/out" | cut -d, -f1-8 | cmp -s - "$scratch/recorded" ||
    fail "a recording of a replay does not hit the same"
ratio=$(awk -F , '$3 == "all" { printf "%.2f", 100 * $9 }' "$scratch/out")
run advise "$scratch/recording"
sed 6q "$scratch/out" | tr '\n' ' ' | grep -q "a cache with 700 entries: $ratio %, from empty" ||
    fail "advise does not say what the cache had that was recorded: $(sed 5q "$scratch/out")"
run replay "$scratch/mixed.csv" --capacity 700 --record "$scratch/recording"
[ "$status" -ne 0 ] || fail "replay --record overwrote a recording"
grep -q 'replay --record.*remove it, or name another' "$scratch/err" ||
    fail "what to do about a recording that is there is not said: $(cat "$scratch/err")"
run replay "$scratch/mixed.csv" --capacity 700 --record "$scratch/absent/recording"
grep -q 'replay --record.*name a file in a folder' "$scratch/err" ||
    fail "what to do about a folder that is not there is not said: $(cat "$scratch/err")"

run replay "$scratch/mixed.csv" --capacity 50,700 --tenants 3
[ "$(grep -c '^Tenants at capacity' "$scratch/out")" -eq 2 ] || fail "the table lacks tenants"
[ "$(grep -c '^9 others' "$scratch/out")" -eq 2 ] || fail "the table does not fold tenants together"

# Names that fit stay whole; longer ones say that they are cut, between two characters.
{
    echo tenant,key
    for name in 18446744073709551615 twenty-characters-19 twenty-one-characters 123456789012345678éßü; do
        echo "$name,1"
        echo "$name,1"
    done
} >"$scratch/names.csv"
for command in 'replay --capacity 5' 'curve --tenants'; do
    # shellcheck disable=SC2086 # words are arguments
    run $command "$scratch/names.csv"
    for name in '18446744073709551615  ' 'twenty-characters-19  ' 'twenty-one-characte… ' \
        '123456789012345678é… '; do
        grep -q "^$name" "$scratch/out" || fail "$command does not show '$name'"
    done
done

# The same requests in other clothes.
expected=$(hits_of "$scratch/mixed.csv" --capacity 50,700)
for format in keys oracleGeneral; do
    small --format $format --output "$scratch/$format"
    [ "$(hits_of "$scratch/$format" --capacity 50,700)" = "$expected" ] || fail "$format hits differ"
done
python3 -c 'import gzip, lzma, sys
data = open(sys.argv[1], "rb").read()
open(sys.argv[1] + ".gz", "wb").write(gzip.compress(data))
open(sys.argv[1] + ".xz", "wb").write(lzma.compress(data))' "$scratch/mixed.csv"
for file in mixed.csv.gz mixed.csv.xz; do
    [ "$(hits_of "$scratch/$file" --capacity 50,700)" = "$expected" ] || fail "$file hits differ"
done
[ "$(hits_of - --capacity 50,700 <"$scratch/mixed.csv")" = "$expected" ] || fail "stdin hits differ"

small --kind scan --output "$scratch/scan"
[ "$(hits_of "$scratch/scan" --capacity 100000)" = 0 ] || fail "a scan was hit"
small --kind loop --tenants 1 --output "$scratch/loop"
[ "$(hits_of "$scratch/loop" --capacity 1999,2000)" = '0 18000' ] || fail "a loop is no loop"

# Puts and deletes are carried out and are no requests: of the gets, the second and the fifth hit.
printf 'op,key\nget,a\nget,a\nget,b\ndelete,a\nget,a\nput,c\nget,c\ndelete,x\n' >"$scratch/ops.csv"
run replay "$scratch/ops.csv" --capacity 10 --csv
grep -q '^lru,10,all,,5,2,3,0,0.4,0.4,' "$scratch/out" || fail "puts and deletes: $(cat "$scratch/out")"

[ "$failures" -eq 0 ] && echo "ctxbench: all checks passed"
exit $((failures > 0))
