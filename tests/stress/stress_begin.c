/*
 * Calls that do not block under pressure: threads begin, join, give up and block on a few keys of a few
 * tenants; flights are ended by whichever thread finds them, with a value, a failure or none; partitions are
 * invalidated meanwhile and deadlines pass. Each value says whose it is, and is checked to have come to
 * nobody else; each wait is answered exactly once; the equations of the statistics hold.
 *
 * The number of rounds is the first argument, or CTX_TEST_CALLS.
 */
#include <inttypes.h>
#include <sched.h>

#include "support/cache_kit.h"
#include "support/check.h"
#include "support/rng.h"
#include "support/scale.h"

enum { THREADS = 3, TENANTS = 4, KEYS = 6, OPEN = 64 };

static CTX_VAR(tenant);
static ctx_cache *cache;
static long rounds;
static uint64_t seed;

/* ---- values ------------------------------------------------------------------------------- */

static int64_t value_of(int64_t whose, int64_t key)
{
    return whose * 1000 + key;
}

static int load_own(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    int64_t whose = -1, value;

    (void)count, (void)user;
    CHECK_EQ(ctx_get_i64(tenant, &whose), CTX_OK);
    value = value_of(whose, args[0].as.i64);
    sched_yield();
    return args[0].as.i64 == 0 ? -5 : ctx_cache_load_copy(load, &value, sizeof value);
}

static CTX_CACHE_FN(own, load_own);

/* ---- open flights ------------------------------------------------------------------------- */

struct open_flight {
    ctx_cache_flight flight;
    int64_t value;
};

/* Whoever comes by ends one of them. */
static struct {
    pthread_mutex_t mutex;
    struct open_flight flights[OPEN];
    size_t count;
} open_flights = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool leave_open(struct open_flight flight)
{
    bool left;

    pthread_mutex_lock(&open_flights.mutex);
    left = open_flights.count < OPEN;
    if (left)
        open_flights.flights[open_flights.count++] = flight;
    pthread_mutex_unlock(&open_flights.mutex);
    return left;
}

static bool pick_up(struct support_rng *rng, struct open_flight *out_flight)
{
    bool found;

    pthread_mutex_lock(&open_flights.mutex);
    found = open_flights.count > 0;
    if (found) {
        size_t at = support_rng_next(rng) % open_flights.count;

        *out_flight = open_flights.flights[at];
        open_flights.flights[at] = open_flights.flights[--open_flights.count];
    }
    pthread_mutex_unlock(&open_flights.mutex);
    return found;
}

static void end_flight(struct open_flight open, uint64_t dice)
{
    ctx_cache_load *load;
    int failure = dice % 8 == 0 ? -7 : CTX_OK, r;

    if (dice % 8 == 1) {
        CHECK_EQ(ctx_cache_abandon(open.flight), CTX_OK);
    } else if (dice % 8 == 2) {
        r = ctx_cache_flight_run(open.flight, NULL, NULL); /* in its own tenant's context */
        CHECK(r == CTX_OK || r == -5);
    } else {
        CHECK_EQ(ctx_cache_flight_load(open.flight, &load), CTX_OK);
        CHECK_EQ(ctx_cache_load_copy(load, &open.value, sizeof open.value), CTX_OK);
        CHECK_EQ(ctx_cache_finish(open.flight, failure, NULL, NULL), failure);
    }
    CHECK_EQ(ctx_cache_finish(open.flight, CTX_OK, NULL, NULL), CTX_ERR_FLIGHT);
    CHECK_EQ(ctx_cache_abandon(open.flight), CTX_ERR_FLIGHT);
}

/* ---- waits -------------------------------------------------------------------------------- */

/* One that joined, or tried to. */
struct wait {
    int64_t whose, key;
    _Atomic int landings;
};

static _Atomic int64_t joined, landed, given_up;

static void land(void *user, int status, ctx_cache_ref *ref, ctx_cache_flight flight,
                 const ctx_cache_info *info)
{
    struct wait *wait = user;
    int64_t whose = -1;

    (void)info;
    CHECK_EQ(ctx_get_i64(tenant, &whose), CTX_OK);
    CHECK_EQ(whose, wait->whose);
    if (status == CTX_OK)
        CHECK_EQ(*(const int64_t *)ref->data, value_of(whose, wait->key));
    if (status == CTX_LEAD) /* a retry of a failure */
        end_flight((struct open_flight){flight, value_of(whose, wait->key)}, 3);
    CHECK_EQ(atomic_fetch_add(&wait->landings, 1), 0);
    atomic_fetch_add(&landed, 1);
    free(wait);
}

static void begin_one(struct support_rng *rng, int64_t whose, int64_t key)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    struct wait *wait = malloc(sizeof *wait);
    ctx_cache_flight flight;
    ctx_cache_ref ref;
    int r;

    *wait = (struct wait){whose, key, 0};
    options.landing = land;
    options.user = wait;
    options.flags = CTX_CACHE_KEEP_ARGS;
    options.wait_ns = support_rng_next(rng) % 3 ? 0 : 20000;
    r = ctx_cache_begin(cache, own, &options, &ref, &flight, key);
    if (r == CTX_JOINED) {
        atomic_fetch_add(&joined, 1);
        if (support_rng_next(rng) % 8 == 0 && ctx_cache_give_up(flight) == CTX_OK) {
            atomic_fetch_add(&given_up, 1);
            free(wait);
        }
        return;
    }
    free(wait);
    if (r == CTX_OK) {
        CHECK_EQ(*(const int64_t *)ref.data, value_of(whose, key));
        ctx_cache_ref_release(&ref);
    } else {
        CHECK_EQ(r, CTX_LEAD);
        if (!leave_open((struct open_flight){flight, value_of(whose, key)}))
            end_flight((struct open_flight){flight, value_of(whose, key)}, 5);
    }
}

/* ---- threads ------------------------------------------------------------------------------ */

static void call_one(int64_t whose, int64_t key)
{
    ctx_cache_options options = CTX_CACHE_OPTIONS_INIT;
    ctx_value arg = ctx_i64(key);
    int64_t value = -1;
    int r;

    options.wait_ns = 2000000;
    r = ctx_cache_call_copy_v(cache, own, &arg, 1, &options, &value, sizeof value, NULL);
    if (r == CTX_OK)
        CHECK_EQ(value, value_of(whose, key));
    else
        CHECK(r == -5 || r == -7 || r == CTX_ERR_TIMEOUT || r == CTX_ERR_ABANDONED);
}

static void end_one(struct support_rng *rng)
{
    struct open_flight open;
    ctx_context *none, *before;

    if (!pick_up(rng, &open))
        return;
    none = NULL; /* whoever ends it stands in no tenant's context */
    CHECK_EQ(ctx_swap(none, &before), CTX_OK);
    end_flight(open, support_rng_next(rng));
    CHECK_EQ(ctx_swap(before, &none), CTX_OK);
    ctx_context_unref(none);
}

static void *work(void *index)
{
    struct support_rng rng = support_rng_seeded(seed + (uint64_t)(intptr_t)index);

    for (long i = 0; i < rounds; i++) {
        int64_t whose = (int64_t)(support_rng_next(&rng) % TENANTS);
        int64_t key = (int64_t)(support_rng_next(&rng) % KEYS);

        ctx_set(tenant, whose);
        switch (support_rng_next(&rng) % 16) {
        case 0:
            call_one(whose, key);
            break;
        case 1:
            CHECK_EQ(ctx_cache_expire(cache, NULL), CTX_OK);
            break;
        case 2:
            CHECK_EQ(ctx_cache_invalidate_partition(cache), CTX_OK);
            break;
        case 3:
        case 4:
        case 5:
        case 6:
        case 7:
            end_one(&rng);
            break;
        default:
            begin_one(&rng, whose, key);
        }
    }
    return NULL;
}

static void run(uint32_t flags)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct support_rng rng = support_rng_seeded(seed);
    pthread_t threads[THREADS];
    struct open_flight open;

    config.capacity_entries = TENANTS * KEYS / 2;
    config.vary = (ctx_var *[]){tenant};
    config.vary_count = 1;
    config.flags = flags;
    cache = cache_with(&config);
    for (intptr_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, work, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    while (pick_up(&rng, &open))
        end_flight(open, 3);
    CHECK_EQ(atomic_load(&joined), atomic_load(&landed) + atomic_load(&given_up));
    check_equations(cache);
    ctx_cache_destroy(cache);
}

int main(int argc, char **argv)
{
    const char *calls = argc > 1 ? argv[1] : getenv("CTX_TEST_CALLS");

    rounds = calls ? atol(calls) : scaled(200000);
    seed = support_seed("stress_begin");
    run(0);
    run(CTX_CACHE_RETRY);
    printf("%" PRId64 " joined, %" PRId64 " gave up\n", atomic_load(&joined),
           atomic_load(&given_up));
    CHECK(atomic_load(&joined) > 0 && atomic_load(&given_up) > 0);
    return 0;
}
