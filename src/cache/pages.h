/*
 * pages.h: large blocks of memory, on huge pages where the system has them: a random entry of a large
 * cache then costs one miss of the processor's caches, not a walk through the page tables besides.
 *
 * Regions of 2 MB, each at a multiple of its size, are divided into units of 64 KB. A block is some
 * units in a row within one region. Guarded by the lock of the cache that they belong to.
 */
#ifndef CTXI_CACHE_PAGES_H
#define CTXI_CACHE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTXI_REGION_BYTES ((size_t)2 << 20)
#define CTXI_UNIT_BYTES   ((size_t)64 << 10)

struct ctxi_region;

struct ctxi_pages {
    struct ctxi_region *regions; /* those with free units come first, as far as is known */
};

/* What a block of `bytes` really takes. */
static inline size_t ctxi_pages_size(size_t bytes)
{
    return (bytes + CTXI_UNIT_BYTES - 1) / CTXI_UNIT_BYTES * CTXI_UNIT_BYTES;
}

/* NULL: smaller than a unit, larger than a region, or no memory. Aligned to a unit; not zeroed. */
void *ctxi_pages_take(struct ctxi_pages *pages, size_t bytes);

/* False: the block is not from here. */
bool ctxi_pages_give(struct ctxi_pages *pages, void *block, size_t bytes);

#endif
