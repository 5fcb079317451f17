/*
 * many.c: a batch of calls. What is found is answered by hit.c, sixteen keys at a time; what is not goes
 * the way of every call, in its turn.
 *
 * With a bulk loader, the calls whose keys are missing lead their flights from the beginning (led.h), are
 * loaded together, and land in their turns, so that the order of use is that of calls one after another.
 * A thread that leads flights waits for no other's: should a call have to, all that is loaded lands
 * before.
 */
#include "base/versioned.h"
#include "cache/cache.h"
#include "cache/hit.h"
#include "cache/led.h"
#include "context/store.h"

/* One batch. */
struct many {
    ctx_cache *cache;
    ctx_cache_fn *fn;
    const ctx_value *args;
    size_t arg_count, count;
    const ctx_cache_options *options;
    struct ctxi_answers answers;

    ctx_cache *held;       /* a reference, from the first call that is no hit: loads may end it */
    size_t first;          /* of the window that is at work */
    struct ctxi_led **led; /* [count], of each call that was loaded with others; NULL: of none */
    bool *landed;          /* [count] */
    int *landed_statuses;  /* [count] */
    struct ctxi_reads *reads; /* of all these loads */
};

/* ---- one call ----------------------------------------------------------------------------- */

static void *buffer_of(const struct many *many, size_t i)
{
    return many->answers.buffers + i * many->answers.buffer_size;
}

static void hold_cache(struct many *many)
{
    if (!many->held)
        many->held = ctxi_cache_ref(many->cache);
}

static int call_alone(const struct many *many, size_t i, bool hasty)
{
    const struct ctxi_answers *answers = &many->answers;
    const ctx_value *args = many->args + i * many->arg_count;

    return answers->buffers
               ? ctxi_call_copy(many->cache, many->fn, args, many->arg_count, many->options,
                                buffer_of(many, i), answers->buffer_size, NULL, hasty, NULL)
               : ctxi_call_ref(many->cache, many->fn, args, many->arg_count, many->options,
                               &answers->refs[i], NULL, hasty, NULL);
}

static bool is_led(const struct many *many, size_t i)
{
    return many->led && many->led[i];
}

static void land(struct many *many, size_t i)
{
    if (!is_led(many, i) || many->landed[i])
        return;
    many->landed[i] = true;
    many->landed_statuses[i] = ctxi_led_land(many->led[i]);
}

static void land_all(struct many *many)
{
    for (size_t i = 0; many->led && i < many->count; i++)
        land(many, i);
}

static int answer_led(struct many *many, size_t i)
{
    int status;

    land(many, i);
    status = many->landed_statuses[i];
    if (status == CTX_OK && many->answers.buffers)
        return ctxi_led_copy(many->led[i], buffer_of(many, i), many->answers.buffer_size);
    if (status == CTX_OK)
        ctxi_led_ref(many->led[i], &many->answers.refs[i]);
    return status;
}

static int call_rest(void *user, size_t in_window)
{
    struct many *many = user;
    size_t i = many->first + in_window;
    int status;

    hold_cache(many);
    if (is_led(many, i))
        return answer_led(many, i);
    status = call_alone(many, i, many->led != NULL);
    if (status == CTXI_WOULD_WAIT) {
        land_all(many);
        status = call_alone(many, i, false);
    }
    return status;
}

/* ---- all of them -------------------------------------------------------------------------- */

static void call_window(struct many *many, size_t count, int *statuses)
{
    const struct ctxi_rest rest = {
        many->led ? (const void *const *)(void *)(many->led + many->first) : NULL, call_rest, many};
    struct ctxi_answers answers = many->answers;

    if (answers.buffers)
        answers.buffers = buffer_of(many, many->first);
    else
        answers.refs += many->first;
    answers.statuses = statuses;
    ctxi_hit_many(many->cache, many->fn, many->args + many->first * many->arg_count,
                  many->arg_count, count, &answers, &rest);
}

static int first_error(const int *statuses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (statuses[i] != CTX_OK && statuses[i] != CTX_ABSENT)
            return statuses[i];
    return CTX_OK;
}

static int call_all(struct many *many, int *statuses)
{
    int result = CTX_OK, own[CTXI_WINDOW];

    for (; many->first < many->count; many->first += CTXI_WINDOW) {
        size_t left = many->count - many->first, some = left < CTXI_WINDOW ? left : CTXI_WINDOW;
        int *here = statuses ? statuses + many->first : &own[0];

        call_window(many, some, here);
        if (result == CTX_OK)
            result = first_error(here, some);
    }
    return result;
}

/* ---- loading at once ---------------------------------------------------------------------- */

/* The arrays of a bulk load in one block. */
static size_t arrays_bytes(size_t count)
{
    return count * (3 * sizeof(void *) + sizeof(int) + sizeof(bool) + sizeof(ctx_value *));
}

/* False: there is no memory; then everything is loaded one by one. */
static bool take_arrays(struct many *many)
{
    if (many->count > SIZE_MAX / 64)
        return false;
    many->led = ctxi_zalloc(&many->cache->allocator, arrays_bytes(many->count));
    if (!many->led)
        return false;
    many->landed_statuses = (int *)(void *)(many->led + 4 * many->count);
    many->landed = (bool *)(many->landed_statuses + many->count);
    return true;
}

/* Those that lead, one after the other, and how many they are. */
static size_t list_led(const struct many *many, struct ctxi_led **list)
{
    size_t count = 0;

    for (size_t i = 0; i < many->count; i++)
        if (many->led[i])
            list[count++] = many->led[i];
    return count;
}

static void load_missing(struct many *many, ctx_cache_bulk_loader *loader)
{
    struct ctxi_led **list;
    size_t count;

    hold_cache(many);
    if (!take_arrays(many))
        return;
    for (size_t i = 0; i < many->count; i++)
        many->led[i] = ctxi_led_begin(many->cache, many->fn, many->args + i * many->arg_count,
                                      many->arg_count, &many->reads);
    list = many->led + many->count;
    count = list_led(many, list);
    if (count)
        ctxi_led_run(list, count, (struct ctx_cache_load **)(void *)(list + many->count),
                     (const ctx_value **)(void *)(list + 2 * many->count), loader);
}

/* However it ends: loads that did not land are abandoned. */
static void close_many(struct many *many)
{
    for (size_t i = 0; many->led && i < many->count; i++)
        ctxi_led_free(many->led[i]);
    if (many->reads)
        ctxi_reads_unref(many->reads);
    if (many->led)
        ctxi_free(&many->cache->allocator, many->led, arrays_bytes(many->count));
    if (many->held)
        ctxi_cache_unref(many->held);
}

/* ---- the calls ---------------------------------------------------------------------------- */

#define OPTIONS_OLDEST (offsetof(ctx_cache_options, wait_ns) + sizeof(uint64_t)) /* of 0.1 */

/* Too many arguments: none of the calls has a key. */
static int refuse_all(int *statuses, size_t count)
{
    for (size_t i = 0; statuses && i < count; i++)
        statuses[i] = CTX_ERR_LIMIT;
    return count ? CTX_ERR_LIMIT : CTX_OK;
}

static int call_many(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                     size_t count, const ctx_cache_options *options,
                     const struct ctxi_answers *answers, int *statuses)
{
    ctx_cache_options wanted = CTX_CACHE_OPTIONS_INIT;

    if (!cache || !fn || (count && arg_count && !args))
        return CTX_ERR_INVALID;
    if (options &&
        !ctxi_versioned_read(&wanted, sizeof wanted, OPTIONS_OLDEST, options, options->size))
        return CTX_ERR_INVALID;
    if (arg_count > CTX_CACHE_ARGS_MAX)
        return refuse_all(statuses, count);
    {
        __attribute__((cleanup(close_many))) struct many many = {.cache = cache,
                                                                 .fn = fn,
                                                                 .args = args,
                                                                 .arg_count = arg_count,
                                                                 .count = count,
                                                                 .options = options,
                                                                 .answers = *answers};

        if (wanted.bulk_loader && count)
            load_missing(&many, wanted.bulk_loader);
        return call_all(&many, statuses);
    }
}

int ctx_cache_call_many_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                          size_t arg_count, size_t count, const ctx_cache_options *options,
                          ctx_cache_ref *out_refs, int *statuses)
{
    const struct ctxi_answers answers = {NULL, 0, out_refs, NULL};

    if (count && !out_refs)
        return CTX_ERR_INVALID;
    for (size_t i = 0; i < count; i++)
        out_refs[i] = (ctx_cache_ref)CTX_CACHE_REF_INIT;
    return call_many(cache, fn, args, arg_count, count, options, &answers, statuses);
}

int ctx_cache_call_many_copy_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                               size_t arg_count, size_t count, const ctx_cache_options *options,
                               void *buffers, size_t buffer_size, int *statuses)
{
    static unsigned char nothing; /* results of no size go nowhere */
    const struct ctxi_answers answers = {buffers ? buffers : &nothing, buffer_size, NULL, NULL};

    if (count && buffer_size && !buffers)
        return CTX_ERR_INVALID;
    return call_many(cache, fn, args, arg_count, count, options, &answers, statuses);
}
