#!/usr/bin/env bash
# Checks the models of how readers and writers of a cache get along without a lock, over all
# interleavings, with spin; then each again with one fault at a time, which spin must find.
#
#   tests/model/run.sh FOLDER [MODEL...]     FOLDER: where spin's verifiers are built and run
#
# A Debian package has it: spin (.ci/deps model installs it). Without it: status 77, skipped.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
if [ $# -eq 0 ]; then set -- publish stamps; fi

command -v spin >/dev/null || {
    echo "spin is not installed: .ci/deps model"
    exit 77
}

# The faults that a model knows: what it names itself.
faults_of()
{
    grep -o 'FAULT_[A-Z_]*' "$here/$1.pml" | sort -u
}

# check MODEL FOLDER [-DFAULT]: all states; what came of it is in $log.
check()
{
    local model=$1 work=$folder/$1-$2
    shift 2

    log=$work/log
    rm -rf "$work"
    mkdir -p "$work"
    (
        cd "$work"
        spin "$@" -a "$here/$model.pml" >spin.log 2>&1 || { cat spin.log && exit 1; }
        # COLLAPSE: states take a fraction of the memory. A search that stops early is none.
        # A fault is found early: then compiling is what takes time.
        gcc "-O$([ $# -eq 0 ] && echo 2 || echo 0)" -w -DSAFETY -DCOLLAPSE -DMEMLIM=4000 -o pan pan.c
        ./pan -m100000 >log 2>&1 || true
    )
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' "$log")
}

tell()
{
    echo "$1: $(sed -n 's/ *\([0-9.e+]*\) states, stored/\1 states/p' "$log")," \
        "$(sed -n 's/.*elapsed time \([0-9.e+-]* seconds\)/\1/p' "$log"), $2"
}

give_up()
{
    tail -n 30 "$log"
    echo "$1"
    exit 1
}

for model in "$@"; do
    check "$model" sound
    if [ "$errors" != 0 ] || grep -q 'Search not completed' "$log"; then
        give_up "$model: fails"
    fi
    tell "$model" "nothing found"
    for fault in $(faults_of "$model"); do
        check "$model" "$fault" "-D$fault"
        found=$(sed -n 's/^pan:[0-9]*: \(.*\) (at depth.*/\1/p' "$log")
        if [ "$errors" = 0 ] || [ -z "$found" ]; then give_up "$model with $fault: not found"; fi
        tell "$model with $fault" "$found"
    done
done
