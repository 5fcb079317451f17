#!/bin/sh
# example.sh PROGRAM EXPECTED: runs an example; if the file EXPECTED exists, it says what must be
# printed, else the exit status alone decides.
set -u

output=$("$1")
status=$?
printf '%s\n' "$output"
[ "$status" -eq 0 ] || exit "$status"
[ ! -f "$2" ] || printf '%s\n' "$output" | diff -u "$2" - >&2
