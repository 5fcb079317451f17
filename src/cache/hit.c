#include "cache/hit.h"

#include "base/hash.h"
#include "cache/audit.h"
#include "cache/info.h"
#include "context/store.h"

#define SHORT_KEY CTXI_ASKED_KEY /* bytes; longer ones go the whole way */

/*
 * Everything that a hit does is inlined into each of the functions at the end, with what they want as
 * constants: a call would cost more than most of these steps.
 */
#define INLINE static inline __attribute__((always_inline))

/* What is to be done with the value; one of the two. */
struct wish {
    void *buffer; /* to copy it to, buffer_size bytes */
    size_t buffer_size;
    ctx_cache_ref *ref; /* to hold it by; NULL: copy */
    bool leaves_trace;  /* counts, and as a use */
};

/* ---- who asks ----------------------------------------------------------------------------- */

/* What is the same for all keys of one call. */
struct caller {
    ctx_cache *cache;
    struct ctxi_reader *reader;
    uint64_t partition, seed;
    struct ctxi_fn *registration;
    uint32_t fn;
};

/* The seed of a cache that varies on nothing is made once for each thread. */
INLINE bool recall_whole(struct caller *caller)
{
    const ctx_cache *cache = caller->cache;
    struct ctxi_reader *reader = caller->reader;

    caller->partition = atomic_load_explicit(&cache->whole, memory_order_relaxed);
    if (__builtin_expect(caller->partition != reader->whole_id, 0)) {
        reader->whole_id = caller->partition;
        reader->whole_seed = ctxi_partition_seed(&cache->partitions, caller->partition);
    }
    caller->seed = reader->whole_seed;
    return caller->partition != 0;
}

INLINE bool recall(struct caller *caller)
{
    const ctx_context *context = ctxi_current();
    const struct ctxi_memo *memo;

    if (!caller->cache->vary_count)
        return recall_whole(caller);
    memo = context ? ctxi_memo_find(context, caller->cache->serial) : NULL;
    if (!memo)
        return false;
    caller->partition = memo->partition;
    caller->seed = memo->seed;
    return true;
}

/*
 * The function and the partition that are remembered; false: the whole way finds them out. Charges the
 * load around the call, if there is one, as every call does.
 */
INLINE bool identify(struct caller *caller, ctx_cache *cache, const ctx_cache_fn *fn)
{
    struct ctxi_fn *registration = ctxi_fn_remembered(fn);

    caller->cache = cache;
    caller->registration = registration;
    caller->reader = ctxi_reader_of(cache, cache->serial);
    if (!registration || !caller->reader || ctxi_scope_failed())
        return false;
    caller->fn = ctxi_fn_id(registration);
    if (__builtin_expect(ctxi_reads_current() != NULL, 0))
        ctxi_audit_charge_vary(cache);
    return recall(caller);
}

/* ---- for what ----------------------------------------------------------------------------- */

/* Where the payload ends; NULL: too long, or for the whole way to look at. */
INLINE unsigned char *write_payload(unsigned char *out, const unsigned char *end,
                                    const ctx_value *value)
{
    size_t room = (size_t)(end - out);

    switch (value->type) {
    case CTX_BOOL:
    case CTX_I64:
    case CTX_U64:
    case CTX_F64:
        break;
    case CTX_NULL:
        return out;
    case CTX_STRING:
    case CTX_BYTES:
        if (ctxi_text_size(value) > SHORT_KEY || ctxi_payload_size(value) > room ||
            !ctxi_text_is_good(value))
            return NULL;
        break;
    default:
        return NULL;
    }
    return room < CTXI_WORD ? NULL : ctxi_payload_write(out, value);
}

/* `bytes`: SHORT_KEY of them. */
INLINE bool make_key(struct ctxi_key *made, unsigned char *bytes, const struct caller *caller,
                     const ctx_value *args, size_t arg_count)
{
    unsigned char *out = &bytes[ctxi_args_start(arg_count)];
    uint64_t tags[2] = {0, 0};

    for (size_t i = 0; i < arg_count; i++) {
        out = write_payload(out, bytes + SHORT_KEY, &args[i]);
        if (__builtin_expect(!out, 0))
            return false;
        ctxi_args_tag(tags, i, ctxi_arg_tag(&args[i]));
    }
    ctxi_args_write_start(bytes, caller->partition, caller->fn, arg_count, tags);
    made->bytes = bytes;
    made->size = (size_t)(out - bytes);
    made->hash = ctxi_hash(bytes, made->size, caller->seed);
    return made->size - CTXI_KEY_HEADER <= caller->cache->config.key_limit;
}

/* ---- inside a section --------------------------------------------------------------------- */

/* An entry that is not about to expire; NULL: none was seen. */
INLINE struct ctxi_entry *find(const struct caller *caller, const struct ctxi_key *key,
                               const uint64_t *now, uint32_t *out_number)
{
    const ctx_cache *cache = caller->cache;
    struct ctxi_entry *entry;

    if (!ctxi_partition_is_current(&cache->partitions, caller->partition))
        return NULL;
    entry = ctxi_index_find(&cache->index, &cache->arena, key, out_number);
    if (entry && __builtin_expect(entry->flags & CTXI_ENTRY_EXPIRES, 0)) {
        uint64_t expires = ctxi_entry_expires(entry);

        if (expires != CTXI_NEVER && (!now || expires <= *now))
            return NULL;
    }
    return entry;
}

INLINE int hold(ctx_cache *cache, struct ctxi_entry *entry, uint32_t number, ctx_cache_ref *ref)
{
    struct ctxi_hold held = {entry, number};

    if (!ctxi_entry_try_ref(entry))
        return CTXI_WHOLE_WAY;
    ctxi_ref_take(ref, cache, &held);
    return CTX_OK;
}

/* Sizes that results often have are copied without a call. */
INLINE void copy_bytes(void *to, const void *from, size_t size)
{
    if (size == 64)
        memcpy(to, from, 64);
    else if (size == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, size);
}

/* An adopted value is elsewhere, where a section does not protect it. */
INLINE int copy(struct ctxi_entry *entry, const struct wish *wish)
{
    size_t size;
    const void *place = ctxi_entry_place(entry, &size);

    if (entry->flags & CTXI_ENTRY_ADOPTED)
        return CTXI_WHOLE_WAY;
    if (size != wish->buffer_size)
        return CTX_ERR_TYPE;
    if (size)
        copy_bytes(wish->buffer, place, size);
    return CTX_OK;
}

INLINE int fulfil(ctx_cache *cache, struct ctxi_entry *entry, uint32_t number,
                  const struct wish *wish)
{
    if (__builtin_expect(entry->flags & CTXI_ENTRY_NEGATIVE, 0))
        return CTX_ABSENT;
    return wish->ref ? hold(cache, entry, number, wish->ref) : copy(entry, wish);
}

/* What is left to do when the section has been left. */
struct after {
    bool drain;
    bool undeclared;
};

INLINE int use(const struct caller *caller, const struct ctxi_key *key, const uint64_t *now,
               const struct wish *wish, struct after *after)
{
    uint32_t number, place = ctxi_partition_slot(caller->partition);
    struct ctxi_entry *entry = find(caller, key, now, &number);
    int status = entry ? fulfil(caller->cache, entry, number, wish) : CTXI_WHOLE_WAY;

    if (status == CTXI_WHOLE_WAY)
        return status;
    after->undeclared |= (entry->flags & CTXI_ENTRY_UNDECLARED) != 0;
    if (wish->leaves_trace)
        after->drain |=
            ctxi_reader_record(&caller->cache->readers, caller->reader, number,
                               status == CTX_ABSENT ? place | CTXI_RECORD_NEGATIVE : place);
    return status;
}

/* ---- outside of it ------------------------------------------------------------------------ */

/* Carries records out if nobody else holds the lock. */
static __attribute__((noinline)) void try_drain(ctx_cache *cache)
{
    if (ctxi_lock_try(&cache->lock)) {
        ctxi_recency_drain(cache);
        if (cache->readers.unsettled)
            ctxi_reclaim(cache); /* so that it settles although nobody misses */
        ctxi_lock_release(&cache->lock);
    }
}

static __attribute__((noinline)) void drain(ctx_cache *cache)
{
    ctxi_cache_lock(cache);
    ctxi_cache_unlock(cache);
}

/* Room in the ring before the section is entered: inside of it nobody waits. */
INLINE void make_room(const struct caller *caller, uint32_t count)
{
    if (__builtin_expect(!ctxi_reader_has_room(caller->reader, count), 0)) {
        drain(caller->cache);
        (void)ctxi_reader_has_room(caller->reader, count);
    }
}

INLINE void tidy_up(ctx_cache *cache, const struct after *after)
{
    if (__builtin_expect(after->drain, 0))
        try_drain(cache);
    if (__builtin_expect(after->undeclared, 0))
        ctxi_audit_charge_warned(cache);
}

/* The whole way need not find out again what is known. A clock that was read may have changed it. */
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
    struct after after = {false, false};
    struct ctxi_key key;
    struct caller caller;
    const uint64_t *clock;
    uint64_t now;
    int status;

    asked->fn = NULL;
    if (arg_count > CTX_CACHE_ARGS_MAX || (arg_count && !args) || !identify(&caller, cache, fn) ||
        !make_key(&key, asked->bytes, &caller, args, arg_count))
        return CTXI_WHOLE_WAY;
    clock = ctxi_cache_clock(cache, &now);
    make_room(&caller, 1);
    ctxi_section_enter(caller.reader);
    status = use(&caller, &key, clock, wish, &after);
    ctxi_section_leave(caller.reader);
    if (__builtin_expect(status == CTXI_WHOLE_WAY, 0))
        hand_over(asked, &caller, &key, clock);
    tidy_up(cache, &after);
    return status;
}

int ctxi_hit_copy(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                  void *buffer, size_t buffer_size, struct ctxi_asked *asked)
{
    const struct wish wish = {buffer, buffer_size, NULL, true};

    return hit(cache, fn, args, arg_count, &wish, asked);
}

int ctxi_hit_ref(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                 ctx_cache_ref *ref, struct ctxi_asked *asked)
{
    const struct wish wish = {NULL, 0, ref, true};

    return hit(cache, fn, args, arg_count, &wish, asked);
}

int ctxi_hit_peek(ctx_cache *cache, const ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                  ctx_cache_ref *ref)
{
    const struct wish wish = {NULL, 0, ref, false};
    struct ctxi_asked asked;

    return hit(cache, fn, args, arg_count, &wish, &asked);
}

/* ---- many at once ------------------------------------------------------------------------- */

/* A key on the stack. */
struct short_key {
    struct ctxi_key key; /* points into bytes */
    alignas(uint64_t) unsigned char bytes[SHORT_KEY];
};

/* Keys of which all lines that a search needs are on their way before the first is searched for. */
struct window {
    struct caller caller;
    size_t count;
    bool made[CTXI_WINDOW]; /* else it goes the whole way */
    struct short_key keys[CTXI_WINDOW];
};

static bool open_window(struct window *window, ctx_cache *cache, const ctx_cache_fn *fn,
                        const ctx_value *args, size_t arg_count, size_t count,
                        const struct ctxi_rest *rest)
{
    if (!identify(&window->caller, cache, fn))
        return false;
    window->count = count;
    for (size_t i = 0; i < count; i++) {
        window->made[i] = !rest->wants(rest->user, i) &&
                          make_key(&window->keys[i].key, window->keys[i].bytes, &window->caller,
                                   args + i * arg_count, arg_count);
        if (window->made[i])
            ctxi_index_fetch(&cache->index, window->keys[i].key.hash);
    }
    return true;
}

/* Asks for the entries that the keys' hashes lead to. Inside a section. */
static void fetch_entries(const struct window *window, size_t from)
{
    const ctx_cache *cache = window->caller.cache;
    const struct ctxi_bucket *more[CTXI_WINDOW] = {NULL};

    for (size_t i = from; i < window->count; i++)
        if (window->made[i])
            more[i] = ctxi_bucket_fetch(ctxi_index_start(&cache->index, window->keys[i].key.hash),
                                        &cache->arena, window->keys[i].key.hash);
    for (size_t i = from; i < window->count; i++)
        if (more[i])
            (void)ctxi_bucket_fetch(more[i], &cache->arena, window->keys[i].key.hash);
}

/* Whether the same keys would be made now: a loader may have changed a variable meanwhile. */
static bool is_still(const struct window *window, const ctx_cache_fn *fn)
{
    struct caller now;

    return identify(&now, window->caller.cache, fn) && now.partition == window->caller.partition &&
           now.fn == window->caller.fn;
}

INLINE struct wish wish_of(const struct ctxi_answers *answers, size_t i)
{
    return (struct wish){
        answers->buffers ? answers->buffers + i * answers->buffer_size : NULL,
        answers->buffer_size,
        answers->buffers ? NULL : &answers->refs[i],
        true,
    };
}

/* Hits from number `from` on; returns the number of the first that is not one. */
static size_t hits_from(const struct window *window, size_t from,
                        const struct ctxi_answers *answers)
{
    struct after after = {false, false};
    ctx_cache *cache = window->caller.cache;
    const uint64_t *clock;
    uint64_t now;
    size_t i;

    clock = ctxi_cache_clock(cache, &now);
    make_room(&window->caller, CTXI_WINDOW);
    ctxi_section_enter(window->caller.reader);
    fetch_entries(window, from);
    for (i = from; i < window->count && window->made[i]; i++) {
        const struct wish wish = wish_of(answers, i);

        answers->statuses[i] = use(&window->caller, &window->keys[i].key, clock, &wish, &after);
        if (answers->statuses[i] == CTXI_WHOLE_WAY)
            break;
    }
    ctxi_section_leave(window->caller.reader);
    tidy_up(cache, &after);
    return i;
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
