/*
 * scope.h: a value that ends with its block.
 *
 *     {
 *         CTX_SCOPED(tenant, "acme");
 *         serve();
 *     }                              // whatever tenant was before is back, "unset" included
 *
 * It is a declaration: after if, else or for it needs braces, or it does not compile. A NULL string sets
 * CTX_NULL, which is a value and not "unset": whoever may have none must not come here with it.
 *
 * It holds at early return, break and goto, and (in code compiled with -fexceptions) when a C++
 * exception, pthread_exit() or cancellation unwinds the block. longjmp() skips it.
 *
 * A scope that cannot set its value fails closed: until the block ends, this thread reads no
 * variable (CTX_ERR_NOMEM) and no cached call answers, so a forgotten check can never serve the
 * tenant of the block around. ctx_scope_status() tells. A coroutine that is swapped out inside such a
 * block takes that along (ctx_swap()), to whichever thread goes on with it, and the thread reads again.
 * A scope whose block ends in another context than it began in, by a ctx_swap() without its
 * counterpart, cannot be taken back: from then on this thread reads nothing, for good (or until its
 * task ends: task.h).
 */
#ifndef CTXCACHE_SCOPE_H
#define CTXCACHE_SCOPE_H

#include "context.h"

CTX_BEGIN_DECLS

typedef struct ctx_scope {
    ctx_var *var;
    ctx_token token;
    int status;
} ctx_scope;

/* Sets; never fails as a call, see above. Must be ended by ctx_scope_end() on the same thread. */
CTX_API ctx_scope ctx_scope_begin(ctx_var *var, ctx_value value);

/* Resets. A second end of the same scope does nothing. */
CTX_API void ctx_scope_end(ctx_scope *scope);

/* CTX_OK, or why the scope could not set its value (an error of ctx_set_v()). */
static inline int ctx_scope_status(const ctx_scope *scope)
{
    return scope->status;
}

#ifndef __cplusplus
#define CTXI_JOIN_(a, b) a##b
#define CTXI_JOIN(a, b)  CTXI_JOIN_(a, b)

/* One a line; the scope itself is anonymous. */
#define CTX_SCOPED(var, value) CTX_SCOPED_AS(CTXI_JOIN(ctxi_scope_, __LINE__), var, value)

/* The same with a name, for ctx_scope_status(&name). */
#define CTX_SCOPED_AS(name, var, value)                                                            \
    ctx_scope name __attribute__((cleanup(ctx_scope_end), unused)) =                               \
        ctx_scope_begin(var, CTX_BOX(value))
#endif

CTX_END_DECLS

#endif
