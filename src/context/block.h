/*
 * block.h: memory of the store, in blocks that each thread keeps a few of. Included by whatever
 * allocates cells, nodes and contexts.
 *
 * Sizes round up to classes of 64 bytes; beyond the largest class, in a thread that is not armed,
 * and in debug builds (where the sanitizers shall see every block) they go straight to the
 * allocator.
 */
#ifndef CTXI_CONTEXT_BLOCK_H
#define CTXI_CONTEXT_BLOCK_H

#include "base/alloc.h"
#include "context/thread.h"

#define CTXI_BLOCK_UNIT 64
#define CTXI_BLOCK_KEEP 32 /* free blocks of one class that a thread keeps */

struct ctxi_block {
    struct ctxi_block *next;
};

/* Gives all that this thread keeps back to the allocator. */
void ctxi_blocks_flush(void);

#ifdef CTX_DEBUG

static inline void *ctxi_block_alloc(size_t bytes)
{
    return ctxi_alloc(ctxi_process_allocator(), bytes);
}

static inline void *ctxi_block_zalloc(size_t bytes)
{
    return ctxi_zalloc(ctxi_process_allocator(), bytes);
}

static inline void ctxi_block_free(void *block, size_t bytes)
{
    ctxi_free(ctxi_process_allocator(), block, bytes);
}

#else

/* The size that a block of `bytes` really has: the whole class, so that any of it fits. */
static inline size_t ctxi_block_size(size_t bytes)
{
    return bytes > CTXI_BLOCK_CLASSES * CTXI_BLOCK_UNIT
               ? bytes
               : (bytes + CTXI_BLOCK_UNIT - 1) / CTXI_BLOCK_UNIT * CTXI_BLOCK_UNIT;
}

/* `bytes` > 0, not zeroed; NULL: no memory. */
static inline void *ctxi_block_alloc(size_t bytes)
{
    size_t rank = (bytes - 1) / CTXI_BLOCK_UNIT;
    struct ctxi_block *block;

    if (rank >= CTXI_BLOCK_CLASSES || !(block = ctxi_thread.blocks[rank]))
        return ctxi_alloc(ctxi_process_allocator(), ctxi_block_size(bytes));
    ctxi_thread.blocks[rank] = block->next;
    ctxi_thread.block_counts[rank]--;
    return block;
}

/*
 * The same, zeroed. By units, each of which compiles to a few wide stores, where for more at once
 * gcc takes a string instruction, which needs longer than those just to start.
 */
static inline void *ctxi_block_zalloc(size_t bytes)
{
    char *block;

    if (bytes > CTXI_BLOCK_CLASSES * CTXI_BLOCK_UNIT)
        return ctxi_zalloc(ctxi_process_allocator(), bytes);
    block = ctxi_block_alloc(bytes);
    for (size_t at = 0; block && at < ctxi_block_size(bytes); at += CTXI_BLOCK_UNIT)
        memset(block + at, 0, CTXI_BLOCK_UNIT);
    return block;
}

/* NULL is allowed. `bytes` is what was asked for. */
static inline void ctxi_block_free(void *memory, size_t bytes)
{
    size_t rank = (bytes - 1) / CTXI_BLOCK_UNIT;
    struct ctxi_block *block = memory;

    if (!block || rank >= CTXI_BLOCK_CLASSES || !ctxi_thread.armed ||
        ctxi_thread.block_counts[rank] >= CTXI_BLOCK_KEEP) {
        ctxi_free(ctxi_process_allocator(), memory, ctxi_block_size(bytes));
        return;
    }
    block->next = ctxi_thread.blocks[rank];
    ctxi_thread.blocks[rank] = block;
    ctxi_thread.block_counts[rank]++;
}

#endif

#endif
