/*
 * hit.h: a hit, the short way: no lock, no allocation, nothing written that another thread writes.
 *
 * It answers what it can, and leaves everything else (a miss, a variable that was set since, an entry
 * about to expire, a long key, a value that lives elsewhere, a want of memory) to the whole way of
 * call.c and access.c, which begins anew and knows nothing of the attempt.
 */
#ifndef CTXI_CACHE_HIT_H
#define CTXI_CACHE_HIT_H

#include <limits.h>

#include "cache/cache.h"
#include "cache/request.h"
#include "ctxcache/call.h"

#define CTXI_WHOLE_WAY INT_MIN /* no status: nothing was done, go the whole way */

/*
 * The answer of a hit, counted and used: CTX_OK; CTX_ABSENT for a negative entry. Into the buffer, and
 * then also CTX_ERR_TYPE, if the value has another size; or held by *ref. *asked: see request.h.
 */
int ctxi_hit_copy(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                  void *buffer, size_t buffer_size, struct ctxi_asked *asked);
int ctxi_hit_ref(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                 ctx_cache_ref *ref, struct ctxi_asked *asked);

/* The second without a trace. */
int ctxi_hit_peek(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                  ctx_cache_ref *ref);

/* ---- many at once ------------------------------------------------------------------------- */

#define CTXI_WINDOW 16

/* Where the answers go: buffers, or refs. */
struct ctxi_answers {
    unsigned char *buffers; /* NULL: refs */
    size_t buffer_size;
    ctx_cache_ref *refs;
    int *statuses;
};

/* What a batch does with the calls that are no hits. */
struct ctxi_rest {
    bool (*wants)(void *user, size_t i); /* although it may be one */
    int (*call)(void *user, size_t i);   /* goes the whole way, and returns its status */
    void *user;
};

/* Answers hits of up to CTXI_WINDOW calls, in their order, and leaves every other one to `rest`. */
void ctxi_hit_many(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args,
                   size_t arg_count, size_t count, const struct ctxi_answers *answers,
                   const struct ctxi_rest *rest);

#endif
