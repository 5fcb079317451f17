/*
 * alloc.h: memory through a ctx_allocator, with sizes known at release. Included by everyone.
 */
#ifndef CTXI_BASE_ALLOC_H
#define CTXI_BASE_ALLOC_H

#include <stdbool.h>

#include "ctxcache/allocator.h"

/* The allocator of the process; never NULL, its address never changes. */
const ctx_allocator *ctxi_process_allocator(void);

/* `bytes` > 0 bytes, as they come or zeroed; NULL: no memory. */
void *ctxi_alloc(const ctx_allocator *allocator, size_t bytes);
void *ctxi_zalloc(const ctx_allocator *allocator, size_t bytes);

/* NULL is allowed. `bytes` is what was asked for. */
void ctxi_free(const ctx_allocator *allocator, void *block, size_t bytes);

/* Whether it is the C library's. */
bool ctxi_alloc_is_malloc(const ctx_allocator *allocator);

/* What the block really costs: with malloc its usable size and header, else `bytes`. */
size_t ctxi_alloc_charge(const ctx_allocator *allocator, void *block, size_t bytes);

#endif
