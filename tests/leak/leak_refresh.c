/*
 * Refreshing ahead: each load binds the next one, in its own context, and that goes on for ever. What
 * a chain of loads remembers of the loads before it must not grow with its length.
 */
#include <ctxcache.h>

#include "support/alloc.h"
#include "support/check.h"
#include "support/scale.h"

enum { WARM_UP = 1000, LINKS = 50000, CAPACITY = 10, TABLES = 1024 };

static struct support_alloc process;
static ctx_cache *cache;
static ctx_bound *next;
static int64_t loads;

static void refresh(void *unused);

static int load(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)args, (void)count, (void)user;
    loads++;
    CHECK_EQ(ctx_bind(refresh, NULL, &next), CTX_OK);
    return ctx_cache_load_copy(load, &loads, sizeof loads);
}

static CTX_CACHE_FN(rates, load);

static void refresh(void *unused)
{
    ctx_cache_ref ref;

    (void)unused;
    CHECK_EQ(ctx_cache_call(cache, rates, &ref, loads), CTX_OK);
    ctx_cache_ref_release(&ref);
}

static void follow(long links)
{
    while (links--) {
        ctx_bound *bound = next;

        CHECK_EQ(ctx_bound_run(bound), CTX_OK);
        ctx_bound_free(bound);
    }
}

int main(void)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    uint64_t before;

    support_alloc_init(&process);
    CHECK_EQ(ctx_set_allocator(&process.allocator), CTX_OK);
    config.capacity_entries = CAPACITY;
    CHECK_EQ(ctx_cache_new(&config, &cache), CTX_OK);
    refresh(NULL);
    follow(WARM_UP);
    before = atomic_load(&process.live_bytes);
    follow(scaled(LINKS));
    /* the cache's tables breathe by some hundred bytes, whatever the number of links */
    CHECK(atomic_load(&process.live_bytes) <= before + TABLES);
    CHECK_EQ(loads, 1 + WARM_UP + scaled(LINKS));
    ctx_bound_free(next);
    ctx_cache_destroy(cache);
    return 0;
}
