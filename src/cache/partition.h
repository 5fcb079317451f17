/*
 * partition.h: the partitions of a cache: tuples of values of the variables that it varies on, each
 * interned once and compared in full. Guarded by the cache's lock, but for what is fixed.
 */
#ifndef CTXI_CACHE_PARTITION_H
#define CTXI_CACHE_PARTITION_H

#include <stdatomic.h>

#include "base/list.h"
#include "cache/hashtable.h"
#include "cache/reader.h"
#include "ctxcache/stats.h"

#define CTXI_PARTITIONS_IDLE_MAX 1024 /* kept although they hold nothing, for their statistics */

/*
 * The id of a partition is what keys of its entries begin with. It is [serial: 40][slot: 24], and it is
 * replaced by the next serial when all entries are dropped: they are dead from then on, for no key
 * begins with their id again. So no id is ever used twice. In a slot whose serials are used up no
 * partition lives any more.
 */
#define CTXI_PLACE_BITS 24
#define CTXI_PLACES_MAX (UINT32_C(1) << CTXI_PLACE_BITS)
#define CTXI_SERIAL_ONE (UINT64_C(1) << CTXI_PLACE_BITS)

static inline uint32_t ctxi_partition_slot(uint64_t id)
{
    return (uint32_t)id & (CTXI_PLACES_MAX - 1);
}

/*
 * A partition without entries, dead ones included, and without pins is idle: it stands in the list
 * of idle ones, and is freed when there are more than CTXI_PARTITIONS_IDLE_MAX, or at once if
 * retired. So the memory for partitions is bounded by that, the entries, and the calls that run.
 */
struct ctxi_partition {
    /* Fixed. */
    uint64_t number; /* what users know it by; never reused, never 0 */
    size_t encoded_size;

    uint64_t id;         /* of new keys */
    uint64_t first_id;   /* all from it to `id` that have their slot are, or were, its own */
    uint64_t cleared_id; /* the last one that ended by a clear; its dead have that cause */
    size_t member_count; /* entries in the cache, dead ones included */
    size_t pins;         /* calls and flights that use it */
    struct ctxi_link idle;
    bool retired; /* no longer in the table */
    UT_hash_handle hh;
    ctx_cache_stats stats;
    unsigned char encoded[]; /* one field per variable of vary, in the cache's order (key.h) */
};

/*
 * The ids of the partitions by slot, for readers (reader.h): a context that remembers an id may use it
 * while it stands here. A free slot has an id that nobody was given yet. Replaced by a larger one.
 */
struct ctxi_partition_ids {
    uint32_t capacity;
    _Atomic uint64_t of[];
};

struct ctxi_partitions {
    size_t block_bytes;            /* of the partitions themselves, without tables */
    struct ctxi_partition *table;  /* not retired, by encoding */
    struct ctxi_partition **slots; /* all that exist; NULL where free */
    _Atomic(struct ctxi_partition_ids *) ids;
    uint32_t *free_slots; /* a heap of free_count; all four have slot_count places */
    uint32_t *resting;    /* slots that records may still name, oldest first; then they are free */
    uint32_t free_count, slot_count;
    uint32_t rest_count, rest_waiting; /* of these the first wait for the grace under way */
    struct ctxi_link idle;             /* most recently idle first */
    size_t idle_count;
    size_t count;          /* in the table */
    size_t existing;       /* those that are retired, too */
    uint64_t first_serial; /* of new slots, in its place in an id */
    uint64_t last_number;
    uint64_t forgotten; /* freed while idle, though requests had been made of them; since ever */
    uint64_t seed;
};

void ctxi_partitions_init(struct ctxi_partitions *partitions, uint64_t seed);

/* Frees all; there must be no pins and no entries. */
void ctxi_partitions_fini(struct ctxi_partitions *partitions, struct ctxi_memory *memory);

/* The partition with these values, in full; NULL: none. */
struct ctxi_partition *ctxi_partition_find(const struct ctxi_partitions *partitions,
                                           const void *encoded, size_t size);

/* The same, made if there is none. CTX_ERR_NOMEM. It is idle: pin it. */
int ctxi_partition_intern(struct ctxi_partitions *partitions, struct ctxi_readers *readers,
                          struct ctxi_memory *memory, const void *encoded, size_t size,
                          struct ctxi_partition **out);

/* The partition that has this id, now; else NULL. */
struct ctxi_partition *ctxi_partition_at(const struct ctxi_partitions *partitions, uint64_t id);

/* The partition that has this id, or had it; NULL: it does not exist any more. */
struct ctxi_partition *ctxi_partition_that_had(const struct ctxi_partitions *partitions,
                                               uint64_t id);

/* The partition in this slot, whichever it is; NULL: none. */
static inline struct ctxi_partition *ctxi_partition_in(const struct ctxi_partitions *partitions,
                                                       uint32_t slot)
{
    return slot < partitions->slot_count ? partitions->slots[slot] : NULL;
}

/* Whether a partition has this id now. Inside a section. */
static inline bool ctxi_partition_is_current(const struct ctxi_partitions *partitions, uint64_t id)
{
    /* PARTITION-1: acquire; partner: the release store where it is replaced */
    const struct ctxi_partition_ids *ids =
        atomic_load_explicit(&partitions->ids, memory_order_acquire);
    uint32_t slot = ctxi_partition_slot(id);

    /* relaxed: who dropped the partition before this call began has told the caller so */
    return ids && slot < ids->capacity &&
           atomic_load_explicit(&ids->of[slot], memory_order_relaxed) == id;
}

/*
 * A new id in place of the old one: all entries are dead, and who remembers it has to look again.
 * False: it was the last one that there is, and the partition must be retired.
 */
bool ctxi_partition_renew(struct ctxi_partitions *partitions, struct ctxi_partition *partition);

/* The hash seed of the keys that begin with this id; needs no lock. */
uint64_t ctxi_partition_seed(const struct ctxi_partitions *partitions, uint64_t id);

/* Something comes that keeps it busy; nothing is left that did. */
static inline void ctxi_partition_become_busy(struct ctxi_partitions *partitions,
                                              struct ctxi_partition *partition)
{
    if (!ctxi_list_empty(&partition->idle)) {
        ctxi_list_remove(&partition->idle);
        partitions->idle_count--;
    }
}

void ctxi_partition_settle(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                           struct ctxi_partition *partition);

static inline void ctxi_partition_pin(struct ctxi_partitions *partitions,
                                      struct ctxi_partition *partition)
{
    ctxi_partition_become_busy(partitions, partition);
    partition->pins++;
}

static inline void ctxi_partition_unpin(struct ctxi_partitions *partitions,
                                        struct ctxi_memory *memory,
                                        struct ctxi_partition *partition)
{
    if (!--partition->pins && !partition->member_count)
        ctxi_partition_settle(partitions, memory, partition);
}

/* An entry came or went. */
static inline void ctxi_partition_gain(struct ctxi_partitions *partitions,
                                       struct ctxi_partition *partition)
{
    ctxi_partition_become_busy(partitions, partition);
    partition->member_count++;
}

static inline void ctxi_partition_lose(struct ctxi_partitions *partitions,
                                       struct ctxi_memory *memory, struct ctxi_partition *partition)
{
    if (!--partition->member_count && !partition->pins)
        ctxi_partition_settle(partitions, memory, partition);
}

/* Takes it out of the table: equal values get a new one from now on. */
void ctxi_partition_retire(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                           struct ctxi_partition *partition);

/* Frees the partition that has been idle longest; false: none is idle. */
bool ctxi_partition_free_idle(struct ctxi_partitions *partitions, struct ctxi_memory *memory);

/*
 * The slots of partitions that are gone are free again after a grace and a drain (reclaim.h): when it
 * begins, when it has ended; and whether so many wait, or so few are free, that it is worth one.
 */
void ctxi_partitions_begin_wait(struct ctxi_partitions *partitions);
void ctxi_partitions_free_waiting(struct ctxi_partitions *partitions, struct ctxi_readers *readers,
                                  struct ctxi_memory *memory);
bool ctxi_partitions_rest_long(const struct ctxi_partitions *partitions);

/* What partitions and their arrays take, without the table that finds them and without what waits. */
size_t ctxi_partitions_bytes(const struct ctxi_partitions *partitions);

#define CTXI_SLOTS_MIN  4
#define CTXI_SLOTS_EACH 4 /* of so many, for each partition, it is to blame that they are there */
#define CTXI_PLACE_BYTES                                                                           \
    (sizeof(struct ctxi_partition *) + sizeof(uint64_t) + 2 * sizeof(uint32_t)) /* in all arrays */

static inline size_t ctxi_partitions_arrays_bytes(const struct ctxi_partitions *partitions)
{
    return partitions->slot_count
               ? sizeof(struct ctxi_partition_ids) + partitions->slot_count * CTXI_PLACE_BYTES
               : 0;
}

/* Of this, what slots that rest take. */
static inline size_t ctxi_partitions_waiting_bytes(const struct ctxi_partitions *partitions)
{
    return partitions->rest_count * CTXI_PLACE_BYTES;
}

/* What the arrays take although the partitions that exist do not need it: slots rest, or did. */
static inline size_t ctxi_partitions_excess_bytes(const struct ctxi_partitions *partitions)
{
    size_t bytes = ctxi_partitions_arrays_bytes(partitions);
    size_t own = (partitions->existing + CTXI_SLOTS_MIN) * CTXI_SLOTS_EACH * CTXI_PLACE_BYTES;

    return bytes > own ? bytes - own : 0;
}

/* Bytes that a partition of this size takes, at most. */
size_t ctxi_partition_bytes(size_t encoded_size);

#endif
