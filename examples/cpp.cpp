// cpp.cpp: the same from C++17: scopes, lambdas, owners, a typed twin, and exceptions that pass.
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include <ctxcache.hpp>

static CTX_VAR(tenant);
static int runs;

static double price(std::int64_t sku, const std::string &place)
{
    const char *name = "";
    runs++;
    if (ctx_get_string(tenant, &name) != CTX_OK)
        throw std::runtime_error("no tenant");
    if (sku < 0)
        throw std::invalid_argument("no such sku");
    return static_cast<double>(sku) + (place == "eu" ? 0.25 : 0.75) + (*name == 'a' ? 100 : 200);
}
CTX_CACHE_WRAP(cached_price, double, price, std::int64_t, const std::string &)

template <class A, class B> static void expect(const char *what, const A &is, const B &wanted)
{
    std::cout << what << ": " << is << "\n";
    if (is == wanted)
        return;
    std::cerr << what << ": not " << wanted << "\n";
    std::exit(EXIT_FAILURE);
}

static void must(int status)
{
    if (status != CTX_OK)
        throw std::runtime_error(ctx_strerror(status));
}

static std::string current_tenant()
{
    const char *name = nullptr;
    return ctx_get_string(tenant, &name) == CTX_OK ? name : "(unset)";
}

static ctxcache::cache_ptr make_cache()
{
    ctx_var *const vary[] = {tenant};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache *cache = nullptr;

    config.capacity_entries = 100;
    config.vary = vary;
    config.vary_count = 1;
    must(ctx_cache_new(&config, &cache));
    return ctxcache::cache_ptr(cache);
}

static std::string failure(ctx_cache *cache)
{
    double none = 0;
    try {
        CTX_SCOPED(tenant, "acme");
        must(cached_price(cache, -1, "eu", &none));
    } catch (const std::invalid_argument &e) {
        return e.what();
    }
    return "nothing thrown";
}

int main()
try {
    auto cache = make_cache();
    ctxcache::ref kept;
    ctxcache::bound later;
    ctx_context *copy = nullptr;
    double is = 0;

    expect("without a tenant", cached_price(cache.get(), 7, "eu", &is), int(CTX_ERR_UNSET));
    must(ctx_copy(&copy));
    ctxcache::context_ptr context(copy);
    must(ctx_run(context.get(), [&] {
        must(ctx_set(tenant, std::string("acme")));
        for (int i = 0; i < 3; i++)
            must(cached_price(cache.get(), 7, "eu", &is));
        must(ctx_cache_get(cache.get(), cached_price_fn, &kept, 7, "eu"));
        must(ctx_bind([] { expect("in a thread", current_tenant(), "acme"); }, &later));
    }));
    expect("a price for acme", is, 107.25);
    expect("runs in four calls", runs, 1);
    expect("what the loader threw", failure(cache.get()), "no such sku");
    expect("after the exception", current_tenant(), "(unset)");
    std::thread([&] { must(later.run()); }).join();
    cache.reset();
    expect("a reference outlives the cache", *kept.as<double>(), 107.25);
} catch (const std::exception &e) {
    std::cerr << e.what() << "\n";
    return EXIT_FAILURE;
}
