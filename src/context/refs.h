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

#endif
