#!/bin/sh
# dynamic.sh LIBRARY SONAME: the shared library needs libc alone, has this SONAME, and stays loaded
# after dlclose() (threads still have its destructors to run).
set -eu

library=$1
soname=$2
readelf -d "$library"

# ld-linux is the loader, which some machines name beside libc.
readelf -d "$library" | awk '/\(NEEDED\)/ && !/\[libc\.so\./ && !/\[ld-linux/ { print; bad = 1 }
                             END { exit bad }' || {
    echo "It needs more than libc"
    exit 1
}
readelf -d "$library" | grep -q "SONAME.*\[$soname\]" || {
    echo "Its SONAME is not $soname"
    exit 1
}
readelf -d "$library" | grep -q 'NODELETE' || {
    echo "It is not linked with -z nodelete"
    exit 1
}
