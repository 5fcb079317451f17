/*
 * bind.h: carrying the current context to work that runs later or elsewhere.
 */
#ifndef CTXCACHE_BIND_H
#define CTXCACHE_BIND_H

#include <pthread.h>

#include "context.h"

CTX_BEGIN_DECLS

/*
 * A function, its argument, and the context that was current when they were bound; or that context
 * alone. Immutable.
 */
typedef struct ctx_bound ctx_bound;

/*
 * Captures a copy of the current context, O(1). The caller owes ctx_bound_free().
 * CTX_ERR_INVALID (fn or out_bound is NULL), CTX_ERR_NOMEM; then *out_bound is NULL.
 */
CTX_API int ctx_bind(void (*fn)(void *arg), void *arg, ctx_bound **out_bound);

/*
 * Runs fn(arg) in an O(1) copy of the captured context, so that what one run sets no other run
 * sees. Any number of times, on any number of threads at once. Runs that do not overlap need no
 * memory. CTX_OK after fn ran; CTX_ERR_NOMEM, then fn did not run; CTX_ERR_INVALID for NULL, or a
 * context alone.
 */
CTX_API int ctx_bound_run(ctx_bound *bound);

/*
 * ctx_bound_run() in the shape of a callback that takes a pointer. Where the run fails, fn is not
 * called (fail closed) and ctx_bound_failures() counts it.
 */
CTX_API void ctx_bound_call(void *bound);
CTX_API uint64_t ctx_bound_failures(const ctx_bound *bound);

/* ---- callbacks of any shape --------------------------------------------------------------- */

/*
 * Captures a copy of the current context alone, for a callback that takes other arguments than one
 * pointer. The caller owes ctx_bound_free(). CTX_ERR_INVALID (out_bound is NULL), CTX_ERR_NOMEM; then
 * *out_bound is NULL.
 */
CTX_API int ctx_capture(ctx_bound **out_bound);

/* One run, from its beginning to its end. The fields are the library's. */
typedef struct ctx_bound_entry {
    ctx_bound *bound;
    ctx_context *context;
    bool spare;
} ctx_bound_entry;

/*
 * What ctx_bound_run() does before and after it calls fn: enters a copy of the captured context on
 * this thread; leaves it, and whatever was entered on top of it and not left. The bound may be freed
 * in between. On any error there is nothing to end. CTX_ERR_NOMEM, CTX_ERR_INVALID for NULL.
 */
CTX_API int ctx_bound_enter(ctx_bound *bound, ctx_bound_entry *out_entry);
CTX_API void ctx_bound_exit(ctx_bound_entry *entry);

/* ---- the end ------------------------------------------------------------------------------ */

/* Frees it. NULL is allowed. Runs that are under way finish first in their own time. */
CTX_API void ctx_bound_free(ctx_bound *bound);

/* ---- threads ------------------------------------------------------------------------------ */

/*
 * pthread_create() for a thread that starts in a copy of the current context. The thread's result,
 * joining and detaching are pthread's.
 *
 * CTX_ERR_INVALID  thread or start is NULL
 * CTX_ERR_NOMEM
 * CTX_ERR_SYSTEM   pthread_create() refused; errno holds what it returned
 */
CTX_API int ctx_thread_create(pthread_t *thread, const pthread_attr_t *attributes,
                              void *(*start)(void *arg), void *arg);

CTX_END_DECLS

#endif
