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

/* Leaves everything: the thread ends. Nobody is notified. */
void ctxi_leave_all(void);

/* Ends a chain that no thread is in: its contexts become idle and lose the chain's references. */
void ctxi_chain_release(ctx_context *top);

/* Whether some thread other than this one has it in its chain. */
bool ctxi_entered_elsewhere(const ctx_context *context);

/* The current context, made if there is none; NULL: no memory. */
static inline ctx_context *ctxi_current_needed(void)
{
    ctx_context *context = ctxi_thread.current;

    if (__builtin_expect(!context, 0) && ctxi_current_make(&context) != CTX_OK)
        return NULL;
    return context;
}

#endif
