#!/bin/sh
# headers.sh LANGUAGE HEADER... -- COMPILER FLAGS...: compiles each header alone, as the only line
# of a program, and strictly: a user may have any warnings on.
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
    echo "#include <$header>" |
        "$@" -Iinclude -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
            -fsyntax-only -x "$language" - || {
        echo "$header does not compile alone"
        bad=1
    }
done
exit $bad
