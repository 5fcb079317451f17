/*
 * context.h: contexts, the current one, get, set, tokens and reset.
 *
 * A context maps variables to values. Each thread has at most one current context; a new thread has
 * an empty one, so that work that nobody handed a context to sees no tenant at all (bind.h hands
 * contexts on). Copying costs O(1) whatever the number of variables: copies share their map until
 * one of them changes.
 *
 * Threads: a context is used by one thread at a time, the one that entered it; that is enforced by
 * ctx_enter(). A context that nobody has entered may be copied and inspected by any number of
 * threads at once. Everything that works on "the current context" needs no locking by the caller.
 */
#ifndef CTXCACHE_CONTEXT_H
#define CTXCACHE_CONTEXT_H

#include "variable.h"

CTX_BEGIN_DECLS

typedef struct ctx_context ctx_context;

/*
 * Proof of one ctx_set(), to be given to ctx_reset(). A plain value: copy it, store it, forget it.
 * A context remembers the newest CTX_TOKENS_MAX tokens that were not used; older ones, and those of
 * a context that is gone, answer CTX_ERR_TOKEN_USED.
 */
typedef struct ctx_token {
    void *slot;
    uint64_t stamp;
} ctx_token;

#define CTX_TOKENS_MAX 65536

#ifdef __cplusplus
#define CTX_TOKEN_NONE ctx_token()
#else
#define CTX_TOKEN_NONE ((ctx_token){0, 0})
#endif

/* ---- get ---------------------------------------------------------------------------------- */

/*
 * The value of `var` in the current context, else the variable's default. Strings, bytes and
 * objects are borrowed: they stay valid until this context sets or resets the variable, or ends.
 * Costs two loads and a compare when set; no lock, no allocation (but see ctx_default_factory).
 *
 * CTX_OK           *out_value holds it
 * CTX_ERR_UNSET    no value and no default; *out_value is CTX_NULL (a stored CTX_NULL is CTX_OK)
 * CTX_ERR_NOMEM    a CTX_SCOPED of this thread could not set its value: nothing can be read until
 *                  that block ends (scope.h); or the factory's value could not be kept
 * CTX_ERR_INVALID  var or out_value is NULL
 * any other code   the default factory's
 */
CTX_API int ctx_get(ctx_var *var, ctx_value *out_value);

/* The same with a call-site default, taken before the variable's own. Never CTX_ERR_UNSET. */
CTX_API int ctx_get_or(ctx_var *var, ctx_value fallback, ctx_value *out_value);

/*
 * ctx_get() for one type: CTX_ERR_TYPE if the value is of another, without any conversion. *out is
 * written on CTX_OK alone. A string is NUL-terminated and borrowed as above; CTX_NULL is a NULL
 * string.
 */
CTX_API int ctx_get_bool(ctx_var *var, bool *out);
CTX_API int ctx_get_i64(ctx_var *var, int64_t *out);
CTX_API int ctx_get_u64(ctx_var *var, uint64_t *out);
CTX_API int ctx_get_f64(ctx_var *var, double *out);
CTX_API int ctx_get_string(ctx_var *var, const char **out);
CTX_API int ctx_get_object(ctx_var *var, const ctx_object_class *kind, void **out);

/* ---- set and reset ------------------------------------------------------------------------ */

/*
 * Gives `var` a value in the current context alone. Strings and bytes are copied, objects retained.
 * With a token (NULL: none, which costs nothing) the change can be taken back. On any error the
 * context is as before and *out_token is CTX_TOKEN_NONE.
 *
 * CTX_ERR_INVALID  var is NULL, or the value has an unknown type or a NULL object class
 * CTX_ERR_LIMIT    2^20 variables exist
 * CTX_ERR_NOMEM
 *
 * In C call it as ctx_set(var, value) or ctx_set(var, value, &token): value is boxed by its type.
 */
CTX_API int ctx_set_v(ctx_var *var, ctx_value value, ctx_token *out_token);

#ifndef __cplusplus
#define ctx_set(var, ...)              CTXI_SET_PICK(__VA_ARGS__, CTXI_SET_2, CTXI_SET_1, 0)(var, __VA_ARGS__)
#define CTXI_SET_PICK(a, b, pick, ...) pick
#define CTXI_SET_1(var, value)         ctx_set_v(var, CTX_BOX(value), 0)
#define CTXI_SET_2(var, value, token)  ctx_set_v(var, CTX_BOX(value), token)
#endif

/*
 * Puts back what `var` held before the ctx_set() that made the token, "unset" included. The checks
 * come in CPython's order. A failed reset changes nothing, and the token stays good where it
 * belongs. Resets may come in any order, as in CPython, but for strict variables. Cannot run out of
 * memory.
 *
 * CTX_ERR_INVALID        var is NULL, or the token is CTX_TOKEN_NONE
 * CTX_ERR_TOKEN_USED     this token, or a copy, was used; or its context is gone
 * CTX_ERR_TOKEN_VAR      made by setting another variable
 * CTX_ERR_TOKEN_CONTEXT  made in another context than the current one
 * CTX_ERR_ORDER          the variable is strict, and a newer token of it is still unused here
 */
CTX_API int ctx_reset(ctx_var *var, ctx_token token);

/* ---- contexts ----------------------------------------------------------------------------- */

/* An empty context. The caller owes ctx_context_unref(). CTX_ERR_NOMEM. */
CTX_API int ctx_context_new(ctx_context **out_context);

/*
 * A copy of the current context, O(1). The caller owes ctx_context_unref(). Tokens stay behind.
 * CTX_ERR_NOMEM (also inside a CTX_SCOPED that failed); then *out_context is NULL.
 */
CTX_API int ctx_copy(ctx_context **out_context);

/* The same for any context. CTX_ERR_ENTERED if another thread has entered it. */
CTX_API int ctx_context_copy(ctx_context *context, ctx_context **out_context);

/*
 * One more owner, and one less. The last one frees it; a context that is entered stays alive until
 * it is left. NULL is allowed. Any thread.
 */
CTX_API ctx_context *ctx_context_ref(ctx_context *context);
CTX_API void ctx_context_unref(ctx_context *context);

/*
 * Makes `context` the current one of this thread, on top of what was current. Of two threads that
 * race for one context exactly one gets CTX_OK. Pair it with ctx_exit(), or use ctx_run().
 *
 * CTX_ERR_ENTERED  entered already: by this thread, by another, or by a suspended coroutine
 * CTX_ERR_INVALID  NULL
 * CTX_ERR_NOMEM    this thread's state could not be made (its first use of the library)
 */
CTX_API int ctx_enter(ctx_context *context);

/* Leaves it, back to what was current. CTX_ERR_NOT_CURRENT, without effect, if it is not on top. */
CTX_API int ctx_exit(ctx_context *context);

/*
 * For code that calls what others wrote: leaves `context`, and whatever was entered on top of it and
 * not left. Without effect if this thread is not in it, or it is NULL.
 */
CTX_API void ctx_exit_through(ctx_context *context);

/*
 * ctx_enter() that takes over the caller's reference: leaving ends the context, unless another was
 * taken meanwhile. For a copy that is made for one run and that nobody else was given: it costs no
 * atomic operation. On any error the reference stays the caller's.
 *
 * CTX_ERR_ENTERED  entered already, or referred to by anybody else
 * CTX_ERR_INVALID  NULL
 * CTX_ERR_NOMEM    this thread's state could not be made (its first use of the library)
 */
CTX_API int ctx_enter_own(ctx_context *context);

/*
 * Enters, calls fn(arg), leaves; leaves also when fn ends by a C++ exception, pthread_exit() or
 * cancellation. What fn sets stays in `context`. The errors of ctx_enter(), and then fn did not
 * run; CTX_ERR_INVALID if fn is NULL.
 */
CTX_API int ctx_run(ctx_context *context, void (*fn)(void *arg), void *arg);

/*
 * For schedulers of user-level coroutines: exchanges this thread's current context, together with
 * all it was entered on top of, for `next` (NULL: none), in O(1) and without allocation. The
 * caller's reference to `next` goes to the thread, and the thread's reference to what was current
 * comes back in *out_previous (NULL if there was none), suspended: it can only be swapped in again
 * (by any thread) or given up with ctx_context_unref(). A context that was never entered may be
 * swapped in as the bottom of a new coroutine. A CTX_SCOPED that failed goes with the chain that it is
 * in (scope.h). The read audit of the cache does not follow a swap.
 *
 * CTX_ERR_ENTERED  `next` is entered and not suspended; nothing was exchanged
 * CTX_ERR_INVALID  out_previous is NULL
 * CTX_ERR_NOMEM    this thread's state could not be made (its first use of the library)
 */
CTX_API int ctx_swap(ctx_context *next, ctx_context **out_previous);

/*
 * A new reference to this thread's current context, made if there is none yet. The caller owes
 * ctx_context_unref(). CTX_ERR_NOMEM.
 */
CTX_API int ctx_current(ctx_context **out_context);

/* ---- inspection --------------------------------------------------------------------------- */

/*
 * These work on any context that no other thread has entered (else CTX_ERR_ENTERED). Defaults are
 * not consulted and do not count. Borrowed values stay valid until that context changes or ends.
 * Inside a loader they count as reads, as ctx_get() does; counting and iterating read everything.
 */

/* CTX_OK, or CTX_ERR_UNSET if `var` has no value there. */
CTX_API int ctx_context_get(ctx_context *context, ctx_var *var, ctx_value *out_value);

/* *out is true if `var` has a value there. */
CTX_API int ctx_context_contains(ctx_context *context, ctx_var *var, bool *out);

/* How many variables have a value there. */
CTX_API int ctx_context_count(ctx_context *context, size_t *out_count);

/*
 * Calls visit() for each variable that has a value, in an order that is the same until the context
 * changes; a return other than 0 stops the walk and is returned. The walk sees the context as it
 * was at its start, whatever visit() does to it. CTX_ERR_NOMEM, then nothing was visited.
 */
CTX_API int ctx_context_each(ctx_context *context,
                             int (*visit)(void *user, ctx_var *var, ctx_value value), void *user);

CTX_END_DECLS

#endif
