#include "tune/policies/sketch.h"

#define COUNTERS_PER_ENTRY 16
#define SAMPLE_PER_ENTRY   10
#define ROWS               4

bool ctxi_sketch_init(struct ctxi_sketch *sketch, uint32_t capacity, struct ctxi_blocks *blocks)
{
    uint64_t size = 64;

    while (size < (uint64_t)capacity * COUNTERS_PER_ENTRY)
        size *= 2;
    *sketch = (struct ctxi_sketch){
        .counters = ctxi_blocks_take(blocks, size, 1),
        .mask = size - 1,
        .sample = (uint64_t)capacity * SAMPLE_PER_ENTRY,
    };
    return sketch->counters != NULL;
}

/* The places of an object's counters: other bits of a hash each (double hashing). */
static void find(const struct ctxi_sketch *sketch, uint32_t object, uint8_t *counters[ROWS])
{
    uint64_t hash = (object + 1) * 0x9e3779b97f4a7c15u;

    hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93u;
    hash ^= hash >> 32;
    for (uint64_t i = 0; i < ROWS; i++)
        counters[i] = &sketch->counters[(hash + i * (hash >> 32 | 1)) & sketch->mask];
}

static unsigned smallest(uint8_t *const counters[ROWS])
{
    unsigned least = *counters[0];

    for (int i = 1; i < ROWS; i++)
        least = *counters[i] < least ? *counters[i] : least;
    return least;
}

static void halve(struct ctxi_sketch *sketch)
{
    for (uint64_t i = 0; i <= sketch->mask; i++)
        sketch->counters[i] /= 2;
    sketch->uses /= 2;
}

void ctxi_sketch_use(struct ctxi_sketch *sketch, uint32_t object)
{
    uint8_t *counters[ROWS];
    unsigned least;

    find(sketch, object, counters);
    least = smallest(counters);
    if (least < CTXI_SKETCH_MOST)
        for (int i = 0; i < ROWS; i++)
            if (*counters[i] == least)
                *counters[i] = (uint8_t)(least + 1);
    if (++sketch->uses >= sketch->sample)
        halve(sketch);
}

unsigned ctxi_sketch_uses(const struct ctxi_sketch *sketch, uint32_t object)
{
    uint8_t *counters[ROWS];

    find(sketch, object, counters);
    return smallest(counters);
}
