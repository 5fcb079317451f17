#!/bin/sh
# What must not compile, and the words that the compiler must find for it.
#
#   refused.sh COMPILER...   a C11 compiler with its flags
set -u

status=0

# refuse WORDS: the program on standard input must fail to compile, with WORDS in the message.
refuse()
{
    words=$1
    shift
    if said=$({ echo '#include <ctxcache.h>'; cat; } |
        "$@" -Iinclude -fsyntax-only -x c - 2>&1); then
        echo "compiles, but must not: $words"
        status=1
    elif ! echo "$said" | grep -q -- "$words"; then
        echo "is refused, but not with: $words"
        echo "$said"
        status=1
    fi
}

refuse 'are not those of price' "$@" <<'C'
static double price(long long sku);
CTX_CACHE_WRAP(cached, double, price, int)
C
refuse 'are not those of price' "$@" <<'C'
static double price(int sku);
CTX_CACHE_WRAP(cached, int, price, int)
C
refuse 'are not those of price' "$@" <<'C'
static int price(const char *from, int to, double *out);
CTX_CACHE_WRAP_TRY(cached, double, price, int, const char *)
C
refuse 'must not be a pointer' "$@" <<'C'
static const char *name(int id);
CTX_CACHE_WRAP(cached, const char *, name, int)
C
refuse 'error' "$@" <<'C'
struct point { int x, y; };
int f(ctx_cache *cache, ctx_cache_fn *fn, ctx_cache_ref *ref, struct point p);
int f(ctx_cache *cache, ctx_cache_fn *fn, ctx_cache_ref *ref, struct point p)
{
    return ctx_cache_call(cache, fn, ref, p);
}
C
refuse 'expected expression' "$@" <<'C'
static CTX_VAR(tenant);
void f(const char *name);
void f(const char *name)
{
    if (name)
        CTX_SCOPED(tenant, name);
}
C
exit $status
