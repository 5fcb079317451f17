#!/bin/sh
# Checks the page of ctxbench report without a browser: its options, that it is whole or not there, that
# all charts and tables are in it, and that nothing of a trace becomes markup.
#
#   tests/bench/report.sh PATH-OF-CTXBENCH
set -u

# shellcheck source=tests/bench/kit.sh
. "${0%/*}/kit.sh"

page=$scratch/page.html
most=500000 # bytes of a page, whatever the trace

# report ARGUMENT...: makes a page, which must succeed, say no more than where it is, and be small.
report()
{
    run report "$@" -o "$page"
    [ "$status" -eq 0 ] || fail "report $* ended with status $status: $(cat "$scratch/err")"
    [ ! -s "$scratch/out" ] || fail "report $* wrote to stdout, too"
    [ "$(cat "$scratch/err")" = "ctxbench report: written to $page" ] ||
        fail "report $* wrote to stderr: $(cat "$scratch/err")"
    [ "$(wc -c <"$page")" -lt "$most" ] || fail "the page of $* has $(wc -c <"$page") bytes"
}

# shows CHART... -- CHART...: charts that are in the page, with something drawn in them, and charts that
# are not. All tags of the page must fit each other, and every section be there.
shows()
{
    python3 "${0%/*}/report_page.py" "$page" "$@" || fail "that was the page of: $trace"
}

# nothing_left FOLDER: no file in it.
nothing_left()
{
    [ -z "$(ls -A "$1")" ] || fail "left behind: $(ls -A "$1")"
}

# ---- options ----

trace=$scratch/trace.csv
printf 'time,tenant,key,size,load_ms\n1,a,1,10,1\n2,a,1,10,1\n3,b,1,10,1\n4,b,1,10,1\n' >"$trace"
expect_refused report
expect_refused report "$trace"
expect_refused report -o "$page"
expect_refused report "$trace" -o
expect_refused report "$trace" -o ''
expect_refused report "$trace" --no-such-option -o "$page"
expect_refused report "$trace" --total 0 -o "$page"
expect_refused report "$trace" --format nothing -o "$page"
[ ! -e "$page" ] || fail "a refused report left a page"
run report --help
[ "$status" -eq 0 ] || fail "report --help ended with status $status"
grep -q -e '-o' "$scratch/out" || fail "report --help does not name -o"

# ---- a page is whole, or as it was ----

mkdir "$scratch/folder"
run report "$trace" -o "$scratch/absent/page.html"
[ "$status" -eq 1 ] || fail "an absent folder ended with status $status, not 1"
[ "$(wc -l <"$scratch/err")" -eq 1 ] || fail "an absent folder was not said in one line"
grep -q 'name a file in a folder that is there' "$scratch/err" || fail "what to do was not said"
run report "$trace" -o "$scratch/folder"
[ "$status" -eq 1 ] || fail "a folder as the page ended with status $status, not 1"
run report "$scratch/absent.csv" -o "$scratch/folder/page.html"
[ "$status" -eq 1 ] || fail "an absent trace ended with status $status, not 1"
printf 'key\n1\n' >"$scratch/wrong.trc"
expect_refused report "$scratch/wrong.trc" --format lirs -o "$scratch/folder/page.html"
: >"$scratch/empty"
expect_refused report "$scratch/empty" -o "$scratch/folder/page.html"
grep -q 'a request was expected' "$scratch/err" || fail "an empty trace is not said to be one"
nothing_left "$scratch/folder"

echo 'an older page' >"$scratch/folder/page.html"
run report "$scratch/wrong.trc" --format lirs -o "$scratch/folder/page.html"
[ "$(cat "$scratch/folder/page.html")" = 'an older page' ] || fail "an older page was touched"
ln -s page.html "$scratch/folder/link"
run report "$trace" -o "$scratch/folder/link"
[ -L "$scratch/folder/link" ] || fail "a link was replaced"
grep -q '</html>' "$scratch/folder/page.html" || fail "what a link is to was not written"
rm "$scratch/folder/page.html" "$scratch/folder/link"
nothing_left "$scratch/folder"
if [ -c /dev/full ]; then
    for output in /dev/full -; do
        "$bench" report "$trace" -o $output >/dev/full 2>"$scratch/err"
        [ $? -eq 1 ] || fail "a full disk went unnoticed with -o $output"
    done
    [ -c /dev/full ] || fail "a device was replaced by a file"
fi

# A trace without an end is not read when the page cannot be written.
(
    # shellcheck disable=SC3045 # dash and bash have it
    ulimit -t 10
    yes | "$bench" report - -o "$scratch/absent/page.html"
) >"$scratch/out" 2>"$scratch/err"
[ $? -eq 1 ] || fail "an unwritable page was noticed late"

mkfifo "$scratch/pipe"
timeout 60 cat "$scratch/pipe" >"$scratch/piped" &
run report "$trace" -o "$scratch/pipe"
wait
[ "$status" -eq 0 ] || fail "a pipe ended with status $status"
grep -q '</html>' "$scratch/piped" || fail "a pipe did not get the page"
if [ "$(id -u)" -ne 0 ]; then
    echo mine >"$scratch/mine"
    chmod a-w "$scratch/mine"
    run report "$trace" -o "$scratch/mine"
    [ "$status" -eq 1 ] || fail "a file that may not be written to ended with status $status"
fi

report "$trace"
run report "$trace" -o -
[ "$status" -eq 0 ] || fail "report -o - ended with status $status"
grep -v '^<code>' "$page" | sed '/ctxbench report/d' >"$scratch/file"
grep -v '^<code>' "$scratch/out" | sed '/ctxbench report/d' | cmp -s - "$scratch/file" ||
    fail "-o - is another page"

# ---- every trace has its charts ----

report "$trace"
shows curve tenant-0 tenant-1 policies-0 time splits quotas saved -- tenant-2

trace=$scratch/one.txt
echo key-1 >"$trace"
report "$trace" --format keys
shows -- curve tenant-0 time quotas saved
trace=$scratch/puts.csv
printf 'key,op\n1,put\n1,delete\n2,put\n' >"$trace"
report "$trace"
shows -- curve tenant-0 time quotas saved

# No tenants, no sizes, no load times.
trace=$scratch/keys
run generate --requests 5000 --objects 500 --format keys --output "$trace"
report "$trace" --format keys
shows curve policies-0 policies-4 time -- tenant-0 quotas saved

# More tenants than there is room for: eleven of them, and the others in one.
trace=$scratch/many.csv
run generate --requests 20000 --objects 2000 --tenants 40 --output "$trace"
report "$trace"
shows curve tenant-0 tenant-11 policies-4 time splits quotas saved -- tenant-12
grep -q '>29 others<' "$page" || fail "the page does not fold tenants together"
run curve "$trace" --json
knee=$(python3 -c 'import json, sys
print(format(json.load(open(sys.argv[1]))["knee"]["capacity"], ","))' "$scratch/out")
grep -q "the knee</span><b>$knee<" "$page" || fail "the page has another knee than $knee"
grep -q 'exactly as the curve says' "$page" || fail "the library and the curve are at odds"
report "$trace" --total 123
grep -q 'All tenants, 123 entries' "$page" || fail "--total is not what the page is about"

# Load times without sizes; dates.
trace=$scratch/dates.csv
{
    echo time,key,load_ms
    for minute in 10 11 12 13; do echo "2024-11-15 16:$minute:00,same,5"; done
} >"$trace"
report "$trace"
shows curve time saved -- quotas
grep -q '2024-11-15 16:10 UTC' "$page" || fail "the page has no date"

# ---- what a trace says stays text ----

trace=$scratch/'<b>&"'\''.csv'
{
    echo tenant,key
    for round in 1 2 3; do
        echo '"<script>alert(1)</script>&""",1'
        printf '\377\300<img src=x>,%s\n' "$round"
        printf '</title></svg><h1>,1\n'
    done
} >"$trace"
report "$trace"
shows curve tenant-0 tenant-1 tenant-2 quotas -- saved
grep -q '&#60;script&#62;alert(1)&#60;/script&#62;&#38;&#34;' "$page" || fail "the tenant is not there"
grep -qi '<script>alert\|<img\|<h1></' "$page" && fail "a tenant became markup"
[ "$(grep -c '<script' "$page")" -eq 1 ] || fail "there is another script than the page's own"

# Names of any length do not make a page of any length.
trace=$scratch/long.csv
python3 -c 'print("tenant,key")
for i in range(60):
    print("<" * 20000 + str(i % 20), i % 2, sep=",")' >"$trace"
report "$trace"
shows curve tenant-11 quotas -- tenant-12

[ "$failures" -eq 0 ] && echo "report: all checks passed"
exit $((failures > 0))
