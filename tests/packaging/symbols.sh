#!/bin/sh
# symbols.sh LIBRARY: what the shared library exports is what the headers mark CTX_API, no more
# and no less, and every name begins with ctx_.
set -eu

library=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort >"$scratch/exported"

# A declaration ends at ';' or '{'; its name stands before the first '(' or '['.
echo '#include <ctxcache.h>' | gcc -std=c11 -Iinclude -E -P -x c - | tr '\n' ' ' |
    sed 's/__attribute__((visibility("default")))/\nCTX_API /g' |
    sed -n 's/^CTX_API \([^;{([]*\).*/\1/p' | grep -o '[A-Za-z_0-9]* *$' | tr -d ' ' |
    sort >"$scratch/declared"

if grep -v '^ctx_' "$scratch/exported"; then
    echo "These are exported and do not begin with ctx_"
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
