/*
 * refs.h: reference counts. Included by whatever in the store is shared.
 */
#ifndef CTXI_CONTEXT_REFS_H
#define CTXI_CONTEXT_REFS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef _Atomic uint32_t ctxi_refs;

/* Relaxed: whoever adds one holds one already, so there is nothing to be ordered against. */
static inline void ctxi_refs_up(ctxi_refs *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* Acquire: a sole owner may change the thing, and must see what former owners did with it. */
static inline bool ctxi_refs_sole(const ctxi_refs *refs)
{
    return atomic_load_explicit(refs, memory_order_acquire) == 1;
}

/* True if that was the last one. A sole owner has nobody to race with and writes nothing. */
static inline bool ctxi_refs_down(ctxi_refs *refs)
{
    return ctxi_refs_sole(refs) || atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

/* ctxi_refs_up() by who owns a reference himself: if it is the only one, nobody else is counting. */
static inline void ctxi_refs_up_own(ctxi_refs *refs)
{
    if (ctxi_refs_sole(refs))
        atomic_store_explicit(refs, 2, memory_order_relaxed);
    else
        ctxi_refs_up(refs);
}

/* Drops one of two that this thread has, if there are no others; false: there are. */
static inline bool ctxi_refs_down_own(ctxi_refs *refs)
{
    if (atomic_load_explicit(refs, memory_order_acquire) != 2)
        return false;
    atomic_store_explicit(refs, 1, memory_order_relaxed);
    return true;
}

#endif
