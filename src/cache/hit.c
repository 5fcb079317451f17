#include "cache/hit.h"

#include "cache/hit_steps.h"
#include "cache/led.h"

void ctxi_hit_drain(ctx_cache *cache, const struct ctxi_reader *reader)
{
    if (!ctxi_reader_may_drain(&cache->readers, reader))
        return;
    if (ctxi_lock_try(&cache->lock))
        ctxi_recency_drain(cache);
    else if (ctxi_reader_must_drain(reader))
        ctxi_cache_lock(cache);
    else
        return;
    if (ctxi_reader_must_drain(reader))
        ctxi_recency_drain_whole(cache);
    ctxi_reader_drained(&cache->readers, reader);
    if (cache->readers.unsettled)
        ctxi_reclaim(cache); /* so that it settles although nobody misses */
    ctxi_lock_release(&cache->lock);
}

/* ---- any hit ------------------------------------------------------------------------------ */

/* What the whole way need not find out again. With a clock, code of the user may have run. */
INLINE void hand_over(struct ctxi_asked *asked, const struct caller *caller,
                      const struct ctxi_key *key, const uint64_t *clock)
{
    asked->fn = clock ? NULL : caller->registration;
    asked->partition = caller->partition;
    asked->seed = caller->seed;
    asked->key = *key;
}

INLINE int hit(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
               const struct wish *wish, struct ctxi_asked *asked)
{
    struct after after = {false, false, false};
    struct ctxi_key key;
    struct caller caller;
    struct ctxi_entry *entry;
    const uint64_t *clock;
    uint64_t now;
    uint32_t number = 0;
    int status;

    asked->fn = NULL;
    if (UNLIKELY(arg_count > CTX_CACHE_ARGS_MAX || (!args && arg_count) ||
                 !identify(&caller, cache, fn) ||
                 !make_key(&key, asked->bytes, &caller, args, arg_count)))
        return CTXI_WHOLE_WAY;
    clock = ctxi_cache_clock(cache, &now);
    ctxi_section_enter(caller.reader);
    entry = find(&caller, &key, &number);
    status = use(&caller, entry, number, key.hash, clock, wish, &after);
    ctxi_section_leave(caller.reader);
    if (UNLIKELY(after.observed))
        ctxi_observed_hit(cache, caller.reader, key.hash, caller.partition);
    tidy_up(&caller, &after);
    if (UNLIKELY(status == CTXI_WHOLE_WAY))
        hand_over(asked, &caller, &key, clock);
    return status;
}

/* ---- straight ----------------------------------------------------------------------------- */

/*
 * Most calls have one or two integers, and find what they want at the first place where they look. All of
 * such a key is in registers, and what an entry should be like is compared at once. Whatever is not so
 * simple is ODD: nothing was done, and hit() looks again. The steps are the same.
 */
#define ODD (INT_MIN + 2)

INLINE bool are_integers(const ctx_value *args, size_t arg_count)
{
    for (size_t i = 0; i < arg_count; i++)
        if (args[i].type - CTX_I64 > CTX_U64 - CTX_I64)
            return false;
    return true;
}

/* A key as words. */
struct words {
    uint64_t at[CTXI_KEY_HEADER / CTXI_WORD + CTXI_STRAIGHT_ARGS];
    size_t count;
};

INLINE struct words words_of(const struct caller *caller, const ctx_value *args, size_t arg_count)
{
    struct words words = {.count = CTXI_KEY_HEADER / CTXI_WORD + arg_count};
    uint64_t tags[2] = {0, 0};

    for (size_t i = 0; i < arg_count; i++) {
        ctxi_args_tag(tags, i, ctxi_tag_of(args[i].type)); /* the type is one of two */
        words.at[CTXI_KEY_HEADER / CTXI_WORD + i] = args[i].as.u64;
    }
    ctxi_args_write_start((unsigned char *)words.at, caller->partition, caller->fn, arg_count,
                          tags);
    return words;
}

INLINE bool has_words(const struct ctxi_entry *entry, const struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        if (ctxi_word_at(entry->key + i * CTXI_WORD) != words->at[i])
            return false;
    return true;
}

/* The value of such an entry begins at a place that is known. */
INLINE int give(ctx_cache *cache, struct ctxi_entry *entry, uint32_t number, size_t key_size,
                const struct wish *wish)
{
    if (wish->deed != COPY)
        return hold(cache, entry, number, NULL, wish->ref);
    return copy(entry, ctxi_entry_value_offset(key_size, false), wish->buffer_size, wish->buffer,
                wish->buffer_size);
}

INLINE bool looks_right(const struct ctxi_entry *entry, const struct words *words,
                        const struct wish *wish)
{
    size_t room = wish->deed == COPY ? wish->buffer_size : entry->room;

    return ctxi_entry_shape(entry) == ctxi_shape(words->count, room, 0) && has_words(entry, words);
}

/* NULL: there is none, or none that is so simple: then *out_odd is set. */
INLINE struct ctxi_entry *find_straight(const struct caller *caller, const struct words *words,
                                        uint64_t hash, const struct wish *wish,
                                        uint32_t *out_number, bool *out_odd)
{
    const ctx_cache *cache = caller->cache;
    const struct ctxi_bucket *bucket = ctxi_index_start(&cache->index, hash);

    for (; bucket; bucket = ctxi_bucket_more(bucket)) {
        unsigned matches = ctxi_bucket_matches(bucket, (uint32_t)hash);

        for (; matches; matches &= matches - 1) {
            struct ctxi_entry *entry = ctxi_bucket_entry(bucket, (unsigned)__builtin_ctz(matches),
                                                         &cache->arena, out_number);

            if (LIKELY(entry && looks_right(entry, words, wish)))
                return entry;
            *out_odd = true;
        }
    }
    return NULL;
}

INLINE int take_straight(const struct caller *caller, const struct words *words, uint64_t hash,
                         const struct wish *wish, bool *out_drain, bool *out_observed)
{
    ctx_cache *cache = caller->cache;
    struct ctxi_entry *entry;
    bool is_odd = false;
    uint32_t number;
    int status;

    if (UNLIKELY(!is_current(caller)))
        return CTXI_WHOLE_WAY;
    entry = find_straight(caller, words, hash, wish, &number, &is_odd);
    if (UNLIKELY(!entry))
        return is_odd ? ODD : CTXI_WHOLE_WAY;
    status = give(cache, entry, number, words->count * CTXI_WORD, wish);
    if (UNLIKELY(status == CTXI_WHOLE_WAY))
        return status;
    ctxi_reader_record(&cache->readers, caller->reader, number,
                       place_of(caller, hash, out_observed), out_drain);
    return status;
}

INLINE int straight_of(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args,
                       size_t arg_count, const struct wish *wish)
{
    struct caller caller;
    struct words words;
    bool is_time = false, is_observed = false; /* the latter can live in a register */
    uint64_t hash;
    int status;

    if (UNLIKELY(!are_integers(args, arg_count)))
        return ODD;
    if (UNLIKELY(!identify(&caller, cache, fn)))
        return CTXI_WHOLE_WAY;
    words = words_of(&caller, args, arg_count);
    hash = ctxi_hash_words((const unsigned char *)words.at + CTXI_KEY_HASHED,
                           words.count * CTXI_WORD - CTXI_KEY_HASHED, caller.seed);
    ctxi_section_enter(caller.reader);
    status = take_straight(&caller, &words, hash, wish, &is_time, &is_observed);
    ctxi_section_leave(caller.reader);
    if (UNLIKELY(is_time))
        ctxi_hit_drain(cache, caller.reader);
    if (UNLIKELY(is_observed))
        ctxi_observed_hit(cache, caller.reader, hash, caller.partition);
    return status;
}

/* Room that fits into an entry's shape is not looked for: no entry has more in it. */
INLINE int straight(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args,
                    size_t arg_count, const struct wish *wish)
{
    if (UNLIKELY(!args || !atomic_load_explicit(&cache->straight, memory_order_relaxed) ||
                 wish->buffer_size > CTXI_ROOM_MAX))
        return ODD;
    if (LIKELY(arg_count == 1))
        return straight_of(cache, fn, args, 1, wish);
    return arg_count == 2 ? straight_of(cache, fn, args, 2, wish) : ODD;
}

/* ---- the calls ---------------------------------------------------------------------------- */

/* What was asked for, of a call that did not find it straight. */
static void ask(struct ctxi_asked *asked, ctx_cache *cache, const ctx_cache_fn *fn,
                const ctx_value *args, size_t arg_count)
{
    struct caller caller;
    struct ctxi_key key;

    asked->fn = NULL;
    if (identify(&caller, cache, fn) && make_key(&key, asked->bytes, &caller, args, arg_count))
        hand_over(asked, &caller, &key, NULL);
}

/* What does not go straight, out of the way of what does: with a copy, and with a ref. */
OUT_OF_LINE int call_copy(int status, ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                          size_t arg_count, void *buffer, size_t buffer_size)
{
    const struct wish wish = {COPY, buffer, buffer_size, NULL};
    struct ctxi_asked asked;

    if (status == ODD)
        status = hit(cache, fn, args, arg_count, &wish, &asked);
    else
        ask(&asked, cache, fn, args, arg_count);
    return status != CTXI_WHOLE_WAY ? status
                                    : ctxi_call_copy(cache, fn, args, arg_count, NULL, buffer,
                                                     buffer_size, NULL, false, &asked);
}

OUT_OF_LINE int call_ref(int status, ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                         size_t arg_count, ctx_cache_ref *out_ref)
{
    const struct wish wish = {HOLD, NULL, 0, out_ref};
    struct ctxi_asked asked;

    if (status == ODD)
        status = hit(cache, fn, args, arg_count, &wish, &asked);
    else
        ask(&asked, cache, fn, args, arg_count);
    return status != CTXI_WHOLE_WAY
               ? status
               : ctxi_call_ref(cache, fn, args, arg_count, NULL, out_ref, NULL, false, &asked);
}

int ctx_cache_call_wrapped(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                           size_t arg_count, void *buffer, size_t buffer_size)
{
    const struct wish wish = {COPY, buffer, buffer_size, NULL};
    int status;

    if (UNLIKELY(!cache || !fn || (!buffer && buffer_size)))
        return CTX_ERR_INVALID;
    status = straight(cache, fn, args, arg_count, &wish);
    return LIKELY(status == CTX_OK)
               ? status
               : call_copy(status, cache, fn, args, arg_count, buffer, buffer_size);
}

/* A hit that tells of itself. */
static int tell(int status, ctx_cache_info *info)
{
    if (info)
        ctxi_info_write_hit(status, info);
    return status;
}

int ctx_cache_call_copy_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                          size_t arg_count, const ctx_cache_options *options, void *buffer,
                          size_t buffer_size, ctx_cache_info *info)
{
    const struct wish wish = {COPY, buffer, buffer_size, NULL};
    int status = CTXI_WHOLE_WAY;
    struct ctxi_asked asked;

    if (LIKELY(!options && !info))
        return ctx_cache_call_wrapped(cache, fn, args, arg_count, buffer, buffer_size);
    asked.fn = NULL;
    if (!buffer && buffer_size)
        return CTX_ERR_INVALID;
    if (cache && fn && !options && ctxi_info_readable(info))
        status = hit(cache, fn, args, arg_count, &wish, &asked);
    return status != CTXI_WHOLE_WAY ? tell(status, info)
                                    : ctxi_call_copy(cache, fn, args, arg_count, options, buffer,
                                                     buffer_size, info, false, &asked);
}

/* ctx_cache_call_v() of who wants to know more, or has more to say. */
OUT_OF_LINE int call_ref_told(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                              size_t arg_count, const ctx_cache_options *options,
                              ctx_cache_ref *out_ref, ctx_cache_info *info)
{
    const struct wish wish = {HOLD, NULL, 0, out_ref};
    int status = CTXI_WHOLE_WAY;
    struct ctxi_asked asked;

    asked.fn = NULL;
    if (cache && fn && !options && ctxi_info_readable(info))
        status = hit(cache, fn, args, arg_count, &wish, &asked);
    return status != CTXI_WHOLE_WAY
               ? tell(status, info)
               : ctxi_call_ref(cache, fn, args, arg_count, options, out_ref, info, false, &asked);
}

int ctx_cache_call_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                     const ctx_cache_options *options, ctx_cache_ref *out_ref, ctx_cache_info *info)
{
    const struct wish wish = {HOLD, NULL, 0, out_ref};
    int status;

    if (UNLIKELY(!out_ref))
        return CTX_ERR_INVALID;
    *out_ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;
    if (UNLIKELY(!cache || !fn || options || info))
        return call_ref_told(cache, fn, args, arg_count, options, out_ref, info);
    status = straight(cache, fn, args, arg_count, &wish);
    return LIKELY(status == CTX_OK) ? status
                                    : call_ref(status, cache, fn, args, arg_count, out_ref);
}

int ctxi_hit_peek(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                  ctx_cache_ref *ref)
{
    const struct wish wish = {PEEK, NULL, 0, ref};
    struct ctxi_asked asked;

    return hit(cache, fn, args, arg_count, &wish, &asked);
}

int ctxi_hit_ref(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                 ctx_cache_ref *ref, struct ctxi_asked *asked)
{
    const struct wish wish = {HOLD, NULL, 0, ref};

    return hit(cache, fn, args, arg_count, &wish, asked);
}
