/*
 * The one-line wrapper: native functions and their memoized twins.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support/cache_kit.h"

static CTX_VAR(tenant);
static ctx_cache *cache;
static int calls;

static void setup(void)
{
    cache = cache_of(100, NULL);
}

static void teardown(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(wrap, .init = setup, .fini = teardown);

static double price(int64_t sku, const char *region)
{
    calls++;
    return (double)sku * (region && *region == 'e' ? 1.5 : 2.0);
}

CTX_CACHE_WRAP(cached_price, double, price, int64_t, const char *)

Test(wrap, the_twin_computes_once)
{
    double out = 0;

    for (int i = 0; i < 3; i++) {
        cr_assert_eq(cached_price(cache, 10, "eu", &out), CTX_OK);
        cr_assert_float_eq(out, 15.0, 0);
    }
    cr_assert_eq(calls, 1);
    cr_assert_eq(cached_price(cache, 10, "us", &out), CTX_OK);
    cr_assert_float_eq(out, 20.0, 0);
    cr_assert_eq(cached_price(cache, 10, NULL, &out), CTX_OK);
    cr_assert_eq(cached_price(cache, 10, "", &out), CTX_OK);
    cr_assert_eq(calls, 4);
}

/* The untyped calls are not checked by the compiler: the twin's loader looks before it unboxes. */
Test(wrap, arguments_of_other_types_never_reach_the_function)
{
    ctx_cache_ref ref;

    cr_assert_eq(ctx_cache_call(cache, cached_price_fn, &ref, 1.5, "eu"), CTX_ERR_TYPE);
    cr_assert_eq(ctx_cache_call(cache, cached_price_fn, &ref, "eu", 10), CTX_ERR_TYPE);
    cr_assert_eq(ctx_cache_call(cache, cached_price_fn, &ref, 10), CTX_ERR_TYPE);
    cr_assert_eq(ctx_cache_call(cache, cached_price_fn, &ref), CTX_ERR_TYPE);
    cr_assert_eq(ctx_cache_call(cache, cached_price_fn, &ref, 10, "eu", 1), CTX_ERR_TYPE);
    cr_assert_eq(calls, 0);
    cr_assert_eq(stats_of(cache).entries, 0);
}

Test(wrap, its_function_can_be_invalidated)
{
    double out;

    cached_price(cache, 10, "eu", &out);
    cr_assert_eq(ctx_cache_invalidate(cache, cached_price_fn, 10, "eu"), CTX_OK);
    cached_price(cache, 10, "eu", &out);
    cr_assert_eq(calls, 2);
}

Test(wrap, an_error_of_the_cache_comes_back)
{
    ctx_cache *tenants = cache_of(10, tenant);
    double out = 7;

    cr_assert_eq(cached_price(tenants, 10, "eu", &out), CTX_ERR_UNSET);
    cr_assert_eq(cached_price(NULL, 10, "eu", &out), CTX_ERR_INVALID);
    cr_assert_eq(cached_price(cache, 10, "eu", NULL), CTX_ERR_INVALID);
    cr_assert_float_eq(out, 7, 0);
    cr_assert_eq(calls, 0);
    ctx_cache_destroy(tenants);
}

Test(wrap, the_twin_is_as_partitioned_as_its_cache)
{
    ctx_cache *tenants = cache_of(10, tenant);
    double out;

    ctx_set(tenant, "acme");
    cached_price(tenants, 10, "eu", &out);
    ctx_set(tenant, "bolt");
    cached_price(tenants, 10, "eu", &out);
    cr_assert_eq(calls, 2);
    ctx_cache_destroy(tenants);
}

static int64_t cached_fib_of(ctx_cache *through, int64_t n);
static int64_t fib(int64_t n);
CTX_CACHE_WRAP(cached_fib, int64_t, fib, int64_t)

static int64_t fib(int64_t n)
{
    calls++;
    return n < 2 ? n : cached_fib_of(cache, n - 1) + cached_fib_of(cache, n - 2);
}

static int64_t cached_fib_of(ctx_cache *through, int64_t n)
{
    int64_t out = 0;

    cr_assert_eq(cached_fib(through, n, &out), CTX_OK);
    return out;
}

Test(wrap, fib_through_capacity_four)
{
    ctx_cache_resize(cache, 4, 0);
    cr_assert_eq(cached_fib_of(cache, 90), 2880067194370816120);
    cr_assert_eq(calls, 91);
}

/* ---- functions that can fail -------------------------------------------------------------- */

static int rate(const char *from, const char *to, double *out_rate)
{
    calls++;
    if (strcmp(from, to) == 0)
        return -77;
    *out_rate = 1.25;
    return CTX_OK;
}

CTX_CACHE_WRAP_TRY(cached_rate, double, rate, const char *, const char *)

Test(wrap, a_failure_comes_back_and_is_not_stored)
{
    double out = 0;

    cr_assert_eq(cached_rate(cache, "EUR", "EUR", &out), -77);
    cr_assert_eq(cached_rate(cache, "EUR", "EUR", &out), -77);
    cr_assert_float_eq(out, 0, 0);
    cr_assert_eq(calls, 2);
    cr_assert_eq(cached_rate(cache, "EUR", "USD", &out), CTX_OK);
    cr_assert_eq(cached_rate(cache, "EUR", "USD", &out), CTX_OK);
    cr_assert_float_eq(out, 1.25, 0);
    cr_assert_eq(calls, 3);
}

static int tick(int *out)
{
    *out = ++calls;
    return CTX_OK;
}

CTX_CACHE_WRAP_TRY(cached_tick, int, tick)

Test(wrap, a_function_without_arguments)
{
    int out = 0;

    cr_assert_eq(cached_tick(cache, &out), CTX_OK);
    cr_assert_eq(cached_tick(cache, &out), CTX_OK);
    cr_assert_eq(out, 1);
}

/* ---- results by ref ----------------------------------------------------------------------- */

static int report(ctx_cache_load *load, int64_t year)
{
    char text[32];
    int length = snprintf(text, sizeof text, "report of %d", (int)year);

    calls++;
    return ctx_cache_load_copy(load, text, (size_t)length + 1);
}

CTX_CACHE_WRAP_REF(cached_report, report, int64_t)

Test(wrap, a_result_by_ref)
{
    for (int i = 0; i < 2; i++) {
        ctx_cache_ref ref = CTX_CACHE_REF_INIT;

        cr_assert_eq(cached_report(cache, 1999, &ref), CTX_OK);
        cr_assert_str_eq((const char *)ref.data, "report of 1999");
        cr_assert_eq(ref.size, 15);
        ctx_cache_ref_release(&ref);
    }
    cr_assert_eq(calls, 1);
}

static int constant(ctx_cache_load *load)
{
    calls++;
    return ctx_cache_load_copy(load, "k", 2);
}

CTX_CACHE_WRAP_REF(cached_constant, constant)

Test(wrap, a_result_by_ref_without_arguments)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    for (int i = 0; i < 2; i++) {
        cr_assert_eq(cached_constant(cache, &ref), CTX_OK);
        ctx_cache_ref_release(&ref);
    }
    cr_assert_eq(calls, 1);
}

/* ---- types -------------------------------------------------------------------------------- */

struct point {
    int32_t x, y;
};

static struct point mix(bool a, char b, signed char c, unsigned char d, short e, unsigned short f,
                        int g, unsigned h, long i, unsigned long j, long long k,
                        unsigned long long l, float m, double n, char *o, const char *p)
{
    struct point out = {a + b + c + d + e + f + g + (int)h, 0};

    calls++;
    out.y = (int)i + (int)j + (int)k + (int)l + (int)m + (int)n + o[0] + p[0];
    return out;
}

CTX_CACHE_WRAP(cached_mix, struct point, mix, bool, char, signed char, unsigned char, short,
               unsigned short, int, unsigned, long, unsigned long, long long, unsigned long long,
               float, double, char *, const char *)

Test(wrap, sixteen_arguments_of_every_type_arrive)
{
    struct point out = {0, 0}, direct;
    char text[] = "A";

    direct = mix(true, 2, -3, 4, -5, 6, -7, 8, -9, 10, -11, 12, 13.5f, 14.5, text, "B");
    cr_assert_eq(cached_mix(cache, true, 2, -3, 4, -5, 6, -7, 8, -9, 10, -11, 12, 13.5f, 14.5, text,
                            "B", &out),
                 CTX_OK);
    cr_assert_eq(out.x, direct.x);
    cr_assert_eq(out.y, direct.y);
    cr_assert_eq(cached_mix(cache, true, 2, -3, 4, -5, 6, -7, 8, -9, 10, -11, 12, 13.5f, 14.5, text,
                            "B", &out),
                 CTX_OK);
    cr_assert_eq(calls, 2);
    cr_assert_eq(cached_mix(cache, false, 2, -3, 4, -5, 6, -7, 8, -9, 10, -11, 12, 13.5f, 14.5,
                            text, "B", &out),
                 CTX_OK);
    cr_assert_eq(calls, 3);
}

static int64_t extreme(int64_t a, uint64_t b)
{
    return a == INT64_MIN && b == UINT64_MAX ? 1 : 0;
}

CTX_CACHE_WRAP(cached_extreme, int64_t, extreme, int64_t, uint64_t)

Test(wrap, no_bit_of_an_argument_is_lost)
{
    int64_t out = 0;

    cr_assert_eq(cached_extreme(cache, INT64_MIN, UINT64_MAX, &out), CTX_OK);
    cr_assert_eq(out, 1);
}

/* ---- the macros of call.h ----------------------------------------------------------------- */

PROBE(probe);

static int call_with_sixteen(ctx_cache_ref *ref)
{
    return ctx_cache_call(cache, probe, ref, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
}

static int get_with_sixteen(ctx_cache_ref *ref)
{
    return ctx_cache_get(cache, probe, ref, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
}

Test(wrap, calls_by_hand_take_up_to_sixteen_native_arguments)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    cr_assert_eq(ctx_cache_call(cache, probe, &ref), CTX_OK);
    ctx_cache_ref_release(&ref);
    cr_assert_eq(call_with_sixteen(&ref), CTX_OK);
    ctx_cache_ref_release(&ref);
    cr_assert_eq(get_with_sixteen(&ref), CTX_OK);
    cr_assert_eq(*(const int64_t *)ref.data, 2);
    ctx_cache_ref_release(&ref);
    cr_assert_eq(ctx_cache_get(cache, probe, &ref), CTX_OK);
    cr_assert_eq(*(const int64_t *)ref.data, 1);
    ctx_cache_ref_release(&ref);
    cr_assert_eq(ctx_cache_invalidate(cache, probe), CTX_OK);
    cr_assert_eq(ctx_cache_peek(cache, probe, &ref), CTX_ABSENT);
}

Test(wrap, native_values_are_boxed_by_their_type)
{
    char text[] = "x";

    ask(cache, probe, 1, 2u, 3.0, (bool)true, text);
    cr_assert_eq(look(cache, probe, ctx_i64(1), ctx_u64(2), ctx_f64(3), ctx_bool(true),
                      ctx_string("x"))
                     .status,
                 CTX_OK);
    cr_assert_eq(look(cache, probe, (short)1, (unsigned char)2, 3.0f, ctx_bool(true),
                      (const char *)text)
                     .status,
                 CTX_OK);
}
