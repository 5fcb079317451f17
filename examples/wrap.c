/*
 * wrap.c: one line makes a native function memoized, per tenant; and a recursive one stays linear
 * through a cache of four entries.
 */
#include <stdio.h>
#include <stdlib.h>

#include <ctxcache.h>

static CTX_VAR(tenant);
static int price_runs, fib_runs;
static ctx_cache *fib_cache;

#define MUST(call) must(call, #call)

static void must(int status, const char *call)
{
    if (status == CTX_OK)
        return;
    fprintf(stderr, "%s: %s\n", call, ctx_strerror(status));
    exit(EXIT_FAILURE);
}

static void expect(const char *what, uint64_t is, uint64_t wanted)
{
    printf("%s: %llu\n", what, (unsigned long long)is);
    if (is == wanted)
        return;
    fprintf(stderr, "%s: not %llu\n", what, (unsigned long long)wanted);
    exit(EXIT_FAILURE);
}

/* Expensive, and different for each tenant, which it finds in the context by itself. */
static int price(int64_t sku, const char *place, double *out_price)
{
    const char *name;
    int status = ctx_get_string(tenant, &name);

    if (status != CTX_OK)
        return status;
    price_runs++;
    *out_price = (double)sku + (place[0] == 'e' ? 0.25 : 0.75) + (name[0] == 'a' ? 100 : 200);
    return CTX_OK;
}
CTX_CACHE_WRAP_TRY(cached_price, double, price, int64_t, const char *)

/* The twin comes first here, because fib() calls it. */
static int fib(int n, uint64_t *out_result);
CTX_CACHE_WRAP_TRY(cached_fib, uint64_t, fib, int)

static int fib(int n, uint64_t *out_result)
{
    uint64_t one = 1, two = 0;
    int status = n < 2 ? CTX_OK : cached_fib(fib_cache, n - 1, &one);

    if (status == CTX_OK && n > 1)
        status = cached_fib(fib_cache, n - 2, &two);
    fib_runs++;
    *out_result = n == 0 ? 0 : one + two;
    return status;
}

static void ask_price(ctx_cache *cache, const char *name, double wanted)
{
    double is = 0;
    CTX_SCOPED(tenant, name);

    for (int i = 0; i < 3; i++)
        MUST(cached_price(cache, 7, "eu", &is));
    printf("%s pays %.2f\n", name, is);
    if (is < wanted || is > wanted)
        exit(EXIT_FAILURE);
}

int main(void)
{
    ctx_cache *cache = NULL;
    ctx_var *const vary[] = {tenant};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    uint64_t result = 0;

    config.capacity_entries = 4;
    MUST(ctx_cache_new(&config, &fib_cache));
    MUST(cached_fib(fib_cache, 90, &result));
    expect("fib(90)", result, 2880067194370816120u);
    expect("runs of fib", (uint64_t)fib_runs, 91);

    config.vary = vary;
    config.vary_count = 1;
    MUST(ctx_cache_new(&config, &cache));
    ask_price(cache, "acme", 107.25);
    ask_price(cache, "globex", 207.25);
    ask_price(cache, "acme", 107.25);
    expect("runs of price in nine calls", (uint64_t)price_runs, 2);
    ctx_cache_destroy(cache);
    ctx_cache_destroy(fib_cache);
    return EXIT_SUCCESS;
}
