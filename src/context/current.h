/*
 * current.h: what a hit of the cache asks of the current context, inlined. Included by store.h,
 * which is what the cache includes; by files of the store through that or handle.h.
 *
 * To the cache the functions are the interface; the structs are here for them alone.
 */
#ifndef CTXI_CONTEXT_CURRENT_H
#define CTXI_CONTEXT_CURRENT_H

#include "context/thread.h"

struct ctxi_reads;

/*
 * Plain data that a cache derived from the values of partitioning variables: it may go stale on the
 * cache's side, never on the context's, for the store forgets all of it whenever such a variable is
 * set or reset. Used only by the thread that entered the context.
 */
struct ctxi_memo {
    uint64_t owner; /* which cache; never 0, never reused */
    uint64_t partition;
    uint64_t seed;
};

#define CTXI_MEMO_SLOTS 8

/*
 * Direct-mapped by owner. A memo holds in the moment in which it was kept, so that a change forgets all
 * of them by drawing another.
 */
struct ctxi_memos {
    struct {
        struct ctxi_memo memo; /* owner 0: nothing */
        uint64_t moment;
    } slots[CTXI_MEMO_SLOTS];
};

/* How every context begins. Of the thread in whose chain it is; when idle constant. */
struct ctxi_front {
    struct ctxi_reads *reads; /* NULL: nobody audits */
    struct ctxi_memos *memos; /* NULL: nothing remembered yet */
    uint64_t moment;          /* of this context and the values of partitioning variables in it */
};

static inline const struct ctxi_front *ctxi_front_of(const ctx_context *context)
{
    return (const struct ctxi_front *)(const void *)context;
}

/* This thread's current context, borrowed; NULL if it has none. */
static inline ctx_context *ctxi_current(void)
{
    return ctxi_thread.current;
}

/* A number that is the same as long as this thread's current context is. */
static inline uint64_t ctxi_context_switches(void)
{
    return ctxi_thread.switches;
}

/* True while a CTX_SCOPED of this thread could not set its value: nothing may be read. */
static inline bool ctxi_scope_failed(void)
{
    return __builtin_expect(ctxi_thread.scopes_failed > 0, 0);
}

/* The record attached to this thread's current context, borrowed; NULL: nobody audits. */
static inline struct ctxi_reads *ctxi_reads_current(void)
{
    const ctx_context *context = ctxi_thread.current;

    return context ? ctxi_front_of(context)->reads : NULL;
}

/*
 * The number of this state of this context: drawn when it is made, and anew with every set or reset of a
 * partitioning variable in it. Never the number of another context, nor of another state of this one:
 * whoever finds a number that it knows, finds the values that it knew with it. Never 0.
 */
static inline uint64_t ctxi_context_moment(const ctx_context *context)
{
    return ctxi_front_of(context)->moment;
}

/* NULL if nothing is remembered for `owner`. Valid until the next store call on this context. */
static inline const struct ctxi_memo *ctxi_memo_find(const ctx_context *context, uint64_t owner)
{
    const struct ctxi_front *front = ctxi_front_of(context);
    size_t i = owner % CTXI_MEMO_SLOTS;

    return front->memos && front->memos->slots[i].memo.owner == owner &&
                   front->memos->slots[i].moment == front->moment
               ? &front->memos->slots[i].memo
               : NULL;
}

#endif
