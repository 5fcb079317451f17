/*
 * bound.h: what a bound function is, and contexts for its runs. Included by what runs them.
 */
#ifndef CTXI_CONTEXT_BOUND_H
#define CTXI_CONTEXT_BOUND_H

#include "context/refs.h"
#include "ctxcache/bind.h"

/*
 * What runs in it takes the spare and brings it back, with the content of the snapshot. Who has the
 * spare shares the maker's reference: whichever of the two comes second, freeing or bringing it back,
 * drops it. So a run that overlaps no other counts nothing.
 */
struct ctx_bound {
    ctxi_refs refs; /* the maker's, and one for each run that found the spare taken */
    void (*fn)(void *arg);
    void *arg;
    ctx_context *snapshot; /* never entered, never changed */
    /* What it holds, so that a run that changes nothing need not fetch it. */
    const struct ctxi_node *root;
    const struct ctxi_reads *reads;
    /* A context to run in; NULL: none was made; TAKEN, or CLOSED: the maker has freed it. */
    _Atomic(ctx_context *) spare;
    _Atomic uint64_t failures;
};

/*
 * ctx_bound_enter() that enters nothing yet: an idle context with the content of the snapshot, which has
 * one reference, for the thread to take over. ctx_bound_exit() ends it. CTX_ERR_NOMEM, and there is
 * nothing to end.
 */
int ctxi_bound_take(ctx_bound *bound, ctx_bound_entry *entry);

#endif
