#!/bin/sh
# example.sh PROGRAM EXPECTED: runs an example; if the file EXPECTED exists, it says what must be
# printed, else the exit status alone decides.
set -u

[ -x "$1" ] || {
    echo "needs packages that 'make deps' installs"
    exit 77
}

output=$("$1")
status=$?
printf '%s\n' "$output"
[ "$status" -eq 0 ] || exit "$status"
[ ! -f "$2" ] || printf '%s\n' "$output" | diff -u "$2" - >&2
