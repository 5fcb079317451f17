#include "context/memo.h"

#include "context/block.h"
#include "context/handle.h"

#define MEMO_SLOTS 8

/*
 * Direct-mapped by owner. A memo holds while the context counts as many changes as when it was
 * kept, so that a change forgets all of them by counting.
 */
struct ctxi_memos {
    struct {
        struct ctxi_memo memo; /* owner 0: nothing */
        uint64_t changes;
    } slots[MEMO_SLOTS];
};

const struct ctxi_memo *ctxi_memo_find(const ctx_context *context, uint64_t owner)
{
    const struct ctxi_memos *memos = context->memos;
    size_t i = owner % MEMO_SLOTS;

    return memos && memos->slots[i].memo.owner == owner &&
                   memos->slots[i].changes == context->partition_changes
               ? &memos->slots[i].memo
               : NULL;
}

void ctxi_memo_keep(ctx_context *context, const struct ctxi_memo *memo)
{
    size_t i = memo->owner % MEMO_SLOTS;

    if (!context->memos) {
        context->memos = ctxi_block_alloc(sizeof *context->memos);
        if (!context->memos)
            return;
        memset(context->memos, 0, sizeof *context->memos);
    }
    context->memos->slots[i].memo = *memo;
    context->memos->slots[i].changes = context->partition_changes;
}

void ctxi_memos_free(ctx_context *context)
{
    ctxi_block_free(context->memos, sizeof *context->memos);
    context->memos = NULL;
}

uint64_t ctxi_partition_changes(const ctx_context *context)
{
    return context->partition_changes;
}
