/*
 * axis.h: how much was used since a given moment. Included by what computes stack distances: over a
 * whole trace (distances), and in a sampler that lives with a cache (shards).
 *
 * Every use of an object takes the next slot of a time axis, and frees the slot of its use before. So
 * the slots in use, from the newest to the oldest, are the stack of an LRU cache (Mattson et al., IBM
 * Systems Journal 1970), and the depth of an object is the number of slots in use from its own on.
 * Instead of a tree of the slots (Olken 1981) there is one bit a slot, and a Fenwick tree (SP&E 1994)
 * over words of 64 slots: a depth is one popcount and a walk over one array. When the axis ends, the
 * slots in use move to its beginning, in order: rare, as there are several slots for each object.
 *
 *   word     0        1        2                    slot 2*64 is the next one
 *   bits     .1..1.1  1..111.  ........
 *   counts   (Fenwick tree of the words' bits; of the words before the one that `next` is in)
 *
 * The owner keeps each object's slot, and renumbers them when ctxi_axis_is_full(). With
 * weights (bytes) a second tree sums these, and a depth is a sum of weights.
 */
#ifndef CTXI_CURVE_AXIS_H
#define CTXI_CURVE_AXIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctxcache/allocator.h"

#define CTXI_AXIS_NO_SLOT UINT32_MAX

struct ctxi_axis {
    uint32_t slot_count; /* a multiple of 64 */
    uint32_t next;       /* slots from here on are free */
    uint32_t live;       /* slots in use, bits set */
    uint64_t weight;     /* the sum of their weights; 0 without */
    uint64_t *bits;      /* the one block of memory; what follows lies behind */
    uint32_t *counts;    /* Fenwick tree, [1 .. slot_count / 64] */
    uint64_t *sums;      /* Fenwick tree of weights; NULL without */
    uint32_t *weights;   /* of each slot, 0 if it is free; NULL without */
};

/* The memory of an axis for up to `objects` slots in use; how much that is, and making one in it. The
 * memory must be zeroed, and aligned to 8 bytes. `objects` is below CTXI_AXIS_OBJECTS_MAX. */
#define CTXI_AXIS_OBJECTS_MAX ((uint32_t)1 << 29)
size_t ctxi_axis_bytes(uint32_t objects, bool weighted);
void ctxi_axis_init(struct ctxi_axis *axis, uint32_t objects, bool weighted, void *memory);

/*
 * Moving the slots in use to the beginning: between begin and end, ctxi_axis_moved() tells where a
 * slot in use goes, and nothing else may be asked.
 */
void ctxi_axis_begin_compacting(struct ctxi_axis *axis);
uint32_t ctxi_axis_moved(const struct ctxi_axis *axis, uint32_t slot);
void ctxi_axis_end_compacting(struct ctxi_axis *axis);

/* Whether it must be compacted before the next use. */
static inline bool ctxi_axis_is_full(const struct ctxi_axis *axis)
{
    return axis->next == axis->slot_count;
}

static inline uint32_t ctxi_axis_popcount(uint64_t word)
{
    return (uint32_t)__builtin_popcountll(word);
}

static inline uint64_t ctxi_axis_bits_before(const struct ctxi_axis *axis, uint32_t slot)
{
    return axis->bits[slot / 64] & (((uint64_t)1 << slot % 64) - 1);
}

/* How many slots from this one on are in use: at which depth of the stack it lies, from 1. */
static inline uint32_t ctxi_axis_depth(const struct ctxi_axis *axis, uint32_t slot)
{
    uint32_t before = ctxi_axis_popcount(ctxi_axis_bits_before(axis, slot));

    for (uint32_t i = slot / 64; i > 0; i &= i - 1)
        before += axis->counts[i];
    return axis->live - before;
}

/* The same in weights, its own included. */
uint64_t ctxi_axis_weight_from(const struct ctxi_axis *axis, uint32_t slot);

/* Takes the weight of a slot away; ctxi_axis_remove() does. */
void ctxi_axis_unweigh(struct ctxi_axis *axis, uint32_t slot);

/* Gives the newest slot its weight; at most once, after ctxi_axis_add(). */
void ctxi_axis_weigh(struct ctxi_axis *axis, uint32_t slot, uint32_t weight);

static inline void ctxi_axis_remove(struct ctxi_axis *axis, uint32_t slot)
{
    uint32_t word = slot / 64;

    axis->bits[word] &= ~((uint64_t)1 << slot % 64);
    axis->live--;
    if (word < axis->next / 64)
        for (uint32_t i = word + 1; i <= axis->slot_count / 64; i += i & -i)
            axis->counts[i]--;
    if (axis->sums)
        ctxi_axis_unweigh(axis, slot);
}

/* The word that `next` has left joins the tree. */
static inline void ctxi_axis_end_word(struct ctxi_axis *axis, uint32_t word)
{
    uint32_t count = ctxi_axis_popcount(axis->bits[word]);

    for (uint32_t i = word + 1; i <= axis->slot_count / 64; i += i & -i)
        axis->counts[i] += count;
}

/* The next slot, now in use; the axis is not full. */
static inline uint32_t ctxi_axis_add(struct ctxi_axis *axis)
{
    uint32_t slot = axis->next++;

    axis->bits[slot / 64] |= (uint64_t)1 << slot % 64;
    axis->live++;
    if (axis->next % 64 == 0)
        ctxi_axis_end_word(axis, slot / 64);
    return slot;
}

#endif
