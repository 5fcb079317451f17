/*
 * Looking into any context. All of it counts as reading the current one.
 */
#include "context/handle.h"
#include "context/pending.h"
#include "context/registry.h"

/* The cell of `var` if it counts as set, else NULL. */
static int find_set(ctx_context *context, ctx_var *var, struct ctxi_cell **out_cell)
{
    int status = ctxi_context_readable(context);

    *out_cell = NULL;
    if (status != CTX_OK)
        return status;
    ctxi_reads_note(ctxi_reads_current(), var);
    *out_cell = ctxi_context_find(context, ctxi_var_id_now(var));
    if (!ctxi_cell_counts(*out_cell))
        *out_cell = NULL;
    return CTX_OK;
}

int ctx_context_get(ctx_context *context, ctx_var *var, ctx_value *out_value)
{
    struct ctxi_cell *cell;
    int status;

    if (!var || !out_value)
        return CTX_ERR_INVALID;
    status = find_set(context, var, &cell);
    *out_value = cell ? cell->value : ctx_null();
    return status == CTX_OK && !cell ? CTX_ERR_UNSET : status;
}

int ctx_context_contains(ctx_context *context, ctx_var *var, bool *out)
{
    struct ctxi_cell *cell;
    int status;

    if (!var || !out)
        return CTX_ERR_INVALID;
    status = find_set(context, var, &cell);
    *out = cell != NULL;
    return status;
}

int ctx_context_count(ctx_context *context, size_t *out_count)
{
    int status = out_count ? ctxi_context_readable(context) : CTX_ERR_INVALID;

    if (status != CTX_OK)
        return status;
    ctxi_reads_note_all(ctxi_reads_current());
    *out_count = context->count;
    return CTX_OK;
}

struct walk {
    int (*visit)(void *user, ctx_var *var, ctx_value value);
    void *user;
};

static int visit_cell(void *user, struct ctxi_cell *cell)
{
    const struct walk *walk = user;

    return ctxi_cell_counts(cell) ? walk->visit(walk->user, cell->var, cell->value) : 0;
}

static void end_walk(struct ctxi_node **root)
{
    ctxi_map_unref(*root);
}

int ctx_context_each(ctx_context *context, int (*visit)(void *user, ctx_var *var, ctx_value value),
                     void *user)
{
    __attribute__((cleanup(end_walk))) struct ctxi_node *root = NULL;
    struct walk walk = {visit, user};
    int status = visit ? ctxi_context_readable(context) : CTX_ERR_INVALID;

    if (status == CTX_OK)
        status = ctxi_context_share(context, &root);
    if (status != CTX_OK)
        return status;
    ctxi_reads_note_all(ctxi_reads_current());
    return ctxi_map_each(root, visit_cell, &walk);
}
