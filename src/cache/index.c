#include "cache/index.h"

#include <string.h>

#include "cache/entry.h"

#define BUCKETS_MIN 16

static struct ctxi_entry **bucket(const struct ctxi_index *index, uint64_t hash)
{
    return &index->buckets[hash & (index->bucket_count - 1)];
}

/* Moves every entry to a table of another size; stays as it is if there is no memory. */
static int rebuild(struct ctxi_index *index, struct ctxi_memory *memory, size_t bucket_count)
{
    struct ctxi_index next = {NULL, bucket_count, index->entry_count};

    if (bucket_count > SIZE_MAX / sizeof *next.buckets)
        return CTX_ERR_NOMEM;
    next.buckets = ctxi_memory_take(memory, bucket_count * sizeof *next.buckets);
    if (!next.buckets)
        return CTX_ERR_NOMEM;
    memset(next.buckets, 0, ctxi_index_bytes(&next));
    for (size_t i = 0; i < index->bucket_count; i++) {
        struct ctxi_entry *entry = index->buckets[i];

        while (entry) {
            struct ctxi_entry *after = entry->hash_next;

            entry->hash_next = *bucket(&next, entry->hash);
            *bucket(&next, entry->hash) = entry;
            entry = after;
        }
    }
    ctxi_index_fini(index, memory);
    *index = next;
    return CTX_OK;
}

int ctxi_index_init(struct ctxi_index *index, struct ctxi_memory *memory)
{
    *index = (struct ctxi_index){0};
    return rebuild(index, memory, BUCKETS_MIN);
}

void ctxi_index_fini(struct ctxi_index *index, struct ctxi_memory *memory)
{
    ctxi_memory_give(memory, index->buckets, ctxi_index_bytes(index));
    *index = (struct ctxi_index){0};
}

struct ctxi_entry *ctxi_index_find(const struct ctxi_index *index, uint64_t hash, const void *key,
                                   size_t key_size)
{
    struct ctxi_entry *entry = *bucket(index, hash);

    while (entry && (entry->hash != hash || entry->key_size != key_size ||
                     memcmp(entry->key, key, key_size) != 0))
        entry = entry->hash_next;
    return entry;
}

void ctxi_index_add(struct ctxi_index *index, struct ctxi_memory *memory, struct ctxi_entry *entry,
                    uint64_t bytes_max)
{
    if (index->entry_count >= index->bucket_count && ctxi_index_bytes(index) * 2 <= bytes_max)
        (void)rebuild(index, memory, index->bucket_count * 2); /* benign: longer chains */
    entry->hash_next = *bucket(index, entry->hash);
    *bucket(index, entry->hash) = entry;
    index->entry_count++;
}

void ctxi_index_remove(struct ctxi_index *index, struct ctxi_entry *entry)
{
    struct ctxi_entry **link = bucket(index, entry->hash);

    while (*link != entry)
        link = &(*link)->hash_next;
    *link = entry->hash_next;
    entry->hash_next = NULL;
    index->entry_count--;
}

void ctxi_index_shrink(struct ctxi_index *index, struct ctxi_memory *memory)
{
    size_t wanted = BUCKETS_MIN;

    while (wanted < index->entry_count)
        wanted *= 2;
    if (wanted < index->bucket_count / 2)
        (void)rebuild(index, memory, wanted); /* benign: a larger table than needed */
}

size_t ctxi_index_bytes(const struct ctxi_index *index)
{
    return index->bucket_count * sizeof *index->buckets;
}
