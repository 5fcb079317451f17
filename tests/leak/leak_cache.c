/*
 * Memory that runs out: for every entry point of the cache, every allocation that it makes fails
 * once, alone, and then with all that follow; from the cache's allocator and from the process's.
 * The answer is the ordinary one or CTX_ERR_NOMEM, what was cached is still there, every adopted
 * value is destroyed once, and in the end nothing is left.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/cache_kit.h"
#include "support/check.h"

static CTX_VAR(tenant);
static CTX_VAR(locale);
static CTX_VAR(never_set);

static struct support_alloc process, own; /* the process's, and the cache's */
static int adopted, destroyed;

/* ---- loaders ------------------------------------------------------------------------------ */

static int load_copy(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    int64_t value = 11;

    (void)args, (void)count, (void)user;
    return ctx_cache_load_copy(load, &value, sizeof value);
}

static int load_reserve(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    void *buffer;
    int r = ctx_cache_load_reserve(load, 5000, &buffer);

    (void)args, (void)count, (void)user;
    CHECK((r == CTX_OK) == (buffer != NULL));
    if (buffer)
        memset(buffer, 'r', 5000);
    return r;
}

static void destroy_value(void *value, size_t size, void *user)
{
    (void)size, (void)user;
    CHECK_EQ(*(int *)value, 77);
    *(int *)value = 0;
    free(value);
    destroyed++;
}

static int load_adopt(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    int *value = malloc(sizeof *value);

    (void)args, (void)count, (void)user;
    CHECK(value);
    *value = 77;
    adopted++;
    return ctx_cache_load_adopt(load, value, sizeof *value, destroy_value, NULL);
}

static int load_negative(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)args, (void)count, (void)user;
    ctx_cache_load_negative(load);
    return CTX_OK;
}

/* Gives several values, says everything, reads what is not declared. */
static int load_lavish(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    ctx_value v;
    int r;

    (void)args, (void)count, (void)user;
    r = ctx_get(locale, &v);
    if (r != CTX_OK && r != CTX_ERR_UNSET)
        return r;
    ctx_cache_load_ttl(load, 1000);
    ctx_cache_load_weight(load, 100);
    if ((r = load_adopt(load, args, count, user)) != CTX_OK)
        return r;
    return load_reserve(load, args, count, user);
}

static CTX_CACHE_FN(copied, load_copy);
static CTX_CACHE_FN(reserved, load_reserve);
static CTX_CACHE_FN(adopting, load_adopt);
static CTX_CACHE_FN(negative, load_negative);
static CTX_CACHE_FN(lavish, load_lavish);

static ctx_cache *cache;

static int load_nested(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    int r = ctx_cache_call(cache, reserved, &ref, args[0].as.i64 + 1);

    (void)count, (void)user;
    if (r == CTX_OK)
        r = ctx_cache_load_copy(load, ref.data, 8);
    ctx_cache_ref_release(&ref);
    return r;
}

static CTX_CACHE_FN(nested, load_nested);

/* ---- scenarios: an ordinary answer becomes CTX_OK ----------------------------------------- */

static int call_v(ctx_cache_fn *fn, ctx_value arg, int ordinary)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    int r = ctx_cache_call_v(cache, fn, &arg, 1, NULL, &ref, &info);

    CHECK((r == CTX_OK) == (ref.pin != NULL));
    ctx_cache_ref_release(&ref);
    return r == ordinary ? CTX_OK : r;
}

static int call_hit(void)
{
    return call_v(copied, ctx_i64(1), CTX_OK);
}

static int call_copied(void)
{
    return call_v(copied, ctx_i64(100), CTX_OK);
}

static int call_reserved(void)
{
    return call_v(reserved, ctx_i64(100), CTX_OK);
}

static int call_adopting(void)
{
    return call_v(adopting, ctx_i64(100), CTX_OK);
}

static int call_negative(void)
{
    return call_v(negative, ctx_i64(100), CTX_ABSENT);
}

static int call_lavish(void)
{
    return call_v(lavish, ctx_i64(100), CTX_OK);
}

static int call_nested(void)
{
    return call_v(nested, ctx_i64(100), CTX_OK);
}

static int call_with_long_key(void)
{
    static char text[20000];

    return call_v(copied, ctx_bytes(text, sizeof text), CTX_OK);
}

static int encode_much(const void *object, ctx_encoder *encoder)
{
    static const char text[3000] = "x";

    (void)object;
    for (int i = 0; i < 5; i++)
        ctx_encode(encoder, ctx_bytes(text, sizeof text));
    return CTX_OK; /* the encoder remembers its error */
}

static int call_with_object(void)
{
    static const ctx_object_class much = {sizeof much, "much", NULL, NULL, encode_much};
    static int object;

    return call_v(copied, ctx_object(&object, &much), CTX_OK);
}

static int call_copy(void)
{
    ctx_value key = ctx_i64(100);
    int64_t value = 0;
    int r = ctx_cache_call_copy_v(cache, copied, &key, 1, NULL, &value, sizeof value, NULL);

    CHECK(value == (r == CTX_OK ? 11 : 0));
    return r;
}

static int call_evicting(void)
{
    int r = CTX_OK;

    for (int64_t key = 200; r == CTX_OK && key < 240; key++) {
        r = call_v(copied, ctx_i64(key), CTX_OK);
        if (r == CTX_OK)
            r = call_hit(); /* so that it stays */
    }
    return r;
}

/* A reset needs no memory. */
static int call_as_another_tenant(void)
{
    static const char name[] = "a name so long that it does not fit beside its variable";
    ctx_token token;
    int r = ctx_set(tenant, name, &token);

    if (r != CTX_OK)
        return r;
    r = call_copied();
    CHECK_EQ(ctx_reset(tenant, token), CTX_OK);
    return r;
}

static int call_as_tenant(int64_t id)
{
    ctx_token token;
    int r = ctx_set(tenant, id, &token);

    if (r != CTX_OK)
        return r;
    r = call_copied();
    CHECK_EQ(ctx_reset(tenant, token), CTX_OK);
    return r;
}

static int call_as_many_tenants(void)
{
    int r = CTX_OK;

    for (int64_t id = 1000; r == CTX_OK && id < 1040; id++)
        r = call_as_tenant(id);
    return r;
}

static void *set_and_call(void *status)
{
    int *r = status;

    *r = ctx_set(tenant, 1);
    if (*r == CTX_OK)
        *r = call_copied();
    return NULL;
}

/* All that a thread needs for itself. */
static int call_on_a_new_thread(void)
{
    pthread_t thread;
    int r = CTX_ERR_INVALID;

    CHECK_EQ(pthread_create(&thread, NULL, set_and_call, &r), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    return r;
}

static void call_bound_reserved(void *status)
{
    *(int *)status = call_reserved();
}

static int call_bound(void)
{
    ctx_bound *bound;
    int status = CTX_OK, r = ctx_bind(call_bound_reserved, &status, &bound);

    if (r == CTX_OK)
        r = ctx_bound_run(bound);
    ctx_bound_free(bound);
    return r == CTX_OK ? status : r;
}

/* A scope that cannot be set must not leave the tenant around it in force. */
static int call_in_scope(void)
{
    CTX_SCOPED_AS(scope, tenant, "another tenant with a name that needs an allocation to be kept");
    int r = ctx_scope_status(&scope), called = call_v(copied, ctx_i64(1), CTX_OK);

    CHECK(r == CTX_OK || called == CTX_ERR_NOMEM);
    CHECK(r == CTX_OK || ctx_cache_invalidate_partition(cache) == CTX_ERR_NOMEM);
    return r == CTX_OK ? called : r;
}

static int call_new_function(void)
{
    ctx_cache_fn young = {"young", 1, 0, load_copy, NULL, 0, 0};
    int r = call_v(&young, ctx_i64(100), CTX_OK);

    ctx_cache_fn_retire(&young);
    return r;
}

static int get(void)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    int r = ctx_cache_get(cache, copied, &ref, 1);

    ctx_cache_ref_release(&ref);
    return r;
}

static int get_absent(void)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    int r = ctx_cache_get(cache, copied, &ref, 100);

    return r == CTX_ABSENT ? CTX_OK : r;
}

static int peek_both(void)
{
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    int r = ctx_cache_peek(cache, copied, &ref, 1), absent;

    ctx_cache_ref_release(&ref);
    absent = ctx_cache_peek(cache, copied, &ref, 100);
    if (r == CTX_OK && absent != CTX_ABSENT)
        r = absent;
    return r;
}

static int put(void)
{
    static const char text[3000] = "x";
    int r = ctx_cache_put(cache, copied, text, sizeof text, 100);

    return r == CTX_OK ? ctx_cache_put(cache, copied, text, 8, 100) : r;
}

static int invalidate(void)
{
    int r = ctx_cache_invalidate(cache, copied, 2), absent;

    if (r != CTX_OK)
        return r;
    absent = ctx_cache_invalidate(cache, copied, 100);
    return absent == CTX_ABSENT ? CTX_OK : absent;
}

static int count_partition(void *user, const ctx_cache_partition *partition)
{
    CHECK_EQ(partition->count, 1);
    ++*(int *)user;
    return 0;
}

static int read_stats(void)
{
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;
    int count = 0, r = ctx_cache_stats_read(cache, &stats);

    if (r == CTX_OK)
        r = ctx_cache_partition_stats(cache, &stats);
    if (r == CTX_OK)
        r = ctx_cache_each_partition(cache, count_partition, &count);
    CHECK(count == (r == CTX_OK ? 1 : 0));
    return r;
}

static int resize(void)
{
    int r = ctx_cache_resize(cache, CTX_CACHE_UNBOUNDED, 0);

    CHECK_EQ(r, CTX_OK);
    for (int64_t key = 300; r == CTX_OK && key < 400; key++)
        r = ctx_cache_put(cache, copied, "value", 5, key);
    CHECK_EQ(call_hit(), CTX_OK);
    CHECK_EQ(ctx_cache_resize(cache, 20, 0), CTX_OK); /* never runs out */
    ctx_cache_maintain(cache, 100);
    return r;
}

static int bypass(void)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = never_set;
    ctx_cache *kept = cache;
    int r;

    config.capacity_entries = 10;
    config.vary = &vary;
    config.vary_count = 1;
    config.unset = CTX_CACHE_UNSET_BYPASS;
    config.allocator = &own.allocator;
    r = ctx_cache_new(&config, &cache);
    CHECK((r == CTX_OK) == (cache != NULL));
    if (r == CTX_OK)
        r = call_adopting();
    ctx_cache_destroy(cache);
    cache = kept;
    return r;
}

static int start_recording(void)
{
    ctx_cache_record_options options = CTX_CACHE_RECORD_OPTIONS_INIT;

    options.path = "/dev/null";
    options.flags = CTX_CACHE_RECORD_OVERWRITE;
    options.buffer_bytes = CTX_CACHE_RECORD_BUFFER_MIN;
    return ctx_cache_record_start(cache, &options);
}

/* A thread without a tape drops what it does, which is not for its callers to know. */
static int record(void)
{
    ctx_cache_record_stats stats = CTX_CACHE_RECORD_STATS_INIT;
    int r = start_recording(), stopped;

    if (r == CTX_OK)
        r = call_copied();
    CHECK(r != CTX_OK || call_hit() == CTX_OK);
    stopped = ctx_cache_record_stop(cache, &stats);
    CHECK(stopped == CTX_OK || stopped == CTX_ABSENT);
    CHECK(r != CTX_OK || stats.recorded + stats.dropped == 2);
    return r;
}

/* Its cache is destroyed before it is ended. */
static int record_to_the_end(void)
{
    int r = start_recording();

    return r == CTX_OK ? call_copied() : r;
}

/* ---- scenarios after which nothing need be there ------------------------------------------ */

static int invalidate_partition(void)
{
    int r = ctx_cache_invalidate_partition(cache);

    ctx_cache_maintain(cache, 100);
    return r;
}

static int retire_partition(void)
{
    int r = ctx_cache_retire_partition(cache);

    return r == CTX_OK ? call_copied() : r;
}

static int clear(void)
{
    return ctx_cache_clear(cache);
}

struct scenario {
    const char *name;
    int (*run)(void);
    bool empties;
};

#define KEEPS(name)                                                                                \
    {                                                                                              \
#name, name, false                                                                         \
    }
#define EMPTIES(name)                                                                              \
    {                                                                                              \
#name, name, true                                                                          \
    }

static const struct scenario scenarios[] = {
    KEEPS(call_hit),
    KEEPS(call_copied),
    KEEPS(call_reserved),
    KEEPS(call_adopting),
    KEEPS(call_negative),
    KEEPS(call_lavish),
    KEEPS(call_nested),
    KEEPS(call_with_long_key),
    KEEPS(call_with_object),
    KEEPS(call_copy),
    KEEPS(call_evicting),
    KEEPS(call_as_another_tenant),
    KEEPS(call_new_function),
    KEEPS(call_in_scope),
    KEEPS(call_on_a_new_thread),
    KEEPS(call_bound),
    KEEPS(get),
    KEEPS(get_absent),
    KEEPS(peek_both),
    KEEPS(put),
    KEEPS(invalidate),
    KEEPS(read_stats),
    KEEPS(resize),
    KEEPS(bypass),
    KEEPS(record),
    KEEPS(record_to_the_end),
    EMPTIES(invalidate_partition),
    EMPTIES(retire_partition),
    EMPTIES(clear),
    EMPTIES(call_as_many_tenants),
};

/* ---- one trial ---------------------------------------------------------------------------- */

struct trial {
    const struct scenario *scenario;
    struct support_alloc *alloc; /* the one that fails */
    uint64_t nth;
    bool for_ever;
    bool failed; /* whether something did */
};

static void make_cache(void)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant, *ignore = never_set;

    CHECK_EQ(ctx_set(tenant, 1), CTX_OK);
    config.capacity_entries = 30;
    config.vary = &vary;
    config.vary_count = 1;
    config.ignore = &ignore;
    config.ignore_count = 1;
    config.allocator = &own.allocator;
    cache = cache_with(&config);
    for (int64_t key = 1; key <= 3; key++)
        CHECK_EQ(call_v(copied, ctx_i64(key), CTX_OK), CTX_OK);
    CHECK_EQ(call_v(adopting, ctx_i64(1), CTX_OK), CTX_OK);
}

/* The context is as it was, and so is the cache; and it works. */
static void check_after(const struct scenario *scenario)
{
    int64_t id = 0;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;

    CHECK_EQ(ctx_get_i64(tenant, &id), CTX_OK);
    CHECK_EQ(id, 1);
    check_equations(cache);
    if (!scenario->empties) {
        CHECK_EQ(ctx_cache_get(cache, copied, &ref, 1), CTX_OK);
        CHECK_EQ(ref.size, sizeof(int64_t));
        CHECK_EQ(*(const int64_t *)ref.data, 11);
        ctx_cache_ref_release(&ref);
    }
    CHECK_EQ(call_v(copied, ctx_i64(1), CTX_OK), CTX_OK);
    CHECK_EQ(call_v(adopting, ctx_i64(2), CTX_OK), CTX_OK);
}

static void *try_it(void *arg)
{
    struct trial *t = arg;
    int status;

    make_cache();
    support_alloc_fail(t->alloc, t->nth, t->for_ever);
    status = t->scenario->run();
    t->failed = atomic_load(&t->alloc->failed) > 0;
    support_alloc_recover(t->alloc);
    if (status != CTX_OK && status != CTX_ERR_NOMEM)
        fprintf(stderr, "%s: %s\n", t->scenario->name, ctx_strerror(status));
    CHECK(status == CTX_OK || (t->failed && status == CTX_ERR_NOMEM));
    check_after(t->scenario);
    ctx_cache_destroy(cache);
    return NULL;
}

#define UNKNOWN UINT64_MAX

/* On a thread of its own, so that the end of the thread frees what the context store keeps. */
static void run_trial(struct trial *t, uint64_t baseline)
{
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, try_it, t), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    if (baseline == UNKNOWN)
        baseline = atomic_load(&process.live_bytes);
    if (atomic_load(&own.live_bytes) || atomic_load(&process.live_bytes) != baseline)
        fprintf(stderr, "%s, allocation %lu%s of the %s: left behind\n", t->scenario->name,
                (unsigned long)t->nth, t->for_ever ? " and all later" : "",
                t->alloc == &own ? "cache" : "process");
    CHECK_EQ(atomic_load(&own.live_bytes), 0);
    CHECK_EQ(atomic_load(&process.live_bytes), baseline);
    CHECK_EQ(adopted, destroyed);
}

/* Every allocation of the scenario in turn; returns how many there are. */
static uint64_t run_scenario(const struct scenario *scenario, struct support_alloc *alloc,
                             uint64_t baseline)
{
    uint64_t most = 0;

    for (int for_ever = 0; for_ever <= 1; for_ever++) {
        struct trial t = {scenario, alloc, 0, for_ever, true};

        for (; t.failed; t.nth++)
            run_trial(&t, baseline);
        most = t.nth - 1 > most ? t.nth - 1 : most;
    }
    return most;
}

/* ---- creation ----------------------------------------------------------------------------- */

static void creation_fails_cleanly(void)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;
    int status = CTX_ERR_NOMEM;

    config.vary = &vary;
    config.vary_count = 1;
    config.allocator = &own.allocator;
    for (uint64_t nth = 0; status != CTX_OK; nth++) {
        ctx_cache *made = (ctx_cache *)&made;

        support_alloc_fail(&own, nth, true);
        status = ctx_cache_new(&config, &made);
        support_alloc_recover(&own);
        CHECK(status == CTX_OK || status == CTX_ERR_NOMEM);
        CHECK((status == CTX_OK) == (made != NULL));
        ctx_cache_destroy(made);
        CHECK_EQ(atomic_load(&own.live_bytes), 0);
    }
}

enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

/* What the process keeps for good: variables and functions, once all of them are known. */
static uint64_t learn_baseline(void)
{
    for (size_t i = 0; i < SCENARIOS; i++) {
        struct trial t = {&scenarios[i], &own, UINT64_MAX, false, false};

        run_trial(&t, UNKNOWN);
    }
    return atomic_load(&process.live_bytes);
}

int main(void)
{
    const size_t count = SCENARIOS;
    uint64_t baseline, of_cache = 0, of_process = 0;

    support_alloc_init(&process);
    support_alloc_init(&own);
    CHECK_EQ(ctx_set_allocator(&process.allocator), CTX_OK);
    baseline = learn_baseline();
    for (size_t i = 0; i < count; i++) {
        of_cache += run_scenario(&scenarios[i], &own, baseline);
        of_process += run_scenario(&scenarios[i], &process, baseline);
    }
    creation_fails_cleanly();
    printf(
        "leak_cache: %zu scenarios, %lu allocations of the cache and %lu of the process failed\n",
        count, (unsigned long)of_cache, (unsigned long)of_process);
    CHECK(of_cache > 100 && of_process > 10);
    return 0;
}
