#include "context/block.h"

#include "context/store.h"

void *ctx_allocate(size_t bytes)
{
    return ctxi_block_alloc(bytes);
}

void ctx_release(void *block, size_t bytes)
{
    ctxi_block_free(block, bytes);
}

void *ctxi_thread_block_take(size_t bytes)
{
    return ctxi_block_alloc(bytes);
}

void ctxi_thread_block_give(void *block, size_t bytes)
{
    ctxi_block_free(block, bytes);
}

void ctxi_blocks_flush(void)
{
    for (size_t rank = 0; rank < CTXI_BLOCK_CLASSES; rank++) {
        struct ctxi_block *block;

        while ((block = ctxi_thread.blocks[rank])) {
            ctxi_thread.blocks[rank] = block->next;
            ctxi_free(ctxi_process_allocator(), block, (rank + 1) * CTXI_BLOCK_UNIT);
        }
        ctxi_thread.block_counts[rank] = 0;
    }
}
