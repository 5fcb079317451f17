/*
 * A cache that is destroyed while a batch of calls is loading: its loads answer their callers, with and
 * without a bulk loader, and the last of them frees the rest. AddressSanitizer sees who comes after that.
 */
#include <pthread.h>
#include <stdio.h>

#include "support/cache_kit.h"
#include "support/check.h"

enum { CALLS = 40 };

static ctx_cache *cache;
static bool is_destroyed;

static void *destroy(void *unused)
{
    (void)unused;
    ctx_cache_destroy(cache);
    return NULL;
}

/* On another thread, as somebody else would; once. */
static void destroy_meanwhile(void)
{
    pthread_t thread;

    if (is_destroyed)
        return;
    is_destroyed = true;
    CHECK_EQ(pthread_create(&thread, NULL, destroy, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static int load_seven(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    const int64_t value = 7;

    (void)args, (void)count, (void)user;
    return ctx_cache_load_copy(load, &value, sizeof value);
}

static CTX_CACHE_FN(seven, load_seven);

/* Where the thread was not yet: so it lets go of what it had in caches that are gone. */
static void use_another(void)
{
    ctx_cache *other = cache_of(10, NULL);

    CHECK_EQ(ask(other, seven).status, CTX_OK);
    ctx_cache_destroy(other);
}

static int load(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)count, (void)user;
    if (args[0].as.i64 == CALLS / 4) {
        destroy_meanwhile();
        use_another();
    }
    return ctx_cache_load_copy(load, &args[0].as.i64, sizeof args[0].as.i64);
}

static CTX_CACHE_FN(echo, load);

static int load_all(ctx_cache_load *const *loads, const ctx_value *const *args, size_t arg_count,
                    size_t count, void *user)
{
    (void)arg_count, (void)user;
    destroy_meanwhile();
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(ctx_cache_load_copy(loads[i], &args[i][0].as.i64, sizeof args[i][0].as.i64),
                 CTX_OK);
    return CTX_OK;
}

static void run(ctx_cache_bulk_loader *bulk_loader)
{
    ctx_cache_options options = CTX_CACHE_OPTIONS_INIT;
    ctx_value args[CALLS];
    int64_t answers[CALLS];
    int statuses[CALLS];

    options.bulk_loader = bulk_loader;
    is_destroyed = false;
    cache = cache_of(100, NULL);
    for (int64_t i = 0; i < CALLS; i++)
        args[i] = ctx_i64(i);
    /* some are there, so that hits come between the loads */
    CHECK_EQ(ctx_cache_call_many_copy_v(cache, echo, args, 1, 5, NULL, answers, sizeof *answers,
                                        statuses),
             CTX_OK);
    CHECK_EQ(ctx_cache_call_many_copy_v(cache, echo, args, 1, CALLS, &options, answers,
                                        sizeof *answers, statuses),
             CTX_OK);
    for (int64_t i = 0; i < CALLS; i++) {
        CHECK_EQ(statuses[i], CTX_OK);
        CHECK_EQ(answers[i], i);
    }
    CHECK(is_destroyed);
}

int main(void)
{
    for (int round = 0; round < 3; round++) {
        run(NULL);
        run(load_all);
    }
    use_another();
    puts("leak_destroy: batches that outlived their caches answered");
    return 0;
}
