/*
 * handle.h: what a context is. Included by the files of the store that work on contexts.
 */
#ifndef CTXI_CONTEXT_HANDLE_H
#define CTXI_CONTEXT_HANDLE_H

#include "context/map.h"
#include "context/store.h"
#include "context/thread.h"
#include "context/token.h"

enum ctxi_entry {
    CTXI_IDLE = 0,      /* nobody's: may be entered, copied and inspected */
    CTXI_ENTERED = 1,   /* in the chain of one thread, on top or below */
    CTXI_SUSPENDED = 2, /* was the top of a chain that was swapped out; the chain hangs below it */
    CTXI_ENTRY_MASK = 3
};

/*
 * Above the state, while it is not entered: how many threads look into it, and in which process (a
 * count of forks), for the readers that the parent had do not exist in the child.
 */
#define CTXI_ENTRY_READER  (1u << 2)
#define CTXI_ENTRY_PROCESS (1u << 20)

struct ctx_context {
    struct ctxi_front front;

    /* Any thread. */
    ctxi_refs refs;
    _Atomic uint32_t entry; /* enum ctxi_entry, and its readers */

    /* Of the thread in whose chain it is; when idle constant, and read by any thread. */
    struct ctxi_node *root; /* NULL also while resets are pending */
    size_t count;           /* variables that are set: cells that count (cell.h) */
    ctx_context *previous;  /* what it was entered on top of; the chain owns a reference to it */
    struct ctxi_reads *reads_below; /* its own record, while another is inherited */
    uint32_t scopes_failed;         /* those of its chain, while it is suspended */
    bool inherits;                  /* the record in front is that of the context below */
    bool keeps;   /* it is of another load, and goes to the one below in the end */
    bool loading; /* a load runs in it, and the record in front is its */
    struct ctxi_tokens tokens;

    /* Resets that found no memory (pending.h): both are NULL but for then. */
    struct ctxi_slot *pending;
    struct ctxi_node *pending_root;
};

/* An idle, empty context with one reference; NULL: no memory. */
ctx_context *ctxi_context_make(void);

/* A copy of `source` (NULL: of an empty one), which the caller may read. CTX_ERR_NOMEM. */
int ctxi_context_clone(ctx_context *source, ctx_context **out_context);

/* Gives an idle context that nobody else has a reference to the content of `source`, and makes it
 * forget all that it was. CTX_ERR_NOMEM, and then it is empty. */
int ctxi_context_refill(ctx_context *context, ctx_context *source);

#endif
