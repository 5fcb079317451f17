/*
 * Changing the current context. Both set and reset get what can fail first, then change the context
 * in steps that cannot, and release what was replaced at the very end: that may call users back,
 * and they may use the context.
 */
#include "context/block.h"
#include "context/enter.h"
#include "context/pending.h"
#include "context/registry.h"
#include "context/value.h"

/* What every set and reset does besides changing the map. */
static inline void note_change(ctx_context *context, const ctx_var *var,
                               const struct ctxi_cell *before, const struct ctxi_cell *after)
{
    context->count += (size_t)ctxi_cell_counts(after) - (size_t)ctxi_cell_counts(before);
    if (ctxi_var_state(var) & CTXI_VAR_PARTITIONS)
        context->front.moment = ctxi_moment_draw();
}

/* Makes the token of a set, which keeps what was replaced. */
static ctx_token make_token(ctx_context *context, struct ctxi_slot *slot, ctx_var *var,
                            struct ctxi_cell *replaced)
{
    ctx_token token = ctxi_token_issue(&context->tokens, slot, context, var, replaced);

    if (context->tokens.count > CTX_TOKENS_MAX)
        ctxi_tokens_drop_one(&context->tokens);
    return token;
}

/* Takes over `cell` if all goes well. */
static int set_cell(ctx_var *var, struct ctxi_cell *cell, bool scoped, ctx_token *out_token)
{
    ctx_context *context = ctxi_current_needed();
    uint32_t id = ctxi_var_id_now(var);
    struct ctxi_slot *slot = NULL, *done = NULL;
    struct ctxi_cell *replaced;
    struct ctxi_node *leaf;
    int status = context ? CTX_OK : CTX_ERR_NOMEM;

    if (status == CTX_OK && out_token && !(slot = ctxi_slot_take()))
        status = CTX_ERR_NOMEM;
    if (status == CTX_OK)
        status = ctxi_context_own(context, id, &leaf, &done);
    if (status == CTX_OK) {
        replaced = ctxi_leaf_swap(leaf, id, cell);
        note_change(context, var, replaced, cell);
        if (slot) {
            slot->scoped = scoped;
            *out_token = make_token(context, slot, var, replaced);
        } else {
            ctxi_cell_unref(replaced);
        }
    } else if (slot) {
        ctxi_slot_give(slot);
    }
    ctxi_pending_release(done);
    return status;
}

/*
 * A number over a number that nothing else holds, no copy and no token: the cell itself changes, so
 * that nothing is allocated, and a dynamic variable not counted, which threads would contend for.
 */
static bool set_in_place(const ctx_var *var, const ctx_value *value)
{
    ctx_context *context = ctxi_thread.current;
    uint32_t id = ctxi_var_id_now(var);
    struct ctxi_node *leaf;
    struct ctxi_cell *cell;

    if (!context || ctxi_value_borrows(value) || !(leaf = ctxi_map_sole_leaf(context->root, id)))
        return false;
    cell = ctxi_leaf_get(leaf, id);
    if (!ctxi_cell_counts(cell) || !ctxi_refs_sole(&cell->refs) || ctxi_value_borrows(&cell->value))
        return false;
    ctxi_value_clean(value, &cell->value);
    note_change(context, var, cell, cell);
    return true;
}

static int set(ctx_var *var, ctx_value value, bool scoped, ctx_token *out_token)
{
    struct ctxi_cell *cell;
    int status;

    if (out_token)
        *out_token = CTX_TOKEN_NONE;
    if (!var || !ctxi_value_valid(&value))
        return CTX_ERR_INVALID;
    status = ctxi_var_identify(var);
    if (status != CTX_OK)
        return status;
    if (!out_token && set_in_place(var, &value))
        return CTX_OK;
    cell = ctxi_cell_new(var, &value, false);
    if (!cell)
        return CTX_ERR_NOMEM;
    status = set_cell(var, cell, scoped, out_token);
    if (status != CTX_OK)
        ctxi_cell_unref(cell);
    return status;
}

int ctx_set_v(ctx_var *var, ctx_value value, ctx_token *out_token)
{
    return set(var, value, false, out_token);
}

int ctxi_scope_set(ctx_var *var, ctx_value value, ctx_token *out_token)
{
    return set(var, value, true, out_token);
}

/* Takes back the set that a good token of the context was made by. */
static void reset(ctx_context *context, ctx_var *var, struct ctxi_slot *slot)
{
    uint32_t id = ctxi_var_id_now(var);
    struct ctxi_slot *done;
    struct ctxi_node *leaf;

    ctxi_token_use(&context->tokens, slot);
    if (ctxi_context_own(context, id, &leaf, &done) == CTX_OK) {
        struct ctxi_cell *put_back = slot->old;

        slot->old = ctxi_leaf_swap(leaf, id, put_back);
        note_change(context, var, slot->old, put_back);
    } else {
        note_change(context, var, ctxi_context_find(context, id), slot->old);
        slot = ctxi_pending_add(context, slot);
    }
    if (slot) {
        slot->older = done;
        done = slot;
    }
    ctxi_pending_release(done);
}

int ctx_reset(ctx_var *var, ctx_token token)
{
    ctx_context *context = ctxi_thread.current;
    int status = var ? ctxi_token_check(token, var, context) : CTX_ERR_INVALID;

    if (status == CTX_OK)
        reset(context, var, token.slot);
    return status;
}

bool ctxi_scope_reset(ctx_var *var, ctx_token token)
{
    struct ctxi_slot *slot = token.slot;
    ctx_context *context = atomic_load_explicit(&slot->context, memory_order_relaxed);

    switch (ctxi_token_check(token, var, ctxi_thread.current)) {
    case CTX_ERR_TOKEN_USED:
        return true; /* by a ctx_reset() of the user; or the context is gone, and the value with it */
    case CTX_ERR_TOKEN_CONTEXT:
        if (!ctxi_in_chain(context))
            return false;
        break;
    default:
        break;
    }
    reset(context, var, slot);
    return true;
}
