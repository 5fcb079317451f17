/*
 * policy.h: what caches of other policies would hit. Included by ctxbench, its tests, and the policies,
 * one file each in policies/.
 *
 * Every object has size 1. The capacity counts what is stored; lists of what was evicted, and counters
 * of how often objects were used, come on top, as the papers have it. A put is a use that is no request;
 * a delete is passed over.
 *
 * Objects have dense numbers, so a policy keeps arrays with one item for each: no hashing, and lists are
 * of numbers (policies/queue.h).
 */
#ifndef CTXI_TUNE_POLICY_H
#define CTXI_TUNE_POLICY_H

#include <stdbool.h>

#include "curve/blocks.h"
#include "tune/stream.h"

struct ctxi_policy {
    const char *name, *paper;

    /* A cache for this stream, empty. 1 <= capacity <= stream->object_count. NULL: no memory. What it
     * takes is in `blocks`, and all there is to end. */
    void *(*create)(const struct ctxi_stream *stream, uint32_t capacity,
                    struct ctxi_blocks *blocks);

    /* The next use in the stream, of this object: whether it was there. It is now, unless the policy
     * says no. */
    bool (*use)(void *cache, uint32_t object);
};

extern const struct ctxi_policy ctxi_policy_lru, ctxi_policy_fifo, ctxi_policy_clock,
    ctxi_policy_sieve, ctxi_policy_s3fifo, ctxi_policy_wtinylfu, ctxi_policy_arc, ctxi_policy_lirs,
    ctxi_policy_opt;

/* All of them, in this order; NULL at the end. */
extern const struct ctxi_policy *const ctxi_policies[];

/* NULL: there is none of this name. */
const struct ctxi_policy *ctxi_policy_find(const char *name);

/* Hits among the gets of a stream, from an empty cache. CTX_ERR_NOMEM; CTX_ERR_INVALID: capacity 0. */
int ctxi_policy_run(const struct ctxi_policy *policy, const struct ctxi_stream *stream,
                    uint64_t capacity, const ctx_allocator *allocator, uint64_t *out_hits);

#endif
