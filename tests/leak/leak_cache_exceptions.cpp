/*
 * C++ exceptions out of loaders, encoders and callbacks of the cache: they reach the caller, the key
 * is free again, who waited is told, adopted values are destroyed, and nothing is left behind.
 */
#include <ctxcache.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/check.h"

namespace
{

CTX_VAR(tenant);

/* What the cache has taken and not given back. */
std::atomic<size_t> live;

void *allocate(void *, size_t bytes)
{
    live += bytes;
    return std::malloc(bytes);
}

void release(void *, void *block, size_t bytes)
{
    live -= bytes;
    std::free(block);
}

const ctx_allocator counting = {sizeof(ctx_allocator), allocate, release, nullptr};

ctx_cache *cache;
std::atomic<int> loads, destroyed;
std::atomic<bool> may_throw{true};

void destroy_value(void *value, size_t, void *)
{
    delete static_cast<int64_t *>(value);
    destroyed++;
}

/* Throws until it is told not to; what it adopted before is the cache's. */
int load(ctx_cache_load *l, const ctx_value *args, size_t, void *)
{
    loads++;
    CHECK(ctx_cache_load_adopt(l, new int64_t(args[0].as.i64), sizeof(int64_t), destroy_value,
                               nullptr) == CTX_OK);
    if (may_throw)
        throw std::runtime_error("loader");
    return CTX_OK;
}

ctx_cache_fn report[1] = {{"report", 1, 0, load, nullptr, 0, 0}};

int call(int64_t key)
{
    ctx_value arg = ctx_i64(key);
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    int r = ctx_cache_call_v(cache, report, &arg, 1, nullptr, &ref, nullptr);

    ctx_cache_ref_release(&ref);
    return r;
}

bool throws(int64_t key)
{
    try {
        call(key);
    } catch (const std::runtime_error &) {
        return true;
    }
    return false;
}

ctx_cache_stats stats()
{
    ctx_cache_stats s = CTX_CACHE_STATS_INIT;

    CHECK(ctx_cache_stats_read(cache, &s) == CTX_OK);
    CHECK(s.calls == s.hits + s.misses + s.joined + s.bypasses + s.refused);
    CHECK(s.misses + s.bypasses == s.loads_ok + s.loads_failed + s.absent);
    return s;
}

void make_cache(ctx_cache_unset unset, uint32_t flags)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    config.capacity_entries = 10;
    config.vary = &vary;
    config.vary_count = 1;
    config.unset = unset;
    config.flags = flags;
    config.allocator = &counting;
    CHECK(ctx_cache_new(&config, &cache) == CTX_OK);
    may_throw = true;
    loads = 0;
    destroyed = 0;
}

void end_cache()
{
    ctx_cache_destroy(cache);
    CHECK(destroyed == loads);
    CHECK(live == 0);
}

void become_acme()
{
    CHECK(ctx_set_v(tenant, ctx_string("acme"), nullptr) == CTX_OK);
}

void a_loader_that_throws_leaves_the_key_free()
{
    make_cache(CTX_CACHE_UNSET_ERROR, 0);
    become_acme();
    CHECK(throws(1));
    CHECK(throws(1));
    CHECK(destroyed == 2);
    CHECK(stats().loads_failed == 2);
    CHECK(stats().entries == 0);
    may_throw = false;
    CHECK(call(1) == CTX_OK);
    CHECK(loads == 3);
    end_cache();
}

void a_bypassing_loader_may_throw()
{
    make_cache(CTX_CACHE_UNSET_BYPASS, 0);
    std::thread([] {
        CHECK(throws(1));
        CHECK(stats().bypasses == 1);
        CHECK(stats().loads_failed == 1);
    }).join();
    end_cache();
}

/* Each load but the last throws, so each waiter is told, or with RETRY tries for itself. */
void waiters_of_a_loader_that_throws_are_told(uint32_t flags)
{
    std::vector<std::thread> threads;
    std::atomic<int> thrown{0}, abandoned{0}, others{0};

    make_cache(CTX_CACHE_UNSET_ERROR, flags);
    threads.reserve(4);
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&] {
            become_acme();
            for (int round = 0; round < 2000; round++)
                try {
                    (call(1) == CTX_ERR_ABANDONED ? abandoned : others)++;
                } catch (const std::runtime_error &) {
                    thrown++;
                }
        });
    for (std::thread &thread : threads)
        thread.join();
    CHECK(others == 0);
    CHECK(thrown == loads);
    CHECK(thrown + abandoned == 8000);
    CHECK(!flags || abandoned == 0);
    CHECK(stats().joined == static_cast<uint64_t>(abandoned));
    end_cache();
}

/* ---- encoders and callbacks --------------------------------------------------------------- */

int encode(const void *, ctx_encoder *encoder)
{
    if (may_throw)
        throw std::runtime_error("encoder");
    return ctx_encode(encoder, ctx_i64(1));
}

const ctx_object_class throwing = {sizeof(ctx_object_class), "throwing", nullptr, nullptr, encode};

void an_encoder_may_throw()
{
    int object = 0;
    ctx_value arg = ctx_object(&object, &throwing);
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    bool caught = false;

    make_cache(CTX_CACHE_UNSET_ERROR, 0);
    become_acme();
    try {
        ctx_cache_call_v(cache, report, &arg, 1, nullptr, &ref, nullptr);
    } catch (const std::runtime_error &) {
        caught = true;
    }
    CHECK(caught);
    may_throw = false;
    CHECK(ctx_cache_call_v(cache, report, &arg, 1, nullptr, &ref, nullptr) == CTX_OK);
    ctx_cache_ref_release(&ref);
    end_cache();
}

void an_encoder_of_the_partition_may_throw()
{
    int object = 0;

    make_cache(CTX_CACHE_UNSET_ERROR, 0);
    CHECK(ctx_set_v(tenant, ctx_object(&object, &throwing), nullptr) == CTX_OK);
    CHECK(throws(1));
    CHECK(loads == 0);
    may_throw = false;
    CHECK(call(1) == CTX_OK);
    CHECK(call(1) == CTX_OK);
    CHECK(loads == 1);
    end_cache();
}

/* Through five loads of the same thread at once. */
int load_deep(ctx_cache_load *l, const ctx_value *args, size_t, void *user)
{
    int64_t n = args[0].as.i64;
    ctx_value next = ctx_i64(n - 1);
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    int r;

    if (n == 0 && may_throw)
        throw std::runtime_error("deep");
    if (n == 0)
        return ctx_cache_load_copy(l, &n, sizeof n);
    r = ctx_cache_call_v(cache, static_cast<ctx_cache_fn *>(user), &next, 1, nullptr, &ref,
                         nullptr);
    ctx_cache_ref_release(&ref);
    return r == CTX_OK ? ctx_cache_load_copy(l, &n, sizeof n) : r;
}

ctx_cache_fn deep[1] = {{"deep", 1, 0, load_deep, deep, 0, 0}};

void an_exception_passes_through_nested_loads()
{
    ctx_value arg = ctx_i64(5);
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    bool caught = false;

    make_cache(CTX_CACHE_UNSET_ERROR, 0);
    become_acme();
    try {
        ctx_cache_call_v(cache, deep, &arg, 1, nullptr, &ref, nullptr);
    } catch (const std::runtime_error &) {
        caught = true;
    }
    CHECK(caught);
    CHECK(stats().loads_failed == 6);
    may_throw = false;
    CHECK(ctx_cache_call_v(cache, deep, &arg, 1, nullptr, &ref, nullptr) == CTX_OK);
    ctx_cache_ref_release(&ref);
    CHECK(stats().entries == 6);
    end_cache();
}

void throw_on_removal(void *, const ctx_cache_removal *)
{
    if (may_throw.exchange(false))
        throw std::runtime_error("removal");
}

void a_removal_callback_may_throw()
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    bool caught = false;

    config.capacity_entries = 10;
    config.on_remove = throw_on_removal;
    config.allocator = &counting;
    CHECK(ctx_cache_new(&config, &cache) == CTX_OK);
    may_throw = false;
    loads = 0;
    destroyed = 0;
    for (int64_t key = 0; key < 10; key++)
        CHECK(call(key) == CTX_OK);
    may_throw = true;
    try {
        ctx_cache_clear(cache);
    } catch (const std::runtime_error &) {
        caught = true;
    }
    CHECK(caught);
    CHECK(ctx_cache_clear(cache) == CTX_OK);
    CHECK(destroyed == 10);
    end_cache();
}

} // namespace

int main()
{
    alarm(300);
    a_loader_that_throws_leaves_the_key_free();
    a_bypassing_loader_may_throw();
    waiters_of_a_loader_that_throws_are_told(0);
    waiters_of_a_loader_that_throws_are_told(CTX_CACHE_RETRY);
    an_encoder_may_throw();
    an_encoder_of_the_partition_may_throw();
    an_exception_passes_through_nested_loads();
    a_removal_callback_may_throw();
    return 0;
}
