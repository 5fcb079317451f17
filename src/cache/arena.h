/*
 * arena.h: the memory of entries, as numbered slots. An entry is known by a number of 32 bits, which
 * index and recency keep instead of a pointer.
 *
 * Slots of one size lie in chunks. A number is [chunk: 20][slot in it: 12]; number 0 is the end of
 * the order of use (recency.h) and never an entry's. Beside each slot stands a link of eight bytes, all
 * links of a chunk together, so that walking the order of use touches nothing else:
 *
 *   block -> [struct ctxi_chunk] ... [link 2][link 1][link 0] | [slot 0][slot 1] ...
 *                                                 places[chunk].slots
 *
 * What is too large for a slot, and everything in a cache whose capacity is in bytes (where memory
 * must go back as it becomes free), has a block of its own, and the slot is a pointer to it.
 *
 * Everything is guarded by the cache's lock, except for ctxi_arena_at(), which a reader may call inside
 * a section (reader.h) with a number that it found in the index there: slot and chunk are not used for
 * anything else before the section has ended.
 */
#ifndef CTXI_CACHE_ARENA_H
#define CTXI_CACHE_ARENA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/memory.h"

#define CTXI_SLOT_BITS 12
#define CTXI_SLOT_MASK ((UINT32_C(1) << CTXI_SLOT_BITS) - 1)
#define CTXI_CHUNKS_MAX                                                                            \
    ((UINT32_C(1) << (32 - CTXI_SLOT_BITS)) - 1) /* recency.h has some numbers */
#define CTXI_SLOT_UNIT  16                       /* slots are a multiple of it, and aligned to it */
#define CTXI_INLINE_MAX 1024                     /* the largest slot */
#define CTXI_POINTER    sizeof(void *)           /* the size of a slot that points at a block */

struct ctxi_readers;

/* The neighbours of a slot in a list. */
struct ctxi_numbers {
    uint32_t next, prev;
};

/* Where the slots of a chunk are. Fixed while the chunk exists. */
struct ctxi_chunk_place {
    unsigned char *slots; /* NULL: no such chunk */
    size_t slot_size;
};

/* Replaced by a larger one when it is full, by a smaller one when it is almost empty. */
struct ctxi_places {
    size_t capacity;
    struct ctxi_chunk_place of[];
};

/* At the beginning of a chunk's block. */
struct ctxi_chunk {
    size_t block_bytes;
    uint32_t id;
    uint32_t count;                      /* of slots */
    uint32_t used;                       /* taken and not given back */
    uint32_t fresh;                      /* slots from here on were never used */
    uint32_t free;                       /* numbers given back, a list by `next`; 0: none */
    uint32_t next_partial, prev_partial; /* chunks of this size with free slots; 0: none */
    bool is_partial;
};

/* All chunks of one size. */
struct ctxi_sizes {
    uint32_t partial; /* the chunk to take from; 0: none */
    uint32_t slots;   /* in all its chunks */
};

struct ctxi_arena {
    _Atomic(struct ctxi_places *) places;
    struct ctxi_chunk **chunks; /* by id, as many as places->capacity; NULL where there is none */
    uint32_t chunk_end;         /* ids below are, or were, in use */
    uint32_t free_ids;          /* how many of those are not */
    struct ctxi_sizes *sizes;   /* [0]: pointers; [n]: slots of n units, made when first needed */
    size_t inline_max;          /* what is larger has a block of its own */
    struct ctxi_memory memory;  /* chunks; blocks of their own are charged to it by entry.c */
    size_t used;                /* slots taken */
    size_t touched;             /* slots that ctxi_arena_next() walks over */
    size_t free_bytes;          /* of slots that are not, with their links */
    size_t pointer_bytes;       /* of the chunks whose slots are pointers */
    size_t place_bytes;         /* of the tables of chunks */
};

/* CTX_ERR_NOMEM. `tables` has the allocator, and counts what is neither slot nor link. */
int ctxi_arena_init(struct ctxi_arena *arena, struct ctxi_memory *tables, size_t inline_max);
void ctxi_arena_fini(struct ctxi_arena *arena, struct ctxi_memory *tables);

/* The size of the slot for so many bytes; CTXI_POINTER: they need a block of their own. */
static inline size_t ctxi_arena_slot_size(const struct ctxi_arena *arena, size_t bytes)
{
    size_t rounded = (bytes + CTXI_SLOT_UNIT - 1) / CTXI_SLOT_UNIT * CTXI_SLOT_UNIT;

    return bytes > arena->inline_max ? CTXI_POINTER : rounded;
}

/* Takes a slot. CTX_ERR_NOMEM, also when there are 2^32 of them. */
int ctxi_arena_take(struct ctxi_arena *arena, struct ctxi_readers *readers,
                    struct ctxi_memory *tables, size_t slot_size, uint32_t *out_number);

/* Gives back one that no reader can see any more. */
void ctxi_arena_give(struct ctxi_arena *arena, uint32_t number);

/* Makes the table of chunks smaller when most of them are gone. */
void ctxi_arena_shrink(struct ctxi_arena *arena, struct ctxi_readers *readers,
                       struct ctxi_memory *tables);

#define CTXI_OVERHEAD_MIN   216 /* what the tables below take when there are no entries */
#define CTXI_OVERHEAD_ENTRY 32

/*
 * What slots that are pointers, and the tables of chunks, take for the sake of `entries` of them; so much for
 * each at most, for the rest is there because of entries that left and wait for readers, or are held.
 */
static inline size_t ctxi_arena_overhead(const struct ctxi_arena *arena, size_t entries)
{
    size_t bytes = arena->pointer_bytes + arena->place_bytes;
    size_t most = CTXI_OVERHEAD_MIN + entries * CTXI_OVERHEAD_ENTRY;

    return bytes < most ? bytes : most;
}

/* The table of places, for who finds many in a row. Under the lock, or inside a section. */
static inline const struct ctxi_places *ctxi_arena_places(const struct ctxi_arena *arena)
{
    /* acquire: the entry of a chunk is written before its number can be found; partner: ARENA-1 */
    return atomic_load_explicit(&arena->places, memory_order_acquire);
}

static inline const struct ctxi_chunk_place *ctxi_arena_place(const struct ctxi_arena *arena,
                                                              uint32_t number)
{
    return &ctxi_arena_places(arena)->of[number >> CTXI_SLOT_BITS];
}

static inline size_t ctxi_arena_size_of(const struct ctxi_arena *arena, uint32_t number)
{
    return ctxi_arena_place(arena, number)->slot_size;
}

/* What is in the slot, or what it points at. */
static inline void *ctxi_arena_at(const struct ctxi_arena *arena, uint32_t number)
{
    const struct ctxi_chunk_place *place = ctxi_arena_place(arena, number);
    unsigned char *slot = place->slots + (number & CTXI_SLOT_MASK) * place->slot_size;

    return place->slot_size == CTXI_POINTER ? *(void **)(void *)slot : slot;
}

/* The slot of a block of its own is made to point at it. */
static inline void ctxi_arena_point(const struct ctxi_arena *arena, uint32_t number, void *block)
{
    const struct ctxi_chunk_place *place = ctxi_arena_place(arena, number);

    *(void **)(void *)(place->slots + (number & CTXI_SLOT_MASK) * place->slot_size) = block;
}

static inline struct ctxi_numbers *ctxi_places_link(const struct ctxi_places *places,
                                                    uint32_t number)
{
    unsigned char *slots = places->of[number >> CTXI_SLOT_BITS].slots;

    return (struct ctxi_numbers *)(void *)slots - 1 - (number & CTXI_SLOT_MASK);
}

static inline struct ctxi_numbers *ctxi_arena_link(const struct ctxi_arena *arena, uint32_t number)
{
    return ctxi_places_link(ctxi_arena_places(arena), number);
}

/*
 * Walks over all slots that were ever used: the number after `number` (0: the first), 0 at the end.
 * A slot on the way may be free.
 */
uint32_t ctxi_arena_next(const struct ctxi_arena *arena, uint32_t number);

#endif
