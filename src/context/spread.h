/*
 * spread.h: a reference count that threads do not contend for as long as its maker holds it.
 * Included by what is made once and counted from everywhere.
 *
 * While the maker's own reference exists nobody needs to know the sum, so each thread counts in one
 * of several parts, and a part may well be negative. When the maker lets go, the parts are closed one
 * by one and added to the total; whoever finds its part closed counts in the total from then on. The
 * weight of the maker's reference keeps the total above zero until all parts are in it.
 */
#ifndef CTXI_CONTEXT_SPREAD_H
#define CTXI_CONTEXT_SPREAD_H

#include <stdatomic.h>

#include "context/thread.h"

#define CTXI_SPREAD_MAKER  ((int64_t)1 << 40)
#define CTXI_SPREAD_ONE    2 /* a part counts in twos */
#define CTXI_SPREAD_CLOSED 1 /* and is odd when it is closed */

struct ctxi_spread {
    _Atomic int64_t total;
    struct {
        char apart[64 - sizeof(int64_t)]; /* no two share a cache line */
        _Atomic int64_t count;
    } parts[CTXI_SPREAD_PARTS];
};

/* With the maker's reference. */
static inline void ctxi_spread_init(struct ctxi_spread *spread)
{
    atomic_init(&spread->total, CTXI_SPREAD_MAKER);
    for (size_t i = 0; i < CTXI_SPREAD_PARTS; i++)
        atomic_init(&spread->parts[i].count, 0);
}

/*
 * Adds `change` (1 or -1) references; true if none is left.
 * SPREAD-1 acq_rel; partner: itself, here and in ctxi_spread_close(). Who ends the thing sees what
 * all others did with it before they let go.
 */
static inline bool ctxi_spread_change(struct ctxi_spread *spread, int64_t change)
{
    _Atomic int64_t *part = &spread->parts[ctxi_thread.part].count;

    return atomic_fetch_add_explicit(part, change * CTXI_SPREAD_ONE, memory_order_acq_rel) &
               CTXI_SPREAD_CLOSED &&
           atomic_fetch_add_explicit(&spread->total, change, memory_order_acq_rel) + change == 0;
}

/* The maker lets go of its reference; true if none is left. */
static inline bool ctxi_spread_close(struct ctxi_spread *spread)
{
    int64_t sum = -CTXI_SPREAD_MAKER;

    for (size_t i = 0; i < CTXI_SPREAD_PARTS; i++)
        sum += atomic_fetch_or_explicit(&spread->parts[i].count, CTXI_SPREAD_CLOSED,
                                        memory_order_acq_rel) /
               CTXI_SPREAD_ONE;
    return atomic_fetch_add_explicit(&spread->total, sum, memory_order_acq_rel) + sum == 0;
}

#endif
