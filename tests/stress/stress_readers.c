/*
 * Readers without the lock never get what is not theirs: every answer is whole, alive and stamped with
 * the tenant and key that were asked for, while slots, partitions and tables are used again and again.
 *
 * Two readers hit all the time, through refs that they keep for a while and look at again, and through
 * copies. Two writers put, invalidate, clear, drop and retire partitions, resize, and make the table of
 * a second cache grow to thousands of entries and shrink to none. Memory that is given back is
 * overwritten, by the allocator here, and by the library itself for slots where CTX_DEBUG is set.
 */
#include <string.h>

#include "support/barrier.h"
#include "support/cache_kit.h"
#include "support/rng.h"
#include "support/scale.h"
#include "support/stamped.h"

enum { READERS = 2, TENANTS = 6, HOT = 6, HELD = 24, SMALL = 40, LARGE = 50000, POISON = 0xdd };
enum function { COPIED, ADOPTED, WIDE };

static CTX_VAR(tenant);
static ctx_cache *small, *large;
static struct support_barrier start;
static atomic_bool over;

/* ---- memory ------------------------------------------------------------------------------- */

static void *allocate(void *user, size_t bytes)
{
    void *block = malloc(bytes);

    (void)user;
    if (block)
        memset(block, POISON, bytes);
    return block;
}

static void release(void *user, void *block, size_t bytes)
{
    (void)user;
    memset(block, POISON, bytes);
    free(block);
}

static const ctx_allocator poisoning = {sizeof poisoning, allocate, release, NULL};

/* ---- loaders ------------------------------------------------------------------------------ */

static struct stamped stamp_for(enum function function, int64_t key)
{
    int64_t id = -2;

    CHECK_EQ(ctx_get_i64(tenant, &id), CTX_OK);
    return stamped_of(id, function, key);
}

static int load_copied(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    struct stamped s = stamp_for(COPIED, args[0].as.i64);

    (void)count, (void)user;
    return ctx_cache_load_copy(load, &s, sizeof s);
}

static int load_adopted(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)count, (void)user;
    return stamped_adopt(load, stamp_for(ADOPTED, args[0].as.i64));
}

/* A slot of another size for each key, the longest ones with a block of their own. */
static int load_wide(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    struct stamped s = stamp_for(WIDE, args[0].as.i64), wide[64] = {{0, 0, 0, 0}};
    size_t copies = 1 + (size_t)args[0].as.i64 % HOT * 9;

    (void)count, (void)user;
    for (size_t i = 0; i < copies; i++)
        wide[i] = s;
    return ctx_cache_load_copy(load, wide, copies * sizeof s);
}

static CTX_CACHE_FN(copied, load_copied);
static CTX_CACHE_FN(adopted, load_adopted);
static CTX_CACHE_FN(wide, load_wide);
static ctx_cache_fn *const functions[] = {copied, adopted, wide};

/* ---- readers ------------------------------------------------------------------------------ */

struct held {
    ctx_cache_ref ref;
    int64_t tenant, key;
    enum function function;
};

struct thread {
    pthread_t thread;
    struct support_rng rng;
    long steps;
    int64_t tenant; /* what the context holds */
    struct held held[HELD];
    uint64_t hits;
};

static uint64_t pick(struct thread *t, uint64_t bound)
{
    return support_rng_below(&t->rng, bound);
}

static void become(struct thread *t, int64_t id)
{
    t->tenant = id;
    CHECK_EQ(ctx_set(tenant, id), CTX_OK);
}

static void verify(const struct held *held)
{
    const struct stamped *s = held->ref.data;

    CHECK(held->ref.size && held->ref.size % sizeof *s == 0);
    for (size_t i = 0; i < held->ref.size / sizeof *s; i++)
        stamped_verify(&s[i], held->tenant, held->function, held->key);
}

/* Looks at what was kept until now, and keeps this instead. */
static void keep(struct thread *t, const struct held *held)
{
    struct held *old = &t->held[pick(t, HELD)];

    if (old->ref.data)
        verify(old);
    ctx_cache_ref_release(&old->ref);
    *old = *held;
}

static void call_ref(struct thread *t, ctx_cache *cache, int64_t key)
{
    struct held held = {CTX_CACHE_REF_INIT, t->tenant, key, (enum function)pick(t, 3)};
    ctx_value arg = ctx_i64(key);
    ctx_cache_info info = CTX_CACHE_INFO_INIT;

    CHECK_EQ(ctx_cache_call_v(cache, functions[held.function], &arg, 1, NULL, &held.ref, &info),
             CTX_OK);
    t->hits += info.outcome == CTX_CACHE_HIT;
    verify(&held);
    if (pick(t, 3))
        ctx_cache_ref_release(&held.ref);
    else
        keep(t, &held);
}

static void call_copy(struct thread *t, ctx_cache *cache, int64_t key)
{
    enum function function = pick(t, 2) ? COPIED : ADOPTED;
    ctx_value arg = ctx_i64(key);
    struct stamped s = {0, 0, 0, 0};

    CHECK_EQ(ctx_cache_call_copy_v(cache, functions[function], &arg, 1, NULL, &s, sizeof s, NULL),
             CTX_OK);
    stamped_verify(&s, t->tenant, function, key);
}

static void get(struct thread *t, ctx_cache *cache, int64_t key)
{
    struct held held = {CTX_CACHE_REF_INIT, t->tenant, key, (enum function)pick(t, 3)};
    ctx_value arg = ctx_i64(key);
    int r = pick(t, 4)
                ? ctx_cache_get_v(cache, functions[held.function], &arg, 1, &held.ref, NULL)
                : ctx_cache_peek_v(cache, functions[held.function], &arg, 1, &held.ref, NULL);

    CHECK(r == CTX_OK || r == CTX_ABSENT);
    if (r == CTX_OK) {
        verify(&held);
        keep(t, &held);
    }
}

static void hit(struct thread *t)
{
    ctx_cache *cache = pick(t, 4) ? small : large;
    int64_t key = (int64_t)pick(t, HOT);
    uint64_t what = pick(t, 10);

    if (pick(t, 16) == 0)
        become(t, (int64_t)pick(t, TENANTS));
    if (what < 5)
        call_copy(t, cache, key);
    else if (what < 8)
        call_ref(t, cache, key);
    else
        get(t, cache, key);
}

static void let_all_go(struct thread *t)
{
    for (size_t i = 0; i < HELD; i++) {
        if (t->held[i].ref.data)
            verify(&t->held[i]);
        ctx_cache_ref_release(&t->held[i].ref);
    }
}

static void *read_on(void *arg)
{
    struct thread *t = arg;

    support_barrier_wait(&start);
    become(t, 0);
    while (!atomic_load_explicit(&over, memory_order_relaxed))
        hit(t);
    let_all_go(t);
    return NULL;
}

/* A thread that comes, hits, and ends: its reader is taken out of the caches. */
static void *read_once(void *arg)
{
    struct thread *t = arg;

    become(t, (int64_t)pick(t, TENANTS));
    for (int i = 0; i < 50; i++)
        hit(t);
    let_all_go(t);
    return NULL;
}

/* ---- writers ------------------------------------------------------------------------------ */

static void put(struct thread *t, int64_t key)
{
    struct stamped s = stamped_of(t->tenant, COPIED, key);

    CHECK_EQ(ctx_cache_put(small, copied, &s, sizeof s, key), CTX_OK);
}

static void invalidate(struct thread *t, int64_t key)
{
    int r = ctx_cache_invalidate(small, functions[pick(t, 3)], key);

    CHECK(r == CTX_OK || r == CTX_ABSENT);
}

static void resize(struct thread *t)
{
    CHECK_EQ(ctx_cache_resize(small, SMALL / 4 + pick(t, SMALL), 0), CTX_OK);
}

static void be_someone_else(struct thread *t)
{
    struct thread other = {.rng = support_rng_seeded(pick(t, UINT64_MAX))};

    CHECK_EQ(pthread_create(&other.thread, NULL, read_once, &other), 0);
    pthread_join(other.thread, NULL);
}

static void disturb(struct thread *t)
{
    int64_t key = (int64_t)pick(t, HOT * 4); /* most of them evict */
    uint64_t what = pick(t, 1000);

    become(t, (int64_t)pick(t, TENANTS));
    if (what < 450)
        call_ref(t, small, key);
    else if (what < 700)
        put(t, key);
    else if (what < 900)
        invalidate(t, key);
    else if (what < 940)
        CHECK_EQ(ctx_cache_invalidate_partition(small), CTX_OK);
    else if (what < 970)
        CHECK_EQ(ctx_cache_retire_partition(small), CTX_OK);
    else if (what < 985)
        resize(t);
    else if (what < 995)
        CHECK_EQ(ctx_cache_clear(small), CTX_OK);
    else
        be_someone_else(t);
}

static void *write_small(void *arg)
{
    struct thread *t = arg;

    support_barrier_wait(&start);
    while (t->steps-- > 0)
        disturb(t);
    let_all_go(t);
    return NULL;
}

/* Fills the large cache and empties it, in one of the ways there are. */
static void grow_and_shrink(struct thread *t, int64_t entries)
{
    for (int64_t key = 0; key < entries; key++) {
        become(t, key % TENANTS);
        call_copy(t, large, key / TENANTS);
    }
    switch (pick(t, 3)) {
    case 0:
        CHECK_EQ(ctx_cache_clear(large), CTX_OK);
        break;
    case 1:
        CHECK_EQ(ctx_cache_resize(large, 3, 0), CTX_OK);
        CHECK_EQ(ctx_cache_resize(large, LARGE, 0), CTX_OK);
        break;
    default:
        for (int64_t id = 0; id < TENANTS; id++) {
            become(t, id);
            CHECK_EQ(ctx_cache_invalidate_partition(large), CTX_OK);
        }
        ctx_cache_maintain(large, LARGE);
        break;
    }
}

static void *write_large(void *arg)
{
    struct thread *t = arg;

    support_barrier_wait(&start);
    while (t->steps > 0) {
        int64_t entries = pick(t, 4) ? (int64_t)pick(t, 3000) : scaled(LARGE);

        grow_and_shrink(t, entries);
        t->steps -= entries + 1;
    }
    let_all_go(t);
    return NULL;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static ctx_cache *make(uint64_t capacity)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary[] = {tenant};

    config.capacity_entries = capacity;
    config.vary = vary;
    config.vary_count = 1;
    config.allocator = &poisoning;
    return cache_with(&config);
}

int main(void)
{
    static struct thread threads[READERS + 2];
    static void *(*const work[READERS + 2])(void *) = {read_on, read_on, write_small, write_large};
    uint64_t seed = support_seed("stress_readers"), hits = 0;

    small = make(SMALL);
    large = make(LARGE);
    support_barrier_init(&start, READERS + 2);
    for (size_t i = 0; i < READERS + 2; i++) {
        threads[i].rng = support_rng_seeded(seed + i);
        threads[i].steps = scaled(i == READERS ? 400000 : 1000000);
        CHECK_EQ(pthread_create(&threads[i].thread, NULL, work[i], &threads[i]), 0);
    }
    for (size_t i = READERS; i < READERS + 2; i++)
        pthread_join(threads[i].thread, NULL);
    atomic_store(&over, true);
    for (size_t i = 0; i < READERS; i++) {
        pthread_join(threads[i].thread, NULL);
        hits += threads[i].hits;
    }
    CHECK(hits);
    check_equations(small);
    check_equations(large);
    ctx_cache_destroy(small);
    ctx_cache_destroy(large);
    support_barrier_fini(&start);
    CHECK_EQ(atomic_load(&stamped_created), atomic_load(&stamped_destroyed));
    printf("stress_readers: %" PRIu64 " hits by refs, each with the right stamp\n", hits);
    return 0;
}
