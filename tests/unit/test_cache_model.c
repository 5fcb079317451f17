/*
 * The cache against a model that is too simple to be wrong: one array, searched from end to end.
 *
 * Each random step is done by the cache first, which reports its answer and, through the removal
 * callback, what left. The model then does the same step and must come to the same answer, the same
 * departures and the same statistics, of the whole cache and of the current partition. It leaves to
 * the cache only what the headers leave open: when dropped and expired entries are cleared away.
 */
#include <criterion/criterion.h>

#include "support/cache_kit.h"
#include "support/clock.h"
#include "support/hash_bits.h"
#include "support/rng.h"
#include "support/scale.h"

enum { TENANTS = 4, KEYS = 7, CAPACITY_MAX = 16, ENTRIES_MAX = 4096, HELD = 8 };

/* Functions: `fixed` keeps the cache's time-to-live, `own` gives its own, `none` has no answer. */
enum { FIXED, OWN, NONE, FUNCTIONS };

static const uint64_t cache_ttl = 50;
static const uint64_t never = UINT64_MAX;

static CTX_VAR(tenant);

/* What every value says of itself. */
struct stamp {
    int64_t serial;
    int32_t tenant, function, key, check;
};

/* ---- the loaders -------------------------------------------------------------------------- */

/* How the next load is to go. */
static struct {
    bool fail, no_store;
    uint64_t takes, ttl;
} plan;

static struct fake_clock now;
static int64_t last_serial;
static int current_tenant;

static struct stamp new_stamp(int function, int64_t key)
{
    struct stamp s = {++last_serial, current_tenant, function, (int32_t)key, 0};

    s.check = (int32_t)(s.serial * 31 + s.tenant * 7 + s.function * 3 + s.key);
    return s;
}

static int load(ctx_cache_load *l, const ctx_value *args, size_t count, void *user)
{
    int function = (int)(intptr_t)user;
    struct stamp s = new_stamp(function, args[0].as.i64);

    (void)count;
    fake_clock_advance(&now, plan.takes);
    if (plan.fail)
        return 99;
    if (plan.no_store)
        ctx_cache_load_no_store(l);
    if (function == OWN)
        ctx_cache_load_ttl(l, plan.ttl);
    if (function != NONE)
        return ctx_cache_load_copy(l, &s, sizeof s);
    ctx_cache_load_ttl(l, 0);
    ctx_cache_load_negative(l);
    return CTX_OK;
}

static ctx_cache_fn functions[FUNCTIONS] = {{"fixed", 1, 0, load, (void *)FIXED, 0, 0},
                                            {"own", 1, 0, load, (void *)OWN, 0, 0},
                                            {"none", 1, 0, load, (void *)NONE, 0, 0}};

/* ---- what left during one step ------------------------------------------------------------ */

struct departure {
    int64_t serial; /* 0: a negative entry */
    enum ctx_cache_cause cause;
};

static struct departure departures[ENTRIES_MAX];
static size_t departure_count;

static void on_remove(void *user, const ctx_cache_removal *removal)
{
    struct departure d = {0, removal->cause};

    (void)user;
    if (removal->value)
        d.serial = ((const struct stamp *)removal->value)->serial;
    cr_assert_lt(departure_count, ENTRIES_MAX);
    departures[departure_count++] = d;
}

/* Takes one out of the list; false if it is not there. */
static bool departed(int64_t serial, enum ctx_cache_cause cause)
{
    for (size_t i = 0; i < departure_count; i++)
        if (departures[i].serial == serial && departures[i].cause == cause) {
            departures[i] = departures[--departure_count];
            return true;
        }
    return false;
}

/* ---- the model ---------------------------------------------------------------------------- */

struct entry {
    int64_t serial; /* 0: negative */
    int tenant, function, key;
    uint64_t expires, used;
};

static struct {
    struct entry entry[ENTRIES_MAX];
    size_t count, capacity;
    int64_t dropped[ENTRIES_MAX]; /* serials: gone for everybody, not yet cleared away */
    size_t dropped_count;
    uint64_t uses;
    ctx_cache_stats whole, part[TENANTS];
} model;

#define COUNT(field, n)                                                                            \
    (model.whole.field += (uint64_t)(n), model.part[current_tenant].field += (uint64_t)(n))

static struct entry *model_find(int function, int key)
{
    for (size_t i = 0; i < model.count; i++) {
        struct entry *e = &model.entry[i];

        if (e->tenant == current_tenant && e->function == function && e->key == key)
            return e;
    }
    return NULL;
}

static bool has_expired(const struct entry *e)
{
    return e->expires <= atomic_load(&now.now_ns);
}

static void model_forget(struct entry *e)
{
    model.whole.entries--;
    model.part[e->tenant].entries--;
    *e = model.entry[--model.count];
}

/* It leaves, and the cache must have said so. */
static void model_remove(struct entry *e, enum ctx_cache_cause cause)
{
    cr_assert(departed(e->serial, cause), "value %ld did not leave with cause %d", (long)e->serial,
              (int)cause);
    model_forget(e);
}

static void model_evict(void)
{
    while (model.count > model.capacity) {
        struct entry *oldest = &model.entry[0];

        for (size_t i = 1; i < model.count; i++)
            if (model.entry[i].used < oldest->used)
                oldest = &model.entry[i];
        model.whole.evicted++;
        model.part[oldest->tenant].evicted++;
        model_remove(oldest, CTX_CACHE_EVICTED);
    }
}

static void model_store(int function, int key, int64_t serial, uint64_t ttl)
{
    uint64_t expires = ttl ? atomic_load(&now.now_ns) + ttl : never;

    cr_assert_lt(model.count, ENTRIES_MAX);
    model.entry[model.count++] =
        (struct entry){serial, current_tenant, function, key, expires, ++model.uses};
    COUNT(stored, 1);
    COUNT(entries, 1);
    model_evict();
}

/* Expired entries may leave at any time, but only they; and dropped ones. */
static void model_accept_upkeep(void)
{
    for (size_t i = 0; i < model.count;) {
        struct entry *e = &model.entry[i];

        if (!has_expired(e) || !departed(e->serial, CTX_CACHE_EXPIRED)) {
            i++;
            continue;
        }
        model.whole.expired++;
        model.part[e->tenant].expired++;
        model_forget(e);
    }
    for (size_t i = 0; i < model.dropped_count;)
        if (departed(model.dropped[i], CTX_CACHE_INVALIDATED))
            model.dropped[i] = model.dropped[--model.dropped_count];
        else
            i++;
}

static void model_drop_partition(void)
{
    for (size_t i = 0; i < model.count;) {
        struct entry *e = &model.entry[i];

        if (e->tenant != current_tenant) {
            i++;
            continue;
        }
        cr_assert_lt(model.dropped_count, ENTRIES_MAX);
        model.dropped[model.dropped_count++] = e->serial;
        COUNT(invalidated, 1);
        model_forget(e);
    }
    model_accept_upkeep();
}

static void model_touch_partition(void)
{
    model.whole.partitions += !model.part[current_tenant].partitions;
    model.part[current_tenant].partitions = 1;
}

/* ---- steps -------------------------------------------------------------------------------- */

static ctx_cache *cache;
static struct support_rng rng;
static struct {
    ctx_cache_ref ref;
    struct stamp stamp;
} held[HELD];

static uint64_t pick(uint64_t bound)
{
    return support_rng_below(&rng, bound);
}

/* What a ref shows must be the model's entry, and of this tenant. */
static void check_value(const ctx_cache_ref *ref, int64_t serial, int function, int key)
{
    struct stamp s;

    cr_assert_eq(ref->size, sizeof s);
    memcpy(&s, ref->data, sizeof s);
    cr_assert_eq(s.tenant, current_tenant, "a value of tenant %d for tenant %d", s.tenant,
                 current_tenant);
    cr_assert_eq(s.serial, serial);
    cr_assert_eq(s.function, function);
    cr_assert_eq(s.key, key);
    cr_assert_eq(s.check, (int32_t)(s.serial * 31 + s.tenant * 7 + s.function * 3 + s.key));
}

/* Releases it, or keeps it for a while; one that was kept must have stayed as it was. */
static void keep_or_release(ctx_cache_ref *ref)
{
    size_t slot = pick(HELD);

    if (pick(4) || !ref->data) {
        ctx_cache_ref_release(ref);
        return;
    }
    if (held[slot].ref.data)
        cr_assert_eq(memcmp(held[slot].ref.data, &held[slot].stamp, sizeof held[slot].stamp), 0);
    ctx_cache_ref_release(&held[slot].ref);
    held[slot].ref = *ref;
    memcpy(&held[slot].stamp, ref->data, sizeof held[slot].stamp);
}

/* The model's part of a call that ran the loader. */
static int model_load(int function, int key, ctx_cache_info *info)
{
    info->outcome = CTX_CACHE_MISS;
    info->load_ns = plan.takes;
    COUNT(misses, 1);
    COUNT(load_ns, plan.takes);
    if (plan.fail) {
        COUNT(loads_failed, 1);
        info->reason = CTX_CACHE_FAILED;
        return 99;
    }
    COUNT(loads_ok, 1);
    info->negative = function == NONE;
    if (plan.no_store) {
        COUNT(not_stored_no_store, 1);
        info->reason = CTX_CACHE_NO_STORE;
    } else if (!model.capacity) {
        COUNT(not_stored_too_large, 1);
        info->reason = CTX_CACHE_TOO_LARGE;
    } else {
        uint64_t ttl = function == FIXED ? cache_ttl : function == OWN ? plan.ttl : 0;

        info->stored = true;
        model_store(function, key, function == NONE ? 0 : last_serial, ttl);
    }
    return function == NONE ? CTX_ABSENT : CTX_OK;
}

static int model_hit(struct entry *e, ctx_cache_info *info)
{
    e->used = ++model.uses;
    COUNT(hits, 1);
    COUNT(negative_hits, e->serial == 0);
    info->outcome = CTX_CACHE_HIT;
    info->stored = true;
    info->negative = e->serial == 0;
    return e->serial ? CTX_OK : CTX_ABSENT;
}

static void check_info(const ctx_cache_info *a, const ctx_cache_info *b)
{
    cr_assert_eq(a->outcome, b->outcome, "outcome %u, expected %u", a->outcome, b->outcome);
    cr_assert_eq(a->reason, b->reason, "reason %u, expected %u", a->reason, b->reason);
    cr_assert_eq(a->stored, b->stored);
    cr_assert_eq(a->negative, b->negative);
    cr_assert_eq(a->load_ns, b->load_ns);
    cr_assert_str_eq(a->variable, "");
}

static void step_call(int function, int key)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT, expected = CTX_CACHE_INFO_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    struct entry *e;
    int status, wanted;
    uint64_t before = atomic_load(&now.now_ns), after;

    plan.fail = pick(10) == 0;
    plan.no_store = pick(10) == 0;
    plan.takes = pick(4) ? 0 : pick(20);
    plan.ttl = pick(3) ? pick(100) : 0;
    status = ctx_cache_call_info(cache, &functions[function], &ref, &info, key);
    after = atomic_load(&now.now_ns);
    model_touch_partition();
    COUNT(calls, 1);
    atomic_store(&now.now_ns, before); /* the model looks before the load */
    model_accept_upkeep();
    e = model_find(function, key);
    cr_assert(!e || !has_expired(e), "an expired entry was not removed");
    wanted = e ? model_hit(e, &expected) : 0;
    atomic_store(&now.now_ns, after);
    if (!e)
        wanted = model_load(function, key, &expected);
    cr_assert_eq(status, wanted);
    check_info(&info, &expected);
    if (status == CTX_OK)
        check_value(&ref, e ? e->serial : last_serial, function, key);
    keep_or_release(&ref);
}

static void step_get(int function, int key)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT, expected = CTX_CACHE_INFO_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    ctx_value arg = ctx_i64(key);
    int status = ctx_cache_get_v(cache, &functions[function], &arg, 1, &ref, &info);
    int wanted = CTX_ABSENT;
    struct entry *e;

    model_touch_partition();
    model_accept_upkeep();
    COUNT(calls, 1);
    e = model_find(function, key);
    cr_assert(!e || !has_expired(e));
    if (e) {
        wanted = model_hit(e, &expected);
    } else {
        COUNT(misses, 1);
        COUNT(absent, 1);
        expected.outcome = CTX_CACHE_MISS;
    }
    cr_assert_eq(status, wanted);
    check_info(&info, &expected);
    if (status == CTX_OK)
        check_value(&ref, e->serial, function, key);
    keep_or_release(&ref);
}

static void step_peek(int function, int key)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    ctx_value arg = ctx_i64(key);
    int status = ctx_cache_peek_v(cache, &functions[function], &arg, 1, &ref, &info);
    struct entry *e = model_find(function, key);

    if (e && has_expired(e))
        e = NULL;
    cr_assert_eq(status, e && e->serial ? CTX_OK : CTX_ABSENT);
    cr_assert_eq(info.negative, e && !e->serial);
    if (status == CTX_OK)
        check_value(&ref, e->serial, function, key);
    keep_or_release(&ref);
}

static void step_put(int function, int key)
{
    struct stamp s = new_stamp(function, key);
    uint64_t ttl = pick(2) ? pick(100) : 0;
    ctx_value arg = ctx_i64(key);
    int status = ctx_cache_put_v(cache, &functions[function], &arg, 1, &s, sizeof s, ttl);
    struct entry *e;

    model_touch_partition();
    model_accept_upkeep();
    e = model_find(function, key);
    if (e) {
        COUNT(replaced, 1);
        model_remove(e, CTX_CACHE_REPLACED);
    }
    cr_assert_eq(status, model.capacity ? CTX_OK : CTX_ABSENT);
    if (model.capacity)
        model_store(function, key, s.serial, ttl ? ttl : cache_ttl);
}

static void step_invalidate(int function, int key)
{
    struct entry *e = model_find(function, key);
    bool there = e && !has_expired(e);
    int status = ctx_cache_invalidate(cache, &functions[function], key);

    cr_assert_eq(status, there ? CTX_OK : CTX_ABSENT);
    if (there) {
        COUNT(invalidated, 1);
        model_remove(e, CTX_CACHE_INVALIDATED);
    }
    model_accept_upkeep();
}

static void step_drop(bool retire)
{
    int status = retire ? ctx_cache_retire_partition(cache) : ctx_cache_invalidate_partition(cache);

    cr_assert_eq(status, CTX_OK);
    model_drop_partition();
    if (!retire)
        return;
    model.whole.partitions -= model.part[current_tenant].partitions;
    memset(&model.part[current_tenant], 0, sizeof model.part[current_tenant]);
}

static void step_clear(void)
{
    cr_assert_eq(ctx_cache_clear(cache), CTX_OK);
    model_accept_upkeep();
    cr_assert_eq(model.dropped_count, 0);
    while (model.count) {
        struct entry *e = &model.entry[0];

        model.whole.cleared++;
        model.part[e->tenant].cleared++;
        model_remove(e, CTX_CACHE_CLEARED);
    }
}

static void step_resize(size_t capacity)
{
    cr_assert_eq(ctx_cache_resize(cache, capacity, 0), CTX_OK);
    model.capacity = capacity;
    model_accept_upkeep();
    model_evict();
}

static void step_maintain(void)
{
    size_t steps = pick(5), left = ctx_cache_maintain(cache, steps);

    cr_assert_leq(left, steps);
    cr_assert_eq(left, departure_count);
    model_accept_upkeep();
}

static void step_tenant(void)
{
    current_tenant = (int)pick(TENANTS);
    cr_assert_eq(ctx_set(tenant, current_tenant), CTX_OK);
}

/* ---- comparison --------------------------------------------------------------------------- */

static void check_stats(const ctx_cache_stats *got, const ctx_cache_stats *expected,
                        const char *whose)
{
    uint64_t a[sizeof *got / sizeof(uint64_t)], b[sizeof a / sizeof *a];
    ctx_cache_stats wanted = *expected;

    wanted.size = got->size;
    wanted.bytes = got->bytes;
    memcpy(a, got, sizeof a);
    memcpy(b, &wanted, sizeof b);
    for (size_t i = 0; i < sizeof a / sizeof *a; i++)
        cr_assert_eq(a[i], b[i], "field %zu of the %s: %ld, expected %ld", i, whose, (long)a[i],
                     (long)b[i]);
}

static void check_all(void)
{
    ctx_cache_stats whole = stats_of(cache), part = partition_of(cache);

    cr_assert_eq(departure_count, 0, "value %ld left with cause %d, unexpectedly",
                 (long)departures[0].serial, (int)departures[0].cause);
    check_stats(&whole, &model.whole, "cache");
    check_stats(&part, &model.part[current_tenant], "partition");
}

/* ---- the test ----------------------------------------------------------------------------- */

static void one_step(size_t capacity_max)
{
    int function = (int)pick(FUNCTIONS), key = (int)pick(KEYS);
    uint64_t what = pick(100);

    if (what < 50)
        step_call(function, key);
    else if (what < 60)
        step_get(function, key);
    else if (what < 65)
        step_peek(function, key);
    else if (what < 72)
        step_put(function, key);
    else if (what < 76)
        step_invalidate(function, key);
    else if (what < 77)
        step_drop(pick(2));
    else if (what < 80)
        step_maintain();
    else if (what < 81)
        step_resize(capacity_max > 1 ? pick(capacity_max + 1) : capacity_max);
    else if (what < 90)
        fake_clock_advance(&now, pick(15));
    else if (what < 99)
        step_tenant();
    else if (pick(10) == 0)
        step_clear();
}

static void begin(size_t capacity)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary = tenant;

    config.capacity_entries = model.capacity = capacity;
    config.vary = &vary;
    config.vary_count = 1;
    config.ttl_ns = cache_ttl;
    config.clock = fake_clock_read;
    config.clock_user = &now;
    config.on_remove = on_remove;
    cache = cache_with(&config);
    atomic_store(&now.now_ns, 0); /* a clock may begin at zero */
    ctx_set(tenant, 0);
}

static void end(void)
{
    for (size_t i = 0; i < HELD; i++) {
        if (held[i].ref.data)
            cr_assert_eq(memcmp(held[i].ref.data, &held[i].stamp, sizeof held[i].stamp), 0);
        ctx_cache_ref_release(&held[i].ref);
    }
    step_clear();
    check_all();
    ctx_cache_destroy(cache);
    cr_assert_eq(departure_count, 0);
}

static void run_model(const char *name, size_t capacity, long steps)
{
    uint64_t seed = support_seed(name);

    rng = support_rng_seeded(seed);
    begin(capacity);
    for (long i = 0; i < steps; i++) {
        one_step(capacity);
        check_all();
    }
    cr_assert_gt(model.whole.hits, (uint64_t)steps / 100);
    cr_assert(capacity == 1 || model.whole.expired > (uint64_t)steps / 200);
    end();
}

Test(model, a_million_random_operations, .timeout = 300)
{
    run_model("model", CAPACITY_MAX, scaled(1000000));
}

Test(model, capacity_one, .timeout = 300)
{
    run_model("model, capacity one", 1, scaled(1000000));
}

Test(model, all_hashes_equal, .timeout = 300)
{
    hash_bits_force(0);
    run_model("model, all hashes equal", CAPACITY_MAX, scaled(1000000));
}

Test(model, hashes_of_two_bits, .timeout = 300)
{
    hash_bits_force(2);
    run_model("model, hashes of two bits", CAPACITY_MAX, scaled(1000000));
}
