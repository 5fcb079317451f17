/*
 * table.h: what is known of handles and requests, by their address. Included by whatever keeps a
 * callback until libuv calls it.
 *
 * Chains in buckets, whose number is a power of two. Adding never fails: a table that cannot grow is
 * slower. Its owner says who may use it.
 */
#ifndef CTXI_UV_TABLE_H
#define CTXI_UV_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTXI_UV_FEW_BITS 3

/* The first member of what is in a table. */
struct ctxi_uv_link {
    struct ctxi_uv_link *next; /* in its bucket */
    const void *object;        /* the handle or request; an address, never looked into */
};

struct ctxi_uv_table {
    struct ctxi_uv_link **buckets;
    unsigned bits;                                   /* 2^bits buckets */
    size_t count;                                    /* of links; at most one for each object */
    struct ctxi_uv_link *few[1 << CTXI_UV_FEW_BITS]; /* the buckets that need no memory */
};

/* An empty table, in static memory or by a call. It must not be moved. */
#define CTXI_UV_TABLE_INIT(table)                                                                  \
    {                                                                                              \
        (table).few, CTXI_UV_FEW_BITS, 0,                                                          \
        {                                                                                          \
            NULL                                                                                   \
        }                                                                                          \
    }
void ctxi_uv_table_init(struct ctxi_uv_table *table);

/* Adds it; gives back what was there for the same object, or NULL. */
struct ctxi_uv_link *ctxi_uv_table_put(struct ctxi_uv_table *table, struct ctxi_uv_link *link);

/* Takes it out; NULL: there is nothing. */
struct ctxi_uv_link *ctxi_uv_table_take(struct ctxi_uv_table *table, const void *object);

/* Takes out any of them; NULL: the table is empty, and has no memory any more. */
struct ctxi_uv_link *ctxi_uv_table_take_any(struct ctxi_uv_table *table);

/* Fibonacci hashing: addresses differ in their middle bits, and the product has those on top. */
static inline struct ctxi_uv_link **ctxi_uv_table_bucket(const struct ctxi_uv_table *table,
                                                         const void *object)
{
    return &table->buckets[(uint64_t)(uintptr_t)object * 0x9E3779B97F4A7C15u >> (64 - table->bits)];
}

static inline struct ctxi_uv_link *ctxi_uv_table_find(const struct ctxi_uv_table *table,
                                                      const void *object)
{
    struct ctxi_uv_link *link = *ctxi_uv_table_bucket(table, object);

    while (link && link->object != object)
        link = link->next;
    return link;
}

#endif
