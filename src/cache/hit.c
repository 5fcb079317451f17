#include "cache/hit.h"

#include "base/hash_words.h"
#include "cache/audit.h"
#include "cache/info.h"
#include "cache/led.h"
#include "context/store.h"

#define SHORT_KEY 256 /* bytes; longer ones go the whole way */

/*
 * What every hit does is inlined into each of the functions at the end, with what they want as
 * constants: a call would cost more than most of these steps. What few hits do is kept out of the way.
 */
#define INLINE      static inline __attribute__((always_inline))
#define OUT_OF_LINE static __attribute__((noinline))
#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* What is to be done with the value. */
enum deed {
    COPY, /* to the buffer */
    HOLD, /* by the ref */
    PEEK  /* the same, but it neither counts nor is a use */
};

struct wish {
    enum deed deed;
    void *buffer;
    size_t buffer_size;
    ctx_cache_ref *ref;
};

/* ---- who asks ----------------------------------------------------------------------------- */

/* What is the same for all keys of one call. */
struct caller {
    ctx_cache *cache;
    struct ctxi_reader *reader;
    uint64_t partition, seed;
    uint32_t fn;
};

/* The seed of a cache that varies on nothing is made once for each thread. */
static bool recall_whole(const ctx_cache *cache, struct ctxi_reader *reader)
{
    uint64_t id = atomic_load_explicit(&cache->whole, memory_order_relaxed);

    if (id != reader->whole_id) {
        reader->whole_id = id;
        reader->whole_seed = ctxi_partition_seed(&cache->partitions, id);
    }
    reader->partition = id;
    reader->seed = reader->whole_seed;
    return id != 0;
}

/* As the context remembers it, or the thread knows it by the values that the context has. */
static bool recall_partition(const ctx_cache *cache, struct ctxi_reader *reader)
{
    const ctx_context *context = ctxi_current();
    const struct ctxi_memo *memo = context ? ctxi_memo_find(context, cache->serial) : NULL;
    const struct ctxi_known *known = NULL;

    if (memo) {
        reader->partition = memo->partition;
        reader->seed = memo->seed;
    } else if (context && (known = ctxi_known_find(reader->known, cache)) != NULL) {
        reader->partition = known->id;
        reader->seed = known->seed;
    }
    return memo || known;
}

/*
 * What the reader knows of the partition becomes that of this moment; false: the whole way finds it out.
 * Charges the load around the call, if there is one, as every call does.
 */
OUT_OF_LINE bool recall(const ctx_cache *cache, struct ctxi_reader *reader)
{
    const ctx_context *context = ctxi_current();
    bool is_found;

    if (ctxi_reads_current())
        ctxi_audit_charge_vary(cache);
    is_found = cache->vary_count ? recall_partition(cache, reader) : recall_whole(cache, reader);
    reader->moment = is_found && context ? ctxi_context_moment(context) : 0;
    return is_found;
}

/* Whether the reader knows the partition of this moment, and nobody is to be charged for it. */
INLINE bool is_remembered(const struct ctxi_reader *reader)
{
    const ctx_context *context = ctxi_current();

    return context && !ctxi_front_of(context)->reads &&
           ctxi_context_moment(context) == reader->moment;
}

/* The function and the partition, if they are remembered. */
INLINE bool identify(struct caller *caller, ctx_cache *cache, const ctx_cache_fn *fn)
{
    const struct ctxi_fn *registration = ctxi_fn_remembered(fn);

    caller->cache = cache;
    caller->reader = ctxi_reader_of(cache, cache->serial);
    if (UNLIKELY(!registration || !caller->reader || ctxi_scope_failed()))
        return false;
    if (UNLIKELY(!is_remembered(caller->reader)) && !recall(cache, caller->reader))
        return false;
    caller->fn = ctxi_fn_id(registration);
    caller->partition = caller->reader->partition;
    caller->seed = caller->reader->seed;
    return true;
}

/* ---- for what ----------------------------------------------------------------------------- */

/*
 * The bytes of a key on the stack. Nothing but these is handed by address to what is out of line, so that
 * all else can live in registers.
 */
struct short_key {
    alignas(uint64_t) unsigned char bytes[SHORT_KEY];
};

/* The payload of a value that is no integer. NULL: too long, or for the whole way to look at. */
OUT_OF_LINE unsigned char *write_other(unsigned char *out, size_t room, const ctx_value *value)
{
    if (value->type >= CTX_OBJECT || !ctxi_text_is_good(value) ||
        ctxi_text_size(value) > SHORT_KEY || ctxi_payload_size(value) > room)
        return NULL;
    return ctxi_payload_write(out, value);
}

INLINE unsigned char *write_payload(unsigned char *out, const struct short_key *key,
                                    const ctx_value *value)
{
    size_t room = (size_t)(key->bytes + SHORT_KEY - out);

    if (UNLIKELY(value->type - CTX_I64 > CTX_U64 - CTX_I64 || room < CTXI_WORD))
        return write_other(out, room, value);
    memcpy(out, &value->as.u64, CTXI_WORD);
    return out + CTXI_WORD;
}

/* Returns where the key ends. */
INLINE unsigned char *write_key(struct short_key *key, uint64_t partition, uint32_t fn,
                                const ctx_value *args, size_t arg_count)
{
    unsigned char *out = key->bytes + ctxi_args_start(arg_count);
    uint64_t tags[2] = {0, 0};

    for (size_t i = 0; i < arg_count; i++) {
        out = write_payload(out, key, &args[i]);
        if (UNLIKELY(!out))
            return NULL;
        ctxi_args_tag(tags, i, ctxi_arg_tag(&args[i]));
    }
    ctxi_args_write_start(key->bytes, partition, fn, arg_count, tags);
    return out;
}

OUT_OF_LINE unsigned char *write_any_key(struct short_key *key, uint64_t partition, uint32_t fn,
                                         const ctx_value *args, size_t arg_count)
{
    return write_key(key, partition, fn, args, arg_count);
}

/* One and two arguments are constants here: there is no loop left of it. */
INLINE unsigned char *write_common_key(struct short_key *key, const struct caller *caller,
                                       const ctx_value *args, size_t arg_count)
{
    if (LIKELY(arg_count == 1))
        return write_key(key, caller->partition, caller->fn, args, 1);
    if (LIKELY(arg_count == 2))
        return write_key(key, caller->partition, caller->fn, args, 2);
    return write_any_key(key, caller->partition, caller->fn, args, arg_count);
}

/* False: the whole way makes it. */
INLINE bool make_key(struct ctxi_key *made, struct short_key *key, const struct caller *caller,
                     const ctx_value *args, size_t arg_count)
{
    const unsigned char *end = write_common_key(key, caller, args, arg_count);

    if (UNLIKELY(!end))
        return false;
    made->bytes = key->bytes;
    made->size = (size_t)(end - key->bytes);
    made->hash = ctxi_hash_words(key->bytes + CTXI_KEY_HASHED, made->size - CTXI_KEY_HASHED,
                                 caller->seed);
    return LIKELY(made->size - CTXI_KEY_HEADER <= caller->cache->config.key_limit);
}

/* ---- inside a section --------------------------------------------------------------------- */

/* Whether the partition still has the id that is remembered; if not, it is forgotten. */
INLINE bool is_current(const struct caller *caller)
{
    if (LIKELY(ctxi_partition_is_current(&caller->cache->partitions, caller->partition)))
        return true;
    caller->reader->moment = 0;
    return false;
}

INLINE struct ctxi_entry *find(const struct caller *caller, const struct ctxi_key *key,
                               uint32_t *out_number)
{
    const ctx_cache *cache = caller->cache;

    return is_current(caller) ? ctxi_index_find(&cache->index, &cache->arena, key, out_number)
                              : NULL;
}

/* Sizes that results often have are copied without a call. */
INLINE void copy_bytes(void *to, const void *from, size_t size)
{
    if (LIKELY(size == 64))
        memcpy(to, from, 64);
    else if (size == 8)
        memcpy(to, from, 8);
    else if (size)
        memcpy(to, from, size);
}

INLINE int copy(const struct ctxi_entry *entry, size_t value_offset, size_t room, void *buffer,
                size_t buffer_size)
{
    if (UNLIKELY(room != buffer_size))
        return CTX_ERR_TYPE;
    copy_bytes(buffer, (const unsigned char *)entry + value_offset, room);
    return CTX_OK;
}

static bool is_about_to_expire(const struct ctxi_entry *entry, const uint64_t *now)
{
    uint64_t expires = ctxi_entry_expires(entry);

    return expires != CTXI_NEVER && (!now || expires <= *now);
}

/* Of an entry that has flags. An adopted value is elsewhere, where a section does not protect it. */
OUT_OF_LINE int copy_flagged(struct ctxi_entry *entry, const uint64_t *now, void *buffer,
                             size_t buffer_size)
{
    size_t room;
    const unsigned char *place = ctxi_entry_place(entry, &room);

    if (is_about_to_expire(entry, now))
        return CTXI_WHOLE_WAY;
    if (entry->flags & CTXI_ENTRY_NEGATIVE)
        return CTX_ABSENT;
    if (entry->flags & CTXI_ENTRY_ADOPTED)
        return CTXI_WHOLE_WAY;
    return copy(entry, (size_t)(place - (const unsigned char *)entry), room, buffer, buffer_size);
}

INLINE int hold(ctx_cache *cache, struct ctxi_entry *entry, uint32_t number, const uint64_t *now,
                ctx_cache_ref *ref)
{
    struct ctxi_hold held = {entry, number};

    if (UNLIKELY(entry->flags) && is_about_to_expire(entry, now))
        return CTXI_WHOLE_WAY;
    if (UNLIKELY(entry->flags & CTXI_ENTRY_NEGATIVE))
        return CTX_ABSENT;
    if (UNLIKELY(!ctxi_entry_try_ref(entry)))
        return CTXI_WHOLE_WAY;
    ctxi_ref_take(ref, cache, &held);
    return CTX_OK;
}

INLINE int fulfil(ctx_cache *cache, struct ctxi_entry *entry, uint32_t number, const uint64_t *now,
                  const struct wish *wish)
{
    if (wish->deed != COPY)
        return hold(cache, entry, number, now, wish->ref);
    if (UNLIKELY(entry->flags))
        return copy_flagged(entry, now, wish->buffer, wish->buffer_size);
    return copy(entry, ctxi_entry_value_offset(entry->key_words * CTXI_WORD, false), entry->room,
                wish->buffer, wish->buffer_size);
}

/* What is left to do when the section has been left. */
struct after {
    bool drain;
    bool undeclared;
};

/* Answers with an entry, and notes its use; NULL: none was found. */
INLINE int use(const struct caller *caller, struct ctxi_entry *entry, uint32_t number,
               const uint64_t *now, const struct wish *wish, struct after *after)
{
    uint32_t place = ctxi_partition_slot(caller->partition);
    int status;

    if (UNLIKELY(!entry))
        return CTXI_WHOLE_WAY;
    status = fulfil(caller->cache, entry, number, now, wish);
    if (UNLIKELY(status == CTXI_WHOLE_WAY))
        return status;
    if (UNLIKELY(status == CTX_ABSENT))
        place |= CTXI_RECORD_NEGATIVE;
    if (UNLIKELY(entry->flags & CTXI_ENTRY_UNDECLARED))
        after->undeclared = true;
    if (wish->deed != PEEK)
        after->drain |= ctxi_reader_record(&caller->cache->readers, caller->reader, number, place);
    return status;
}

/* ---- outside of it ------------------------------------------------------------------------ */

/*
 * Carries records out, if nobody else holds the lock; and if somebody does, waits for it only when the
 * ring may be full before the next time.
 */
OUT_OF_LINE void drain(ctx_cache *cache, const struct ctxi_reader *reader)
{
    if (ctxi_lock_try(&cache->lock))
        ctxi_recency_drain(cache);
    else if (ctxi_reader_must_drain(reader))
        ctxi_cache_lock(cache);
    else
        return;
    if (cache->readers.unsettled)
        ctxi_reclaim(cache); /* so that it settles although nobody misses */
    ctxi_lock_release(&cache->lock);
}

INLINE void tidy_up(const struct caller *caller, const struct after *after)
{
    if (UNLIKELY(after->drain))
        drain(caller->cache, caller->reader);
    if (UNLIKELY(after->undeclared))
        ctxi_audit_charge_warned(caller->cache);
}

INLINE int hit(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
               const struct wish *wish)
{
    struct after after = {false, false};
    struct short_key bytes;
    struct ctxi_key key;
    struct caller caller;
    struct ctxi_entry *entry;
    const uint64_t *clock;
    uint64_t now;
    uint32_t number;
    int status;

    if (UNLIKELY(arg_count > CTX_CACHE_ARGS_MAX || (!args && arg_count) ||
                 !identify(&caller, cache, fn) ||
                 !make_key(&key, &bytes, &caller, args, arg_count)))
        return CTXI_WHOLE_WAY;
    clock = ctxi_cache_clock(cache, &now);
    ctxi_section_enter(caller.reader);
    entry = find(&caller, &key, &number);
    status = use(&caller, entry, number, clock, wish, &after);
    ctxi_section_leave(caller.reader);
    tidy_up(&caller, &after);
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
                         const struct wish *wish, bool *out_drain)
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
    *out_drain = ctxi_reader_record(&cache->readers, caller->reader, number,
                                    ctxi_partition_slot(caller->partition));
    return status;
}

INLINE int straight_of(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args,
                       size_t arg_count, const struct wish *wish)
{
    struct caller caller;
    struct words words;
    bool is_time = false;
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
    status = take_straight(&caller, &words, hash, wish, &is_time);
    ctxi_section_leave(caller.reader);
    if (UNLIKELY(is_time))
        drain(cache, caller.reader);
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

/* What does not go straight, out of the way of what does. */
OUT_OF_LINE int call_copy(int status, ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                          size_t arg_count, void *buffer, size_t buffer_size)
{
    const struct wish wish = {COPY, buffer, buffer_size, NULL};

    if (status == ODD)
        status = hit(cache, fn, args, arg_count, &wish);
    return status != CTXI_WHOLE_WAY ? status
                                    : ctxi_call_copy(cache, fn, args, arg_count, NULL, buffer,
                                                     buffer_size, NULL, false);
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

/* A hit that tells of itself, if somebody wants to know. */
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

    if (UNLIKELY(!buffer && buffer_size))
        return CTX_ERR_INVALID;
    if (LIKELY(cache && fn && !options && ctxi_info_readable(info)))
        status = hit(cache, fn, args, arg_count, &wish);
    if (UNLIKELY(status == CTXI_WHOLE_WAY))
        return ctxi_call_copy(cache, fn, args, arg_count, options, buffer, buffer_size, info,
                              false);
    return tell(status, info);
}

int ctx_cache_call_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                     const ctx_cache_options *options, ctx_cache_ref *out_ref, ctx_cache_info *info)
{
    const struct wish wish = {HOLD, NULL, 0, out_ref};
    int status = CTXI_WHOLE_WAY;

    if (UNLIKELY(!out_ref))
        return CTX_ERR_INVALID;
    *out_ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;
    if (LIKELY(cache && fn && !options && ctxi_info_readable(info)))
        status = hit(cache, fn, args, arg_count, &wish);
    if (UNLIKELY(status == CTXI_WHOLE_WAY))
        return ctxi_call_ref(cache, fn, args, arg_count, options, out_ref, info, false);
    return tell(status, info);
}

int ctxi_hit_peek(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                  ctx_cache_ref *ref)
{
    const struct wish wish = {PEEK, NULL, 0, ref};

    return hit(cache, fn, args, arg_count, &wish);
}

int ctxi_hit_ref(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                 ctx_cache_ref *ref)
{
    const struct wish wish = {HOLD, NULL, 0, ref};

    return hit(cache, fn, args, arg_count, &wish);
}

/* ---- many at once ------------------------------------------------------------------------- */

/* Keys of which all lines that a search needs are on their way before the first is searched for. */
struct window {
    struct caller caller;
    size_t count;
    bool made[CTXI_WINDOW]; /* else it goes the whole way */
    struct ctxi_key keys[CTXI_WINDOW];
    struct short_key bytes[CTXI_WINDOW];
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
    if (!identify(&window->caller, cache, fn))
        return false;
    window->count = count;
    for (size_t i = 0; i < count; i++) {
        window->made[i] = !(rest->wanted && rest->wanted[i]) &&
                          make_key(&window->keys[i], &window->bytes[i], &window->caller,
                                   args + i * arg_count, arg_count);
        if (LIKELY(window->made[i]))
            ctxi_index_fetch(&cache->index, window->keys[i].hash);
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
