/*
 * Reading the current context.
 */
#include "base/user_status.h"
#include "context/enter.h"
#include "context/pending.h"
#include "context/registry.h"
#include "context/value.h"

/* Puts a cell of a default where nothing is, and says what is there then. */
static int keep(ctx_var *var, struct ctxi_cell *cell, struct ctxi_cell **out_kept)
{
    ctx_context *context = ctxi_current_needed();
    uint32_t id = ctxi_var_id_now(var);
    struct ctxi_slot *done;
    struct ctxi_node *leaf;
    int status;

    if (!context)
        return CTX_ERR_NOMEM;
    *out_kept = ctxi_context_find(context, id);
    if (*out_kept) /* the factory has set it */
        return CTX_OK;
    status = ctxi_context_own(context, id, &leaf, &done);
    if (status == CTX_OK) {
        ctxi_cell_ref(cell);
        ctxi_leaf_swap(leaf, id, cell);
        *out_kept = cell;
    }
    ctxi_pending_release(done);
    return status;
}

/* Keeps what a factory made, and reads what is kept. CTX_ERR_NOMEM, whatever the want of. */
static int keep_made(ctx_var *var, const ctx_value *made, ctx_value *out_value)
{
    struct ctxi_cell *cell = NULL, *kept;
    int status;

    if (ctxi_var_identify(var) == CTX_OK)
        cell = ctxi_cell_new(var, made, true);
    if (!cell)
        return CTX_ERR_NOMEM;
    status = keep(var, cell, &kept);
    if (status == CTX_OK)
        *out_value = kept->value;
    ctxi_cell_unref(cell);
    return status;
}

/* The value of the variable's factory; an object's own reference from there ends here. */
static int get_made(ctx_var *var, ctx_value *out_value)
{
    ctx_value made = ctx_null();
    int status = ctxi_user_status(var->factory(var->factory_user, &made));

    if (status != CTX_OK)
        return status;
    if (!ctxi_value_valid(&made))
        return CTX_ERR_INVALID;
    status = keep_made(var, &made, out_value);
    ctxi_value_release(&made);
    return status;
}

static int get_default(ctx_var *var, ctx_value *out_value)
{
    if (var->has_default) {
        *out_value = var->fallback;
        return CTX_OK;
    }
    return var->factory ? get_made(var, out_value) : CTX_ERR_UNSET;
}

/* What the current context holds; the read is noted. */
static struct ctxi_cell *find_noted(ctx_var *var)
{
    const ctx_context *context = ctxi_thread.current;

    if (!context)
        return NULL;
    ctxi_reads_note(context->front.reads, var);
    return ctxi_context_find(context, ctxi_var_id_now(var));
}

/* All but the plain cases: a record of reads, a failed scope, a factory, nothing at all. */
static __attribute__((noinline)) int look_up_slow(ctx_var *var, ctx_value *out_value)
{
    struct ctxi_cell *cell;

    *out_value = ctx_null();
    if (ctxi_scope_failed())
        return CTX_ERR_NOMEM;
    cell = find_noted(var);
    if (!cell)
        return get_default(var, out_value);
    *out_value = cell->value;
    return CTX_OK;
}

/* ctx_get() for arguments that are not NULL. */
static inline int look_up(ctx_var *var, ctx_value *out_value)
{
    const ctx_context *context = ctxi_thread.current;

    if (__builtin_expect(context && !context->front.reads && !ctxi_thread.scopes_failed, 1)) {
        const struct ctxi_cell *cell = ctxi_map_get(context->root, ctxi_var_id_now(var));

        if (__builtin_expect(cell != NULL, 1)) {
            *out_value = cell->value;
            return CTX_OK;
        }
        if (var->has_default && !context->pending) {
            *out_value = var->fallback;
            return CTX_OK;
        }
    }
    return look_up_slow(var, out_value);
}

int ctx_get(ctx_var *var, ctx_value *out_value)
{
    return var && out_value ? look_up(var, out_value) : CTX_ERR_INVALID;
}

int ctx_get_or(ctx_var *var, ctx_value fallback, ctx_value *out_value)
{
    const struct ctxi_cell *cell;

    if (!var || !out_value)
        return CTX_ERR_INVALID;
    *out_value = ctx_null();
    if (ctxi_scope_failed())
        return CTX_ERR_NOMEM;
    cell = find_noted(var);
    *out_value = ctxi_cell_counts(cell) ? cell->value : fallback;
    return CTX_OK;
}

/* look_up() of a value of one type; `out` is where the caller wants it, and not NULL then. */
static inline int look_up_typed(ctx_var *var, const void *out, uint32_t type, ctx_value *value)
{
    int status = var && out ? look_up(var, value) : CTX_ERR_INVALID;

    return status == CTX_OK && value->type != type ? CTX_ERR_TYPE : status;
}

int ctx_get_bool(ctx_var *var, bool *out)
{
    ctx_value value;
    int status = look_up_typed(var, out, CTX_BOOL, &value);

    if (status == CTX_OK)
        *out = value.as.boolean;
    return status;
}

int ctx_get_i64(ctx_var *var, int64_t *out)
{
    ctx_value value;
    int status = look_up_typed(var, out, CTX_I64, &value);

    if (status == CTX_OK)
        *out = value.as.i64;
    return status;
}

int ctx_get_u64(ctx_var *var, uint64_t *out)
{
    ctx_value value;
    int status = look_up_typed(var, out, CTX_U64, &value);

    if (status == CTX_OK)
        *out = value.as.u64;
    return status;
}

int ctx_get_f64(ctx_var *var, double *out)
{
    ctx_value value;
    int status = look_up_typed(var, out, CTX_F64, &value);

    if (status == CTX_OK)
        *out = value.as.f64;
    return status;
}

int ctx_get_string(ctx_var *var, const char **out)
{
    ctx_value value;
    int status = look_up_typed(var, out, CTX_STRING, &value);

    if (status == CTX_ERR_TYPE && value.type == CTX_NULL) {
        *out = NULL;
        status = CTX_OK;
    } else if (status == CTX_OK) {
        *out = value.as.string.data;
    }
    return status;
}

int ctx_get_object(ctx_var *var, const ctx_object_class *kind, void **out)
{
    ctx_value value;
    int status = kind ? look_up_typed(var, out, CTX_OBJECT, &value) : CTX_ERR_INVALID;

    if (status == CTX_OK && value.as.object.kind != kind)
        status = CTX_ERR_TYPE;
    if (status == CTX_OK)
        *out = value.as.object.pointer;
    return status;
}

int ctxi_lookup(ctx_context *context, ctx_var *var, bool defaults, ctx_value *out_value)
{
    const struct ctxi_cell *cell = NULL;

    *out_value = ctx_null();
    if (ctxi_scope_failed())
        return CTX_ERR_NOMEM;
    if (context)
        cell = ctxi_context_find(context, ctxi_var_id_now(var));
    if (defaults ? cell != NULL : ctxi_cell_counts(cell)) {
        *out_value = cell->value;
        return CTX_OK;
    }
    return defaults ? get_default(var, out_value) : CTX_ERR_UNSET;
}
