#include "tune/policies/sketch.h"

#define ROWS               4
#define COUNTERS_PER_ENTRY 16 /* of all rows */
#define SAMPLE_PER_ENTRY   10

bool ctxi_sketch_init(struct ctxi_sketch *sketch, uint32_t capacity, struct ctxi_blocks *blocks)
{
    uint64_t entries = 1;

    while (entries < capacity)
        entries *= 2;
    *sketch = (struct ctxi_sketch){
        .counters = ctxi_blocks_take(blocks, entries, COUNTERS_PER_ENTRY),
        .row_mask = entries * (COUNTERS_PER_ENTRY / ROWS) - 1,
        .sample = entries * SAMPLE_PER_ENTRY,
    };
    return sketch->counters != NULL;
}

static uint64_t mix(uint64_t number)
{
    number = (number ^ (number >> 32)) * 0xd6e8feb86659fd93u;
    number = (number ^ (number >> 32)) * 0xd6e8feb86659fd93u;
    return number ^ (number >> 32);
}

/* An object's counters, one in each row. Each row has a hash of its own: with places that follow from
 * two hashes, objects that share one counter share others, too, and scans are admitted. */
static void find(const struct ctxi_sketch *sketch, uint32_t object, uint8_t *counters[ROWS])
{
    for (uint64_t row = 0; row < ROWS; row++) {
        uint64_t hash = mix((uint64_t)object * ROWS + row + 1);

        counters[row] = &sketch->counters[(hash & sketch->row_mask) * ROWS + row];
    }
}

static unsigned smallest(uint8_t *const counters[ROWS])
{
    unsigned least = *counters[0];

    for (int i = 1; i < ROWS; i++)
        least = *counters[i] < least ? *counters[i] : least;
    return least;
}

/* An odd counter loses half a use more than the others; four counters are one use. */
static void halve(struct ctxi_sketch *sketch)
{
    uint64_t odd = 0;

    for (uint64_t i = 0; i < (sketch->row_mask + 1) * ROWS; i++) {
        odd += sketch->counters[i] % 2;
        sketch->counters[i] /= 2;
    }
    sketch->uses = (sketch->uses - odd / ROWS) / 2;
}

void ctxi_sketch_use(struct ctxi_sketch *sketch, uint32_t object)
{
    uint8_t *counters[ROWS];
    unsigned least;

    find(sketch, object, counters);
    least = smallest(counters);
    if (least == CTXI_SKETCH_MOST)
        return;
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
