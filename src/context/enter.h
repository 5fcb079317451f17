/*
 * enter.h: the chain of contexts that a thread has entered, each on top of the one before. Included
 * by whatever ends threads, runs or contexts.
 */
#ifndef CTXI_CONTEXT_ENTER_H
#define CTXI_CONTEXT_ENTER_H

#include "context/handle.h"

/* Puts an idle context that no other thread can reach on top, as ctx_enter() does; the thread takes
 * over the caller's reference. Also in a thread that is not armed. */
void ctxi_enter_own(ctx_context *context);

/* Leaves `context` and whatever was entered on top of it and not left; nothing if it is not in this
 * thread's chain (any more). */
void ctxi_leave_through(ctx_context *context);

/* The same, but the thread's reference goes to the caller; false: it is not in the chain (any more). */
bool ctxi_leave_keeping(ctx_context *context);

/* Leaves whatever is on top of `context`; everything, if it is not in this thread's chain. How many. */
size_t ctxi_leave_above(const ctx_context *context);

/*
 * Takes this thread out of all that it is in, in O(1), and gives back the top of it. The contexts stay
 * entered, so that nobody else can enter, change or read them, nor this thread leave them.
 */
ctx_context *ctxi_set_aside(void);

/* Drops whatever the thread is in by then, scopes that failed included, and goes back. */
void ctxi_take_back(ctx_context *const *aside);

/* ctxi_enter_own() as the first context after setting aside: reads count for the load around. */
void ctxi_enter_apart(ctx_context *context, const ctx_context *aside);

/* Leaves everything: the thread ends. Nobody is notified. */
void ctxi_leave_all(void);

/* Ends a chain that no thread is in: its contexts become idle and lose the chain's references. */
void ctxi_chain_release(ctx_context *top);

/* This process is the child of a fork(): nobody but this thread is looking into any context. */
void ctxi_enter_forked(void);

/* Whether this thread has entered it, on top or below. */
bool ctxi_in_chain(const ctx_context *context);

/* Whether something on top of `context` in this thread's chain keeps a record of its own. */
bool ctxi_is_kept_above(const ctx_context *context);

/* A look into some context, during which nobody can enter it. Nothing of the user may run meanwhile. */
struct ctxi_reading {
    ctx_context *counted; /* NULL: this thread's own, which needs no counting */
};

/* CTX_ERR_INVALID (NULL), CTX_ERR_NOMEM (in a scope that failed, here or where it was suspended),
 * CTX_ERR_ENTERED (by another thread); then there is nothing to end. */
int ctxi_reading_begin(struct ctxi_reading *reading, ctx_context *context);
void ctxi_reading_end(struct ctxi_reading *reading);

/* ctx_set_v() for a scope: its token is never dropped. */
int ctxi_scope_set(ctx_var *var, ctx_value value, ctx_token *out_token);

/*
 * Takes it back at the end of the scope, whatever order a strict variable asks for, and also if the
 * block left another context on top. False: the thread is not in the scope's context any more.
 */
bool ctxi_scope_reset(ctx_var *var, ctx_token token);

/* The current context, made if there is none; NULL: no memory. */
static inline ctx_context *ctxi_current_needed(void)
{
    ctx_context *context = ctxi_thread.current;

    if (__builtin_expect(!context, 0) && ctxi_current_make(&context) != CTX_OK)
        return NULL;
    return context;
}

#endif
