/*
 * ctxcache_cache.h: the cache of those contenders that are ctxcache, whatever form their calls take.
 */
#ifndef BENCH_CTXCACHE_CACHE_H
#define BENCH_CTXCACHE_CACHE_H

#include <ctxcache.h>

#include "contender.h"
#include "die.h"

/* What the cache varies on: nothing, the tenant, or both. */
CTX_VAR_DECLARE(bench_tenant);
CTX_VAR_DECLARE(bench_locale);

struct ctxcache {
    ctx_cache *cache;
    enum key_kind kind;
    unsigned tenants;
    size_t context_count;   /* KEY_LOCALE: tenants for each thread; else 0 */
    ctx_context **contexts; /* [thread][tenant] */
};

/* Ends the program, saying why, unless it is CTX_OK. */
static inline void ctxcache_check(int status, const char *what)
{
    if (status != CTX_OK)
        die("ctxcache: %s: %s", what, ctx_strerror(status));
}

/* As in struct contender; the second with a curve of itself, and curves of so many partitions. */
void *ctxcache_open(const struct cache_setup *setup);
void *ctxcache_open_with_curve(const struct cache_setup *setup, uint32_t partitions);
void ctxcache_close(void *opened);
double ctxcache_bytes_per_entry(void *opened);
void ctxcache_forget_tenant(void *opened, uint32_t tenant);

#endif
