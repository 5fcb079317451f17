/*
 * The life of contexts: made, copied, shared, ended.
 */
#include "context/block.h"
#include "context/enter.h"
#include "context/handle.h"
#include "context/memo.h"
#include "context/pending.h"

_Static_assert(sizeof(ctx_context) <= 128, "a copy should stay cheap");

ctx_context *ctxi_context_make(void)
{
    ctx_context *context = ctxi_block_zalloc(sizeof *context);

    if (!context)
        return NULL;
    atomic_init(&context->refs, 1);
    context->front.moment = ctxi_moment_draw();
    return context;
}

/* Takes over the content of `source` into an empty context. */
static int fill(ctx_context *context, ctx_context *source)
{
    int status = ctxi_context_share(source, &context->root);

    if (status != CTX_OK)
        return status;
    context->count = source->count;
    if (source->front.reads)
        context->front.reads = ctxi_reads_ref(source->front.reads);
    return CTX_OK;
}

/*
 * Drops all that it holds. It is taken out first: what is released may call users back, and they
 * may hold a token of it. Most copies have nothing but a root.
 */
static void empty(ctx_context *context)
{
    struct ctxi_node *root = context->root, *pending_root = context->pending_root;
    struct ctxi_slot *pending = context->pending;
    struct ctxi_reads *reads = context->front.reads;

    context->root = context->pending_root = NULL;
    context->pending = NULL;
    context->front.reads = NULL;
    context->count = 0;
    if (context->tokens.oldest)
        ctxi_tokens_drop(&context->tokens);
    if (pending) {
        ctxi_pending_release(pending);
        ctxi_map_unref(pending_root);
    }
    ctxi_map_unref(root);
    if (reads)
        ctxi_reads_unref(reads);
}

int ctxi_context_clone(ctx_context *source, ctx_context **out_context)
{
    ctx_context *context = ctxi_context_make();
    int status = !context ? CTX_ERR_NOMEM : source ? fill(context, source) : CTX_OK;

    if (status != CTX_OK) {
        ctx_context_unref(context);
        context = NULL;
    }
    *out_context = context;
    return status;
}

int ctxi_context_refill(ctx_context *context, ctx_context *source)
{
    empty(context);
    context->loading = false;
    context->front.moment = ctxi_moment_draw(); /* forgets the memos */
    return fill(context, source);
}

int ctx_context_new(ctx_context **out_context)
{
    if (!out_context)
        return CTX_ERR_INVALID;
    *out_context = ctxi_context_make();
    return *out_context ? CTX_OK : CTX_ERR_NOMEM;
}

int ctx_copy(ctx_context **out_context)
{
    if (!out_context)
        return CTX_ERR_INVALID;
    *out_context = NULL;
    if (ctxi_scope_failed())
        return CTX_ERR_NOMEM;
    return ctxi_context_clone(ctxi_thread.current, out_context);
}

int ctx_context_copy(ctx_context *context, ctx_context **out_context)
{
    struct ctxi_reading reading;
    int status;

    if (!out_context)
        return CTX_ERR_INVALID;
    *out_context = NULL;
    status = ctxi_reading_begin(&reading, context);
    if (status != CTX_OK)
        return status;
    status = ctxi_context_clone(context, out_context);
    ctxi_reading_end(&reading);
    if (status == CTX_OK && ctxi_reads_current()) /* made inside a load: it belongs to that */
        ctxi_reads_unref(ctxi_reads_attach(*out_context, ctxi_reads_current()));
    return status;
}

ctx_context *ctx_context_ref(ctx_context *context)
{
    if (context)
        ctxi_refs_up(&context->refs);
    return context;
}

/* Frees what nobody refers to any more; gives back what it was suspended on top of. */
static ctx_context *end(ctx_context *context)
{
    ctx_context *below = context->previous;
    struct ctxi_reads *reads_below = context->reads_below;

    empty(context);
    if (reads_below)
        ctxi_reads_unref(reads_below);
    if (context->front.memos)
        ctxi_memos_free(context);
    ctxi_block_free(context, sizeof *context);
    return below;
}

void ctx_context_unref(ctx_context *context)
{
    if (context && ctxi_refs_down(&context->refs))
        ctxi_chain_release(end(context));
}
