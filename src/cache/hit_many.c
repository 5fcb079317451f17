#include "cache/hit_steps.h"

/* Keys of which all lines that a search needs are on their way before the first is searched for. */
struct window {
    struct caller caller;
    size_t count;
    bool made[CTXI_WINDOW]; /* else it goes the whole way */
    struct ctxi_key keys[CTXI_WINDOW];
    alignas(
        uint64_t) unsigned char bytes[CTXI_WINDOW * SHORT_KEY]; /* of the keys, close together */
};

/* What a window's keys most likely lead to, seen in the section that is under way; NULL: nothing. */
struct guesses {
    struct ctxi_entry *entries[CTXI_WINDOW];
    uint32_t numbers[CTXI_WINDOW];
};

static bool open_window(struct window *window, ctx_cache *cache, const ctx_cache_fn *fn,
                        const ctx_value *args, size_t arg_count, size_t count,
                        const struct ctxi_rest *rest)
{
    unsigned char *bytes = window->bytes;

    if (!identify(&window->caller, cache, fn))
        return false;
    window->count = count;
    for (size_t i = 0; i < count; i++) {
        window->made[i] =
            !(rest->wanted && rest->wanted[i]) &&
            make_key(&window->keys[i], bytes, &window->caller, args + i * arg_count, arg_count);
        if (UNLIKELY(!window->made[i]))
            continue;
        ctxi_index_fetch(&cache->index, window->keys[i].hash);
        bytes += window->keys[i].size;
    }
    return true;
}

/* Asks for the entries that the keys' hashes lead to. */
INLINE void guess(const struct window *window, size_t from, struct guesses *guesses)
{
    const ctx_cache *cache = window->caller.cache;

    for (size_t i = from; i < window->count; i++)
        guesses->entries[i] = LIKELY(window->made[i])
                                  ? ctxi_index_guess(&cache->index, &cache->arena,
                                                     window->keys[i].hash, &guesses->numbers[i])
                                  : NULL;
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

/* Whether the same keys would be made now: a loader may have changed a variable meanwhile. */
static bool is_still(const struct window *window, const ctx_cache_fn *fn)
{
    struct caller now;

    return identify(&now, window->caller.cache, fn) && now.partition == window->caller.partition &&
           now.fn == window->caller.fn;
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
    struct guesses guesses;
    size_t i = from;

    if (!is_current(&window->caller))
        return i;
    guess(window, from, &guesses);
    for (; i < window->count && window->made[i]; i++) {
        const struct wish wish = wish_of(answers, i, deed);
        uint32_t number;
        struct ctxi_entry *entry = find_guessed(window, &guesses, i, &number);

        answers->statuses[i] = use(&window->caller, entry, number, now, &wish, after);
        if (UNLIKELY(answers->statuses[i] == CTXI_WHOLE_WAY))
            break;
    }
    return i;
}

static size_t hits_from(const struct window *window, size_t from,
                        const struct ctxi_answers *answers)
{
    struct after after = {false, false};
    const uint64_t *clock;
    uint64_t now;
    size_t next;

    clock = ctxi_cache_clock(window->caller.cache, &now);
    ctxi_section_enter(window->caller.reader);
    next = answers->buffers ? use_from(window, from, clock, answers, COPY, &after)
                            : use_from(window, from, clock, answers, HOLD, &after);
    ctxi_section_leave(window->caller.reader);
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
