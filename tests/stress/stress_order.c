/*
 * The order of use is exact: as long as calls do not overlap, whichever threads make them, hits, misses
 * and evictions, and which entries are there, are those of one list under one lock.
 *
 * Two to four threads hand a baton around, so that their calls come one after another, and make random
 * hits and misses in a small cache. The one who has the baton does the same in a list of its own,
 * and compares. Runs of calls by one thread alternate with calls by all, for a cache treats a thread
 * that is alone differently. Meanwhile an onlooker without the baton reads the statistics, which
 * changes nothing, but carries out what the others have recorded at any moment.
 *
 * Before that, in some runs, all of them hit at once for a while: a crowd, in which order is not exact. It is
 * again as soon as the cache has looked at what was recorded some times without finding another.
 */
#include <sched.h>
#include <string.h>

#include "cache/cache.h" /* how many crowds there were */
#include "support/barrier.h"
#include "support/cache_kit.h"
#include "support/check.h"
#include "support/rng.h"
#include "support/scale.h"

enum { THREADS_MAX = 4, KEYS = 48, CAPACITY_MAX = 24, COMPARE_EVERY = 8 };

/* ---- the reference ------------------------------------------------------------------------ */

/* The keys that are there, the most recently used first. */
struct model {
    int64_t keys[CAPACITY_MAX];
    size_t count, capacity;
    uint64_t hits, misses, evicted;
};

static void move_to_front(struct model *model, size_t at, int64_t key)
{
    memmove(model->keys + 1, model->keys, at * sizeof *model->keys);
    model->keys[0] = key;
}

static bool model_call(struct model *model, int64_t key)
{
    for (size_t i = 0; i < model->count; i++)
        if (model->keys[i] == key) {
            move_to_front(model, i, key);
            model->hits++;
            return true;
        }
    model->misses++;
    if (model->count == model->capacity)
        model->evicted++;
    else
        model->count++;
    move_to_front(model, model->count - 1, key);
    return false;
}

static bool model_has(const struct model *model, int64_t key)
{
    for (size_t i = 0; i < model->count; i++)
        if (model->keys[i] == key)
            return true;
    return false;
}

/* ---- the cache ---------------------------------------------------------------------------- */

static int load_square(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    int64_t square = 1 + args[0].as.i64 * args[0].as.i64;

    (void)count, (void)user;
    return ctx_cache_load_copy(load, &square, sizeof square);
}

static CTX_CACHE_FN(square, load_square);

struct race {
    ctx_cache *cache;
    struct model model;     /* who has the baton changes it */
    struct support_rng rng; /* the same */
    unsigned threads;
    long steps;            /* to go */
    unsigned alone;        /* steps until the baton goes on */
    _Atomic unsigned turn; /* who has the baton */
    atomic_bool over;
    struct support_barrier start; /* of a rush */
};

static void compare_contents(const struct race *race)
{
    ctx_cache_stats stats = stats_of(race->cache);

    CHECK_EQ(stats.hits, race->model.hits);
    CHECK_EQ(stats.misses, race->model.misses);
    CHECK_EQ(stats.evicted, race->model.evicted);
    CHECK_EQ(stats.entries, race->model.count);
    for (int64_t key = 0; key < KEYS; key++)
        CHECK_EQ(peek(race->cache, square, key).status,
                 model_has(&race->model, key) ? CTX_OK : CTX_ABSENT);
}

/* One call, by a ref, a copy or a get that is made good by a call. */
static enum ctx_cache_outcome call(struct race *race, int64_t key)
{
    ctx_value arg = ctx_i64(key);
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    int64_t copy = -1;

    if (support_rng_below(&race->rng, 2)) {
        CHECK_EQ(ctx_cache_call_v(race->cache, square, &arg, 1, NULL, &ref, &info), CTX_OK);
        memcpy(&copy, ref.data, sizeof copy);
        ctx_cache_ref_release(&ref);
    } else {
        CHECK_EQ(ctx_cache_call_copy_v(race->cache, square, &arg, 1, NULL, &copy, sizeof copy,
                                       &info),
                 CTX_OK);
    }
    CHECK_EQ(copy, 1 + key * key);
    return info.outcome;
}

/* Mostly among the keys that fit, so that most calls are hits. */
static int64_t pick_key(struct race *race)
{
    uint64_t bound = support_rng_below(&race->rng, 8) ? race->model.capacity : KEYS;

    return (int64_t)support_rng_below(&race->rng, bound);
}

static void step(struct race *race)
{
    int64_t key = pick_key(race);
    bool hit = model_call(&race->model, key);

    CHECK_EQ(call(race, key), hit ? CTX_CACHE_HIT : CTX_CACHE_MISS);
    if (support_rng_below(&race->rng, COMPARE_EVERY) == 0)
        compare_contents(race);
}

/* ---- turns -------------------------------------------------------------------------------- */

/* To another thread; now and then somebody keeps it for long. */
static unsigned next_turn(struct race *race, unsigned mine)
{
    if (race->alone) {
        race->alone--;
        return mine;
    }
    if (support_rng_below(&race->rng, 400) == 0)
        race->alone = (unsigned)support_rng_below(&race->rng, 3000);
    return (unsigned)support_rng_below(&race->rng, race->threads);
}

struct player {
    struct race *race;
    unsigned number;
    pthread_t thread;
};

static void *play(void *arg)
{
    const struct player *player = arg;
    struct race *race = player->race;

    for (;;) {
        while (atomic_load_explicit(&race->turn, memory_order_acquire) != player->number) {
            if (atomic_load(&race->over))
                return NULL;
            sched_yield();
        }
        if (race->steps-- == 0) {
            atomic_store(&race->over, true);
            return NULL;
        }
        step(race);
        atomic_store_explicit(&race->turn, next_turn(race, player->number), memory_order_release);
    }
}

static void *look_on(void *arg)
{
    struct race *race = arg;

    while (!atomic_load(&race->over)) {
        ctx_cache_stats stats = stats_of(race->cache);

        CHECK(stats.entries <= race->model.capacity);
        sched_yield();
    }
    return NULL;
}

/* ---- a crowd ------------------------------------------------------------------------------ */

enum { RUSH_CALLS = 200000, LOOKS = 70 /* more than a crowd lasts */ };

static unsigned crowds; /* in all; there may be none where threads do not run at once */

static void *rush(void *arg)
{
    const struct player *player = arg;
    const struct model *model = &player->race->model; /* nobody changes it meanwhile */
    struct support_rng rng = support_rng_seeded(player->number + 1);

    support_barrier_wait(&player->race->start);
    for (long i = 0; i < scaled(RUSH_CALLS); i++) {
        int64_t key = model->keys[support_rng_below(&rng, model->count)], answer = 0;
        ctx_value box = ctx_i64(key);

        CHECK_EQ(ctx_cache_call_copy_v(player->race->cache, square, &box, 1, NULL, &answer,
                                       sizeof answer, NULL),
                 CTX_OK);
        CHECK_EQ(answer, 1 + key * key);
    }
    return NULL;
}

/* Afterwards all that is there is used once, the least recently used first: so the order is known. */
static void crowd(struct race *race, struct player *players)
{
    support_barrier_init(&race->start, race->threads);
    while (race->model.count < race->model.capacity)
        step(race);
    for (unsigned i = 0; i < race->threads; i++)
        CHECK_EQ(pthread_create(&players[i].thread, NULL, rush, &players[i]), 0);
    for (unsigned i = 0; i < race->threads; i++)
        pthread_join(players[i].thread, NULL);
    crowds += race->cache->readers.crowd / CTXI_ID_CROWD;
    support_barrier_fini(&race->start);
    race->model.hits += race->threads * (uint64_t)scaled(RUSH_CALLS);
    for (int i = 0; i < LOOKS; i++)
        CHECK_EQ(stats_of(race->cache).hits, race->model.hits);
    for (size_t i = race->model.count; i-- > 0; race->model.hits++)
        CHECK_EQ(call(race, race->model.keys[i]), CTX_CACHE_HIT);
}

static void run(unsigned threads, uint64_t capacity, uint64_t seed, bool with_onlooker,
                bool with_crowd, long steps)
{
    struct race race = {.cache = cache_of(capacity, NULL),
                        .model = {.capacity = capacity},
                        .rng = support_rng_seeded(seed),
                        .threads = threads,
                        .steps = steps};
    struct player players[THREADS_MAX];
    pthread_t onlooker;

    for (unsigned i = 0; i < threads; i++)
        players[i] = (struct player){.race = &race, .number = i};
    if (with_crowd)
        crowd(&race, players);
    for (unsigned i = 0; i < threads; i++)
        CHECK_EQ(pthread_create(&players[i].thread, NULL, play, &players[i]), 0);
    if (with_onlooker)
        CHECK_EQ(pthread_create(&onlooker, NULL, look_on, &race), 0);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(players[i].thread, NULL);
    if (with_onlooker)
        pthread_join(onlooker, NULL);
    compare_contents(&race);
    CHECK(race.model.hits && race.model.evicted);
    check_equations(race.cache);
    ctx_cache_destroy(race.cache);
}

int main(void)
{
    static const uint64_t capacities[] = {1, 5, CAPACITY_MAX};
    uint64_t seed = support_seed("stress_order");
    long steps = scaled(100000);

    for (unsigned threads = 2; threads <= THREADS_MAX; threads++)
        for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
            run(threads, capacities[i], seed + i, false, false, steps);
            run(threads, capacities[i], seed + i, false, true, steps);
            run(threads, capacities[i], seed + i, true, true, steps);
        }
    printf("stress_order: %ld calls in turns by 2 to %d threads, each like one list; %u crowds\n",
           steps * 27, THREADS_MAX, crowds);
    return 0;
}
