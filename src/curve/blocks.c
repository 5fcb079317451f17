#include "curve/blocks.h"

#include <stdalign.h>
#include <stdint.h>

#include "base/alloc.h"

struct ctxi_block {
    struct ctxi_block *older;
    size_t bytes; /* of header and items */
    alignas(max_align_t) unsigned char items[];
};

void *ctxi_blocks_take(struct ctxi_blocks *blocks, size_t count, size_t size)
{
    struct ctxi_block *block;
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, sizeof *block, &bytes))
        return NULL;
    block = ctxi_zalloc(blocks->allocator, bytes);
    if (!block)
        return NULL;
    block->older = blocks->newest;
    block->bytes = bytes;
    blocks->newest = block;
    blocks->bytes += bytes;
    return block->items;
}

void ctxi_blocks_free(struct ctxi_blocks *blocks)
{
    struct ctxi_block *older;

    for (struct ctxi_block *block = blocks->newest; block; block = older) {
        older = block->older;
        ctxi_free(blocks->allocator, block, block->bytes);
    }
    blocks->newest = NULL;
    blocks->bytes = 0;
}
