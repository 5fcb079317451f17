#include "ctxcache/variable.h"

#include "base/versioned.h"
#include "context/block.h"
#include "context/cell.h"
#include "context/registry.h"
#include "context/spread.h"
#include "context/value.h"

/* A variable from ctx_var_new(). References: its maker's, one per cell, one per hold. */
struct dynamic {
    ctx_var var;                /* var.owner points back here */
    struct ctxi_cell *fallback; /* keeps what var.fallback borrows; NULL: no default */
    size_t name_size;           /* with the NUL */
    struct ctxi_spread refs;
    char name[];
};

/* The variable of a cell that keeps a default: no default may hold the variable that it is of. */
static ctx_var nobody[1];

static struct dynamic *dynamic_of(const ctx_var *var)
{
    return var->owner;
}

static void destroy(struct dynamic *dynamic)
{
    struct ctxi_cell *fallback = dynamic->fallback;

    ctxi_registry_forget(&dynamic->var);
    ctxi_block_free(dynamic, sizeof *dynamic + dynamic->name_size);
    ctxi_cell_unref(fallback);
}

void ctxi_var_ref_dynamic(ctx_var *var)
{
    (void)ctxi_spread_change(&dynamic_of(var)->refs, 1);
}

void ctxi_var_unref_dynamic(ctx_var *var)
{
    if (ctxi_spread_change(&dynamic_of(var)->refs, -1))
        destroy(dynamic_of(var));
}

/* Reads the caller's config in the form of this version. */
static int read_config(const ctx_var_config *theirs, ctx_var_config *ours)
{
    if (!theirs || !ctxi_versioned_read(ours, sizeof *ours, sizeof *ours, theirs, theirs->size))
        return CTX_ERR_INVALID;
    if (!ours->name || !*ours->name || (ours->fallback && ours->factory) || ours->reserved ||
        ours->flags & ~(uint32_t)CTX_VAR_STRICT_FLAG)
        return CTX_ERR_INVALID;
    if (strnlen(ours->name, CTX_NAME_MAX + 1) > CTX_NAME_MAX)
        return CTX_ERR_LIMIT;
    if (ours->fallback && !ctxi_value_valid(ours->fallback))
        return CTX_ERR_INVALID;
    return CTX_OK;
}

static struct dynamic *make(const ctx_var_config *config)
{
    size_t name_size = strlen(config->name) + 1;
    struct dynamic *dynamic = ctxi_block_alloc(sizeof *dynamic + name_size);

    if (!dynamic)
        return NULL;
    memset(dynamic, 0, sizeof *dynamic);
    memcpy(dynamic->name, config->name, name_size);
    dynamic->name_size = name_size;
    ctxi_spread_init(&dynamic->refs);
    dynamic->var.name = dynamic->name;
    dynamic->var.factory = config->factory;
    dynamic->var.factory_user = config->factory_user;
    dynamic->var.flags = config->flags;
    dynamic->var.state = CTXI_VAR_DYNAMIC;
    dynamic->var.owner = dynamic;
    return dynamic;
}

/* What can still fail, once the variable itself is there. */
static int complete(struct dynamic *dynamic, const ctx_value *fallback)
{
    int status = ctxi_registry_assign(&dynamic->var);

    if (status != CTX_OK || !fallback)
        return status;
    dynamic->fallback = ctxi_cell_new(nobody, fallback, false);
    if (!dynamic->fallback)
        return CTX_ERR_NOMEM;
    dynamic->var.fallback = dynamic->fallback->value;
    dynamic->var.has_default = 1;
    return CTX_OK;
}

int ctx_var_new(const ctx_var_config *config, ctx_var **out_var)
{
    ctx_var_config ours;
    struct dynamic *dynamic;
    int status;

    if (!out_var)
        return CTX_ERR_INVALID;
    *out_var = NULL;
    status = read_config(config, &ours);
    if (status != CTX_OK)
        return status;
    dynamic = make(&ours);
    if (!dynamic)
        return CTX_ERR_NOMEM;
    status = complete(dynamic, ours.fallback);
    if (status != CTX_OK) {
        destroy(dynamic);
        return status;
    }
    *out_var = &dynamic->var;
    return CTX_OK;
}

void ctx_var_free(ctx_var *var)
{
    if (var && ctxi_var_state(var) & CTXI_VAR_DYNAMIC && ctxi_spread_close(&dynamic_of(var)->refs))
        destroy(dynamic_of(var));
}
