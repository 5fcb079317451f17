/*
 * The floor: what no cache with full keys can be faster than. One hash, a probe, a full compare and
 * a copy, inlined; no recency, no lock. Two kinds of table, by what is asked for:
 *
 *   room for all keys: open addressing, filled by one thread and then only read, by all;
 *   for fewer: sets of WAYS slots, a table for each thread. A miss loads and overwrites a slot of
 *   its set, chosen at random by the newcomer's hash. There is no order of use, so it hits less
 *   often than LRU, and nothing that threads share, so each has the whole capacity for itself.
 */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "contender.h"
#include "die.h"

#define WAYS     8
#define TAG_MASK 0xffffffff00000000u

struct table {
    size_t capacity, count; /* entries */
    size_t mask;            /* slots - 1; of sets there may be any number: */
    size_t sets;
    uint64_t *slots; /* the high half of the hash, then the entry's number + 1; 0: empty */
    char *entries;   /* struct value and key */
    size_t bytes;    /* of both */
};

struct floor {
    bool evicts;
    unsigned table_count; /* evicting: one for each thread; else 1 */
    struct table tables[];
};

/* ---- opening and closing ------------------------------------------------------------------ */

static void init_table(struct table *table, const struct cache_setup *setup)
{
    size_t slots = 64, entry_size = sizeof(struct value) + key_size(setup->kind);

    if (setup->capacity < setup->keys) {
        table->sets = (setup->capacity + WAYS - 1) / WAYS;
        slots = table->sets * WAYS;
        table->capacity = slots;
    } else {
        while (slots < setup->capacity * 2)
            slots *= 2;
        table->mask = slots - 1;
        table->capacity = setup->capacity;
    }
    table->slots = die_calloc(slots, sizeof *table->slots);
    table->entries = die_calloc(table->capacity, entry_size);
    table->bytes = slots * sizeof *table->slots + table->capacity * entry_size;
}

static void *open_floor(const struct cache_setup *setup)
{
    bool evicts = setup->capacity < setup->keys;
    unsigned count = evicts ? setup->threads : 1;
    struct floor *floor = die_calloc(1, sizeof *floor + count * sizeof *floor->tables);

    *floor = (struct floor){.evicts = evicts, .table_count = count};
    for (unsigned i = 0; i < count; i++)
        init_table(&floor->tables[i], setup);
    return floor;
}

static void close_floor(void *opened)
{
    struct floor *floor = opened;

    for (unsigned i = 0; i < floor->table_count; i++) {
        free(floor->tables[i].slots);
        free(floor->tables[i].entries);
    }
    free(floor);
}

/* ---- calls -------------------------------------------------------------------------------- */

static inline char *entry_at(const struct table *table, uint64_t slot, size_t key_bytes)
{
    return table->entries + ((uint32_t)slot - 1) * (sizeof(struct value) + key_bytes);
}

/* Copies the answer if the slot has this very key. */
static inline bool answer(const struct table *table, uint64_t slot, struct key_view key,
                          struct value *out_value)
{
    const char *entry = entry_at(table, slot, key.size);

    if (memcmp(entry + sizeof *out_value, key.bytes, key.size) != 0)
        return false;
    memcpy(out_value, entry, sizeof *out_value);
    return true;
}

static inline void load(const struct table *table, uint64_t slot, struct key_view key,
                        struct value *out_value)
{
    char *entry = entry_at(table, slot, key.size);

    key_load(key, out_value);
    memcpy(entry, out_value, sizeof *out_value);
    memcpy(entry + sizeof *out_value, key.bytes, key.size);
}

static inline void call_resident(void *opened, struct key_view key, struct value *out_value)
{
    struct table *table = opened;
    uint64_t hash = XXH3_64bits(key.bytes, key.size), tag = hash & TAG_MASK;

    for (size_t at = hash & table->mask;; at = (at + 1) & table->mask) {
        uint64_t slot = table->slots[at];

        if (slot == 0) {
            if (++table->count > table->capacity)
                die("floor: more keys than it has room for");
            table->slots[at] = tag | table->count;
            load(table, table->slots[at], key, out_value);
            return;
        }
        if ((slot & TAG_MASK) == tag && answer(table, slot, key, out_value))
            return;
    }
}

static inline void call_evicting(void *opened, struct key_view key, struct value *out_value)
{
    struct table *table = opened;
    uint64_t hash = XXH3_64bits(key.bytes, key.size), tag = hash & TAG_MASK;
    size_t first = (size_t)((hash & ~TAG_MASK) * table->sets >> 32) * WAYS, at = first;

    for (; at < first + WAYS && table->slots[at] != 0; at++)
        if ((table->slots[at] & TAG_MASK) == tag && answer(table, table->slots[at], key, out_value))
            return;
    if (at < first + WAYS)
        table->count++;
    else
        at = first + (hash >> 32) % WAYS;
    table->slots[at] = tag | (at + 1);
    load(table, table->slots[at], key, out_value);
}

static uint64_t call(void *opened, const struct calls *calls)
{
    struct floor *floor = opened;

    return floor->evicts ? calls_by_key(&floor->tables[calls->worker], calls, call_evicting)
                         : calls_by_key(&floor->tables[0], calls, call_resident);
}

static double bytes_per_entry(void *opened)
{
    struct floor *floor = opened;
    size_t bytes = 0, count = 0;

    for (unsigned i = 0; i < floor->table_count; i++) {
        if (floor->tables[i].count == 0)
            continue; /* no such thread here */
        bytes += floor->tables[i].bytes;
        count += floor->tables[i].count;
    }
    return (double)bytes / (double)count;
}

static const char *const workloads[] = {"W1", "W2",        "W3",  "W4", "W5",
                                        "W6", "hit-plain", "hit", NULL};

const struct contender contender_floor = {
    .name = "floor",
    .about = "hash, probe, compare, copy; no recency, no lock (does not answer miss)",
    .workloads = workloads,
    .open = open_floor,
    .close = close_floor,
    .call = call,
    .bytes_per_entry = bytes_per_entry,
};
