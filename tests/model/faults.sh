#!/usr/bin/env bash
# Puts one fault at a time into a copy of the sources, and says which test notices. Not every fault can
# show on every processor: what only a model can find is marked so, and is no failure here.
#
#   tests/model/faults.sh FOLDER     takes some minutes; FOLDER/tree is made anew
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
seconds=${FAULT_SECONDS:-100}

# name | file | sed expression | 1: a test must notice; 0: on x86 perhaps only the model does
faults='
relaxed publication|cache/index.c|/INDEX-1/s/memory_order_release/memory_order_relaxed/|1
relaxed leave|cache/reader.h|/READER-2/s/memory_order_release/memory_order_relaxed/|1
relaxed record|cache/reader.h|/READER-3/s/memory_order_release/memory_order_relaxed/|1
no fence in readers or writers|base/fence.c|/^bool ctxi_fence_rarely/,/^}/{s/return fence_everybody();/return (void)fence_everybody, true;/;s/atomic_thread_fence(memory_order_seq_cst);//}|0
no grace|cache/reader.c|s/reader->awaited = reader->noted % 2 == 1;/reader->awaited = false;/|1
no drain before reuse|cache/reclaim.c|/^static void free_waiting/,/^}/s/ctxi_recency_drain_whole(cache);//|0
slots used again at once|cache/entry.c|s/bool own = ctxi_readers_are_own(&cache->readers);/bool own = true;/|1
references added to none|cache/entry.h|s/while (refs != 0)/for (;;)/|1
'

# A fresh copy with the fault in it; fails if the sed expression changed nothing.
make_copy()
{
    rm -rf "$folder/tree"
    mkdir -p "$folder/tree"
    (cd "$root" && tar cf - --exclude=./build --exclude=./.git .) | tar xf - -C "$folder/tree"
    sed -i "$2" "$folder/tree/src/$1"
    ! cmp -s "$root/src/$1" "$folder/tree/src/$1"
}

# Tries each test in turn; the name of the first that fails in $noticed.
try_tests()
{
    local variant program

    noticed=
    for variant in tsan release asan; do
        for program in stress_readers stress_order; do
            make -s -C "$folder/tree" VARIANT=$variant "build/$variant/stress/$program" >"$folder/make.log" 2>&1 || {
                echo "it does not compile, see $folder/make.log"
                return 1
            }
            TSAN_OPTIONS=halt_on_error=1 timeout -k 5 "$seconds" \
                "$folder/tree/build/$variant/stress/$program" >"$folder/log" 2>&1 && continue
            [ $? != 124 ] || continue # out of time is no verdict
            noticed="$variant $program: $(grep -m 1 -E 'WARNING|ERROR|failed' "$folder/log" || echo died)"
            return
        done
    done
}

status=0
while IFS='|' read -r name file change must; do
    [ -n "$name" ] || continue
    make_copy "$file" "$change" || {
        echo "$name: the source has changed, nothing to put the fault into"
        status=1
        continue
    }
    try_tests
    echo "$name: ${noticed:-noticed by no test, only by the model}"
    if [ -z "$noticed" ] && [ "$must" = 1 ]; then status=1; fi
done <<<"$faults"
exit $status
