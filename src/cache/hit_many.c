#include "cache/hit_steps.h"

/* Keys of which all lines that a search needs are on their way before the first is searched for. */
struct window {
    struct caller caller;
    size_t count;
    struct ctxi_key keys[CTXI_WINDOW]; /* size 0: goes the whole way */
    alignas(
        uint64_t) unsigned char bytes[CTXI_WINDOW * SHORT_KEY]; /* of the keys, close together */
};

static bool open_window(struct window *window, ctx_cache *cache, const ctx_cache_fn *fn,
                        const ctx_value *args, size_t arg_count, size_t count,
                        const struct ctxi_rest *rest)
{
    unsigned char *bytes = window->bytes;
    struct caller caller;

    if (!identify(&caller, cache, fn))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct ctxi_key key = {bytes, 0, 0};

        if (UNLIKELY(rest->wanted && rest->wanted[i]) ||
            UNLIKELY(!make_key(&key, bytes, &caller, args + i * arg_count, arg_count)))
            key.size = 0;
        bytes += key.size;
        window->keys[i] = key;
    }
    window->caller = caller;
    window->count = count;
    return true;
}

/* What a window's keys most likely lead to, seen in the section that is under way; NULL: nothing. */
struct guesses {
    const struct ctxi_bucket *buckets[CTXI_WINDOW];
    struct ctxi_entry *entries[CTXI_WINDOW];
    uint32_t numbers[CTXI_WINDOW];
};

/* Asks for the buckets, and then for the entries that they have. */
INLINE void guess(const struct window *window, size_t from, struct guesses *guesses)
{
    const ctx_cache *cache = window->caller.cache;

    for (size_t i = from; i < window->count; i++) {
        guesses->buckets[i] = ctxi_index_start(&cache->index, window->keys[i].hash);
        __builtin_prefetch(guesses->buckets[i]);
    }
    for (size_t i = from; i < window->count; i++)
        guesses->entries[i] = ctxi_bucket_guess(guesses->buckets[i], &cache->arena,
                                                window->keys[i].hash, &guesses->numbers[i]);
}

/* The entry of key number `i`. The partition was looked at once for all of them. */
INLINE struct ctxi_entry *find_guessed(const struct window *window, const struct guesses *guesses,
                                       size_t i, uint32_t *out_number)
{
    const ctx_cache *cache = window->caller.cache;
    const struct ctxi_key *key = &window->keys[i];

    *out_number = guesses->numbers[i];
    if (LIKELY(guesses->entries[i] && ctxi_entry_has_key(guesses->entries[i], key)))
        return guesses->entries[i];
    return ctxi_index_find(&cache->index, &cache->arena, key, out_number);
}

static bool is_closed(ctx_cache *cache)
{
    bool closed;

    ctxi_lock_acquire(&cache->lock);
    closed = cache->closed;
    ctxi_lock_release(&cache->lock);
    return closed;
}

/* Whether the same keys would be made now: a loader may have changed a variable meanwhile, or ended the
 * cache, and then the reader is not in it any more. */
static bool is_still(const struct window *window, const ctx_cache_fn *fn)
{
    struct caller now;

    return !is_closed(window->caller.cache) && identify(&now, window->caller.cache, fn) &&
           now.partition == window->caller.partition && now.fn == window->caller.fn;
}

INLINE struct wish wish_of(const struct ctxi_answers *answers, size_t i, enum deed deed)
{
    struct wish wish = {deed, NULL, answers->buffer_size, NULL};

    if (deed == COPY)
        wish.buffer = answers->buffers + i * answers->buffer_size;
    else
        wish.ref = &answers->refs[i];
    return wish;
}

/* Hits from number `from` on, inside a section; returns the number of the first that is not one. */
INLINE size_t use_from(const struct window *window, size_t from, const uint64_t *now,
                       const struct ctxi_answers *answers, enum deed deed, struct after *after)
{
    const struct caller caller = window->caller;
    struct guesses guesses;
    size_t i = from;

    if (!is_current(&caller))
        return i;
    guess(window, from, &guesses);
    for (; i < window->count && window->keys[i].size; i++) {
        const struct wish wish = wish_of(answers, i, deed);
        uint32_t number;
        struct ctxi_entry *entry = find_guessed(window, &guesses, i, &number);
        int status = use(&caller, entry, number, window->keys[i].hash, now, &wish, after);

        if (UNLIKELY(status == CTXI_WHOLE_WAY))
            break;
        answers->statuses[i] = status;
    }
    return i;
}

static size_t hits_from(const struct window *window, size_t from,
                        const struct ctxi_answers *answers)
{
    struct after after = {false, false, false};
    const uint64_t *clock;
    uint64_t now;
    size_t next;

    clock = ctxi_cache_clock(window->caller.cache, &now);
    ctxi_section_enter(window->caller.reader);
    next = answers->buffers ? use_from(window, from, clock, answers, COPY, &after)
                            : use_from(window, from, clock, answers, HOLD, &after);
    ctxi_section_leave(window->caller.reader);
    for (size_t i = from; UNLIKELY(after.observed) && i < next; i++)
        observe(&window->caller, window->keys[i].hash);
    tidy_up(&window->caller, &after);
    return next;
}

void ctxi_hit_many(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args,
                   size_t arg_count, size_t count, const struct ctxi_answers *answers,
                   const struct ctxi_rest *rest)
{
    struct window window;
    bool is_open = open_window(&window, cache, fn, args, arg_count, count, rest);

    for (size_t i = 0; i < count; i++) {
        if (is_open && (i == 0 || is_still(&window, fn)))
            i = hits_from(&window, i, answers);
        if (i < count)
            answers->statuses[i] = rest->call(rest->user, i);
    }
}
