#!/bin/sh
# symbols.sh LIBRARY HEADER PREFIX: what the shared library exports is what the header marks CTX_API
# under names that begin with PREFIX, no more and no less.
set -eu

library=$1
header=$2
prefix=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort >"$scratch/exported"

# A declaration ends at ';' or '{'; its name stands before the first '(' or '['.
echo "#include <$header>" | gcc -std=c11 -Iinclude -E -P -x c - | tr '\n' ' ' |
    sed 's/__attribute__((visibility("default")))/\nCTX_API /g' |
    sed -n 's/^CTX_API \([^;{([]*\).*/\1/p' | grep -o '[A-Za-z_0-9]* *$' | tr -d ' ' |
    grep "^$prefix" | sort >"$scratch/declared"

if grep -v "^$prefix" "$scratch/exported"; then
    echo "These are exported and do not begin with $prefix"
    exit 1
fi
[ -s "$scratch/declared" ] || {
    echo "The headers declare no CTX_API function"
    exit 1
}
diff -u "$scratch/declared" "$scratch/exported" || {
    echo "- is declared CTX_API but not exported, + is exported but not declared"
    exit 1
}
wc -l <"$scratch/exported" | sed 's/$/ symbols/'
