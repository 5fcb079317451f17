#!/bin/sh
# Checks what ctxbench says of recordings that are whole, cut off, empty, or lack requests. They are those that
# the fuzzer begins with: 24 requests in two blocks, each after a byte that is the fuzzer's.
#
#   tests/bench/recorded.sh PATH-OF-CTXBENCH
set -u

# shellcheck source=tests/bench/kit.sh
. "${0%/*}/kit.sh"

corpus=${0%/*}/../fuzz/corpus/fuzz_recorded
last=72 # bytes of the block that says that nothing is missing

# expect STATUS LINE...: what stderr has is these lines, each behind "ctxbench COMMAND: ", in this order.
expect()
{
    wanted=$1
    shift
    [ "$status" -eq "$wanted" ] || fail "status $status, not $wanted: $(cat "$scratch/err")"
    [ $# -eq 0 ] || printf '%s\n' "$@" >"$scratch/wanted"
    [ $# -gt 0 ] || : >"$scratch/wanted"
    sed 's/^ctxbench [a-z]*: //' "$scratch/err" | diff "$scratch/wanted" - ||
        fail "other words were expected"
}

for name in plain cut lost; do
    tail -c +2 "$corpus/$name" >"$scratch/$name"
done
head -c -"$last" "$scratch/plain" >"$scratch/killed"

of_entries='bytes are those of entries alone: record a cache with capacity_bytes to know what that counts besides'
of_bytes='bytes are what capacity_bytes counts: 1.50 times what entries weigh, as in the cache that was recorded'

# ---- every command says what is missing ----

missing="$scratch/lost: 7 of 31 requests are missing: buffers were full; curves may be off"
early="$scratch/killed: the recording ends early, after 24 requests and 3.5 seconds: nobody ended it, or the disk was full"
for trace in plain lost killed; do
    case $trace in
    plain) set -- ;;
    lost) set -- "$missing" ;;
    killed) set -- "$early" ;;
    esac
    run curve "$scratch/$trace"
    expect 0 "$@"
    run compare "$scratch/$trace" --capacity 3
    expect 0 "$@" 'the sizes of this trace are not used: every object counts 1'
    run replay "$scratch/$trace" --capacity 3
    expect 0 "$@"
    run report "$scratch/$trace" -o -
    expect 0 "$@"
done

run report "$scratch/lost" -o -
grep -q '<p id="missing">7 of 31 requests are missing' "$scratch/out" || fail "the page does not say it"
for command in curve advise 'compare --capacity 3' 'replay --capacity 3'; do
    # shellcheck disable=SC2086 # words
    run ${command%% *} "$scratch/lost" ${command#"${command%% *}"} --json
    python3 -c 'import json, sys; assert json.load(sys.stdin)["dropped"] == 7' <"$scratch/out" ||
        fail "the JSON of $command does not say it"
done

# ---- where it cannot be read any more ----

run curve "$scratch/cut"
expect 2 "$scratch/cut: offset 283: the rest of a record was expected after 1 blocks; the recording was not ended (--lenient reads up to there)"
run curve "$scratch/cut" --lenient
expect 0 "$scratch/cut: the recording ends early, after 12 requests and 1.6 seconds: what comes then is cut off or damaged"

# ---- nothing in it ----

size=$(($(wc -c <"$scratch/plain") - last))
header=$(($(od -An -tu2 -j12 -N2 "$scratch/plain")))
[ "$header" -lt "$size" ] || fail "a header of $header bytes"
head -c "$header" "$scratch/plain" >"$scratch/nothing"
run curve "$scratch/nothing"
expect 2 "$scratch/nothing: the recording ends before its first request: it was not ended"

# ---- bytes ----

run curve "$scratch/plain" --bytes
expect 0 "$of_entries"
run advise "$scratch/plain"
expect 0 "$of_entries"
run curve "$scratch/lost" --bytes --csv
expect 0 "$missing" "$of_bytes"
capacity_for_all=$(tail -n 1 "$scratch/out" | cut -d, -f3)
run curve "$scratch/plain" --bytes --csv
# the steps of a scale in bytes are small, not nothing
[ "$((capacity_for_all * 100 / $(tail -n 1 "$scratch/out" | cut -d, -f3)))" -eq 150 ] ||
    fail "$capacity_for_all bytes for all, by entries alone $(tail -n 1 "$scratch/out")"
run report "$scratch/lost" -o "$scratch/page"
grep -qF "In this recording $of_bytes." "$scratch/page" || fail "the page does not say what bytes are"

# ---- names ----

run curve "$scratch/plain" --tenants --csv
tail -n +2 "$scratch/out" | cut -d, -f2 | sort -u | tr -d '\n' >"$scratch/names"
[ "$(cat "$scratch/names")" = '"""1""2""3"' ] || fail "tenants are called $(cat "$scratch/names")"

[ "$failures" -eq 0 ] || exit 1
echo "ok"
