/*
 * The table of all variables that have an id. Ids are dense, 1 upwards; one that was given back is
 * the next to be given out. The lock is a leaf: nothing but the allocator is called under it.
 */
#include "context/registry.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/lock.h"

/* A variable, or in an id that is free the free id below it: 2 * id + 1, which no address is. */
union entry {
    ctx_var *var;
    uintptr_t next_free;
};

static struct ctxi_lock registry_lock = CTXI_LOCK_INIT;
/* Guarded by the lock; entries[id - 1]. */
static union entry *entries;
static uint32_t capacity;
static uint32_t free_id; /* top of the stack of free ids; 0: none */
/* Written under the lock. Relaxed elsewhere: a guess at how many ids there are. */
static _Atomic uint32_t highest;

void ctxi_registry_lock(void)
{
    ctxi_lock_acquire(&registry_lock);
}

void ctxi_registry_unlock(void)
{
    ctxi_lock_release(&registry_lock);
}

uint32_t ctxi_registry_highest(void)
{
    return atomic_load_explicit(&highest, memory_order_relaxed);
}

size_t ctxi_registry_bytes(void)
{
    size_t bytes;

    ctxi_registry_lock();
    bytes = capacity * sizeof *entries;
    ctxi_registry_unlock();
    return bytes;
}

static int grow(void)
{
    const ctx_allocator *allocator = ctxi_process_allocator();
    uint32_t larger = capacity ? 2 * capacity : 32;
    union entry *moved;

    CTXI_ASSERT_HELD(&registry_lock);
    if (capacity >= CTXI_VARS_MAX)
        return CTX_ERR_LIMIT;
    moved = ctxi_zalloc(allocator, larger * sizeof *moved);
    if (!moved)
        return CTX_ERR_NOMEM;
    if (capacity)
        memcpy(moved, entries, capacity * sizeof *moved);
    ctxi_free(allocator, entries, capacity * sizeof *entries);
    entries = moved;
    capacity = larger;
    return CTX_OK;
}

static int take_id(uint32_t *out_id)
{
    uint32_t id = free_id;
    int status = CTX_OK;

    CTXI_ASSERT_HELD(&registry_lock);
    if (id) {
        free_id = (uint32_t)(entries[id - 1].next_free >> 1);
    } else {
        id = ctxi_registry_highest() + 1;
        if (id > capacity)
            status = grow();
        if (status == CTX_OK)
            atomic_store_explicit(&highest, id, memory_order_relaxed);
    }
    *out_id = id;
    return status;
}

int ctxi_registry_assign(ctx_var *var)
{
    uint32_t id;
    int status = CTX_OK;

    ctxi_registry_lock();
    if (ctxi_var_id_now(var)) { /* another thread was faster; or it is a copy */
        status = var->self == (uintptr_t)var ? CTX_OK : CTX_ERR_INVALID;
    } else {
        status = take_id(&id);
        if (status == CTX_OK) {
            entries[id - 1].var = var;
            __atomic_store_n(&var->self, (uintptr_t)var, __ATOMIC_RELAXED);
            __atomic_store_n(&var->id, id, __ATOMIC_RELEASE);
        }
    }
    ctxi_registry_unlock();
    return status;
}

void ctxi_registry_forget(ctx_var *var)
{
    uint32_t id = ctxi_var_id_now(var);

    if (!id)
        return;
    ctxi_registry_lock();
    entries[id - 1].next_free = (uintptr_t)free_id << 1 | 1;
    free_id = id;
    ctxi_registry_unlock();
}

static void copy_name(const char *name, char out_name[CTX_NAME_MAX + 1])
{
    size_t size = strnlen(name, CTX_NAME_MAX);

    memcpy(out_name, name, size);
    out_name[size] = '\0';
}

void ctxi_var_name_of(uint32_t id, char out_name[CTX_NAME_MAX + 1])
{
    const char *name = "?";

    ctxi_registry_lock();
    if (id && id <= ctxi_registry_highest() && !(entries[id - 1].next_free & 1))
        name = entries[id - 1].var->name;
    copy_name(name, out_name);
    ctxi_registry_unlock();
}

uint32_t ctxi_var_id(const ctx_var *var)
{
    return ctxi_var_id_now(var);
}

int ctxi_var_hold(ctx_var *var, bool partitions)
{
    int status = ctxi_var_identify(var);

    if (status != CTX_OK)
        return status;
    if (partitions)
        __atomic_fetch_or(&var->state, CTXI_VAR_PARTITIONS, __ATOMIC_RELAXED);
    ctxi_var_ref(var);
    return CTX_OK;
}

void ctxi_var_unhold(ctx_var *var)
{
    ctxi_var_unref(var);
}
