/*
 * A cache that keeps a curve of itself, from C++: read, asked, outliving its cache, and nothing left behind.
 */
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include <ctxcache.hpp>

#include "support/check.h"

static CTX_VAR(tenant);

static std::int64_t square(std::int64_t n)
{
    return n * n;
}

CTX_CACHE_WRAP(cached_square, std::int64_t, square, std::int64_t)

struct free_curve {
    void operator()(ctx_cache_curve *curve) const
    {
        ctx_cache_curve_free(curve);
    }
};

using curve_ptr = std::unique_ptr<ctx_cache_curve, free_curve>;

static curve_ptr read(ctx_cache *cache)
{
    ctx_cache_curve *curve = nullptr;

    CHECK_EQ(ctx_cache_curve_read(cache, &curve), CTX_OK);
    return curve_ptr(curve);
}

static ctx_cache *make(std::uint32_t curve_keys)
{
    static ctx_var *const vary[] = {tenant};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache *cache = nullptr;

    config.capacity_entries = 50;
    config.vary = vary;
    config.vary_count = 1;
    config.curve_keys = curve_keys;
    config.curve_rate = 1;
    config.curve_partitions = 2;
    CHECK_EQ(ctx_cache_new(&config, &cache), CTX_OK);
    return cache;
}

static void call(ctx_cache *cache, const char *who, std::int64_t keys)
{
    CTX_SCOPED(tenant, who);
    std::int64_t result = 0;

    for (std::int64_t i = 0; i < 10 * keys; i++)
        CHECK_EQ(cached_square(cache, i % keys, &result), CTX_OK);
}

int main()
{
    ctx_cache *cache = make(CTX_CACHE_CURVE_KEYS_DEFAULT);
    ctx_cache_advice advice = CTX_CACHE_ADVICE_INIT;
    ctx_cache_split split = CTX_CACHE_SPLIT_INIT;
    std::vector<ctx_cache_quota> quotas(8);

    call(cache, "acme", 100);
    call(cache, "globex", 20);
    call(cache, "initech", 5);
    curve_ptr curve = read(cache);
    ctx_cache_destroy(cache);
    CHECK_EQ(ctx_cache_curve_count(curve.get()), 4u);
    std::vector<ctx_cache_point> points(ctx_cache_curve_points(curve.get(), 0, nullptr, 0));
    CHECK_EQ(ctx_cache_curve_points(curve.get(), 0, points.data(), points.size()), points.size());
    CHECK_EQ(points.back().capacity, 100u);
    CHECK(std::fabs(points.back().hit_ratio - 0.9) < 1e-9);
    CHECK_EQ(ctx_cache_advise(curve.get(), &advice), CTX_OK);
    CHECK_EQ(advice.reach_99.capacity, 100u);
    CHECK_EQ(ctx_cache_quotas(curve.get(), 60, quotas.data(), quotas.size(), &split), CTX_OK);
    CHECK_EQ(split.count, 3u);
    std::puts("leak_curve: a curve outlived its cache");
    return 0;
}
