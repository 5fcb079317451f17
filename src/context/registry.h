/*
 * registry.h: who has which id, and how long dynamic variables live. Included by whatever keeps or
 * looks up variables.
 */
#ifndef CTXI_CONTEXT_REGISTRY_H
#define CTXI_CONTEXT_REGISTRY_H

#include "context/store.h"

#define CTXI_VARS_MAX ((uint32_t)1 << 20)

/* The bits of ctx_var.state. */
enum ctxi_var_state {
    CTXI_VAR_PARTITIONS = 1, /* some cache varies on it; never taken back */
    CTXI_VAR_DYNAMIC = 2     /* from ctx_var_new(): counted, and freed with the last reference */
};

/* Relaxed: the flags are set before the variable, or the cache, reaches the thread that asks. */
static inline uint32_t ctxi_var_state(const ctx_var *var)
{
    return __atomic_load_n(&var->state, __ATOMIC_RELAXED);
}

/* Relaxed: an id is a number, nothing is reached through it. */
static inline uint32_t ctxi_var_id_now(const ctx_var *var)
{
    return __atomic_load_n(&var->id, __ATOMIC_RELAXED);
}

/*
 * Gives `var` an id if it has none. CTX_ERR_LIMIT, CTX_ERR_NOMEM; CTX_ERR_INVALID for a copy of a
 * variable that has one: it would pass for the original, and change it behind the back of the caches.
 */
int ctxi_registry_assign(ctx_var *var);

/* Relaxed: whoever misses what was written a moment ago goes and looks under the lock. */
static inline int ctxi_var_identify(ctx_var *var)
{
    return ctxi_var_id_now(var) && __atomic_load_n(&var->self, __ATOMIC_RELAXED) == (uintptr_t)var
               ? CTX_OK
               : ctxi_registry_assign(var);
}

/* Takes the id back from a variable that nobody holds any more, for another to get. */
void ctxi_registry_forget(ctx_var *var);

/* The largest id given so far. */
uint32_t ctxi_registry_highest(void);

/* What the registry keeps for ever. */
size_t ctxi_registry_bytes(void);

/* For fork(). */
void ctxi_registry_lock(void);
void ctxi_registry_unlock(void);

void ctxi_var_ref_dynamic(ctx_var *var);
void ctxi_var_unref_dynamic(ctx_var *var);

/* A static variable is not counted, so that setting it writes no memory that threads share. */
static inline void ctxi_var_ref(ctx_var *var)
{
    if (ctxi_var_state(var) & CTXI_VAR_DYNAMIC)
        ctxi_var_ref_dynamic(var);
}

static inline void ctxi_var_unref(ctx_var *var)
{
    if (ctxi_var_state(var) & CTXI_VAR_DYNAMIC)
        ctxi_var_unref_dynamic(var);
}

#endif
