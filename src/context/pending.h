/*
 * pending.h: the content of a context, and how a reset succeeds without memory. Included by
 * whatever reads or changes what a context holds.
 *
 * A reset must change the map, and if the map is shared with a copy it must first copy nodes, for
 * which there may be no memory. Then the slot of the token, which is there anyway, takes the place
 * of the change: the context goes on with a list of such slots in front of its map. To keep this
 * out of the way of reads, the map is moved aside (`pending_root`), so that every lookup misses it
 * and comes to look here. The next change of the context tries to make up for it first, and fails
 * if it cannot; a copy is made up for in the copy.
 */
#ifndef CTXI_CONTEXT_PENDING_H
#define CTXI_CONTEXT_PENDING_H

#include "context/handle.h"

struct ctxi_cell *ctxi_pending_find(const ctx_context *context, uint32_t id);

/* What the variable with this id holds; NULL: nothing. */
static inline struct ctxi_cell *ctxi_context_find(const ctx_context *context, uint32_t id)
{
    struct ctxi_cell *cell = ctxi_map_get(context->root, id);

    return __builtin_expect(!cell && context->pending, 0) ? ctxi_pending_find(context, id) : cell;
}

/* Makes up for pending resets, as many as there is memory for; *out_done as below. */
int ctxi_pending_apply(ctx_context *context, struct ctxi_slot **out_done);

/*
 * Makes the leaf of `id` one that may be changed, after making up for pending resets. What those
 * replaced comes out in *out_done, for ctxi_pending_release(). CTX_ERR_NOMEM.
 */
static inline int ctxi_context_own(ctx_context *context, uint32_t id, struct ctxi_node **out_leaf,
                                   struct ctxi_slot **out_done)
{
    int status = CTX_OK;

    *out_done = NULL;
    if (__builtin_expect(context->pending != NULL, 0))
        status = ctxi_pending_apply(context, out_done);
    return status == CTX_OK ? ctxi_map_own(&context->root, id, out_leaf) : status;
}

/* Lets the used slot of a token, with what `var` is reset to in `slot->old`, stand for the reset.
 * Gives back the slot that stood for an earlier reset of it, or NULL, as *out_done above. */
struct ctxi_slot *ctxi_pending_add(ctx_context *context, struct ctxi_slot *slot);

/* Releases what resets replaced. May call users back: the context must be consistent. */
void ctxi_pending_release(struct ctxi_slot *done);

int ctxi_pending_share(const ctx_context *context, struct ctxi_node **out_root);

/* A reference to a map of what the context holds, for a copy or a walk. CTX_ERR_NOMEM. */
static inline int ctxi_context_share(const ctx_context *context, struct ctxi_node **out_root)
{
    if (__builtin_expect(context->pending != NULL, 0))
        return ctxi_pending_share(context, out_root);
    *out_root = ctxi_map_ref(context->root);
    return CTX_OK;
}

#endif
