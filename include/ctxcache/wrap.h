/*
 * wrap.h: one line that turns a native function into a memoized twin which the compiler
 * type-checks.
 *
 *     static double price(int64_t sku, const char *region);      // yours, expensive
 *     CTX_CACHE_WRAP(cached_price, double, price, int64_t, const char *)
 *
 * defines
 *
 *     static int cached_price(ctx_cache *cache, int64_t, const char *, double *out_result);
 *     static ctx_cache_fn cached_price_fn[1];                     // for ctx_cache_invalidate()
 * etc.
 *
 * The twin returns what ctx_cache_call_v() returns; *out_result is written on CTX_OK alone.
 * Argument types are integers, bool, float, double and (const) char *, up to 16; note that int and
 * int64_t arguments of equal value are the same key, for the twin is one function. The result is
 * any type that may be copied byte by byte and points at nothing; a pointer does not compile.
 *
 * CTX_CACHE_WRAP_TRY is for a function that can fail:
 *
 *     static int rate(const char *from, const char *to, double *out_rate);   // CTX_OK or any error
 *     CTX_CACHE_WRAP_TRY(cached_rate, double, rate, const char *, const char *)
 *
 * and CTX_CACHE_WRAP_REF for one whose result has no fixed size: it gives its value through the
 * load, and the twin returns a ref:
 *
 *     static int report(ctx_cache_load *load, int64_t year);
 *     CTX_CACHE_WRAP_REF(cached_report, report, int64_t)
 *     static int cached_report(ctx_cache *cache, int64_t, ctx_cache_ref *out_ref);   // defined
 *
 * The name of the native function is the name in the key, and it is the process that owns a name: two
 * files that each wrap a static function `load`, or two lines that wrap one function, meet in
 * CTX_ERR_CONFLICT at the first call; rename one. A function without arguments is wrapped with no types:
 * CTX_CACHE_WRAP(cached_now, int64_t, now). Put the line before the function's body if it calls its own
 * twin. For the info of a call, or to get, put and invalidate, call ctx_cache_call_info() and the like
 * with the twin's fn and arguments of exactly these types: a loader that is handed others answers
 * CTX_ERR_TYPE.
 */
#ifndef CTXCACHE_WRAP_H
#define CTXCACHE_WRAP_H

#include "call.h"

#ifndef __cplusplus

#define CTX_CACHE_WRAP(twin, result, ...)                                                          \
    CTXI_WRAP_CHECK(CTXI_FIRST(__VA_ARGS__, 0), result(CTXI_TYPES(__VA_ARGS__)))                   \
    CTXI_WRAP_COPY(twin, result, CTXI_FIRST(__VA_ARGS__, 0), CTXI_WRAP_VALUE, __VA_ARGS__)
#define CTX_CACHE_WRAP_TRY(twin, result, ...)                                                      \
    CTXI_WRAP_CHECK(CTXI_FIRST(__VA_ARGS__, 0), int(CTXI_TYPES_THEN(__VA_ARGS__) result *))        \
    CTXI_WRAP_COPY(twin, result, CTXI_FIRST(__VA_ARGS__, 0), CTXI_WRAP_STATUS, __VA_ARGS__)
#define CTX_CACHE_WRAP_REF(twin, ...)                                                              \
    CTXI_WRAP_CHECK(CTXI_FIRST(__VA_ARGS__, 0),                                                    \
                    int(ctx_cache_load * CTXI_THEN_TYPES(__VA_ARGS__)))                            \
    CTXI_WRAP_REF(twin, CTXI_FIRST(__VA_ARGS__, 0), __VA_ARGS__)

/* A type that is not the parameter's would cut values off, and give one key to two of them. */
#define CTXI_WRAP_CHECK(...) CTXI_WRAP_CHECK_EXPANDED(__VA_ARGS__)
#define CTXI_WRAP_CHECK_EXPANDED(fn, ...)                                                          \
    _Static_assert(__builtin_types_compatible_p(__typeof__(fn), __VA_ARGS__),                      \
                   "the result and argument types of the wrapper are not those of " #fn);

/* How the native function is called: it returns the result, or a status. */
#define CTXI_WRAP_VALUE(fn, ctxi_out, ...)  (*(ctxi_out) = fn(CTXI_UNBOX_ALL(__VA_ARGS__)), CTX_OK)
#define CTXI_WRAP_STATUS(fn, ctxi_out, ...) fn(CTXI_UNBOX_ALL_THEN(__VA_ARGS__) ctxi_out)

#define CTXI_WRAP_COPY(twin, result, fn, invoke, ...)                                              \
    _Static_assert(__builtin_classify_type(*(result *)0) != 5,                                     \
                   "a memoized result must not be a pointer: use CTX_CACHE_WRAP_REF");             \
    static int twin##_load(ctx_cache_load *ctxi_load, const ctx_value *ctxi_args,                  \
                           size_t ctxi_count, void *ctxi_user)                                     \
    {                                                                                              \
        result ctxi_out;                                                                           \
        if (!(CTXI_MATCH_ALL(__VA_ARGS__)))                                                        \
            return CTX_ERR_TYPE;                                                                   \
        (void)ctxi_args, (void)ctxi_user;                                                          \
        int ctxi_status = invoke(fn, &ctxi_out, __VA_ARGS__);                                      \
        return ctxi_status == CTX_OK ? ctx_cache_load_copy(ctxi_load, &ctxi_out, sizeof ctxi_out)  \
                                     : ctxi_status;                                                \
    }                                                                                              \
    CTXI_WRAP_FN(twin, fn)                                                                         \
    __attribute__((unused)) static int twin(ctx_cache *ctxi_cache,                                 \
                                            CTXI_PARAMS(__VA_ARGS__) result *ctxi_out_result)      \
    {                                                                                              \
        return ctx_cache_call_wrapped(ctxi_cache, twin##_fn, CTXI_BOX_ALL(__VA_ARGS__),            \
                                      ctxi_out_result, sizeof *ctxi_out_result);                   \
    }

#define CTXI_WRAP_REF(twin, fn, ...)                                                               \
    static int twin##_load(ctx_cache_load *ctxi_load, const ctx_value *ctxi_args,                  \
                           size_t ctxi_count, void *ctxi_user)                                     \
    {                                                                                              \
        (void)ctxi_args, (void)ctxi_user;                                                          \
        if (!(CTXI_MATCH_ALL(__VA_ARGS__)))                                                        \
            return CTX_ERR_TYPE;                                                                   \
        return fn(ctxi_load CTXI_THEN_UNBOX_ALL(__VA_ARGS__));                                     \
    }                                                                                              \
    CTXI_WRAP_FN(twin, fn)                                                                         \
    __attribute__((unused)) static int twin(ctx_cache *ctxi_cache,                                 \
                                            CTXI_PARAMS(__VA_ARGS__) ctx_cache_ref *ctxi_out_ref)  \
    {                                                                                              \
        return ctx_cache_call_v(ctxi_cache, twin##_fn, CTXI_BOX_ALL(__VA_ARGS__), 0, ctxi_out_ref, \
                                0);                                                                \
    }

#define CTXI_WRAP_FN(twin, fn)                                                                     \
    __attribute__((unused)) static ctx_cache_fn twin##_fn[1] = {{#fn, 1, 0, twin##_load, 0, 0, 0}};

/* A NULL string is boxed as CTX_NULL, and so is the (type){0} of a string. */
static inline bool ctxi_matches(const ctx_value *v, uint32_t type)
{
    return v->type == type || (type == CTX_NULL && v->type == CTX_STRING);
}

static inline bool ctxi_unbox_bool(const ctx_value *v)
{
    return v->as.boolean;
}

static inline int64_t ctxi_unbox_i64(const ctx_value *v)
{
    return v->as.i64;
}

static inline uint64_t ctxi_unbox_u64(const ctx_value *v)
{
    return v->as.u64;
}

static inline double ctxi_unbox_f64(const ctx_value *v)
{
    return v->as.f64;
}

static inline const char *ctxi_unbox_string(const ctx_value *v)
{
    return v->type == CTX_STRING ? v->as.string.data : 0;
}

/* The n-th argument as a native `type`; the inverse of CTX_BOX. */
#define CTXI_UNBOX(type, n)                                                                        \
    (type) _Generic((type){0},                                                                     \
        bool: ctxi_unbox_bool,                                                                     \
        char: ctxi_unbox_i64,                                                                      \
        signed char: ctxi_unbox_i64,                                                               \
        short: ctxi_unbox_i64,                                                                     \
        int: ctxi_unbox_i64,                                                                       \
        long: ctxi_unbox_i64,                                                                      \
        long long: ctxi_unbox_i64,                                                                 \
        unsigned char: ctxi_unbox_u64,                                                             \
        unsigned short: ctxi_unbox_u64,                                                            \
        unsigned int: ctxi_unbox_u64,                                                              \
        unsigned long: ctxi_unbox_u64,                                                             \
        unsigned long long: ctxi_unbox_u64,                                                        \
        float: ctxi_unbox_f64,                                                                     \
        double: ctxi_unbox_f64,                                                                    \
        char *: ctxi_unbox_string,                                                                 \
        const char *: ctxi_unbox_string)(&ctxi_args[n])

/* Whether the n-th argument is of the type that a native `type` is boxed into. */
#define CTXI_MATCH(native, n) ctxi_matches(&ctxi_args[n], CTX_BOX((native){0}).type)

/* For (fn, T0, T1, ...): what each argument becomes, written out for 0 to 16 types. */
#define CTXI_PARAMS(...)                                                                           \
    CTXI_PICK_17(__VA_ARGS__, CTXI_PARAMS_16, CTXI_PARAMS_15, CTXI_PARAMS_14, CTXI_PARAMS_13,      \
                 CTXI_PARAMS_12, CTXI_PARAMS_11, CTXI_PARAMS_10, CTXI_PARAMS_9, CTXI_PARAMS_8,     \
                 CTXI_PARAMS_7, CTXI_PARAMS_6, CTXI_PARAMS_5, CTXI_PARAMS_4, CTXI_PARAMS_3,        \
                 CTXI_PARAMS_2, CTXI_PARAMS_1, CTXI_PARAMS_0, 0)                                   \
    (__VA_ARGS__)
#define CTXI_PARAMS_0(z)
#define CTXI_PARAMS_1(z, a)          a ctxi_arg0,
#define CTXI_PARAMS_2(z, a, b)       a ctxi_arg0, b ctxi_arg1,
#define CTXI_PARAMS_3(z, a, b, c)    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2,
#define CTXI_PARAMS_4(z, a, b, c, d) a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3,
#define CTXI_PARAMS_5(z, a, b, c, d, e)                                                            \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4,
#define CTXI_PARAMS_6(z, a, b, c, d, e, f)                                                         \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5,
#define CTXI_PARAMS_7(z, a, b, c, d, e, f, g)                                                      \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5, g ctxi_arg6,
#define CTXI_PARAMS_8(z, a, b, c, d, e, f, g, h)                                                   \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5, g ctxi_arg6,     \
        h ctxi_arg7,
#define CTXI_PARAMS_9(z, a, b, c, d, e, f, g, h, i)                                                \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5, g ctxi_arg6,     \
        h ctxi_arg7, i ctxi_arg8,
#define CTXI_PARAMS_10(z, a, b, c, d, e, f, g, h, i, j)                                            \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5, g ctxi_arg6,     \
        h ctxi_arg7, i ctxi_arg8, j ctxi_arg9,
#define CTXI_PARAMS_11(z, a, b, c, d, e, f, g, h, i, j, k)                                         \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5, g ctxi_arg6,     \
        h ctxi_arg7, i ctxi_arg8, j ctxi_arg9, k ctxi_arg10,
#define CTXI_PARAMS_12(z, a, b, c, d, e, f, g, h, i, j, k, l)                                      \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5, g ctxi_arg6,     \
        h ctxi_arg7, i ctxi_arg8, j ctxi_arg9, k ctxi_arg10, l ctxi_arg11,
#define CTXI_PARAMS_13(z, a, b, c, d, e, f, g, h, i, j, k, l, m)                                   \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5, g ctxi_arg6,     \
        h ctxi_arg7, i ctxi_arg8, j ctxi_arg9, k ctxi_arg10, l ctxi_arg11, m ctxi_arg12,
#define CTXI_PARAMS_14(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                                \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5, g ctxi_arg6,     \
        h ctxi_arg7, i ctxi_arg8, j ctxi_arg9, k ctxi_arg10, l ctxi_arg11, m ctxi_arg12,           \
        n ctxi_arg13,
#define CTXI_PARAMS_15(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                             \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5, g ctxi_arg6,     \
        h ctxi_arg7, i ctxi_arg8, j ctxi_arg9, k ctxi_arg10, l ctxi_arg11, m ctxi_arg12,           \
        n ctxi_arg13, o ctxi_arg14,
#define CTXI_PARAMS_16(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                          \
    a ctxi_arg0, b ctxi_arg1, c ctxi_arg2, d ctxi_arg3, e ctxi_arg4, f ctxi_arg5, g ctxi_arg6,     \
        h ctxi_arg7, i ctxi_arg8, j ctxi_arg9, k ctxi_arg10, l ctxi_arg11, m ctxi_arg12,           \
        n ctxi_arg13, o ctxi_arg14, p ctxi_arg15,
#define CTXI_BOX_ALL(...)                                                                          \
    CTXI_PICK_17(__VA_ARGS__, CTXI_BOX_ALL_16, CTXI_BOX_ALL_15, CTXI_BOX_ALL_14, CTXI_BOX_ALL_13,  \
                 CTXI_BOX_ALL_12, CTXI_BOX_ALL_11, CTXI_BOX_ALL_10, CTXI_BOX_ALL_9,                \
                 CTXI_BOX_ALL_8, CTXI_BOX_ALL_7, CTXI_BOX_ALL_6, CTXI_BOX_ALL_5, CTXI_BOX_ALL_4,   \
                 CTXI_BOX_ALL_3, CTXI_BOX_ALL_2, CTXI_BOX_ALL_1, CTXI_BOX_ALL_0, 0)                \
    (__VA_ARGS__)
#define CTXI_BOX_ALL_0(z)       CTXI_R(0, ctx_null())
#define CTXI_BOX_ALL_1(z, a)    CTXI_R(1, CTX_BOX(ctxi_arg0))
#define CTXI_BOX_ALL_2(z, a, b) CTXI_R(2, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1))
#define CTXI_BOX_ALL_3(z, a, b, c)                                                                 \
    CTXI_R(3, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2))
#define CTXI_BOX_ALL_4(z, a, b, c, d)                                                              \
    CTXI_R(4, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3))
#define CTXI_BOX_ALL_5(z, a, b, c, d, e)                                                           \
    CTXI_R(5, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),      \
           CTX_BOX(ctxi_arg4))
#define CTXI_BOX_ALL_6(z, a, b, c, d, e, f)                                                        \
    CTXI_R(6, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),      \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5))
#define CTXI_BOX_ALL_7(z, a, b, c, d, e, f, g)                                                     \
    CTXI_R(7, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),      \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5), CTX_BOX(ctxi_arg6))
#define CTXI_BOX_ALL_8(z, a, b, c, d, e, f, g, h)                                                  \
    CTXI_R(8, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),      \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5), CTX_BOX(ctxi_arg6), CTX_BOX(ctxi_arg7))
#define CTXI_BOX_ALL_9(z, a, b, c, d, e, f, g, h, i)                                               \
    CTXI_R(9, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),      \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5), CTX_BOX(ctxi_arg6), CTX_BOX(ctxi_arg7),         \
           CTX_BOX(ctxi_arg8))
#define CTXI_BOX_ALL_10(z, a, b, c, d, e, f, g, h, i, j)                                           \
    CTXI_R(10, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),     \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5), CTX_BOX(ctxi_arg6), CTX_BOX(ctxi_arg7),         \
           CTX_BOX(ctxi_arg8), CTX_BOX(ctxi_arg9))
#define CTXI_BOX_ALL_11(z, a, b, c, d, e, f, g, h, i, j, k)                                        \
    CTXI_R(11, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),     \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5), CTX_BOX(ctxi_arg6), CTX_BOX(ctxi_arg7),         \
           CTX_BOX(ctxi_arg8), CTX_BOX(ctxi_arg9), CTX_BOX(ctxi_arg10))
#define CTXI_BOX_ALL_12(z, a, b, c, d, e, f, g, h, i, j, k, l)                                     \
    CTXI_R(12, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),     \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5), CTX_BOX(ctxi_arg6), CTX_BOX(ctxi_arg7),         \
           CTX_BOX(ctxi_arg8), CTX_BOX(ctxi_arg9), CTX_BOX(ctxi_arg10), CTX_BOX(ctxi_arg11))
#define CTXI_BOX_ALL_13(z, a, b, c, d, e, f, g, h, i, j, k, l, m)                                  \
    CTXI_R(13, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),     \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5), CTX_BOX(ctxi_arg6), CTX_BOX(ctxi_arg7),         \
           CTX_BOX(ctxi_arg8), CTX_BOX(ctxi_arg9), CTX_BOX(ctxi_arg10), CTX_BOX(ctxi_arg11),       \
           CTX_BOX(ctxi_arg12))
#define CTXI_BOX_ALL_14(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                               \
    CTXI_R(14, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),     \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5), CTX_BOX(ctxi_arg6), CTX_BOX(ctxi_arg7),         \
           CTX_BOX(ctxi_arg8), CTX_BOX(ctxi_arg9), CTX_BOX(ctxi_arg10), CTX_BOX(ctxi_arg11),       \
           CTX_BOX(ctxi_arg12), CTX_BOX(ctxi_arg13))
#define CTXI_BOX_ALL_15(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                            \
    CTXI_R(15, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),     \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5), CTX_BOX(ctxi_arg6), CTX_BOX(ctxi_arg7),         \
           CTX_BOX(ctxi_arg8), CTX_BOX(ctxi_arg9), CTX_BOX(ctxi_arg10), CTX_BOX(ctxi_arg11),       \
           CTX_BOX(ctxi_arg12), CTX_BOX(ctxi_arg13), CTX_BOX(ctxi_arg14))
#define CTXI_BOX_ALL_16(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                         \
    CTXI_R(16, CTX_BOX(ctxi_arg0), CTX_BOX(ctxi_arg1), CTX_BOX(ctxi_arg2), CTX_BOX(ctxi_arg3),     \
           CTX_BOX(ctxi_arg4), CTX_BOX(ctxi_arg5), CTX_BOX(ctxi_arg6), CTX_BOX(ctxi_arg7),         \
           CTX_BOX(ctxi_arg8), CTX_BOX(ctxi_arg9), CTX_BOX(ctxi_arg10), CTX_BOX(ctxi_arg11),       \
           CTX_BOX(ctxi_arg12), CTX_BOX(ctxi_arg13), CTX_BOX(ctxi_arg14), CTX_BOX(ctxi_arg15))
#define CTXI_UNBOX_ALL(...)                                                                        \
    CTXI_PICK_17(__VA_ARGS__, CTXI_UNBOX_ALL_16, CTXI_UNBOX_ALL_15, CTXI_UNBOX_ALL_14,             \
                 CTXI_UNBOX_ALL_13, CTXI_UNBOX_ALL_12, CTXI_UNBOX_ALL_11, CTXI_UNBOX_ALL_10,       \
                 CTXI_UNBOX_ALL_9, CTXI_UNBOX_ALL_8, CTXI_UNBOX_ALL_7, CTXI_UNBOX_ALL_6,           \
                 CTXI_UNBOX_ALL_5, CTXI_UNBOX_ALL_4, CTXI_UNBOX_ALL_3, CTXI_UNBOX_ALL_2,           \
                 CTXI_UNBOX_ALL_1, CTXI_UNBOX_ALL_0, 0)                                            \
    (__VA_ARGS__)
#define CTXI_UNBOX_ALL_0(z)
#define CTXI_UNBOX_ALL_1(z, a)       CTXI_UNBOX(a, 0)
#define CTXI_UNBOX_ALL_2(z, a, b)    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1)
#define CTXI_UNBOX_ALL_3(z, a, b, c) CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2)
#define CTXI_UNBOX_ALL_4(z, a, b, c, d)                                                            \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3)
#define CTXI_UNBOX_ALL_5(z, a, b, c, d, e)                                                         \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4)
#define CTXI_UNBOX_ALL_6(z, a, b, c, d, e, f)                                                      \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5)
#define CTXI_UNBOX_ALL_7(z, a, b, c, d, e, f, g)                                                   \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6)
#define CTXI_UNBOX_ALL_8(z, a, b, c, d, e, f, g, h)                                                \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7)
#define CTXI_UNBOX_ALL_9(z, a, b, c, d, e, f, g, h, i)                                             \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8)
#define CTXI_UNBOX_ALL_10(z, a, b, c, d, e, f, g, h, i, j)                                         \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9)
#define CTXI_UNBOX_ALL_11(z, a, b, c, d, e, f, g, h, i, j, k)                                      \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10)
#define CTXI_UNBOX_ALL_12(z, a, b, c, d, e, f, g, h, i, j, k, l)                                   \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11)
#define CTXI_UNBOX_ALL_13(z, a, b, c, d, e, f, g, h, i, j, k, l, m)                                \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12)
#define CTXI_UNBOX_ALL_14(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                             \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12), CTXI_UNBOX(n, 13)
#define CTXI_UNBOX_ALL_15(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                          \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12), CTXI_UNBOX(n, 13),                \
        CTXI_UNBOX(o, 14)
#define CTXI_UNBOX_ALL_16(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                       \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12), CTXI_UNBOX(n, 13),                \
        CTXI_UNBOX(o, 14), CTXI_UNBOX(p, 15)
#define CTXI_UNBOX_ALL_THEN(...)                                                                   \
    CTXI_PICK_17(__VA_ARGS__, CTXI_UNBOX_ALL_THEN_16, CTXI_UNBOX_ALL_THEN_15,                      \
                 CTXI_UNBOX_ALL_THEN_14, CTXI_UNBOX_ALL_THEN_13, CTXI_UNBOX_ALL_THEN_12,           \
                 CTXI_UNBOX_ALL_THEN_11, CTXI_UNBOX_ALL_THEN_10, CTXI_UNBOX_ALL_THEN_9,            \
                 CTXI_UNBOX_ALL_THEN_8, CTXI_UNBOX_ALL_THEN_7, CTXI_UNBOX_ALL_THEN_6,              \
                 CTXI_UNBOX_ALL_THEN_5, CTXI_UNBOX_ALL_THEN_4, CTXI_UNBOX_ALL_THEN_3,              \
                 CTXI_UNBOX_ALL_THEN_2, CTXI_UNBOX_ALL_THEN_1, CTXI_UNBOX_ALL_THEN_0, 0)           \
    (__VA_ARGS__)
#define CTXI_UNBOX_ALL_THEN_0(z)
#define CTXI_UNBOX_ALL_THEN_1(z, a)       CTXI_UNBOX(a, 0),
#define CTXI_UNBOX_ALL_THEN_2(z, a, b)    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1),
#define CTXI_UNBOX_ALL_THEN_3(z, a, b, c) CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2),
#define CTXI_UNBOX_ALL_THEN_4(z, a, b, c, d)                                                       \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3),
#define CTXI_UNBOX_ALL_THEN_5(z, a, b, c, d, e)                                                    \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),
#define CTXI_UNBOX_ALL_THEN_6(z, a, b, c, d, e, f)                                                 \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5),
#define CTXI_UNBOX_ALL_THEN_7(z, a, b, c, d, e, f, g)                                              \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6),
#define CTXI_UNBOX_ALL_THEN_8(z, a, b, c, d, e, f, g, h)                                           \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7),
#define CTXI_UNBOX_ALL_THEN_9(z, a, b, c, d, e, f, g, h, i)                                        \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8),
#define CTXI_UNBOX_ALL_THEN_10(z, a, b, c, d, e, f, g, h, i, j)                                    \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),
#define CTXI_UNBOX_ALL_THEN_11(z, a, b, c, d, e, f, g, h, i, j, k)                                 \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10),
#define CTXI_UNBOX_ALL_THEN_12(z, a, b, c, d, e, f, g, h, i, j, k, l)                              \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11),
#define CTXI_UNBOX_ALL_THEN_13(z, a, b, c, d, e, f, g, h, i, j, k, l, m)                           \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12),
#define CTXI_UNBOX_ALL_THEN_14(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                        \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12), CTXI_UNBOX(n, 13),
#define CTXI_UNBOX_ALL_THEN_15(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                     \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12), CTXI_UNBOX(n, 13),                \
        CTXI_UNBOX(o, 14),
#define CTXI_UNBOX_ALL_THEN_16(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                  \
    CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),      \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12), CTXI_UNBOX(n, 13),                \
        CTXI_UNBOX(o, 14), CTXI_UNBOX(p, 15),
#define CTXI_THEN_UNBOX_ALL(...)                                                                   \
    CTXI_PICK_17(__VA_ARGS__, CTXI_THEN_UNBOX_ALL_16, CTXI_THEN_UNBOX_ALL_15,                      \
                 CTXI_THEN_UNBOX_ALL_14, CTXI_THEN_UNBOX_ALL_13, CTXI_THEN_UNBOX_ALL_12,           \
                 CTXI_THEN_UNBOX_ALL_11, CTXI_THEN_UNBOX_ALL_10, CTXI_THEN_UNBOX_ALL_9,            \
                 CTXI_THEN_UNBOX_ALL_8, CTXI_THEN_UNBOX_ALL_7, CTXI_THEN_UNBOX_ALL_6,              \
                 CTXI_THEN_UNBOX_ALL_5, CTXI_THEN_UNBOX_ALL_4, CTXI_THEN_UNBOX_ALL_3,              \
                 CTXI_THEN_UNBOX_ALL_2, CTXI_THEN_UNBOX_ALL_1, CTXI_THEN_UNBOX_ALL_0, 0)           \
    (__VA_ARGS__)
#define CTXI_THEN_UNBOX_ALL_0(z)
#define CTXI_THEN_UNBOX_ALL_1(z, a)       , CTXI_UNBOX(a, 0)
#define CTXI_THEN_UNBOX_ALL_2(z, a, b)    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1)
#define CTXI_THEN_UNBOX_ALL_3(z, a, b, c) , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2)
#define CTXI_THEN_UNBOX_ALL_4(z, a, b, c, d)                                                       \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3)
#define CTXI_THEN_UNBOX_ALL_5(z, a, b, c, d, e)                                                    \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4)
#define CTXI_THEN_UNBOX_ALL_6(z, a, b, c, d, e, f)                                                 \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5)
#define CTXI_THEN_UNBOX_ALL_7(z, a, b, c, d, e, f, g)                                              \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6)
#define CTXI_THEN_UNBOX_ALL_8(z, a, b, c, d, e, f, g, h)                                           \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7)
#define CTXI_THEN_UNBOX_ALL_9(z, a, b, c, d, e, f, g, h, i)                                        \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8)
#define CTXI_THEN_UNBOX_ALL_10(z, a, b, c, d, e, f, g, h, i, j)                                    \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9)
#define CTXI_THEN_UNBOX_ALL_11(z, a, b, c, d, e, f, g, h, i, j, k)                                 \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10)
#define CTXI_THEN_UNBOX_ALL_12(z, a, b, c, d, e, f, g, h, i, j, k, l)                              \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11)
#define CTXI_THEN_UNBOX_ALL_13(z, a, b, c, d, e, f, g, h, i, j, k, l, m)                           \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12)
#define CTXI_THEN_UNBOX_ALL_14(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                        \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12), CTXI_UNBOX(n, 13)
#define CTXI_THEN_UNBOX_ALL_15(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                     \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12), CTXI_UNBOX(n, 13),                \
        CTXI_UNBOX(o, 14)
#define CTXI_THEN_UNBOX_ALL_16(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                  \
    , CTXI_UNBOX(a, 0), CTXI_UNBOX(b, 1), CTXI_UNBOX(c, 2), CTXI_UNBOX(d, 3), CTXI_UNBOX(e, 4),    \
        CTXI_UNBOX(f, 5), CTXI_UNBOX(g, 6), CTXI_UNBOX(h, 7), CTXI_UNBOX(i, 8), CTXI_UNBOX(j, 9),  \
        CTXI_UNBOX(k, 10), CTXI_UNBOX(l, 11), CTXI_UNBOX(m, 12), CTXI_UNBOX(n, 13),                \
        CTXI_UNBOX(o, 14), CTXI_UNBOX(p, 15)

#define CTXI_MATCH_ALL(...)                                                                        \
    CTXI_PICK_17(__VA_ARGS__, CTXI_MATCH_ALL_16, CTXI_MATCH_ALL_15, CTXI_MATCH_ALL_14,             \
                 CTXI_MATCH_ALL_13, CTXI_MATCH_ALL_12, CTXI_MATCH_ALL_11, CTXI_MATCH_ALL_10,       \
                 CTXI_MATCH_ALL_9, CTXI_MATCH_ALL_8, CTXI_MATCH_ALL_7, CTXI_MATCH_ALL_6,           \
                 CTXI_MATCH_ALL_5, CTXI_MATCH_ALL_4, CTXI_MATCH_ALL_3, CTXI_MATCH_ALL_2,           \
                 CTXI_MATCH_ALL_1, CTXI_MATCH_ALL_0, 0)                                            \
    (__VA_ARGS__)
#define CTXI_MATCH_ALL_0(z)       ctxi_count == 0
#define CTXI_MATCH_ALL_1(z, a)    ctxi_count == 1 && CTXI_MATCH(a, 0)
#define CTXI_MATCH_ALL_2(z, a, b) ctxi_count == 2 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1)
#define CTXI_MATCH_ALL_3(z, a, b, c)                                                               \
    ctxi_count == 3 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2)
#define CTXI_MATCH_ALL_4(z, a, b, c, d)                                                            \
    ctxi_count == 4 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) && CTXI_MATCH(d, 3)
#define CTXI_MATCH_ALL_5(z, a, b, c, d, e)                                                         \
    ctxi_count == 5 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                 \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4)
#define CTXI_MATCH_ALL_6(z, a, b, c, d, e, f)                                                      \
    ctxi_count == 6 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                 \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5)
#define CTXI_MATCH_ALL_7(z, a, b, c, d, e, f, g)                                                   \
    ctxi_count == 7 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                 \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5) && CTXI_MATCH(g, 6)
#define CTXI_MATCH_ALL_8(z, a, b, c, d, e, f, g, h)                                                \
    ctxi_count == 8 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                 \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5) && CTXI_MATCH(g, 6) &&            \
        CTXI_MATCH(h, 7)
#define CTXI_MATCH_ALL_9(z, a, b, c, d, e, f, g, h, i)                                             \
    ctxi_count == 9 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                 \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5) && CTXI_MATCH(g, 6) &&            \
        CTXI_MATCH(h, 7) && CTXI_MATCH(i, 8)
#define CTXI_MATCH_ALL_10(z, a, b, c, d, e, f, g, h, i, j)                                         \
    ctxi_count == 10 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5) && CTXI_MATCH(g, 6) &&            \
        CTXI_MATCH(h, 7) && CTXI_MATCH(i, 8) && CTXI_MATCH(j, 9)
#define CTXI_MATCH_ALL_11(z, a, b, c, d, e, f, g, h, i, j, k)                                      \
    ctxi_count == 11 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5) && CTXI_MATCH(g, 6) &&            \
        CTXI_MATCH(h, 7) && CTXI_MATCH(i, 8) && CTXI_MATCH(j, 9) && CTXI_MATCH(k, 10)
#define CTXI_MATCH_ALL_12(z, a, b, c, d, e, f, g, h, i, j, k, l)                                   \
    ctxi_count == 12 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5) && CTXI_MATCH(g, 6) &&            \
        CTXI_MATCH(h, 7) && CTXI_MATCH(i, 8) && CTXI_MATCH(j, 9) && CTXI_MATCH(k, 10) &&           \
        CTXI_MATCH(l, 11)
#define CTXI_MATCH_ALL_13(z, a, b, c, d, e, f, g, h, i, j, k, l, m)                                \
    ctxi_count == 13 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5) && CTXI_MATCH(g, 6) &&            \
        CTXI_MATCH(h, 7) && CTXI_MATCH(i, 8) && CTXI_MATCH(j, 9) && CTXI_MATCH(k, 10) &&           \
        CTXI_MATCH(l, 11) && CTXI_MATCH(m, 12)
#define CTXI_MATCH_ALL_14(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                             \
    ctxi_count == 14 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5) && CTXI_MATCH(g, 6) &&            \
        CTXI_MATCH(h, 7) && CTXI_MATCH(i, 8) && CTXI_MATCH(j, 9) && CTXI_MATCH(k, 10) &&           \
        CTXI_MATCH(l, 11) && CTXI_MATCH(m, 12) && CTXI_MATCH(n, 13)
#define CTXI_MATCH_ALL_15(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                          \
    ctxi_count == 15 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5) && CTXI_MATCH(g, 6) &&            \
        CTXI_MATCH(h, 7) && CTXI_MATCH(i, 8) && CTXI_MATCH(j, 9) && CTXI_MATCH(k, 10) &&           \
        CTXI_MATCH(l, 11) && CTXI_MATCH(m, 12) && CTXI_MATCH(n, 13) && CTXI_MATCH(o, 14)
#define CTXI_MATCH_ALL_16(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                       \
    ctxi_count == 16 && CTXI_MATCH(a, 0) && CTXI_MATCH(b, 1) && CTXI_MATCH(c, 2) &&                \
        CTXI_MATCH(d, 3) && CTXI_MATCH(e, 4) && CTXI_MATCH(f, 5) && CTXI_MATCH(g, 6) &&            \
        CTXI_MATCH(h, 7) && CTXI_MATCH(i, 8) && CTXI_MATCH(j, 9) && CTXI_MATCH(k, 10) &&           \
        CTXI_MATCH(l, 11) && CTXI_MATCH(m, 12) && CTXI_MATCH(n, 13) && CTXI_MATCH(o, 14) &&        \
        CTXI_MATCH(p, 15)
#define CTXI_TYPES(...)                                                                            \
    CTXI_PICK_17(__VA_ARGS__, CTXI_TYPES_16, CTXI_TYPES_15, CTXI_TYPES_14, CTXI_TYPES_13,          \
                 CTXI_TYPES_12, CTXI_TYPES_11, CTXI_TYPES_10, CTXI_TYPES_9, CTXI_TYPES_8,          \
                 CTXI_TYPES_7, CTXI_TYPES_6, CTXI_TYPES_5, CTXI_TYPES_4, CTXI_TYPES_3,             \
                 CTXI_TYPES_2, CTXI_TYPES_1, CTXI_TYPES_0, 0)                                      \
    (__VA_ARGS__)
#define CTXI_TYPES_0(z)                                      void
#define CTXI_TYPES_1(z, a)                                   a
#define CTXI_TYPES_2(z, a, b)                                a, b
#define CTXI_TYPES_3(z, a, b, c)                             a, b, c
#define CTXI_TYPES_4(z, a, b, c, d)                          a, b, c, d
#define CTXI_TYPES_5(z, a, b, c, d, e)                       a, b, c, d, e
#define CTXI_TYPES_6(z, a, b, c, d, e, f)                    a, b, c, d, e, f
#define CTXI_TYPES_7(z, a, b, c, d, e, f, g)                 a, b, c, d, e, f, g
#define CTXI_TYPES_8(z, a, b, c, d, e, f, g, h)              a, b, c, d, e, f, g, h
#define CTXI_TYPES_9(z, a, b, c, d, e, f, g, h, i)           a, b, c, d, e, f, g, h, i
#define CTXI_TYPES_10(z, a, b, c, d, e, f, g, h, i, j)       a, b, c, d, e, f, g, h, i, j
#define CTXI_TYPES_11(z, a, b, c, d, e, f, g, h, i, j, k)    a, b, c, d, e, f, g, h, i, j, k
#define CTXI_TYPES_12(z, a, b, c, d, e, f, g, h, i, j, k, l) a, b, c, d, e, f, g, h, i, j, k, l
#define CTXI_TYPES_13(z, a, b, c, d, e, f, g, h, i, j, k, l, m)                                    \
    a, b, c, d, e, f, g, h, i, j, k, l, m
#define CTXI_TYPES_14(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                                 \
    a, b, c, d, e, f, g, h, i, j, k, l, m, n
#define CTXI_TYPES_15(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                              \
    a, b, c, d, e, f, g, h, i, j, k, l, m, n, o
#define CTXI_TYPES_16(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                           \
    a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p
#define CTXI_TYPES_THEN(...)                                                                       \
    CTXI_PICK_17(__VA_ARGS__, CTXI_TYPES_THEN_16, CTXI_TYPES_THEN_15, CTXI_TYPES_THEN_14,          \
                 CTXI_TYPES_THEN_13, CTXI_TYPES_THEN_12, CTXI_TYPES_THEN_11, CTXI_TYPES_THEN_10,   \
                 CTXI_TYPES_THEN_9, CTXI_TYPES_THEN_8, CTXI_TYPES_THEN_7, CTXI_TYPES_THEN_6,       \
                 CTXI_TYPES_THEN_5, CTXI_TYPES_THEN_4, CTXI_TYPES_THEN_3, CTXI_TYPES_THEN_2,       \
                 CTXI_TYPES_THEN_1, CTXI_TYPES_THEN_0, 0)                                          \
    (__VA_ARGS__)
#define CTXI_TYPES_THEN_0(z)
#define CTXI_TYPES_THEN_1(z, a)                                a,
#define CTXI_TYPES_THEN_2(z, a, b)                             a, b,
#define CTXI_TYPES_THEN_3(z, a, b, c)                          a, b, c,
#define CTXI_TYPES_THEN_4(z, a, b, c, d)                       a, b, c, d,
#define CTXI_TYPES_THEN_5(z, a, b, c, d, e)                    a, b, c, d, e,
#define CTXI_TYPES_THEN_6(z, a, b, c, d, e, f)                 a, b, c, d, e, f,
#define CTXI_TYPES_THEN_7(z, a, b, c, d, e, f, g)              a, b, c, d, e, f, g,
#define CTXI_TYPES_THEN_8(z, a, b, c, d, e, f, g, h)           a, b, c, d, e, f, g, h,
#define CTXI_TYPES_THEN_9(z, a, b, c, d, e, f, g, h, i)        a, b, c, d, e, f, g, h, i,
#define CTXI_TYPES_THEN_10(z, a, b, c, d, e, f, g, h, i, j)    a, b, c, d, e, f, g, h, i, j,
#define CTXI_TYPES_THEN_11(z, a, b, c, d, e, f, g, h, i, j, k) a, b, c, d, e, f, g, h, i, j, k,
#define CTXI_TYPES_THEN_12(z, a, b, c, d, e, f, g, h, i, j, k, l)                                  \
    a, b, c, d, e, f, g, h, i, j, k, l,
#define CTXI_TYPES_THEN_13(z, a, b, c, d, e, f, g, h, i, j, k, l, m)                               \
    a, b, c, d, e, f, g, h, i, j, k, l, m,
#define CTXI_TYPES_THEN_14(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                            \
    a, b, c, d, e, f, g, h, i, j, k, l, m, n,
#define CTXI_TYPES_THEN_15(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                         \
    a, b, c, d, e, f, g, h, i, j, k, l, m, n, o,
#define CTXI_TYPES_THEN_16(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                      \
    a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p,
#define CTXI_THEN_TYPES(...)                                                                       \
    CTXI_PICK_17(__VA_ARGS__, CTXI_THEN_TYPES_16, CTXI_THEN_TYPES_15, CTXI_THEN_TYPES_14,          \
                 CTXI_THEN_TYPES_13, CTXI_THEN_TYPES_12, CTXI_THEN_TYPES_11, CTXI_THEN_TYPES_10,   \
                 CTXI_THEN_TYPES_9, CTXI_THEN_TYPES_8, CTXI_THEN_TYPES_7, CTXI_THEN_TYPES_6,       \
                 CTXI_THEN_TYPES_5, CTXI_THEN_TYPES_4, CTXI_THEN_TYPES_3, CTXI_THEN_TYPES_2,       \
                 CTXI_THEN_TYPES_1, CTXI_THEN_TYPES_0, 0)                                          \
    (__VA_ARGS__)
#define CTXI_THEN_TYPES_0(z)
#define CTXI_THEN_TYPES_1(z, a)                                , a
#define CTXI_THEN_TYPES_2(z, a, b)                             , a, b
#define CTXI_THEN_TYPES_3(z, a, b, c)                          , a, b, c
#define CTXI_THEN_TYPES_4(z, a, b, c, d)                       , a, b, c, d
#define CTXI_THEN_TYPES_5(z, a, b, c, d, e)                    , a, b, c, d, e
#define CTXI_THEN_TYPES_6(z, a, b, c, d, e, f)                 , a, b, c, d, e, f
#define CTXI_THEN_TYPES_7(z, a, b, c, d, e, f, g)              , a, b, c, d, e, f, g
#define CTXI_THEN_TYPES_8(z, a, b, c, d, e, f, g, h)           , a, b, c, d, e, f, g, h
#define CTXI_THEN_TYPES_9(z, a, b, c, d, e, f, g, h, i)        , a, b, c, d, e, f, g, h, i
#define CTXI_THEN_TYPES_10(z, a, b, c, d, e, f, g, h, i, j)    , a, b, c, d, e, f, g, h, i, j
#define CTXI_THEN_TYPES_11(z, a, b, c, d, e, f, g, h, i, j, k) , a, b, c, d, e, f, g, h, i, j, k
#define CTXI_THEN_TYPES_12(z, a, b, c, d, e, f, g, h, i, j, k, l)                                  \
    , a, b, c, d, e, f, g, h, i, j, k, l
#define CTXI_THEN_TYPES_13(z, a, b, c, d, e, f, g, h, i, j, k, l, m)                               \
    , a, b, c, d, e, f, g, h, i, j, k, l, m
#define CTXI_THEN_TYPES_14(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n)                            \
    , a, b, c, d, e, f, g, h, i, j, k, l, m, n
#define CTXI_THEN_TYPES_15(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)                         \
    , a, b, c, d, e, f, g, h, i, j, k, l, m, n, o
#define CTXI_THEN_TYPES_16(z, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                      \
    , a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p

#endif

#endif
