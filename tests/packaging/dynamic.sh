#!/bin/sh
# dynamic.sh LIBRARY SONAME [NAME...]: the shared library needs libc, the compiler's runtime and those
# that are named, has this SONAME, and stays loaded after dlclose() (threads still have its destructors
# to run, and loops its functions to call).
set -eu

library=$1
soname=$2
shift 2
named=$(printf '\\|%s' "$@" | sed 's/^\\|$//')
readelf -d "$library"

# libgcc_s is what exceptions and cancelled threads unwind by; ld-linux is the loader, which some
# machines name beside libc.
if readelf -d "$library" | grep '(NEEDED)' | grep -v "\[\(libc\|libgcc_s\|ld-linux[^]]*$named\)\.so\."; then
    echo "It needs more than libc and libgcc_s${*:+, }$*"
    exit 1
fi
readelf -d "$library" | grep -q "SONAME.*\[$soname\]" || {
    echo "Its SONAME is not $soname"
    exit 1
}
readelf -d "$library" | grep -q 'NODELETE' || {
    echo "It is not linked with -z nodelete"
    exit 1
}
