/*
 * hit_steps.h: the steps of a hit, for hit.c and hit_many.c.
 *
 * What every hit does is inlined into the functions that do it, with what they want as constants: a call
 * would cost more than most of these steps. What few hits do is kept out of the way.
 */
#ifndef CTXI_CACHE_HIT_STEPS_H
#define CTXI_CACHE_HIT_STEPS_H

#include "base/hash_words.h"
#include "cache/audit.h"
#include "cache/hit.h"
#include "cache/info.h"
#include "cache/known.h"
#include "cache/live.h"
#include "context/store.h"

#define SHORT_KEY CTXI_ASKED_KEY /* bytes; longer ones go the whole way */

#define INLINE      static inline __attribute__((always_inline))
#define OUT_OF_LINE static __attribute__((noinline, unused))
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
    struct ctxi_fn *registration;
    uint32_t fn;
};

/* Whether the reader knows the partition of this moment, and nobody is to be charged for it. */
INLINE bool is_remembered(const struct ctxi_reader *reader)
{
    const ctx_context *context = ctxi_current();

    if (UNLIKELY(!context))
        return reader->moment == CTXI_MOMENT_NO_CONTEXT;
    return ctxi_context_moment(context) == reader->moment && !ctxi_front_of(context)->reads;
}

/* The function and the partition, if they are remembered. */
INLINE bool identify(struct caller *caller, ctx_cache *cache, const ctx_cache_fn *fn)
{
    struct ctxi_fn *registration = ctxi_fn_remembered(fn);

    caller->cache = cache;
    caller->registration = registration;
    caller->reader = ctxi_reader_of(cache, cache->serial);
    if (UNLIKELY(!registration || !caller->reader || ctxi_scope_failed()))
        return false;
    if (UNLIKELY(!is_remembered(caller->reader)) && !ctxi_recall(cache, caller->reader))
        return false;
    caller->fn = ctxi_fn_id(registration);
    caller->partition = caller->reader->partition;
    caller->seed = caller->reader->seed;
    return true;
}

/* ---- for what ----------------------------------------------------------------------------- */

/* The payload of a value that is no integer. NULL: too long, or for the whole way to look at. */
OUT_OF_LINE unsigned char *write_other(unsigned char *out, size_t room, const ctx_value *value)
{
    if (value->type >= CTX_OBJECT || !ctxi_text_is_good(value) ||
        ctxi_text_size(value) > SHORT_KEY || ctxi_payload_size(value) > room)
        return NULL;
    return ctxi_payload_write(out, value);
}

INLINE unsigned char *write_payload(unsigned char *out, const unsigned char *end,
                                    const ctx_value *value)
{
    size_t room = (size_t)(end - out);

    if (UNLIKELY(value->type - CTX_I64 > CTX_U64 - CTX_I64 || room < CTXI_WORD))
        return write_other(out, room, value);
    memcpy(out, &value->as.u64, CTXI_WORD);
    return out + CTXI_WORD;
}

/* Writes a key at `bytes`, where SHORT_KEY are free, and returns where it ends. */
INLINE unsigned char *write_key(unsigned char *bytes, uint64_t partition, uint32_t fn,
                                const ctx_value *args, size_t arg_count)
{
    unsigned char *out = bytes + ctxi_args_start(arg_count);
    uint64_t tags[2] = {0, 0};

    for (size_t i = 0; i < arg_count; i++) {
        out = write_payload(out, bytes + SHORT_KEY, &args[i]);
        if (UNLIKELY(!out))
            return NULL;
        ctxi_args_tag(tags, i, ctxi_arg_tag(&args[i]));
    }
    ctxi_args_write_start(bytes, partition, fn, arg_count, tags);
    return out;
}

OUT_OF_LINE unsigned char *write_any_key(unsigned char *bytes, uint64_t partition, uint32_t fn,
                                         const ctx_value *args, size_t arg_count)
{
    return write_key(bytes, partition, fn, args, arg_count);
}

/* One and two arguments are constants here: there is no loop left of it. */
INLINE unsigned char *write_common_key(unsigned char *bytes, const struct caller *caller,
                                       const ctx_value *args, size_t arg_count)
{
    if (LIKELY(arg_count == 1))
        return write_key(bytes, caller->partition, caller->fn, args, 1);
    if (LIKELY(arg_count == 2))
        return write_key(bytes, caller->partition, caller->fn, args, 2);
    return write_any_key(bytes, caller->partition, caller->fn, args, arg_count);
}

/*
 * Makes the key at `bytes`; false: the whole way makes it. Nothing but these is handed by address to what
 * is out of line, so that all else can live in registers.
 */
INLINE bool make_key(struct ctxi_key *key, unsigned char *bytes, const struct caller *caller,
                     const ctx_value *args, size_t arg_count)
{
    const unsigned char *end = write_common_key(bytes, caller, args, arg_count);

    if (UNLIKELY(!end))
        return false;
    key->bytes = bytes;
    key->size = (size_t)(end - bytes);
    key->hash = ctxi_hash_words(bytes + CTXI_KEY_HASHED, key->size - CTXI_KEY_HASHED, caller->seed);
    return LIKELY(key->size - CTXI_KEY_HEADER <= caller->cache->config.key_limit);
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

static inline bool is_about_to_expire(const struct ctxi_entry *entry, const uint64_t *now)
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
    bool observed; /* somebody looks on */
};

/* The place of a record, and whether anybody looks on: if so, it may be the curve. */
INLINE uint32_t place_of(const struct caller *caller, uint64_t hash, bool *out_observed)
{
    uint32_t slot = ctxi_partition_slot(caller->partition);

    if (LIKELY(!ctxi_is_observed(caller->cache, hash)))
        return slot;
    *out_observed = true;
    return ctxi_live_wants(caller->cache->live, hash) ? slot | CTXI_RECORD_SAMPLED : slot;
}

/* Answers with an entry, and notes its use; NULL: none was found. */
INLINE int use(const struct caller *caller, struct ctxi_entry *entry, uint32_t number,
               uint64_t hash, const uint64_t *now, const struct wish *wish, struct after *after)
{
    uint32_t place;
    int status;

    if (UNLIKELY(!entry))
        return CTXI_WHOLE_WAY;
    status = fulfil(caller->cache, entry, number, now, wish);
    if (UNLIKELY(status == CTXI_WHOLE_WAY))
        return status;
    if (UNLIKELY(entry->flags & CTXI_ENTRY_UNDECLARED))
        after->undeclared = true;
    if (wish->deed == PEEK)
        return status;
    place = place_of(caller, hash, &after->observed);
    if (UNLIKELY(status == CTX_ABSENT))
        place |= CTXI_RECORD_NEGATIVE;
    ctxi_reader_record(&caller->cache->readers, caller->reader, number, place, &after->drain);
    return status;
}

/* ---- outside of it ------------------------------------------------------------------------ */

/* Shows a hit to whoever looks on. */
INLINE void observe(const struct caller *caller, uint64_t hash)
{
    if (ctxi_is_observed(caller->cache, hash))
        ctxi_observed_hit(caller->cache, caller->reader, hash, caller->partition);
}

INLINE void tidy_up(const struct caller *caller, const struct after *after)
{
    if (UNLIKELY(after->drain))
        ctxi_hit_drain(caller->cache, caller->reader);
    if (UNLIKELY(after->undeclared))
        ctxi_audit_charge_warned(caller->cache);
}

#endif
