/*
 * Looking into any context. All of it counts as reading the current one.
 */
#include "context/enter.h"
#include "context/pending.h"
#include "context/registry.h"

/* Inside a load it is a read of that load; and of the one that the context was copied in. */
static void note(const ctx_context *context, ctx_var *var)
{
    ctxi_reads_note(ctxi_reads_current(), var);
    ctxi_reads_note(context->front.reads, var);
}

static void note_all(const ctx_context *context)
{
    ctxi_reads_note_all(ctxi_reads_current());
    ctxi_reads_note_all(context->front.reads);
}

int ctx_context_get(ctx_context *context, ctx_var *var, ctx_value *out_value)
{
    struct ctxi_reading reading;
    const struct ctxi_cell *cell;
    int status;

    if (!var || !out_value)
        return CTX_ERR_INVALID;
    *out_value = ctx_null();
    status = ctxi_reading_begin(&reading, context);
    if (status != CTX_OK)
        return status;
    note(context, var);
    cell = ctxi_context_find(context, ctxi_var_id_now(var));
    if (ctxi_cell_counts(cell))
        *out_value = cell->value;
    else
        status = CTX_ERR_UNSET;
    ctxi_reading_end(&reading);
    return status;
}

int ctx_context_contains(ctx_context *context, ctx_var *var, bool *out)
{
    ctx_value value;
    int status;

    if (!var || !out)
        return CTX_ERR_INVALID;
    status = ctx_context_get(context, var, &value);
    *out = status == CTX_OK;
    return status == CTX_ERR_UNSET ? CTX_OK : status;
}

int ctx_context_count(ctx_context *context, size_t *out_count)
{
    struct ctxi_reading reading;
    int status = out_count ? ctxi_reading_begin(&reading, context) : CTX_ERR_INVALID;

    if (status != CTX_OK)
        return status;
    note_all(context);
    *out_count = context->count;
    ctxi_reading_end(&reading);
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

/* A reference to the map of what the context holds at this moment. */
static int take_map(ctx_context *context, struct ctxi_node **out_root)
{
    struct ctxi_reading reading;
    int status = ctxi_reading_begin(&reading, context);

    if (status != CTX_OK)
        return status;
    note_all(context);
    status = ctxi_context_share(context, out_root);
    ctxi_reading_end(&reading);
    return status;
}

int ctx_context_each(ctx_context *context, int (*visit)(void *user, ctx_var *var, ctx_value value),
                     void *user)
{
    __attribute__((cleanup(end_walk))) struct ctxi_node *root = NULL;
    struct walk walk = {visit, user};
    int status = visit ? take_map(context, &root) : CTX_ERR_INVALID;

    return status == CTX_OK ? ctxi_map_each(root, visit_cell, &walk) : status;
}
