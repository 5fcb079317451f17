/*
 * Calls of one or two integers, which find what they want the straight way: what they must not take for
 * it, and that the partition which a thread remembers is always that of the current context.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support/cache_kit.h"
#include "support/clock.h"
#include "support/rng.h"

static CTX_VAR(tenant);

/* ---- what is not the same ----------------------------------------------------------------- */

static int64_t twice(int64_t x)
{
    return 2 * x;
}

static int64_t square(int64_t x)
{
    return x * x;
}

static int64_t minus(int64_t x, int64_t y)
{
    return x - y;
}

CTX_CACHE_WRAP(cached_twice, int64_t, twice, int64_t)
CTX_CACHE_WRAP(cached_square, int64_t, square, int64_t)
CTX_CACHE_WRAP(cached_minus, int64_t, minus, int64_t, int64_t)

/* Twice each, so that the second is a hit. */
static void check_functions(ctx_cache *cache)
{
    int64_t out;

    for (int64_t x = 0; x < 50; x++)
        for (int again = 0; again < 2; again++) {
            cr_assert_eq(cached_twice(cache, x, &out), CTX_OK);
            cr_assert_eq(out, 2 * x);
            cr_assert_eq(cached_square(cache, x, &out), CTX_OK);
            cr_assert_eq(out, x * x);
            cr_assert_eq(cached_minus(cache, x, 7, &out), CTX_OK);
            cr_assert_eq(out, x - 7);
            cr_assert_eq(cached_minus(cache, 7, x, &out), CTX_OK);
            cr_assert_eq(out, 7 - x);
        }
}

Test(straight, functions_and_orders_of_arguments_differ_in_every_kind_of_cache)
{
    struct fake_clock clock = {0};
    ctx_cache_config configs[] = {CTX_CACHE_CONFIG_INIT, CTX_CACHE_CONFIG_INIT,
                                  CTX_CACHE_CONFIG_INIT};

    configs[0].capacity_entries = 1000;
    configs[1].capacity_bytes = 1 << 20;
    configs[2].capacity_entries = 1000;
    configs[2].ttl_ns = 1000;
    configs[2].clock = fake_clock_read;
    configs[2].clock_user = &clock;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        ctx_cache *cache = cache_with(&configs[i]);

        check_functions(cache);
        cr_assert_eq(stats_of(cache).misses, 199); /* 7 - 7 is asked for in both orders */
        cr_assert_eq(stats_of(cache).hits, 201);
        check_equations(cache);
        ctx_cache_destroy(cache);
    }
}

Test(straight, equal_bits_of_another_type_are_another_key)
{
    ctx_cache *cache = cache_of(100, NULL);
    const ctx_value values[] = {ctx_i64(1), ctx_u64(1), ctx_bool(true), ctx_f64(1)};
    const size_t count = sizeof values / sizeof *values;
    int64_t out;

    for (size_t i = 0; i < count; i++)
        (void)ctx_cache_call_copy_v(cache, cached_twice_fn, &values[i], 1, NULL, &out, sizeof out,
                                    NULL);
    cr_assert_eq(stats_of(cache).hits, 0);
    cr_assert_eq(stats_of(cache).misses, count);
    ctx_cache_destroy(cache);
}

Test(straight, a_buffer_of_another_size_is_refused)
{
    static char large[UINT16_MAX + 2];
    ctx_cache *cache = cache_of(100, NULL);
    ctx_value arg = ctx_i64(3);
    int64_t out = 0;

    cr_assert_eq(cached_twice(cache, 3, &out), CTX_OK);
    for (size_t size = 0; size < sizeof large; size += size < 20 ? 1 : 4093)
        cr_assert_eq(ctx_cache_call_copy_v(cache, cached_twice_fn, &arg, 1, NULL, large, size,
                                           NULL),
                     size == sizeof out ? CTX_OK : CTX_ERR_TYPE);
    /* its lowest 16 bits are those of the right size */
    cr_assert_eq(ctx_cache_call_copy_v(cache, cached_twice_fn, &arg, 1, NULL, large,
                                       sizeof out + UINT16_MAX + 1, NULL),
                 CTX_ERR_TYPE);
    ctx_cache_destroy(cache);
}

Test(straight, a_key_over_the_limit_is_one)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache *cache;
    int64_t out;

    config.capacity_entries = 100;
    config.key_limit = 8;
    cache = cache_with(&config);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(cached_twice(cache, 1, &out), CTX_OK);
        cr_assert_eq(cached_minus(cache, 1, 2, &out), CTX_ERR_LIMIT);
    }
    cr_assert_eq(stats_of(cache).hits, 2);
    ctx_cache_destroy(cache);
}

static int64_t lifetime; /* of what load_mortal() gives */

static int load_mortal(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)count, (void)user;
    ctx_cache_load_ttl(load, (uint64_t)lifetime);
    return ctx_cache_load_copy(load, &args[0].as.i64, sizeof args[0].as.i64);
}

static CTX_CACHE_FN(mortal, load_mortal);

/* The cache learns only now that there are such entries. */
Test(straight, what_expires_is_not_found_however_late_the_first_such_entry_came)
{
    struct fake_clock clock = {0};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_value arg = ctx_i64(5);
    ctx_cache *cache;
    int64_t out;

    config.capacity_entries = 100;
    config.clock = fake_clock_read;
    config.clock_user = &clock;
    cache = cache_with(&config);
    check_functions(cache);
    lifetime = 10;
    for (int i = 0; i < 6; i++, fake_clock_advance(&clock, 5))
        cr_assert_eq(ctx_cache_call_copy_v(cache, mortal, &arg, 1, NULL, &out, sizeof out, NULL),
                     CTX_OK);
    cr_assert_eq(stats_of(cache).expired, 2); /* at 10 and at 20 */
    check_functions(cache);
    ctx_cache_destroy(cache);
}

/* ---- the partition ------------------------------------------------------------------------ */

enum { CONTEXTS = 6, TENANTS = 5, ARGS = 8, DEPTH = 4, TOKENS = 4 };

struct stamp {
    int64_t arg;
    char tenant[16];
};

static struct stamp stamped(int64_t arg)
{
    struct stamp stamp = {arg, ""};
    const char *name = "";

    (void)ctx_get_string(tenant, &name);
    snprintf(stamp.tenant, sizeof stamp.tenant, "%s", name);
    return stamp;
}

CTX_CACHE_WRAP(cached_stamp, struct stamp, stamped, int64_t)

/* A context, and the tenant that it has, -1: none. With the newest tokens of its sets, and what each set
 * replaced. */
struct place {
    ctx_context *context;
    int tenant;
    ctx_token tokens[TOKENS];
    int replaced[TOKENS];
    size_t token_count;
};

struct walk {
    ctx_cache *cache;
    struct support_rng rng;
    struct place places[CONTEXTS];
    size_t entered[DEPTH]; /* the chain: numbers of places, each once */
    size_t depth;          /* at least 1 */
};

static const char *name_of(int number)
{
    static const char *const names[TENANTS] = {"acme", "acme2", "a", "", "other"};

    return names[number];
}

static struct place *here(struct walk *walk)
{
    return &walk->places[walk->entered[walk->depth - 1]];
}

static bool is_entered(const struct walk *walk, size_t place)
{
    for (size_t i = 0; i < walk->depth; i++)
        if (walk->entered[i] == place)
            return true;
    return false;
}

static void check_call(struct walk *walk)
{
    int64_t arg = (int64_t)support_rng_below(&walk->rng, ARGS);
    struct stamp stamp = {-1, "?"};
    int status = cached_stamp(walk->cache, arg, &stamp), number = here(walk)->tenant;

    if (number < 0) {
        cr_assert_eq(status, CTX_ERR_UNSET);
        return;
    }
    cr_assert_eq(status, CTX_OK);
    cr_assert_eq(stamp.arg, arg);
    cr_assert_str_eq(stamp.tenant, name_of(number));
}

static void set(struct walk *walk)
{
    struct place *place = here(walk);
    int number = (int)support_rng_below(&walk->rng, TENANTS);
    ctx_token token;

    cr_assert_eq(ctx_set(tenant, name_of(number), &token), CTX_OK);
    if (place->token_count == TOKENS)
        place->token_count =
            0; /* forget them all: resets must be in order to be told from outside */
    place->tokens[place->token_count] = token;
    place->replaced[place->token_count++] = place->tenant;
    place->tenant = number;
}

static void reset(struct walk *walk)
{
    struct place *place = here(walk);

    if (!place->token_count)
        return;
    place->token_count--;
    cr_assert_eq(ctx_reset(tenant, place->tokens[place->token_count]), CTX_OK);
    place->tenant = place->replaced[place->token_count];
}

static void enter(struct walk *walk)
{
    size_t place = support_rng_below(&walk->rng, CONTEXTS);

    if (walk->depth == DEPTH || is_entered(walk, place))
        return;
    cr_assert_eq(ctx_enter(walk->places[place].context), CTX_OK);
    walk->entered[walk->depth++] = place;
}

static void leave(struct walk *walk)
{
    if (walk->depth == 1)
        return;
    cr_assert_eq(ctx_exit(here(walk)->context), CTX_OK);
    walk->depth--;
}

/* An idle context ends, and an empty one, or a copy of the current one, often at the same address, takes its
 * place. */
static void copy(struct walk *walk)
{
    size_t number = support_rng_below(&walk->rng, CONTEXTS);
    struct place *place = &walk->places[number];
    bool is_empty = support_rng_below(&walk->rng, 2) == 0;

    if (is_entered(walk, number))
        return;
    ctx_context_unref(place->context);
    cr_assert_eq(is_empty ? ctx_context_new(&place->context) : ctx_copy(&place->context), CTX_OK);
    place->tenant = is_empty ? -1 : here(walk)->tenant;
    place->token_count = 0;
}

static void scope(struct walk *walk)
{
    struct place *place = here(walk);
    int before = place->tenant;
    CTX_SCOPED(tenant, name_of(place->tenant = (int)support_rng_below(&walk->rng, TENANTS)));

    for (int i = 0; i < 3; i++)
        check_call(walk);
    place->tenant = before;
}

static void drop(struct walk *walk)
{
    if (here(walk)->tenant < 0)
        return;
    if (support_rng_below(&walk->rng, 2))
        cr_assert_eq(ctx_cache_invalidate_partition(walk->cache), CTX_OK);
    else
        cr_assert_eq(ctx_cache_retire_partition(walk->cache), CTX_OK);
}

static void step(struct walk *walk)
{
    static void (*const steps[])(struct walk *) = {set, reset, enter, enter, leave, copy, scope};

    if (support_rng_below(&walk->rng, 50) == 0)
        drop(walk);
    steps[support_rng_below(&walk->rng, sizeof steps / sizeof *steps)](walk);
    for (size_t calls = support_rng_below(&walk->rng, 4); calls > 0; calls--)
        check_call(walk);
}

static void start(struct walk *walk)
{
    walk->rng = support_rng_seeded(support_seed("straight"));
    walk->cache = cache_of(TENANTS * ARGS, tenant);
    walk->depth = 0;
    for (size_t i = 0; i < CONTEXTS; i++) {
        cr_assert_eq(ctx_context_new(&walk->places[i].context), CTX_OK);
        walk->places[i].tenant = -1;
        walk->places[i].token_count = 0;
    }
    cr_assert_eq(ctx_enter(walk->places[0].context), CTX_OK);
    walk->entered[walk->depth++] = 0;
}

Test(straight, the_partition_is_that_of_the_current_context)
{
    struct walk walk;

    start(&walk);
    for (int i = 0; i < 100000; i++)
        step(&walk);
    while (walk.depth > 1)
        leave(&walk);
    cr_assert_eq(ctx_exit(walk.places[0].context), CTX_OK);
    for (size_t i = 0; i < CONTEXTS; i++)
        ctx_context_unref(walk.places[i].context);
    cr_assert_gt(stats_of(walk.cache).hits, 10000);
    cr_assert_gt(stats_of(walk.cache).refused, 100);
    check_equations(walk.cache);
    ctx_cache_destroy(walk.cache);
}
