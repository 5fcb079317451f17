/*
 * The floor: what no cache with full keys can be faster than. One hash, a probe, a full compare and
 * a copy, inlined; no recency, no lock, no eviction. Filled by one thread, then only read.
 */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "contender.h"
#include "die.h"

struct entry {
    struct key key;
    struct value value;
};

struct table {
    bool tenants;
    size_t mask;     /* slots - 1 */
    uint64_t *slots; /* the high half of the hash, then the entry's number + 1; 0: empty */
    struct entry *entries;
    size_t count, capacity;
};

static void *open_table(const struct cache_setup *setup)
{
    struct table *table = die_calloc(1, sizeof *table);
    size_t slots = 64;

    while (slots < setup->capacity * 2)
        slots *= 2;
    table->tenants = setup->tenants;
    table->capacity = setup->capacity;
    table->mask = slots - 1;
    table->slots = die_calloc(slots, sizeof *table->slots);
    table->entries = die_calloc(setup->capacity, sizeof *table->entries);
    return table;
}

static void close_table(void *opened)
{
    struct table *table = opened;

    free(table->slots);
    free(table->entries);
    free(table);
}

/* A key is the last `size` bytes of struct key: all of it, or the argument alone. */
static inline const char *key_bytes(const struct key *key, size_t size)
{
    return (const char *)key + sizeof *key - size;
}

static struct entry *add(struct table *table, const struct key *key, uint64_t *slot, uint64_t tag)
{
    struct entry *entry = &table->entries[table->count++];

    if (table->count > table->capacity)
        die("floor: more keys than it has room for");
    entry->key = *key;
    workload_load(key->tenant, key->arg, &entry->value);
    *slot = tag | table->count;
    return entry;
}

static inline struct entry *find_or_add(struct table *table, const struct key *key, size_t size)
{
    uint64_t hash = XXH3_64bits(key_bytes(key, size), size);
    uint64_t tag = hash & 0xffffffff00000000u;

    for (size_t at = hash & table->mask;; at = (at + 1) & table->mask) {
        uint64_t slot = table->slots[at];

        if (slot == 0)
            return add(table, key, &table->slots[at], tag);
        if ((slot & 0xffffffff00000000u) == tag) {
            struct entry *entry = &table->entries[(uint32_t)slot - 1];

            if (memcmp(key_bytes(&entry->key, size), key_bytes(key, size), size) == 0)
                return entry;
        }
    }
}

static inline uint64_t call_keys(struct table *table, const struct calls *calls, size_t key_size)
{
    const struct stream *stream = calls->stream;
    struct value value;
    struct key key;
    uint64_t sum = 0;

    for (size_t r = calls->first; r < calls->end; r++) {
        memcpy(key.tenant, workload_tenant(stream->requests[r].tenant), sizeof key.tenant);
        for (size_t i = stream->requests[r].first; i < stream->requests[r + 1].first; i++) {
            key.arg = stream->args[i];
            value = find_or_add(table, &key, key_size)->value;
            use_value(&value);
            sum += value.words[0];
        }
    }
    return sum;
}

static uint64_t call(void *opened, const struct calls *calls)
{
    struct table *table = opened;

    return table->tenants ? call_keys(table, calls, sizeof(struct key))
                          : call_keys(table, calls, sizeof(int64_t));
}

static double bytes_per_entry(void *opened)
{
    struct table *table = opened;
    size_t bytes = table->count * sizeof *table->entries + (table->mask + 1) * sizeof *table->slots;

    return (double)bytes / (double)table->count;
}

const struct contender contender_floor = {
    .name = "floor",
    .about = "hash, probe, compare, copy; no recency, no lock, no eviction (hits alone)",
    .resident_only = true,
    .open = open_table,
    .close = close_table,
    .call = call,
    .bytes_per_entry = bytes_per_entry,
};
