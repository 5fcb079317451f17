/*
 * entry.h: one result and its key, in one piece of memory.
 */
#ifndef CTXI_CACHE_ENTRY_H
#define CTXI_CACHE_ENTRY_H

#include <stdatomic.h>
#include <string.h>

#include "cache/arena.h"
#include "cache/key.h"
#include "ctxcache/cache.h"

struct ctxi_fn;

#define CTXI_NEVER UINT64_MAX /* expires */

enum ctxi_entry_flags {
    CTXI_ENTRY_NEGATIVE = 1,   /* the result is that there is none */
    CTXI_ENTRY_UNDECLARED = 2, /* depends on variables outside its key (WARN, OFF) */
    CTXI_ENTRY_ADOPTED = 4,    /* the value is a struct ctxi_adopted */
    CTXI_ENTRY_EXPIRES = 8,    /* eight bytes before the value say when */
    CTXI_ENTRY_OUTSIDE = 16,   /* in a block of its own, a struct ctxi_outside before it */
    /* the index has promised it a place: it was never in the cache, and is of a call that runs */
    CTXI_ENTRY_PROMISED = 32,
    CTXI_ENTRY_LARGE = 64 /* outside, for its sizes do not fit into the fields below */
};

/*
 *   [struct: 8][key][expires: 8, or nothing][value: room]
 *
 * What is compared comes first, in one line for short keys; the value is aligned for any type. Everything
 * but refs is fixed once the entry is in a cache, so who holds a reference, or is in a section (reader.h)
 * in which the index led to it, reads it without a lock.
 *
 * References: one of the cache while the entry is in it, one of each ctx_cache_ref, call and flight that
 * has it. While it is in the cache there is always one, so none is ever added to none: who finds 0
 * has come too late. While it is not, it holds a reference to the cache, unless it is of a call that
 * runs, and that holds one; the last one frees it.
 */
struct ctxi_entry {
    atomic_uint refs;
    union {
        struct {
            uint16_t room;     /* of the value; LARGE: 0 */
            uint8_t key_words; /* LARGE: 0, which is the size of no key */
            uint8_t flags;
        };
        uint32_t shape; /* all three, to be compared at once */
    };
    unsigned char key[]; /* aligned as a word is */
};

#define CTXI_ROOM_MAX      UINT16_MAX
#define CTXI_KEY_WORDS_MAX UINT8_MAX

/* Before an entry in a block of its own. Sizes are here, too, if they do not fit into its fields. */
struct ctxi_outside {
    size_t key_size, room;
    size_t block_bytes;
    size_t charge; /* what the block costs */
};

/* What stands in the place of a value that lives elsewhere. */
struct ctxi_adopted {
    void *value;
    size_t size;
    void (*destroy)(void *value, size_t size, void *user);
    void *user;
    size_t weight; /* bytes to charge for the value */
};

/* A reference to an entry, and the number of its slot. entry NULL: none. */
struct ctxi_hold {
    struct ctxi_entry *entry;
    uint32_t number;
};

#define CTXI_HOLD_NONE                                                                             \
    (struct ctxi_hold)                                                                             \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/* ---- the parts of an entry ---------------------------------------------------------------- */

static inline const struct ctxi_outside *ctxi_entry_outside(const struct ctxi_entry *entry)
{
    return (const struct ctxi_outside *)(const void *)entry - 1;
}

static inline size_t ctxi_entry_key_size(const struct ctxi_entry *entry)
{
    return __builtin_expect(entry->flags & CTXI_ENTRY_LARGE, 0)
               ? ctxi_entry_outside(entry)->key_size
               : entry->key_words * CTXI_WORD;
}

static inline bool ctxi_entry_has_key(const struct ctxi_entry *entry, const struct ctxi_key *key)
{
    size_t size = entry->key_words * CTXI_WORD;

    if (__builtin_expect(size == 0, 0))
        size = ctxi_entry_outside(entry)->key_size;
    return size == key->size && ctxi_words_equal(entry->key, key->bytes, size);
}

/* The bits of a shape: a constant for a constant. */
static inline uint32_t ctxi_shape(size_t key_words, size_t room, uint8_t flags)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (uint32_t)flags << 24 | (uint32_t)key_words << 16 | (uint32_t)room;
#else
    return (uint32_t)room << 16 | (uint32_t)key_words << 8 | flags;
#endif
}

/* The shape of an entry as if it were in a slot of the arena, wherever it is. */
static inline uint32_t ctxi_entry_shape(const struct ctxi_entry *entry)
{
    return entry->shape & ~ctxi_shape(0, 0, CTXI_ENTRY_OUTSIDE);
}

static inline size_t ctxi_entry_expires_offset(size_t key_size)
{
    return offsetof(struct ctxi_entry, key) + key_size;
}

static inline size_t ctxi_entry_value_offset(size_t key_size, bool expires)
{
    size_t end = ctxi_entry_expires_offset(key_size) + (expires ? sizeof(uint64_t) : 0);

    return (end + CTXI_SLOT_UNIT - 1) / CTXI_SLOT_UNIT * CTXI_SLOT_UNIT;
}

/* CTXI_NEVER if it does not expire. */
static inline uint64_t ctxi_entry_expires(const struct ctxi_entry *entry)
{
    uint64_t expires = CTXI_NEVER;

    if (entry->flags & CTXI_ENTRY_EXPIRES)
        memcpy(&expires,
               (const unsigned char *)entry + ctxi_entry_expires_offset(ctxi_entry_key_size(entry)),
               sizeof expires);
    return expires;
}

/* Of one that has room for it. */
static inline void ctxi_entry_set_expires(struct ctxi_entry *entry, uint64_t expires)
{
    memcpy((unsigned char *)entry + ctxi_entry_expires_offset(ctxi_entry_key_size(entry)), &expires,
           sizeof expires);
}

/* Where the value, or its struct ctxi_adopted, is, and how much room it has. */
static inline void *ctxi_entry_place(struct ctxi_entry *entry, size_t *out_room)
{
    bool large = __builtin_expect(entry->flags & CTXI_ENTRY_LARGE, 0);

    *out_room = large ? ctxi_entry_outside(entry)->room : entry->room;
    return (unsigned char *)entry +
           ctxi_entry_value_offset(ctxi_entry_key_size(entry), entry->flags & CTXI_ENTRY_EXPIRES);
}

/* The value itself, and its size. */
static inline void *ctxi_entry_value(struct ctxi_entry *entry, size_t *out_size)
{
    void *place = ctxi_entry_place(entry, out_size);

    if (entry->flags & CTXI_ENTRY_ADOPTED) {
        const struct ctxi_adopted *adopted = place;

        *out_size = adopted->size;
        return adopted->value;
    }
    return place;
}

/* ---- life --------------------------------------------------------------------------------- */

/* Puts another key of the same size in place of its own, before it is in a cache. */
static inline void ctxi_entry_set_key(struct ctxi_entry *entry, const struct ctxi_key *key)
{
    memcpy(entry->key, key->bytes, key->size);
}

/* What an entry is made with. */
struct ctxi_recipe {
    struct ctxi_fn *fn;
    const struct ctxi_key *key;
    size_t room;
    bool expires;
};

/*
 * A slot, a promise of the index and a use of the function, taken before it is known what for: most
 * values of a function are of one size, and then the entry needs no turn of the lock to be made.
 */
struct ctxi_seat {
    struct ctxi_hold hold; /* the slot; entry NULL: none was taken, or an entry is sitting in it */
    size_t slot_size;
};

#define CTXI_SEAT_NONE                                                                             \
    (struct ctxi_seat)                                                                             \
    {                                                                                              \
        CTXI_HOLD_NONE, 0                                                                          \
    }

/*
 * Takes one for an entry like the last one of the function, or none; `recipe` is all that is known but
 * the room. Gives back one that nobody sits in. The lock is held.
 */
void ctxi_seat_take(ctx_cache *cache, struct ctxi_recipe *recipe, struct ctxi_seat *out_seat);
void ctxi_seat_give(ctx_cache *cache, uint32_t fn, struct ctxi_seat *seat);

/*
 * Keeps the seat of an entry that was evicted and that nobody can see any more, as cache->spare, for the
 * next one: in a full cache an entry goes for each that comes. False: there is one already, or it cannot.
 */
bool ctxi_seat_keep(ctx_cache *cache, struct ctxi_hold hold);
void ctxi_seat_give_spare(ctx_cache *cache);

/*
 * An entry with one reference, in the seat if that fits. The caller holds the cache until it is stored or
 * renounced (contents.h). CTX_ERR_NOMEM. No lock held.
 */
int ctxi_entry_new(ctx_cache *cache, const struct ctxi_recipe *recipe, struct ctxi_seat *seat,
                   struct ctxi_hold *out_hold);

/* Bytes that the capacity counts for it. The lock is held. */
size_t ctxi_entry_charge(const ctx_cache *cache, struct ctxi_entry *entry, uint32_t number);

/* One more reference, for who holds one. */
static inline struct ctxi_hold ctxi_entry_ref(struct ctxi_hold hold)
{
    /* relaxed: the caller has a reference, or the lock of the cache that has one */
    atomic_fetch_add_explicit(&hold.entry->refs, 1, memory_order_relaxed);
    return hold;
}

/* The same for one that nobody else can have seen yet. */
static inline void ctxi_entry_ref_unseen(struct ctxi_entry *entry)
{
    unsigned refs = atomic_load_explicit(&entry->refs, memory_order_relaxed);

    atomic_store_explicit(&entry->refs, refs + 1, memory_order_relaxed);
}

/* The same for who is in a section; false: it was removed, and nobody holds it any more. */
static inline bool ctxi_entry_try_ref(struct ctxi_entry *entry)
{
    unsigned refs = atomic_load_explicit(&entry->refs, memory_order_relaxed);

    /* relaxed: what the entry is was acquired with its number; freeing it waits for the section */
    while (refs != 0)
        if (atomic_compare_exchange_weak_explicit(&entry->refs, &refs, refs + 1,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
}

/* The last reference is gone. The value's destructor runs here: never under a lock. */
void ctxi_entry_end(ctx_cache *cache, struct ctxi_hold hold);

/* Lets go; an empty hold is allowed. No lock held. */
static inline void ctxi_entry_unref(ctx_cache *cache, struct ctxi_hold hold)
{
    /* release: all that was done with it comes before it is freed; acquire: in who frees */
    if (hold.entry && atomic_fetch_sub_explicit(&hold.entry->refs, 1, memory_order_acq_rel) == 1)
        ctxi_entry_end(cache, hold);
}

/*
 * Lets go of the cache's own reference to an entry that was just removed. The lock is held. False:
 * the value has a destructor: call ctxi_entry_forsake() when the lock is not held.
 */
bool ctxi_entry_forsake_locked(ctx_cache *cache, struct ctxi_hold hold);
void ctxi_entry_forsake(ctx_cache *cache, struct ctxi_hold hold);

/* Frees the memory of an entry that nobody can see any more (reclaim.c). The lock is held. */
void ctxi_entry_free(ctx_cache *cache, uint32_t number);

#endif
