/*
 * What GLib has for a cache: GHashTable with a GQueue for recency, one mutex, one allocation per
 * entry, whose queue link is a part of it. The hash is XXH3, as everybody's here, once for each look.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "contender.h"
#include "die.h"

/* Also a key of the table: a look-up makes one whose bytes are the caller's. */
struct entry {
    unsigned hash;
    const void *key; /* behind the value, or the caller's */
    GList link;      /* in the queue; its data is this entry */
    struct value value;
    char own_key[];
};

struct cache {
    pthread_mutex_t mutex;
    size_t capacity;
    /* Guarded by mutex. */
    GHashTable *table; /* entries, each its own key and value */
    GQueue order;      /* of use, the oldest at the head */
    size_t entry_bytes;
};

static guint hash_of(gconstpointer key)
{
    return ((const struct entry *)key)->hash;
}

/* The keys of a table are of one size, a constant here as in a cache that is written for one key. */
#define EQUAL(name, kind)                                                                          \
    static gboolean name(gconstpointer left, gconstpointer right)                                  \
    {                                                                                              \
        const struct entry *a = left, *b = right;                                                  \
                                                                                                   \
        return memcmp(a->key, b->key, key_size(kind)) == 0;                                        \
    }

EQUAL(equal_plain, KEY_PLAIN)
EQUAL(equal_tenant, KEY_TENANT)
EQUAL(equal_text, KEY_TENANT_TEXT)
EQUAL(equal_locale, KEY_LOCALE)

static const GEqualFunc equal[KEY_KINDS] = {equal_plain, equal_tenant, equal_text, equal_locale};

/* What malloc spends on a block: its usable size and the word before it. */
static size_t charge(struct entry *entry)
{
    return malloc_usable_size(entry) + sizeof(size_t);
}

static void *open_cache(const struct cache_setup *setup)
{
    struct cache *cache = die_calloc(1, sizeof *cache);

    pthread_mutex_init(&cache->mutex, NULL);
    cache->capacity = setup->capacity;
    cache->table = g_hash_table_new(hash_of, equal[setup->kind]);
    g_queue_init(&cache->order);
    return cache;
}

static void close_cache(void *opened)
{
    struct cache *cache = opened;
    GList *link;

    g_hash_table_destroy(cache->table);
    while ((link = g_queue_pop_head_link(&cache->order)))
        g_free(link->data);
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

static struct entry *find_and_touch(struct cache *cache, const struct entry *wanted)
{
    struct entry *entry = g_hash_table_lookup(cache->table, wanted);

    if (entry) {
        g_queue_unlink(&cache->order, &entry->link);
        g_queue_push_tail_link(&cache->order, &entry->link);
    }
    return entry;
}

static bool find_and_copy(struct cache *cache, const struct entry *wanted, struct value *out_value)
{
    pthread_mutex_lock(&cache->mutex);

    struct entry *entry = find_and_touch(cache, wanted);

    if (entry)
        *out_value = entry->value;
    pthread_mutex_unlock(&cache->mutex);
    return entry;
}

/* Returns what is to be freed: the oldest entry, or `entry` itself if it is not needed. */
static struct entry *insert(struct cache *cache, struct entry *entry)
{
    struct entry *surplus = NULL;

    pthread_mutex_lock(&cache->mutex);
    if (find_and_touch(cache, entry)) {
        surplus = entry; /* another thread was faster */
    } else {
        g_hash_table_add(cache->table, entry);
        g_queue_push_tail_link(&cache->order, &entry->link);
        cache->entry_bytes += charge(entry);
        if (cache->order.length > cache->capacity) {
            surplus = g_queue_pop_head_link(&cache->order)->data;
            g_hash_table_remove(cache->table, surplus);
            cache->entry_bytes -= charge(surplus);
        }
    }
    pthread_mutex_unlock(&cache->mutex);
    return surplus;
}

static void load(struct cache *cache, struct key_view key, unsigned hash, struct value *out_value)
{
    struct entry *entry = g_malloc(sizeof *entry + key.size); /* or the end of the program */

    key_load(key, out_value);
    *entry = (struct entry){.hash = hash, .link.data = entry};
    entry->key = memcpy(entry->own_key, key.bytes, key.size);
    entry->value = *out_value;
    g_free(insert(cache, entry));
}

static inline void call_one(void *cache, struct key_view key, struct value *out_value)
{
    struct entry wanted;

    wanted.hash = (unsigned)XXH3_64bits(key.bytes, key.size);
    wanted.key = key.bytes;
    if (!find_and_copy(cache, &wanted, out_value))
        load(cache, key, wanted.hash, out_value);
}

static uint64_t call(void *cache, const struct calls *calls)
{
    return calls_by_key(cache, calls, call_one);
}

/*
 * A GHashTable used as a set keeps an array of pointers and one of hashes, as long as a power of two
 * that is at least 4/3 of the entries.
 */
static double bytes_per_entry(void *opened)
{
    struct cache *cache = opened;
    size_t slots = 8, count = cache->order.length;

    while (slots * 3 < count * 4)
        slots *= 2;
    return (double)(cache->entry_bytes + slots * (sizeof(void *) + sizeof(guint))) / (double)count;
}

const struct contender contender_glib = {
    .name = "glib",
    .about = "GHashTable and GQueue, one mutex",
    .exact_lru = true,
    .open = open_cache,
    .close = close_cache,
    .call = call,
    .bytes_per_entry = bytes_per_entry,
};
