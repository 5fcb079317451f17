#include "context/block.h"

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
