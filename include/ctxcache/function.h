/*
 * function.h: memoized functions, and what their loader says of a result.
 */
#ifndef CTXCACHE_FUNCTION_H
#define CTXCACHE_FUNCTION_H

#include "value.h"

CTX_BEGIN_DECLS

/* One running load; valid inside the loader alone, on the thread that runs it; that of a flight until the
 * flight ends (flight.h). */
typedef struct ctx_cache_load ctx_cache_load;

/*
 * Computes the value for `args`. Runs outside every lock, in the caller's context, on the caller's
 * thread; it may call any cache, this one included (but see CTX_ERR_RECURSION). The args are the
 * caller's and live as long as the call. Gives its value through one of ctx_cache_load_reserve(),
 * _copy() or _adopt() and returns CTX_OK; or says ctx_cache_load_negative(). Any other return is a
 * failure: never stored, handed unchanged to the caller and to all who wait for the same key (but
 * CTX_LEAD and CTX_JOINED, which are no failures: then it is CTX_ERR_INVALID). It may
 * end by a C++ exception, pthread_exit() or cancellation, but not by longjmp(), and it ends on the
 * thread that it began on.
 */
typedef int ctx_cache_loader(ctx_cache_load *load, const ctx_value *args, size_t arg_count,
                             void *user);

/*
 * Computes the values of `count` keys of one function at once, for ctx_cache_call_many_v(): `loads[i]` is
 * given the value for the arguments `args[i]`, as by a loader of its own, or fails by
 * ctx_cache_load_fail(). Any return but CTX_OK is the failure of all those that have no value yet. No two
 * of the keys are equal. `user` is the function's.
 */
typedef int ctx_cache_bulk_loader(ctx_cache_load *const *loads, const ctx_value *const *args,
                                  size_t arg_count, size_t count, void *user);

/*
 * A memoized function. Its identity, (name, version), is part of every key; it is the process that
 * owns a name, so a second loader or user pointer under the same name and version is
 * CTX_ERR_CONFLICT, never another function's answer. Give it static storage: CTX_CACHE_FN(revenue,
 * load_revenue) defines an array of one, so that `revenue` is the pointer to pass.
 */
typedef struct ctx_cache_fn {
    const char *name; /* 1..CTX_NAME_MAX bytes; fixed, as the text it points at, once used */
    uint32_t version; /* raise it when the meaning of the result changes */
    uint32_t epoch;   /* the library's, like id and self; 0 until first used */
    ctx_cache_loader *loader;
    void *user; /* handed to the loader; part of the registration, not of the key */
    uint64_t id;
    uint64_t self;
} ctx_cache_fn;

#define CTX_CACHE_FN(name, loader) CTX_CACHE_FN_VERSION(name, 1, loader, 0)
#define CTX_CACHE_FN_VERSION(name, version, loader, user)                                          \
    ctx_cache_fn name[1] = {{#name, version, 0, loader, user, 0, 0}}

/*
 * Forgets the identity of `fn` in the whole process, whichever struct registered it first: what is
 * cached under it is never found again and leaves by eviction; the next call registers it anew. For
 * code about to be unloaded. No call of fn may be running. NULL, or a function that was never called,
 * is allowed.
 */
CTX_API void ctx_cache_fn_retire(ctx_cache_fn *fn);

/* ---- giving the value: one of these, the last one counts ---------------------------------- */

/*
 * `size` zero bytes inside the entry itself, aligned for any type, to write the value into before the
 * loader returns; the cheapest way. CTX_ERR_NOMEM, then *out_buffer is NULL. A size of 0 is
 * allowed.
 */
CTX_API int ctx_cache_load_reserve(ctx_cache_load *load, size_t size, void **out_buffer);

/* Copies `size` bytes. CTX_ERR_NOMEM; CTX_ERR_INVALID if data is NULL and size is not 0. */
CTX_API int ctx_cache_load_copy(ctx_cache_load *load, const void *data, size_t size);

/*
 * Hands over `value`: destroy(value, size, user) runs exactly once, with no lock held, when the
 * last of cache and refs lets go of it, whatever becomes of the load, also if this call fails.
 * `size` is what refs report and what a capacity in bytes charges (but see
 * ctx_cache_load_weight()). CTX_ERR_NOMEM, CTX_ERR_INVALID (value or destroy is NULL; then nothing
 * is destroyed).
 */
CTX_API int ctx_cache_load_adopt(ctx_cache_load *load, void *value, size_t size,
                                 void (*destroy)(void *value, size_t size, void *user), void *user);

/* The answer is that there is none: stored like a value, calls return CTX_ABSENT. */
CTX_API void ctx_cache_load_negative(ctx_cache_load *load);

/* ---- saying more about it ----------------------------------------------------------------- */

/* This entry expires `ttl_ns` nanoseconds after the load ends; 0: never. Default: the cache's. */
CTX_API void ctx_cache_load_ttl(ctx_cache_load *load, uint64_t ttl_ns);

/* Bytes to charge for an adopted value instead of its size (all that hangs off it). */
CTX_API void ctx_cache_load_weight(ctx_cache_load *load, size_t bytes);

/* In a bulk loader: this key alone has failed, with `status`, which is not CTX_OK. */
CTX_API void ctx_cache_load_fail(ctx_cache_load *load, int status);

/* The result answers this call and those who wait for it, and is not stored. */
CTX_API void ctx_cache_load_no_store(ctx_cache_load *load);

CTX_END_DECLS

#endif
