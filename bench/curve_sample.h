/*
 * curve_sample.h: a curve from a sample of keys, of all requests and of each tenant's. Included by the
 * curve command and its forms.
 *
 * Each tenant has a sampler of its own, one after the other, and N keys are N of each: a tenant with no
 * more than these has an exact curve. So at no time there is more than one sampler.
 *
 * A trace that is a sample itself is one that was begun at its rate already: its curve is of the whole.
 */
#ifndef BENCH_CURVE_SAMPLE_H
#define BENCH_CURVE_SAMPLE_H

#include <stdbool.h>

#include "curve/shards.h"
#include "tune/trace.h"

/* From fewer keys nothing is said of a tenant: the interval is by eight groups of keys, and a group of
 * less than 32 tells nothing of its spread. */
#define CURVE_SAMPLE_LEAST 256

struct curve_sample {
    struct ctxi_estimate *estimate; /* NULL: the curve is exact, and there was no sample */
    double rate;                    /* at the end */
    uint32_t keys;
    bool enough; /* for advice */
};

struct curve_sampling {
    double rate;       /* of the trace's keys; 0: by number */
    uint32_t max_keys; /* then, so many */
    bool bytes;
};

/* Out of memory ends the program. To be freed by curve_sample_free(). */
struct curve_sample curve_sample_all(const struct ctxi_trace *trace,
                                     const struct curve_sampling *sampling);

/* One for each tenant; to be freed by curve_samples_free(). */
struct curve_sample *curve_sample_tenants(const struct ctxi_trace *trace,
                                          const struct curve_sampling *sampling);

void curve_sample_free(struct curve_sample *sample);
void curve_samples_free(struct curve_sample *samples, uint32_t count);

/* Whether a tenant's has too few keys to show what came of it. */
static inline bool curve_sample_refused(const struct curve_sample *sample)
{
    return sample->estimate && sample->rate < 1 && sample->keys < CURVE_SAMPLE_LEAST;
}

#endif
