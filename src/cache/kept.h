/*
 * kept.h: arguments that outlive the call that they were passed to.
 */
#ifndef CTXI_CACHE_KEPT_H
#define CTXI_CACHE_KEPT_H

#include "base/alloc.h"
#include "ctxcache/value.h"

/* Copies of values, in one block; objects are retained. Owned by whoever has the struct. */
struct ctxi_kept {
    ctx_value *values; /* NULL: nothing is kept */
    size_t count;
    size_t bytes; /* of the block */
};

/* `values` have been encoded: their types are known, and there are few. CTX_ERR_NOMEM. */
int ctxi_kept_copy(struct ctxi_kept *kept, const ctx_allocator *allocator, const ctx_value *values,
                   size_t count);

/* Releases them. No lock held. */
void ctxi_kept_free(struct ctxi_kept *kept, const ctx_allocator *allocator);

#endif
