#include "curve/axis.h"

#include <string.h>

/* Slots for each object that is in use at once: more are less compacting, but also more memory. */
#define SLOTS_PER_OBJECT 4

static uint32_t slots_for(uint32_t objects)
{
    return (objects * SLOTS_PER_OBJECT + 64) / 64 * 64;
}

size_t ctxi_axis_bytes(uint32_t objects, bool weighted)
{
    size_t slots = slots_for(objects), words = slots / 64;
    /* an even number of counts, so that sums are aligned */
    size_t bytes = words * sizeof(uint64_t) + (words + 2) / 2 * 2 * sizeof(uint32_t);

    return weighted ? bytes + (words + 1) * sizeof(uint64_t) + slots * sizeof(uint32_t) : bytes;
}

void ctxi_axis_init(struct ctxi_axis *axis, uint32_t objects, bool weighted, void *memory)
{
    uint32_t slots = slots_for(objects), words = slots / 64;

    *axis = (struct ctxi_axis){.slot_count = slots, .bits = memory};
    axis->counts = (uint32_t *)(axis->bits + words);
    if (weighted) {
        axis->sums = (uint64_t *)(axis->counts + (size_t)(words + 2) / 2 * 2);
        axis->weights = (uint32_t *)(axis->sums + words + 1);
    }
}

/* ---- weights ------------------------------------------------------------------------------ */

uint64_t ctxi_axis_weight_from(const struct ctxi_axis *axis, uint32_t slot)
{
    uint64_t before = 0;

    for (uint32_t i = slot / 64 * 64; i < slot; i++)
        before += axis->weights[i];
    for (uint32_t i = slot / 64; i > 0; i &= i - 1)
        before += axis->sums[i];
    return axis->weight - before;
}

void ctxi_axis_weigh(struct ctxi_axis *axis, uint32_t slot, uint32_t weight)
{
    axis->weights[slot] = weight;
    axis->weight += weight;
    for (uint32_t i = slot / 64 + 1; i <= axis->slot_count / 64; i += i & -i)
        axis->sums[i] += weight;
}

void ctxi_axis_unweigh(struct ctxi_axis *axis, uint32_t slot)
{
    uint32_t weight = axis->weights[slot];

    axis->weights[slot] = 0;
    axis->weight -= weight;
    for (uint32_t i = slot / 64 + 1; i <= axis->slot_count / 64; i += i & -i)
        axis->sums[i] -= weight;
}

/* ---- compacting --------------------------------------------------------------------------- */

/* Turns the counts of words [1 .. words] into the tree, for how it is done see Fenwick. */
static void build_counts(uint32_t *counts, uint32_t words)
{
    for (uint32_t i = 1; i <= words; i++) {
        uint32_t parent = i + (i & -i);

        if (parent <= words)
            counts[parent] += counts[i];
    }
}

static void build_sums(uint64_t *sums, uint32_t words)
{
    for (uint32_t i = 1; i <= words; i++) {
        uint32_t parent = i + (i & -i);

        if (parent <= words)
            sums[parent] += sums[i];
    }
}

/* Meanwhile counts[i + 1] is the number of slots in use before word i. */
void ctxi_axis_begin_compacting(struct ctxi_axis *axis)
{
    uint32_t before = 0;

    for (uint32_t i = 0; i < axis->slot_count / 64; i++) {
        axis->counts[i + 1] = before;
        before += ctxi_axis_popcount(axis->bits[i]);
    }
}

uint32_t ctxi_axis_moved(const struct ctxi_axis *axis, uint32_t slot)
{
    return axis->counts[slot / 64 + 1] + ctxi_axis_popcount(ctxi_axis_bits_before(axis, slot));
}

/* Weights move with their slots, towards the beginning. */
static void move_weights(struct ctxi_axis *axis)
{
    uint32_t to = 0, words = axis->slot_count / 64;

    for (uint32_t slot = 0; slot < axis->slot_count; slot++)
        if (axis->bits[slot / 64] >> slot % 64 & 1)
            axis->weights[to++] = axis->weights[slot];
    memset(axis->weights + to, 0, (axis->slot_count - to) * sizeof *axis->weights);
    memset(axis->sums, 0, (words + 1) * sizeof *axis->sums);
    for (uint32_t i = 0; i < to; i++)
        axis->sums[i / 64 + 1] += axis->weights[i];
    build_sums(axis->sums, words);
}

/* All slots before `live` are in use, and no other. */
static void fill_beginning(struct ctxi_axis *axis)
{
    uint32_t words = axis->slot_count / 64, full = axis->live / 64;

    memset(axis->bits, 0, words * sizeof *axis->bits);
    memset(axis->counts, 0, (words + 1) * sizeof *axis->counts);
    memset(axis->bits, 0xff, full * sizeof *axis->bits);
    for (uint32_t i = 0; i < full; i++)
        axis->counts[i + 1] = 64;
    if (axis->live % 64 > 0)
        axis->bits[full] = ((uint64_t)1 << axis->live % 64) - 1;
    build_counts(axis->counts, words);
    axis->next = axis->live;
}

void ctxi_axis_end_compacting(struct ctxi_axis *axis)
{
    if (axis->sums)
        move_weights(axis);
    fill_beginning(axis);
}
