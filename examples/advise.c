/*
 * advise.c: a cache that is too small says so itself. It keeps a curve of the calls that it answers; after
 * a while it is asked how large it should be, made so, and hits as the curve foretold.
 */
#include <stdio.h>
#include <stdlib.h>

#include <ctxcache.h>

enum { SKUS = 20000, CALLS = 400000, TOO_SMALL = 500 };

static CTX_VAR(tenant);

static double price(int64_t sku)
{
    const char *who = "";

    ctx_get_string(tenant, &who);
    return (double)sku + who[0];
}

CTX_CACHE_WRAP(cached_price, double, price, int64_t)

/* Some are asked for often, most of them hardly ever. The part of the calls that hit. */
static double ask_much(ctx_cache *cache, uint64_t *state)
{
    ctx_cache_stats before = CTX_CACHE_STATS_INIT, after = CTX_CACHE_STATS_INIT;
    double found;

    ctx_cache_stats_read(cache, &before);
    for (int i = 0; i < CALLS; i++) {
        CTX_SCOPED(tenant, i % 8 ? "acme" : "globex");
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        double u = (double)(*state >> 11) * 0x1p-53;
        if (cached_price(cache, (int64_t)(u * u * u * u * SKUS), &found) != CTX_OK)
            return -1;
    }
    ctx_cache_stats_read(cache, &after);
    return (double)(after.hits - before.hits) / CALLS;
}

/* How large should it be? And would a cache for each tenant be better? */
static int ask_itself(ctx_cache *cache, ctx_cache_point *out_point)
{
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache_split split = CTX_CACHE_SPLIT_INIT;
    ctx_cache_curve *curve;
    int status = ctx_cache_curve_read(cache, &curve);

    if (status != CTX_OK)
        return status;
    status = ctx_cache_advise(curve, &advice); /* CTX_ABSENT: it has not seen enough */
    if (status == CTX_OK)
        status = ctx_cache_quotas(curve, advice.reach_95.capacity, NULL, 0, &split);
    if (status == CTX_OK)
        printf("for 95 %% of the hits there can be: %d hundred entries\n"
               "a cache for each tenant: %s\n",
               (int)((advice.reach_95.capacity + 50) / 100),
               split.unsure_requests > 0.01 ? "not known yet"
               : split.sharing_is_better    ? "no better"
                                            : "better");
    *out_point = advice.reach_95;
    ctx_cache_curve_free(curve);
    return status;
}

int main(void)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache_point point;
    uint64_t state = 1;
    ctx_cache *cache;

    config.capacity_entries = TOO_SMALL;
    config.vary = (ctx_var *[]){tenant};
    config.vary_count = 1;
    config.seed = 1; /* so that the sample is the same each time */
    config.curve_keys = CTX_CACHE_CURVE_KEYS_DEFAULT;
    config.curve_rate =
        1; /* 10,000 divided by the number of keys, at most 1; the default is for a million */
    config.curve_partitions = 2; /* without: no ctx_cache_quotas() */
    if (ctx_cache_new(&config, &cache) != CTX_OK)
        return EXIT_FAILURE;
    printf("with %d entries: %.0f %% hits\n", TOO_SMALL, 100 * ask_much(cache, &state));
    if (ask_itself(cache, &point) != CTX_OK)
        return EXIT_FAILURE;
    /* of a cache with capacity_bytes it is bytes: (cache, 0, point.capacity) */
    if (ctx_cache_resize(cache, point.capacity, 0) != CTX_OK)
        return EXIT_FAILURE;
    ask_much(cache, &state); /* fills it */
    printf("foretold: at least %.0f %%, and it is so: %s\n", 100 * point.low,
           ask_much(cache, &state) >= point.low ? "yes" : "no");
    ctx_cache_destroy(cache);
    return EXIT_SUCCESS;
}
