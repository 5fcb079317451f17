#!/bin/sh
# run.sh PROGRAM SECONDS: runs a fuzzer for that long, beginning with the corpus that is kept for it.
# What it finds on the way stays beside the program and is where the next run begins; what makes it fail
# is kept there, too, and named in the output.
set -eu

program=$1
seconds=$2
name=$(basename "$program")
kept=$(dirname "$0")/corpus/$name
found=$program.corpus

mkdir -p "$found"
exec "$program" -max_total_time="$seconds" -max_len=8192 -timeout=20 -rss_limit_mb=2048 \
    -print_final_stats=1 -verbosity=1 -artifact_prefix="$program.failed-" "$found" "$kept"
