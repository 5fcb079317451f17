/*
 * recency.h: the order of use, exactly: one list over the whole cache, from the newest to the oldest.
 *
 * The list is made of the links of the arena: `next` is the next older entry, `prev` the next newer one,
 * and number 0 stands between the oldest and the newest. A number that is not in the list says so in
 * its `prev`. Guarded by the cache's lock.
 *
 * A hit does not touch it: it leaves a record (reader.h), and ctxi_recency_drain() carries out all
 * records that there are, in the order of their stamps. Whoever takes the lock to look at the order, or
 * at statistics, or to change what is in the cache, drains first: ctxi_cache_lock(). So no record is
 * ever lost, and what is evicted is what one list under one lock would have evicted.
 */
#ifndef CTXI_CACHE_RECENCY_H
#define CTXI_CACHE_RECENCY_H

#include "cache/arena.h"
#include "ctxcache/cache.h"

/* `prev` of a number outside the list: CTXI_OUT plus a cause of removal, or 0. */
#define CTXI_OUT UINT32_C(0xfffffff0)

static inline bool ctxi_recency_has(const struct ctxi_arena *arena, uint32_t number)
{
    return ctxi_arena_link(arena, number)->prev < CTXI_OUT;
}

/* Between the newest entry and number 0. */
static inline void ctxi_recency_add(const struct ctxi_arena *arena, uint32_t number)
{
    struct ctxi_numbers *ends = ctxi_arena_link(arena, 0);

    *ctxi_arena_link(arena, number) = (struct ctxi_numbers){.next = ends->next, .prev = 0};
    ctxi_arena_link(arena, ends->next)->prev = number;
    ends->next = number;
}

static inline void ctxi_recency_unlink(const struct ctxi_arena *arena, uint32_t number)
{
    struct ctxi_numbers *link = ctxi_arena_link(arena, number);

    ctxi_arena_link(arena, link->prev)->next = link->next;
    ctxi_arena_link(arena, link->next)->prev = link->prev;
}

/* Takes it out of the list, to bear `cause` from now on. */
static inline void ctxi_recency_remove(const struct ctxi_arena *arena, uint32_t number,
                                       uint32_t cause)
{
    ctxi_recency_unlink(arena, number);
    ctxi_arena_link(arena, number)->prev = CTXI_OUT + cause;
}

/* The entry was used: it is the newest now. */
static inline void ctxi_recency_touch(const struct ctxi_arena *arena, uint32_t number)
{
    if (ctxi_arena_link(arena, number)->prev == 0)
        return; /* it is already */
    ctxi_recency_unlink(arena, number);
    ctxi_recency_add(arena, number);
}

/* The least recently used entry; 0 if there is none. */
static inline uint32_t ctxi_recency_oldest(const struct ctxi_arena *arena)
{
    return ctxi_arena_link(arena, 0)->prev;
}

/* Carries out every record. The lock is held. */
void ctxi_recency_drain(ctx_cache *cache);

/*
 * The same, and certainly all that was recorded before this began, even if the counters of the processors
 * are not in step: then order suffers, and nothing else. For who is about to use memory again that records
 * may name, or needs the room in a ring.
 */
void ctxi_recency_drain_whole(ctx_cache *cache);

#endif
