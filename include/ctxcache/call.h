/*
 * call.h: calling a memoized function, and looking at or changing single entries.
 *
 * Everything here may be called from any thread without a lock of the caller's. Arguments are up to
 * CTX_CACHE_ARGS_MAX typed values; the forms without _v take native values and box them by type
 * (CTX_BOX). The partition is that of the current context, read once at the start.
 *
 * Answers that every function here may give:
 *   CTX_ERR_INVALID   a NULL where a pointer is needed, an argument of unknown type, a fn without
 *                     name or loader, options or info of a size this version cannot read
 *   CTX_ERR_UNSET     a partition variable is not set (the unset policy ERROR; info names it)
 *   CTX_ERR_LIMIT     more than CTX_CACHE_ARGS_MAX arguments, a name over CTX_NAME_MAX, or a key
 *                     over key_limit
 *   CTX_ERR_ENCODE    an argument or partition value is an object that cannot be encoded
 *   CTX_ERR_CONFLICT  see ctx_cache_fn
 *   CTX_ERR_NOMEM     the cache and the context are as before
 *   any other code    an object's encode(), or a default's factory, failed with it
 */
#ifndef CTXCACHE_CALL_H
#define CTXCACHE_CALL_H

#include "cache.h"

CTX_BEGIN_DECLS

/*
 * A pinned, read-only view of a value. Valid until released, whatever happens to the entry, the
 * cache or the thread meanwhile. Do not copy it and release both.
 *
 * The ref of an entry that left the cache holds the memory that it lies in: a block of its own if the
 * capacity is in bytes, or the entry larger than 1 KB; else a chunk of up to 256 KB, on huge pages a
 * region of 2 MB, whose other places go on being used. After ctx_cache_destroy() it also holds what is
 * left of the cache.
 */
typedef struct ctx_cache_ref {
    const void *data; /* aligned for any type; NULL if empty */
    size_t size;
    /* The library's. */
    void *pin;
    ctx_cache *cache;
    uint64_t number;
} ctx_cache_ref;

#define CTX_CACHE_REF_INIT                                                                         \
    {                                                                                              \
        0, 0, 0, 0, 0                                                                              \
    }

/* Lets go, any thread; *ref becomes empty. Releasing an empty ref, or NULL, does nothing. */
CTX_API void ctx_cache_ref_release(ctx_cache_ref *ref);

/* How a call was answered; each call is counted under exactly one (stats.h). */
enum ctx_cache_outcome {
    CTX_CACHE_HIT = 1,
    CTX_CACHE_MISS = 2,   /* this call ran the loader */
    CTX_CACHE_JOINED = 3, /* this call waited for another's load of the same key */
    CTX_CACHE_BYPASS = 4, /* this call ran the loader without looking or storing; see reason */
    CTX_CACHE_REFUSED = 5 /* no answer; the return value says why */
};

/* Why a call bypassed the cache, or why its result was not stored. */
enum ctx_cache_reason {
    CTX_CACHE_STORED = 0,     /* nothing kept it from being stored */
    CTX_CACHE_WAS_UNSET = 1,  /* bypass: a partition variable is unset */
    CTX_CACHE_KEY_LONG = 2,   /* bypass: the key is over key_limit */
    CTX_CACHE_FAILED = 3,     /* the loader failed */
    CTX_CACHE_NO_STORE = 4,   /* the loader said so */
    CTX_CACHE_UNDECLARED = 5, /* the loader read a variable outside vary and ignore */
    CTX_CACHE_CHANGED = 6, /* the loader changed a partition variable; or see ctx_cache_finish() */
    CTX_CACHE_FENCED = 7,  /* invalidated, put, cleared or destroyed while it was loading; or it was
                               * loaded beside another's load whose answer was not to be shared */
    CTX_CACHE_TOO_LARGE =
        8 /* larger than the capacity; or too much waits (cache.h, capacity_bytes) */
};

/* Filled by a call that is asked to. Start from CTX_CACHE_INFO_INIT. */
typedef struct ctx_cache_info {
    size_t size;                     /* sizeof(ctx_cache_info) */
    uint32_t outcome;                /* enum ctx_cache_outcome */
    uint32_t reason;                 /* enum ctx_cache_reason; for MISS, JOINED and BYPASS */
    bool stored;                     /* the value of this answer is in the cache now */
    bool negative;                   /* the answer is a stored or loaded "there is none" */
    char variable[CTX_NAME_MAX + 1]; /* the variable that was unset, undeclared or changed; or "" */
    uint64_t
        load_ns; /* MISS and BYPASS: how long the loader ran; of a flight, how long it was open */
} ctx_cache_info;

#define CTX_CACHE_INFO_INIT                                                                        \
    {                                                                                              \
        sizeof(ctx_cache_info), 0, 0, 0, 0, {0}, 0                                                 \
    }

/* Zero is the default everywhere. Start from CTX_CACHE_OPTIONS_INIT. */
typedef struct ctx_cache_options {
    size_t size;      /* sizeof(ctx_cache_options) */
    uint64_t wait_ns; /* how long to wait for another's load; 0: as the cache is configured */
    /* ctx_cache_call_many_v(): loads all keys of the batch that are missing at once; NULL: the function's
     * loader loads them one by one. */
    ctx_cache_bulk_loader *bulk_loader;
} ctx_cache_options;

#define CTX_CACHE_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(ctx_cache_options), 0, 0                                                            \
    }

/*
 * The value of fn(args) in the current context: found, or loaded by this call, or by a concurrent
 * call for the same key that this one waits for. Each answer computed is returned only to equal
 * function, arguments and partition values.
 *
 * options, info  may be NULL
 * out_ref        on CTX_OK the caller owes ctx_cache_ref_release(); otherwise it is empty
 *
 * CTX_OK             out_ref holds the value
 * CTX_ABSENT         the loader's answer, now or when it was stored, is that there is none
 * CTX_ERR_RECURSION  made inside the load of this very key (also from a context bound there)
 * CTX_ERR_DEADLOCK   the load of this key waits, through others, for a load of this thread (waits
 *                    that the library does not see, for a thread to join say, are no part of this)
 * CTX_ERR_TIMEOUT    the wait was longer than wait_ns; the load goes on and disturbs nobody else
 * CTX_ERR_ABANDONED  this call waited, and the loading thread died or its loader threw
 * CTX_ERR_NO_VALUE   the loader returned CTX_OK without a value
 * any other code     the loader's own failure, unchanged
 */
CTX_API int ctx_cache_call_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                             size_t arg_count, const ctx_cache_options *options,
                             ctx_cache_ref *out_ref, ctx_cache_info *info);

/*
 * The same for a result of known size, copied to `buffer` (written on CTX_OK alone). CTX_ERR_TYPE
 * if the value has another size. Cheaper than a ref for small values.
 */
CTX_API int ctx_cache_call_copy_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                                  size_t arg_count, const ctx_cache_options *options, void *buffer,
                                  size_t buffer_size, ctx_cache_info *info);

/* The same without options and info: what the wrappers of wrap.h call. */
CTX_API int ctx_cache_call_wrapped(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                                   size_t arg_count, void *buffer, size_t buffer_size);

/*
 * `count` calls of one function at once: call number i has the arguments args[i * arg_count] and those
 * that follow, and its answer goes to out_refs[i] and statuses[i]. Results, statistics and order of use
 * are those of the calls one after another; but the keys are hashed and fetched from memory together, 16
 * at a time, which takes a fraction of the time when the cache is larger than the processor's.
 *
 * out_refs  `count` of them; each whose status is CTX_OK the caller owes ctx_cache_ref_release(), the
 *           others are empty
 * statuses  what each call alone would have returned; may be NULL
 * options   may be NULL. With a bulk_loader, what is missing at the beginning of the call and nobody
 *           else is loading is loaded by it, all at once, before the first answer is given; a variable
 *           that it reads counts as read for each of the keys
 *
 * CTX_OK if each status is CTX_OK or CTX_ABSENT, else the first other one; CTX_ERR_INVALID, and nothing
 * was called: a NULL where a pointer is needed, options of a size this version cannot read.
 */
CTX_API int ctx_cache_call_many_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                                  size_t arg_count, size_t count, const ctx_cache_options *options,
                                  ctx_cache_ref *out_refs, int *statuses);

/*
 * The same for results of known size, copied to `buffers`, `buffer_size` bytes for each call. A buffer
 * is written if its status is CTX_OK; CTX_ERR_TYPE if the value has another size.
 */
CTX_API int ctx_cache_call_many_copy_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                                       size_t arg_count, size_t count,
                                       const ctx_cache_options *options, void *buffers,
                                       size_t buffer_size, int *statuses);

/*
 * The entry if it is there; never loads. Counts as a call, hit or (for CTX_ABSENT) miss, and as a
 * use. CTX_ABSENT also for a stored "there is none"; info->negative tells them apart.
 */
CTX_API int ctx_cache_get_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                            size_t arg_count, ctx_cache_ref *out_ref, ctx_cache_info *info);

/* The same without a trace: no statistics, no recency, nothing removed. */
CTX_API int ctx_cache_peek_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                             size_t arg_count, ctx_cache_ref *out_ref, ctx_cache_info *info);

/*
 * Stores a copy of `size` bytes as the value for these arguments, as newest entry, and fences a
 * load of the key that is running. ttl_ns 0: the cache's. CTX_ABSENT if it was not stored because
 * it is larger than the capacity, or too much waits for a thread that stands still (cache.h,
 * capacity_bytes); the old value, if any, is gone all the same.
 */
CTX_API int ctx_cache_put_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                            size_t arg_count, const void *data, size_t size, uint64_t ttl_ns);

/* Removes the entry and fences a running load. CTX_ABSENT if there was neither. */
CTX_API int ctx_cache_invalidate_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                                   size_t arg_count);

/*
 * The forms to write by hand, with 0 to 16 native arguments at the end:
 *
 *     ctx_cache_call(cache, fn, &ref, 42, "eu")
 *     ctx_cache_call_info(cache, fn, &ref, &info, 42, "eu")
 *     ctx_cache_get(cache, fn, &ref, 42, "eu")
 *     ctx_cache_peek(cache, fn, &ref, 42, "eu")
 *     ctx_cache_put(cache, fn, data, size, 42, "eu")
 *     ctx_cache_invalidate(cache, fn, 42, "eu")
 */
#ifndef __cplusplus
#define ctx_cache_call(cache, fn, ...)                                                             \
    ctx_cache_call_v(cache, fn, CTXI_REST(__VA_ARGS__), 0, CTXI_FIRST(__VA_ARGS__, 0), 0)
#define ctx_cache_call_info(cache, fn, ref, ...)                                                   \
    ctx_cache_call_v(cache, fn, CTXI_REST(__VA_ARGS__), 0, ref, CTXI_FIRST(__VA_ARGS__, 0))
#define ctx_cache_get(cache, fn, ...)                                                              \
    ctx_cache_get_v(cache, fn, CTXI_REST(__VA_ARGS__), CTXI_FIRST(__VA_ARGS__, 0), 0)
#define ctx_cache_peek(cache, fn, ...)                                                             \
    ctx_cache_peek_v(cache, fn, CTXI_REST(__VA_ARGS__), CTXI_FIRST(__VA_ARGS__, 0), 0)
#define ctx_cache_put(cache, fn, data, ...)                                                        \
    ctx_cache_put_v(cache, fn, CTXI_REST(__VA_ARGS__), data, CTXI_FIRST(__VA_ARGS__, 0), 0)
#define ctx_cache_invalidate(cache, ...)                                                           \
    ctx_cache_invalidate_v(cache, CTXI_FIRST(__VA_ARGS__, 0), CTXI_REST(__VA_ARGS__))

/* CTXI_REST(first, a, b): `boxed a and b, 2`. One element more, so that no array is empty. */
#define CTXI_FIRST(first, ...) first
#define CTXI_REST(...)                                                                             \
    CTXI_PICK_17(__VA_ARGS__, CTXI_R16, CTXI_R15, CTXI_R14, CTXI_R13, CTXI_R12, CTXI_R11,          \
                 CTXI_R10, CTXI_R9, CTXI_R8, CTXI_R7, CTXI_R6, CTXI_R5, CTXI_R4, CTXI_R3, CTXI_R2, \
                 CTXI_R1, CTXI_R0, 0)                                                              \
    (__VA_ARGS__)
#define CTXI_PICK_17(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, pick, ...) pick
#define CTXI_R(n, ...)                                                             (const ctx_value[]){__VA_ARGS__}, n
#define CTXI_R0(z)                                                                 CTXI_R(0, ctx_null())
#define CTXI_R1(z, a)                                                              CTXI_R(1, CTX_BOX(a))
#define CTXI_R2(z, a, b)                                                           CTXI_R(2, CTX_BOX(a), CTX_BOX(b))
#define CTXI_R3(z, a, b, c)                                                        CTXI_R(3, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c))
#define CTXI_R4(z, a, b, c, d)                                                     CTXI_R(4, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d))
#define CTXI_R5(z, a, b, c, d, e)                                                                  \
    CTXI_R(5, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e))
#define CTXI_R6(z, a, b, c, d, e, f)                                                               \
    CTXI_R(6, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f))
#define CTXI_R7(z, a, b, c, d, e, f, g)                                                            \
    CTXI_R(7, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f), CTX_BOX(g))
#define CTXI_R8(z, a, b, c, d, e, f, g, h)                                                         \
    CTXI_R(8, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f), CTX_BOX(g),  \
           CTX_BOX(h))
#define CTXI_R9(z, a, b, c, d, e, f, g, h, i)                                                      \
    CTXI_R(9, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f), CTX_BOX(g),  \
           CTX_BOX(h), CTX_BOX(i))
#define CTXI_R10(z, a, b, c, d, e, f, g, h, i, j)                                                  \
    CTXI_R(10, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f), CTX_BOX(g), \
           CTX_BOX(h), CTX_BOX(i), CTX_BOX(j))
#define CTXI_R11(z, a, b, c, d, e, f, g, h, i, j, k)                                               \
    CTXI_R(11, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f), CTX_BOX(g), \
           CTX_BOX(h), CTX_BOX(i), CTX_BOX(j), CTX_BOX(k))
#define CTXI_R12(z, a, b, c, d, e, f, g, h, i, j, k, l)                                            \
    CTXI_R(12, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f), CTX_BOX(g), \
           CTX_BOX(h), CTX_BOX(i), CTX_BOX(j), CTX_BOX(k), CTX_BOX(l))
#define CTXI_R13(z, a, b, c, d, e, f, g, h, i, j, k, l, m)                                         \
    CTXI_R(13, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f), CTX_BOX(g), \
           CTX_BOX(h), CTX_BOX(i), CTX_BOX(j), CTX_BOX(k), CTX_BOX(l), CTX_BOX(m))
#define CTXI_R14(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                                      \
    CTXI_R(14, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f), CTX_BOX(g), \
           CTX_BOX(h), CTX_BOX(i), CTX_BOX(j), CTX_BOX(k), CTX_BOX(l), CTX_BOX(m), CTX_BOX(n))
#define CTXI_R15(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                                   \
    CTXI_R(15, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f), CTX_BOX(g), \
           CTX_BOX(h), CTX_BOX(i), CTX_BOX(j), CTX_BOX(k), CTX_BOX(l), CTX_BOX(m), CTX_BOX(n),     \
           CTX_BOX(o))
#define CTXI_R16(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                                \
    CTXI_R(16, CTX_BOX(a), CTX_BOX(b), CTX_BOX(c), CTX_BOX(d), CTX_BOX(e), CTX_BOX(f), CTX_BOX(g), \
           CTX_BOX(h), CTX_BOX(i), CTX_BOX(j), CTX_BOX(k), CTX_BOX(l), CTX_BOX(m), CTX_BOX(n),     \
           CTX_BOX(o), CTX_BOX(p))
#endif

CTX_END_DECLS

#endif
