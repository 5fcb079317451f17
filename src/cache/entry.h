/*
 * entry.h: one result and its key, in one block of memory.
 */
#ifndef CTXI_CACHE_ENTRY_H
#define CTXI_CACHE_ENTRY_H

#include <stdatomic.h>

#include "base/list.h"
#include "ctxcache/cache.h"

struct ctxi_fn;
struct ctxi_partition;

#define CTXI_NEVER UINT64_MAX /* expires */

/*
 * [struct][key: key_size][padding][value: value_size, or a struct adopted], the value aligned for
 * any type. The fields that a hit reads stand last, beside the key. key, value and the fields under
 * "fixed" never change once the entry is in a cache, so whoever holds a reference reads them
 * without a lock.
 *
 * References: one of the cache while the entry is in it, one of each ctx_cache_ref, one of the
 * flight that loaded it. The last one frees. An entry holds its cache and its fn alive, for its
 * allocator and its name, but not its partition.
 */
struct ctxi_entry {
    /* Guarded by the cache's lock while the entry is in the cache; not read by a hit. */
    struct ctxi_link member; /* of its partition, or of the graveyard */

    /* Fixed; not read by a hit. */
    ctx_cache *cache;
    struct ctxi_fn *fn;
    size_t charge; /* bytes that the capacity counts for it */

    /* Guarded by the cache's lock while the entry is in the cache. */
    struct ctxi_link recency;         /* recency.h; after removal: the batch of contents.h */
    struct ctxi_partition *partition; /* good only while in the cache */
    struct ctxi_entry *hash_next;     /* index.c */

    /* Fixed. */
    uint64_t hash;
    uint64_t generation; /* of its partition when stored; live while they are equal */
    uint64_t expires;    /* the cache's clock, or CTXI_NEVER */
    size_t value_size;
    uint32_t key_size;
    atomic_uint refs; /* of any thread */
    uint8_t cause;    /* enum ctx_cache_cause; set on removal, under the lock */
    bool adopted;
    bool negative;
    bool undeclared; /* depends on variables outside its key (WARN, OFF) */
    unsigned char key[];
};

/* An entry with one reference and room for a value of `value_size` bytes. NULL: no memory. */
struct ctxi_entry *ctxi_entry_new(ctx_cache *cache, struct ctxi_fn *fn, const void *key,
                                  size_t key_size, size_t value_size);

/* An entry that owns `value` from now on. NULL: no memory, and value is still the caller's. */
struct ctxi_entry *ctxi_entry_adopt(ctx_cache *cache, struct ctxi_fn *fn, const void *key,
                                    size_t key_size, void *value, size_t value_size,
                                    void (*destroy)(void *value, size_t size, void *user),
                                    void *user);

/* Puts another key of the same size in place of its own, before it is in a cache. */
void ctxi_entry_set_key(struct ctxi_entry *entry, const void *key, uint64_t hash);

/* Where its value is. */
void *ctxi_entry_value(struct ctxi_entry *entry);

/* Bytes to charge when an adopted value is charged `weight`. */
void ctxi_entry_set_weight(struct ctxi_entry *entry, size_t weight);

struct ctxi_entry *ctxi_entry_ref(struct ctxi_entry *entry);

/* NULL is allowed. The value's destructor runs here: never under a lock. */
void ctxi_entry_unref(struct ctxi_entry *entry);

#endif
