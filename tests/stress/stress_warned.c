/*
 * What entries depend on beyond their keys is never forgotten. Two threads note reads in records that are
 * shared, as fast as they can, and none is lost. And two threads load, at once, into a cache that stores
 * what reads undeclared variables, each reading variables of its own: the cache then knows every one of
 * them, so that a load around a hit is charged with all.
 */
#include "cache/cache.h"
#include "context/store.h"
#include "support/barrier.h"
#include "support/cache_kit.h"
#include "support/check.h"
#include "support/scale.h"

enum { VARS = 32, HALF = VARS / 2 };

static ctx_var *vars[VARS];
static ctx_cache *cache;
static struct support_barrier start, stop;
static atomic_bool over;

/* ---- notes -------------------------------------------------------------------------------- */

enum { RECORDS = 2000 };

static struct ctxi_reads *records[RECORDS];

/* Every second variable, in every record. */
static void *note(void *from)
{
    support_barrier_wait(&start);
    for (size_t i = 0; i < RECORDS; i++)
        for (size_t j = (size_t)(uintptr_t)from; j < VARS; j += 2)
            ctxi_reads_note_id(records[i], ctxi_var_id(vars[j]));
    return NULL;
}

static void count_one(void *count, uint32_t id)
{
    (void)id;
    ++*(int *)count;
}

static void notes_are_not_lost(void)
{
    pthread_t second;

    for (size_t i = 0; i < RECORDS; i++) {
        CHECK((records[i] = ctxi_reads_new(NULL)) != NULL);
        ctxi_reads_share(records[i]);
    }
    CHECK_EQ(pthread_create(&second, NULL, note, (void *)1), 0);
    note((void *)0);
    CHECK_EQ(pthread_join(second, NULL), 0);
    for (size_t i = 0; i < RECORDS; i++) {
        int noted = 0;

        ctxi_reads_each(records[i], count_one, &noted);
        CHECK_EQ(noted, VARS);
        ctxi_reads_unref(records[i]);
    }
}

/* ---- loads -------------------------------------------------------------------------------- */

/* Key 0 reads the first half of the variables, key 1 the second. */
static int load_half(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    size_t first = args[0].as.i64 ? HALF : 0;
    int64_t sum = 0, value;

    (void)count, (void)user;
    for (size_t i = first; i < first + HALF; i++)
        sum += ctx_get_i64(vars[i], &value) == CTX_OK;
    return ctx_cache_load_copy(load, &sum, sizeof sum);
}

static CTX_CACHE_FN(half, load_half);

static void load(int64_t key)
{
    ctx_value arg = ctx_i64(key);
    int64_t sum;

    CHECK_EQ(ctx_cache_call_copy_v(cache, half, &arg, 1, NULL, &sum, sizeof sum, NULL), CTX_OK);
}

static void *load_second(void *unused)
{
    (void)unused;
    for (;;) {
        support_barrier_wait(&start);
        if (atomic_load(&over))
            return NULL;
        load(1);
        support_barrier_wait(&stop);
    }
}

static void check_round(void)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    int known = 0;

    config.capacity_entries = 4;
    config.audit = CTX_CACHE_AUDIT_WARN;
    cache = cache_with(&config);
    support_barrier_wait(&start);
    load(0);
    support_barrier_wait(&stop);
    ctxi_reads_each(cache->warned, count_one, &known);
    CHECK_EQ(known, VARS);
    ctx_cache_destroy(cache);
}

int main(void)
{
    ctx_var_config config = CTX_VAR_CONFIG_INIT;
    long rounds = scaled(20000);
    pthread_t second;

    config.name = "read";
    for (size_t i = 0; i < VARS; i++) {
        CHECK_EQ(ctx_var_new(&config, &vars[i]), CTX_OK);
        CHECK_EQ(ctx_set(vars[i], 1), CTX_OK);
    }
    support_barrier_init(&start, 2);
    support_barrier_init(&stop, 2);
    for (long i = 0; i < scaled(100); i++)
        notes_are_not_lost();
    CHECK_EQ(pthread_create(&second, NULL, load_second, NULL), 0);
    for (long i = 0; i < rounds; i++)
        check_round();
    atomic_store(&over, true);
    support_barrier_wait(&start);
    CHECK_EQ(pthread_join(second, NULL), 0);
    printf("stress_warned: %ld times two loads at once, no read forgotten\n", rounds);
    return 0;
}
