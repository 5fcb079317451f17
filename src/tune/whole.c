#include "tune/whole.h"

#define MOST 0x1p62  /* more than anything that is counted */
#define HAIR 0x1p-20 /* that a product is less than it should be, for its factors are rounded */

static uint64_t whole_number(double number)
{
    return number < MOST ? (uint64_t)number : (uint64_t)MOST;
}

uint64_t ctxi_whole_count(double rate, uint64_t count)
{
    return ctxi_is_sample(rate) ? whole_number((double)count / rate + 0.5) : count;
}

uint64_t ctxi_sample_capacity(struct ctxi_whole whole, uint64_t capacity)
{
    if (!ctxi_is_sample(whole.rate) || capacity <= whole.own)
        return capacity;
    return whole.own + whole_number((double)(capacity - whole.own) * whole.rate + HAIR);
}

/* The other way round: for what a capacity of the sample is enough. */
static uint64_t whole_capacity(struct ctxi_whole whole, uint64_t capacity)
{
    return capacity > whole.own
               ? whole.own + whole_number((double)(capacity - whole.own) / whole.rate + 1)
               : capacity;
}

/* Of hits, their bytes or what they saved: those of the new curve's capacities. NULL stays NULL. */
static bool spread(struct ctxi_whole whole, const struct ctxi_curve *sample,
                   const struct ctxi_curve *curve, uint64_t **values, struct ctxi_blocks *blocks)
{
    const uint64_t *old = *values;

    if (!old)
        return true;
    *values = ctxi_blocks_take(blocks, curve->count, sizeof **values);
    for (size_t b = 0; *values && b < curve->count; b++) {
        uint64_t capacity = ctxi_sample_capacity(whole, ctxi_curve_capacity(curve, b));

        (*values)[b] = ctxi_whole_count(whole.rate, old[ctxi_curve_bucket(sample, capacity)]);
    }
    if (*values)
        (*values)[curve->count - 1] = ctxi_whole_count(whole.rate, old[sample->count - 1]);
    return *values;
}

bool ctxi_whole_curve(struct ctxi_whole whole, struct ctxi_curve *curve, unsigned bits,
                      struct ctxi_blocks *blocks)
{
    const struct ctxi_curve sample = *curve;
    uint64_t end = whole_capacity(whole, ctxi_curve_capacity(&sample, sample.count - 1));

    curve->bits = bits;
    curve->count = ctxi_scale_bucket(bits, end) + 1;
    curve->requests = ctxi_whole_count(whole.rate, sample.requests);
    curve->bytes = ctxi_whole_count(whole.rate, sample.bytes);
    curve->load_ns = ctxi_whole_count(whole.rate, sample.load_ns);
    curve->objects = ctxi_whole_count(whole.rate, sample.objects);
    return spread(whole, &sample, curve, &curve->hits, blocks) &&
           spread(whole, &sample, curve, &curve->hit_bytes, blocks) &&
           spread(whole, &sample, curve, &curve->saved_ns, blocks);
}
