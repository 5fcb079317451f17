#include "context/pending.h"

#include "context/registry.h"

static uint32_t id_of(const struct ctxi_slot *slot)
{
    return ctxi_var_id_now(atomic_load_explicit(&slot->var, memory_order_relaxed));
}

/* The link that leads to the pending slot of `id`; to NULL if there is none. */
static struct ctxi_slot **find(struct ctxi_slot **link, uint32_t id)
{
    while (*link && id_of(*link) != id)
        link = &(*link)->older;
    return link;
}

struct ctxi_cell *ctxi_pending_find(const ctx_context *context, uint32_t id)
{
    struct ctxi_slot *first = context->pending, *slot = id ? *find(&first, id) : NULL;

    return slot ? slot->old : ctxi_map_get(context->pending_root, id);
}

struct ctxi_slot *ctxi_pending_add(ctx_context *context, struct ctxi_slot *slot)
{
    struct ctxi_slot **link = find(&context->pending, id_of(slot)), *earlier = *link;

    if (earlier) {
        *link = earlier->older;
        earlier->older = NULL;
    }
    if (!context->pending_root) { /* the map is not empty: the token's set is in it */
        context->pending_root = context->root;
        context->root = NULL;
    }
    slot->older = context->pending;
    context->pending = slot;
    return earlier;
}

/* Makes up for one pending reset, whose slot then keeps what was replaced. */
static int apply(struct ctxi_node **root, struct ctxi_slot *slot)
{
    struct ctxi_node *leaf;
    int status = ctxi_map_own(root, id_of(slot), &leaf);

    if (status == CTX_OK)
        slot->old = ctxi_leaf_swap(leaf, id_of(slot), slot->old);
    return status;
}

int ctxi_pending_apply(ctx_context *context, struct ctxi_slot **out_done)
{
    int status = CTX_OK;

    while (context->pending && status == CTX_OK) {
        struct ctxi_slot *slot = context->pending;

        status = apply(&context->pending_root, slot);
        if (status == CTX_OK) {
            context->pending = slot->older;
            slot->older = *out_done;
            *out_done = slot;
        }
    }
    if (!context->pending) {
        context->root = context->pending_root;
        context->pending_root = NULL;
    }
    return status;
}

void ctxi_pending_release(struct ctxi_slot *done)
{
    while (done) {
        struct ctxi_slot *next = done->older;
        struct ctxi_cell *replaced = done->old;

        ctxi_slot_give(done);
        ctxi_cell_unref(replaced);
        done = next;
    }
}

/* Makes *root, a reference of the caller's to the map behind pending resets, hold their outcome. */
static int apply_to_copy(const ctx_context *context, struct ctxi_node **root)
{
    for (const struct ctxi_slot *slot = context->pending; slot; slot = slot->older) {
        struct ctxi_node *leaf;
        int status = ctxi_map_own(root, id_of(slot), &leaf);

        if (status != CTX_OK)
            return status;
        if (slot->old)
            ctxi_cell_ref(slot->old);
        ctxi_cell_unref(ctxi_leaf_swap(leaf, id_of(slot), slot->old));
    }
    return CTX_OK;
}

int ctxi_pending_share(const ctx_context *context, struct ctxi_node **out_root)
{
    int status;

    *out_root = ctxi_map_ref(context->pending_root);
    status = apply_to_copy(context, out_root);
    if (status != CTX_OK) {
        ctxi_map_unref(*out_root);
        *out_root = NULL;
    }
    return status;
}
