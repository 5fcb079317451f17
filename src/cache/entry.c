#include "cache/entry.h"

#include <stdalign.h>
#include <string.h>

#include "cache/cache.h"
#include "cache/function.h"

/* What stands in the place of the value when it lives elsewhere. */
struct adopted {
    void *value;
    void (*destroy)(void *value, size_t size, void *user);
    void *user;
};

static size_t value_offset(size_t key_size)
{
    size_t align = alignof(max_align_t);

    return (offsetof(struct ctxi_entry, key) + key_size + align - 1) / align * align;
}

static size_t inline_size(const struct ctxi_entry *entry)
{
    return entry->adopted ? sizeof(struct adopted) : entry->value_size;
}

static size_t block_size(const struct ctxi_entry *entry)
{
    return value_offset(entry->key_size) + inline_size(entry);
}

static void *place(struct ctxi_entry *entry)
{
    return (unsigned char *)entry + value_offset(entry->key_size);
}

static struct adopted *adopted(struct ctxi_entry *entry)
{
    return place(entry);
}

static struct ctxi_entry *allocate(ctx_cache *cache, struct ctxi_fn *fn, const void *key,
                                   size_t key_size, size_t room)
{
    size_t before = value_offset(key_size);
    struct ctxi_entry *entry;

    if (room > SIZE_MAX - before)
        return NULL;
    entry = ctxi_alloc(&cache->allocator, before + room);
    if (!entry)
        return NULL;
    memset(entry, 0, sizeof *entry);
    ctxi_list_init(&entry->recency);
    ctxi_list_init(&entry->member);
    entry->cache = ctxi_cache_ref(cache);
    entry->fn = ctxi_fn_ref(fn);
    entry->expires = CTXI_NEVER;
    entry->key_size = (uint32_t)key_size; /* key_limit fits */
    entry->charge = ctxi_alloc_charge(&cache->allocator, entry, before + room);
    atomic_init(&entry->refs, 1);
    if (key_size)
        memcpy(entry->key, key, key_size);
    return entry;
}

struct ctxi_entry *ctxi_entry_new(ctx_cache *cache, struct ctxi_fn *fn, const void *key,
                                  size_t key_size, size_t value_size)
{
    struct ctxi_entry *entry = allocate(cache, fn, key, key_size, value_size);

    if (entry)
        entry->value_size = value_size;
    return entry;
}

struct ctxi_entry *ctxi_entry_adopt(ctx_cache *cache, struct ctxi_fn *fn, const void *key,
                                    size_t key_size, void *value, size_t value_size,
                                    void (*destroy)(void *value, size_t size, void *user),
                                    void *user)
{
    struct ctxi_entry *entry = allocate(cache, fn, key, key_size, sizeof(struct adopted));

    if (!entry)
        return NULL;
    entry->adopted = true;
    entry->value_size = value_size;
    *adopted(entry) = (struct adopted){value, destroy, user};
    ctxi_entry_set_weight(entry, value_size);
    return entry;
}

void ctxi_entry_set_key(struct ctxi_entry *entry, const void *key, uint64_t hash)
{
    memcpy(entry->key, key, entry->key_size);
    entry->hash = hash;
}

void *ctxi_entry_value(struct ctxi_entry *entry)
{
    return entry->adopted ? adopted(entry)->value : place(entry);
}

void ctxi_entry_set_weight(struct ctxi_entry *entry, size_t weight)
{
    size_t own = ctxi_alloc_charge(&entry->cache->allocator, entry, block_size(entry));

    entry->charge = weight > SIZE_MAX - own ? SIZE_MAX : own + weight;
}

struct ctxi_entry *ctxi_entry_ref(struct ctxi_entry *entry)
{
    /* relaxed: the caller holds a reference, or the lock of the cache that holds one */
    atomic_fetch_add_explicit(&entry->refs, 1, memory_order_relaxed);
    return entry;
}

/* The user's destructor is not interrupted by a cancellation: the rest would be lost. */
static void destroy_adopted(struct ctxi_entry *entry)
{
    const struct adopted *there = adopted(entry);
    int before;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    there->destroy(there->value, entry->value_size, there->user);
    pthread_setcancelstate(before, &before);
}

void ctxi_entry_unref(struct ctxi_entry *entry)
{
    ctx_cache *cache;

    if (!entry || atomic_fetch_sub_explicit(&entry->refs, 1, memory_order_acq_rel) != 1)
        return;
    cache = entry->cache;
    if (entry->adopted)
        destroy_adopted(entry);
    ctxi_fn_unref(entry->fn);
    ctxi_free(&cache->allocator, entry, block_size(entry));
    ctxi_cache_unref(cache);
}
