#!/bin/sh
# headers.sh LANGUAGE HEADER... -- COMPILER FLAGS...: compiles each header alone, as the only line
# of a program, and strictly: a user may have any warnings on. uv.h includes <uv.h>, which in strict C needs
# to be told that this is POSIX.
set -u

language=$1
shift
headers=
while [ "$1" != -- ]; do
    headers="$headers ${1#include/}"
    shift
done
shift
bad=0
for header in $headers; do
    case $header in */uv.h) posix=-D_POSIX_C_SOURCE=200809L ;; *) posix= ;; esac
    echo "#include <$header>" |
        "$@" ${posix:+"$posix"} -Iinclude -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
            -fsyntax-only -x "$language" - || {
        echo "$header does not compile alone"
        bad=1
    }
done
exit $bad
