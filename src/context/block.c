#include "context/block.h"

void ctxi_blocks_flush(void)
{
    for (size_t class = 0; class < CTXI_BLOCK_CLASSES; class ++) {
        struct ctxi_block *block;

        while ((block = ctxi_thread.blocks[class])) {
            ctxi_thread.blocks[class] = block->next;
            ctxi_free(ctxi_process_allocator(), block, (class + 1) * CTXI_BLOCK_UNIT);
        }
        ctxi_thread.block_counts[class] = 0;
    }
}
