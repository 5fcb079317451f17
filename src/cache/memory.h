/*
 * memory.h: an allocator and the bytes taken from it, as the cache's capacity counts them. The
 * owner says which lock guards the count.
 */
#ifndef CTXI_CACHE_MEMORY_H
#define CTXI_CACHE_MEMORY_H

#include "base/alloc.h"
#include "cache/pages.h"

struct ctxi_memory {
    const ctx_allocator *allocator;
    size_t bytes;             /* the charge of every block taken and not given back */
    struct ctxi_pages *pages; /* for large blocks; NULL: the allocator has these, too */
};

static inline void *ctxi_memory_take(struct ctxi_memory *memory, size_t bytes)
{
    void *block = memory->pages ? ctxi_pages_take(memory->pages, bytes) : NULL;

    if (block) {
        memory->bytes += ctxi_pages_size(bytes);
        return block;
    }
    block = ctxi_alloc(memory->allocator, bytes);
    if (block)
        memory->bytes += ctxi_alloc_charge(memory->allocator, block, bytes);
    return block;
}

static inline void ctxi_memory_give(struct ctxi_memory *memory, void *block, size_t bytes)
{
    if (!block)
        return;
    if (memory->pages && bytes >= CTXI_UNIT_BYTES && ctxi_pages_give(memory->pages, block, bytes)) {
        memory->bytes -= ctxi_pages_size(bytes);
        return;
    }
    memory->bytes -= ctxi_alloc_charge(memory->allocator, block, bytes);
    ctxi_free(memory->allocator, block, bytes);
}

#endif
