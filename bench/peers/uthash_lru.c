#include "peers/uthash_lru.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM          1
#define uthash_nonfatal_oom(entry) ((entry)->refused = true)
#include <uthash.h>

#define CACHE_LINE 64

struct entry {
    UT_hash_handle hh;
    bool refused; /* uthash had no memory to take it in */
    struct value value;
    char key[];
};

struct uthash_lru {
    _Alignas(CACHE_LINE) pthread_mutex_t mutex; /* no line is shared with another list */
    size_t capacity;
    /* Guarded by mutex. */
    struct entry *entries; /* in order of use, the oldest first */
    size_t count;
    size_t entry_bytes;
};

/* What malloc spends on a block: its usable size and the word before it. */
static size_t charge(struct entry *entry)
{
    return malloc_usable_size(entry) + sizeof(size_t);
}

struct uthash_lru *uthash_lru_new(size_t capacity)
{
    struct uthash_lru *lru = aligned_alloc(_Alignof(struct uthash_lru), sizeof *lru);

    if (!lru)
        return NULL;
    memset(lru, 0, sizeof *lru);
    pthread_mutex_init(&lru->mutex, NULL);
    lru->capacity = capacity;
    return lru;
}

void uthash_lru_free(struct uthash_lru *lru)
{
    struct entry *entry = lru->entries;

    HASH_CLEAR(hh, lru->entries); /* the table; the entries stay linked */
    while (entry) {
        struct entry *next = entry->hh.next;

        free(entry);
        entry = next;
    }
    pthread_mutex_destroy(&lru->mutex);
    free(lru);
}

static inline __attribute__((always_inline)) void
append(struct uthash_lru *lru, struct entry *entry, size_t key_size, unsigned hash)
{
    entry->refused = false;
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, lru->entries, entry->key, (unsigned)key_size, hash, entry);
}

/* The entry, made the newest; NULL if there is none. */
static inline __attribute__((always_inline)) struct entry *
find_and_touch(struct uthash_lru *lru, const void *key, size_t key_size, unsigned hash)
{
    struct entry *entry;

    HASH_FIND_BYHASHVALUE(hh, lru->entries, key, (unsigned)key_size, hash, entry);
    if (entry && entry->hh.next) {
        HASH_DELETE(hh, lru->entries, entry);
        append(lru, entry, key_size, hash);
        if (entry->refused) {
            /* Out of the table already: as if it had been evicted. */
            lru->count--;
            lru->entry_bytes -= charge(entry);
            free(entry);
            entry = NULL;
        }
    }
    return entry;
}

static inline __attribute__((always_inline)) bool find_and_copy(struct uthash_lru *lru,
                                                                const void *key, size_t key_size,
                                                                unsigned hash,
                                                                struct value *out_value)
{
    pthread_mutex_lock(&lru->mutex);

    struct entry *entry = find_and_touch(lru, key, key_size, hash);

    if (entry)
        *out_value = entry->value;
    pthread_mutex_unlock(&lru->mutex);
    return entry;
}

/* Returns what is to be freed: the oldest entry, or `entry` itself if it is not needed. */
static inline struct entry *insert(struct uthash_lru *lru, struct entry *entry, size_t key_size,
                                   unsigned hash)
{
    struct entry *surplus = NULL;

    pthread_mutex_lock(&lru->mutex);
    if (find_and_touch(lru, entry->key, key_size, hash)) {
        surplus = entry; /* another thread was faster */
    } else {
        append(lru, entry, key_size, hash);
        if (entry->refused) {
            surplus = entry;
        } else {
            lru->entry_bytes += charge(entry);
            if (++lru->count > lru->capacity) {
                surplus = lru->entries;
                HASH_DEL(lru->entries, surplus);
                lru->entry_bytes -= charge(surplus);
                lru->count--;
            }
        }
    }
    pthread_mutex_unlock(&lru->mutex);
    return surplus;
}

static bool load(struct uthash_lru *lru, struct key_view key, unsigned hash,
                 struct value *out_value)
{
    struct entry *entry = malloc(sizeof *entry + key.size);

    if (!entry)
        return false;
    key_load(key, out_value);
    memcpy(entry->key, key.bytes, key.size);
    entry->value = *out_value;
    free(insert(lru, entry, key.size, hash));
    return true;
}

/* With the size of the key a constant where this is inlined, as in a cache written for one key. */
static inline __attribute__((always_inline)) bool call_sized(struct uthash_lru *lru,
                                                             struct key_view key, size_t size,
                                                             unsigned hash, struct value *out_value)
{
    key.size = size;
    return find_and_copy(lru, key.bytes, size, hash, out_value) || load(lru, key, hash, out_value);
}

bool uthash_lru_call(struct uthash_lru *lru, struct key_view key, unsigned hash,
                     struct value *out_value)
{
    switch (key.kind) {
    case KEY_PLAIN:
        return call_sized(lru, key, key_size(KEY_PLAIN), hash, out_value);
    case KEY_TENANT:
        return call_sized(lru, key, key_size(KEY_TENANT), hash, out_value);
    case KEY_TENANT_TEXT:
        return call_sized(lru, key, key_size(KEY_TENANT_TEXT), hash, out_value);
    default:
        return call_sized(lru, key, key_size(KEY_LOCALE), hash, out_value);
    }
}

size_t uthash_lru_count(struct uthash_lru *lru)
{
    pthread_mutex_lock(&lru->mutex);

    size_t count = lru->count;

    pthread_mutex_unlock(&lru->mutex);
    return count;
}

size_t uthash_lru_bytes(struct uthash_lru *lru)
{
    pthread_mutex_lock(&lru->mutex);

    size_t bytes = lru->entry_bytes;

    if (lru->entries) {
        UT_hash_table *table = lru->entries->hh.tbl;

        bytes += sizeof *table + table->num_buckets * sizeof *table->buckets;
    }
    pthread_mutex_unlock(&lru->mutex);
    return bytes;
}
