#include "context/memo.h"

#include "context/block.h"
#include "context/handle.h"

void ctxi_memo_keep(ctx_context *context, const struct ctxi_memo *memo)
{
    size_t i = memo->owner % CTXI_MEMO_SLOTS;

    if (!context->front.memos) {
        context->front.memos = ctxi_block_zalloc(sizeof *context->front.memos);
        if (!context->front.memos)
            return;
    }
    context->front.memos->slots[i].memo = *memo;
    context->front.memos->slots[i].moment = context->front.moment;
}

void ctxi_memos_free(ctx_context *context)
{
    ctxi_block_free(context->front.memos, sizeof *context->front.memos);
    context->front.memos = NULL;
}
