/*
 * partition.h: the partitions of a cache: tuples of values of the variables that it varies on, each
 * interned once and compared in full. Guarded by the cache's lock, but for what is fixed.
 */
#ifndef CTXI_CACHE_PARTITION_H
#define CTXI_CACHE_PARTITION_H

#include <stdatomic.h>

#include "base/list.h"
#include "cache/hashtable.h"
#include "ctxcache/stats.h"

#define CTXI_PARTITIONS_IDLE_MAX 1024 /* kept although they hold nothing, for their statistics */

/*
 * A partition without entries, dead ones included, and without pins is idle: it stands in the list
 * of idle ones, and is freed when there are more than CTXI_PARTITIONS_IDLE_MAX, or at once if
 * retired. So the memory for partitions is bounded by that, the entries, and the calls that run.
 */
struct ctxi_partition {
    /* Fixed. */
    uint64_t id;   /* never reused, never 0 */
    uint64_t seed; /* of the hashes of its keys */
    size_t slot;
    size_t encoded_size;

    uint64_t generation; /* grows when all entries are dropped: entries of an older one are dead */
    uint64_t cleared_generation; /* the last one that ended by a clear; its dead have that cause */
    struct ctxi_link members;    /* live entries */
    size_t member_count;         /* in the cache, dead ones included */
    size_t pins;                 /* calls and flights that use it */
    struct ctxi_link idle;
    bool retired; /* no longer in the table */
    UT_hash_handle hh;
    ctx_cache_stats stats;
    unsigned char encoded[]; /* one field per variable of vary, in the cache's order (key.h) */
};

/* Where a partition is; may be remembered without holding it, for the id tells if it is still
 * there. */
struct ctxi_place {
    uint64_t id;
    uint64_t seed;
    size_t slot;
};

struct ctxi_partitions {
    size_t block_bytes;            /* of the partitions themselves, without tables */
    struct ctxi_partition *table;  /* not retired, by encoding */
    struct ctxi_partition **slots; /* all that exist; NULL where free */
    size_t *free_slots;            /* a stack of free_count; both have slot_count places */
    size_t free_count, slot_count;
    struct ctxi_link idle; /* most recently idle first */
    size_t idle_count;
    size_t count; /* in the table */
    uint64_t last_id;
    uint64_t seed;
};

void ctxi_partitions_init(struct ctxi_partitions *partitions, uint64_t seed);

/* Frees all; there must be no pins and no entries. */
void ctxi_partitions_fini(struct ctxi_partitions *partitions, struct ctxi_memory *memory);

/* The partition with these values, in full; NULL: none. */
struct ctxi_partition *ctxi_partition_find(const struct ctxi_partitions *partitions,
                                           const void *encoded, size_t size);

/* The same, made if there is none. CTX_ERR_NOMEM. It is idle: pin it. */
int ctxi_partition_intern(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                          const void *encoded, size_t size, struct ctxi_partition **out);

/* The partition at `place` if it is still that one and not retired, else NULL. */
struct ctxi_partition *ctxi_partition_at(const struct ctxi_partitions *partitions,
                                         const struct ctxi_place *place);
struct ctxi_place ctxi_partition_place(const struct ctxi_partition *partition);

/* The hash seed of the partition with this id; needs no lock. */
uint64_t ctxi_partition_seed(const struct ctxi_partitions *partitions, uint64_t id);

void ctxi_partition_pin(struct ctxi_partitions *partitions, struct ctxi_partition *partition);
void ctxi_partition_unpin(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                          struct ctxi_partition *partition);

/* An entry came or went. */
void ctxi_partition_gain(struct ctxi_partitions *partitions, struct ctxi_partition *partition);
void ctxi_partition_lose(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                         struct ctxi_partition *partition);

/* Takes it out of the table: equal values get a new one from now on. */
void ctxi_partition_retire(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                           struct ctxi_partition *partition);

/* Frees the partition that has been idle longest; false: none is idle. */
bool ctxi_partition_free_idle(struct ctxi_partitions *partitions, struct ctxi_memory *memory);

/* Bytes that a partition of this size takes, at most. */
size_t ctxi_partition_bytes(size_t encoded_size);

#endif
