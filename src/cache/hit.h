/*
 * hit.h: a hit, the short way: no lock, no allocation, nothing written that another thread writes.
 *
 * It answers what it can, and leaves everything else (a miss, a variable that was set since, an entry
 * about to expire, a long key, a value that lives elsewhere, a want of memory) to the whole way of
 * call.c and access.c, which is told what was found out by then (struct ctxi_asked), and no more.
 */
#ifndef CTXI_CACHE_HIT_H
#define CTXI_CACHE_HIT_H

#include <limits.h>

#include "cache/cache.h"
#include "cache/request.h"
#include "ctxcache/call.h"

#define CTXI_WHOLE_WAY INT_MIN /* no status: nothing was done, go the whole way */

/* Keys so long are found the straight way, if they are. */
#define CTXI_STRAIGHT_ARGS      2
#define CTXI_STRAIGHT_KEY_LIMIT (CTXI_STRAIGHT_ARGS * CTXI_WORD)

/*
 * What ctx_cache_call_v() and ctx_cache_call_copy_v(), which are in hit.c, try first, for others: the
 * answer of a hit, counted and used, held by *ref. CTX_OK; CTX_ABSENT for a negative entry. *asked: see
 * request.h.
 */
int ctxi_hit_ref(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                 ctx_cache_ref *ref, struct ctxi_asked *asked);

/* The same without a trace. */
int ctxi_hit_peek(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                  ctx_cache_ref *ref);

/*
 * Carries records out in this thread's turn, if nobody else holds the lock. Waits for it only when the ring
 * may be full before the next time. After every CTXI_RING_DRAIN positions.
 */
void ctxi_hit_drain(ctx_cache *cache, const struct ctxi_reader *reader);

/* ---- many at once ------------------------------------------------------------------------- */

/* CTXI_WINDOW keys at a time; reader.h */

/* Where the answers go: buffers, or refs. */
struct ctxi_answers {
    unsigned char *buffers; /* NULL: refs */
    size_t buffer_size;
    ctx_cache_ref *refs;
    int *statuses;
};

/* What a batch does with the calls that are no hits. */
struct ctxi_rest {
    const void *const *wanted; /* [count]: it has those too that are not NULL here; or NULL */
    int (*call)(void *user, size_t i); /* goes the whole way, and returns its status */
    void *user;
};

/* Answers hits of up to CTXI_WINDOW calls, in their order, and leaves every other one to `rest`. */
void ctxi_hit_many(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args,
                   size_t arg_count, size_t count, const struct ctxi_answers *answers,
                   const struct ctxi_rest *rest);

#endif
