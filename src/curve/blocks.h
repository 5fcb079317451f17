/*
 * blocks.h: memory that is taken piece by piece and given back at once. Included by what computes
 * over a trace: whatever fails, and however it ends, one call cleans up.
 */
#ifndef CTXI_CURVE_BLOCKS_H
#define CTXI_CURVE_BLOCKS_H

#include <stddef.h>

#include "ctxcache/allocator.h"

struct ctxi_block;

struct ctxi_blocks {
    const ctx_allocator *allocator;
    struct ctxi_block *newest; /* a list of all */
    size_t bytes;              /* their sum */
};

static inline struct ctxi_blocks ctxi_blocks_of(const ctx_allocator *allocator)
{
    return (struct ctxi_blocks){allocator, NULL, 0};
}

/* `count` zeroed items of `size` bytes, aligned for any of them; `count` may be 0. NULL: no memory, or
 * more than there can be. */
void *ctxi_blocks_take(struct ctxi_blocks *blocks, size_t count, size_t size);

void ctxi_blocks_free(struct ctxi_blocks *blocks);

#endif
