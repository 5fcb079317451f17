#include "adapters/uv/table.h"

#include <string.h>

#include "ctxcache/allocator.h"

void ctxi_uv_table_init(struct ctxi_uv_table *table)
{
    memset(table, 0, sizeof *table);
    table->buckets = table->few;
    table->bits = CTXI_UV_FEW_BITS;
}

static size_t bucket_count(const struct ctxi_uv_table *table)
{
    return (size_t)1 << table->bits;
}

static void give_back(struct ctxi_uv_table *table, struct ctxi_uv_link **buckets, size_t count)
{
    if (buckets != table->few)
        ctx_release(buckets, count * sizeof(struct ctxi_uv_link *));
}

static void move_all(struct ctxi_uv_table *table, struct ctxi_uv_link **from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (struct ctxi_uv_link *link = from[i], *next; link; link = next) {
            struct ctxi_uv_link **bucket = ctxi_uv_table_bucket(table, link->object);

            next = link->next;
            link->next = *bucket;
            *bucket = link;
        }
    }
}

/* Without memory it stays as it is. */
static void resize(struct ctxi_uv_table *table, unsigned bits)
{
    size_t old_count = bucket_count(table), bytes = sizeof(struct ctxi_uv_link *) << bits;
    struct ctxi_uv_link **old = table->buckets;
    struct ctxi_uv_link **buckets = bits == CTXI_UV_FEW_BITS ? table->few : ctx_allocate(bytes);

    if (!buckets)
        return;
    memset(buckets, 0, bytes);
    table->buckets = buckets;
    table->bits = bits;
    move_all(table, old, old_count);
    give_back(table, old, old_count);
}

struct ctxi_uv_link *ctxi_uv_table_put(struct ctxi_uv_table *table, struct ctxi_uv_link *link)
{
    struct ctxi_uv_link *old = ctxi_uv_table_take(table, link->object);
    struct ctxi_uv_link **bucket;

    if (table->count >= bucket_count(table))
        resize(table, table->bits + 1);
    bucket = ctxi_uv_table_bucket(table, link->object);
    link->next = *bucket;
    *bucket = link;
    table->count++;
    return old;
}

static struct ctxi_uv_link *take_at(struct ctxi_uv_table *table, struct ctxi_uv_link **at)
{
    struct ctxi_uv_link *link = *at;

    *at = link->next;
    if (--table->count < bucket_count(table) / 8 && table->bits > CTXI_UV_FEW_BITS)
        resize(table, table->bits - 1);
    return link;
}

struct ctxi_uv_link *ctxi_uv_table_take(struct ctxi_uv_table *table, const void *object)
{
    struct ctxi_uv_link **at = ctxi_uv_table_bucket(table, object);

    while (*at && (*at)->object != object)
        at = &(*at)->next;
    return *at ? take_at(table, at) : NULL;
}

struct ctxi_uv_link *ctxi_uv_table_take_any(struct ctxi_uv_table *table)
{
    size_t i = 0;

    if (table->count == 0) {
        give_back(table, table->buckets, bucket_count(table));
        ctxi_uv_table_init(table);
        return NULL;
    }
    while (!table->buckets[i])
        i++;
    return take_at(table, &table->buckets[i]);
}
