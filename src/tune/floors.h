/*
 * floors.h: one LRU cache for all tenants in which each has a floor: as long as a tenant has no more than
 * that, nothing of it is evicted for others (the reserved memory of Memshare: Cidon et al., USENIX ATC
 * 2017). Included by ctxbench and its tests.
 */
#ifndef CTXI_TUNE_FLOORS_H
#define CTXI_TUNE_FLOORS_H

#include "ctxcache/allocator.h"
#include "tune/stream.h"

/*
 * Runs the stream through such a cache. Every object has size 1; a delete is passed over. `floors` may be
 * NULL: no floors, plain sharing; their sum is `capacity` at most. Writes the hits of each tenant's gets.
 * CTX_ERR_NOMEM; CTX_ERR_INVALID: floors too high, or a capacity of 0.
 */
int ctxi_floors_run(const struct ctxi_stream *stream, uint64_t capacity, const uint64_t *floors,
                    const ctx_allocator *allocator, uint64_t *out_hits);

#endif
