#include "curve_sample.h"

#include <stdlib.h>

#include <ctxcache.h>

#include "base/alloc.h"
#include "die.h"
#include "random.h"
#include "tune/stream.h"
#include "tune/whole.h"

static void check(int r)
{
    if (r != CTX_OK)
        die("the sample: %s", ctx_strerror(r));
}

/* A part of a hash, below `threshold` of 2^64. */
static uint64_t below(uint64_t hash, uint64_t threshold)
{
    uint64_t high = hash >> 32, low = hash & UINT32_MAX;

    return high * (threshold >> 32) + (high * (threshold & UINT32_MAX) >> 32) +
           (low * (threshold >> 32) >> 32);
}

/* All keys of a sample are below its threshold. */
static uint64_t hash_of(const struct ctxi_trace *trace, uint32_t object)
{
    uint64_t tenant = trace->object_tenants ? trace->object_tenants[object] : 0;
    uint64_t hash = random_mix(trace->object_keys[object] + random_mix(tenant + 1));

    return ctxi_is_sample(trace->rate) ? below(hash, (uint64_t)(trace->rate * 0x1p64)) : hash;
}

/* ---- how many keys ------------------------------------------------------------------------ */

static uint32_t tenant_of(const struct ctxi_trace *trace, uint32_t object)
{
    return trace->object_tenants ? trace->object_tenants[object] : 0;
}

/* That of the beginning. */
static double rate_of(const struct ctxi_trace *trace, const struct curve_sampling *sampling)
{
    return trace->rate * (sampling->rate > 0 ? sampling->rate : 1);
}

static bool is_below(const struct ctxi_trace *trace, uint32_t object, double rate)
{
    return (double)hash_of(trace, object) < rate * 0x1p64;
}

/* Keys of each tenant that there will be room for; they are there to be counted. */
static uint32_t *count_keys(const struct ctxi_trace *trace, const struct curve_sampling *sampling)
{
    uint32_t *counts = die_calloc(trace->tenant_count, sizeof *counts);

    for (uint32_t i = 0; i < trace->object_count; i++) {
        uint32_t *count = &counts[tenant_of(trace, i)];

        if (sampling->rate > 0 ? is_below(trace, i, rate_of(trace, sampling))
                               : *count < sampling->max_keys)
            ++*count;
    }
    return counts;
}

static struct ctxi_shards begin(const struct ctxi_trace *trace,
                                const struct curve_sampling *sampling, uint32_t keys)
{
    struct ctxi_shards_options options = {.rate = rate_of(trace, sampling),
                                          .max_keys = keys > 0 ? keys : 1,
                                          .weighted = sampling->bytes,
                                          .guessed = ctxi_is_sample(trace->rate)};
    struct ctxi_shards shards;

    check(ctxi_shards_init(&shards, &options, ctxi_process_allocator()));
    return shards;
}

static struct curve_sample finish(const struct ctxi_trace *trace, struct ctxi_shards *shards,
                                  uint64_t requests)
{
    struct curve_sample sample = {.rate = ctxi_shards_rate(shards),
                                  .keys = ctxi_shards_keys(shards),
                                  .enough = ctxi_shards_is_enough(shards)};

    check(ctxi_shards_estimate(shards, ctxi_whole_count(trace->rate, requests),
                               ctxi_process_allocator(), &sample.estimate));
    ctxi_shards_fini(shards);
    return sample;
}

/* ---- requests ----------------------------------------------------------------------------- */

/* Whether it was a get, which is counted. */
static bool observe(struct ctxi_shards *shards, const struct ctxi_stream *stream,
                    const struct ctxi_trace *trace, size_t request)
{
    uint64_t hash = hash_of(trace, stream->objects[request]);
    uint32_t size = stream->sizes ? stream->sizes[request] : 1;

    switch (ctxi_stream_op(stream, request)) {
    case CTXI_OP_GET:
        ctxi_shards_observe(shards, hash, size);
        return true;
    case CTXI_OP_PUT:
        ctxi_shards_put(shards, hash, size);
        return false;
    default:
        ctxi_shards_forget(shards, hash);
        return false;
    }
}

struct curve_sample curve_sample_all(const struct ctxi_trace *trace,
                                     const struct curve_sampling *sampling)
{
    struct ctxi_stream stream = ctxi_stream_of(trace);
    uint32_t *counts = count_keys(trace, sampling), keys = 0;
    struct ctxi_shards shards;
    uint64_t requests = 0;

    for (uint32_t t = 0; t < trace->tenant_count; t++)
        keys += counts[t];
    free(counts);
    shards = begin(trace, sampling,
                   sampling->rate > 0 || keys < sampling->max_keys ? keys : sampling->max_keys);
    for (size_t i = 0; i < stream.request_count; i++)
        requests += observe(&shards, &stream, trace, i);
    return finish(trace, &shards, requests);
}

/* The requests, sorted by tenant; those of tenant t are from ends[t - 1] to before ends[t]. */
static size_t *sort_by_tenant(const struct ctxi_trace *trace, size_t **out_ends)
{
    size_t *order = die_calloc(trace->request_count, sizeof *order);
    size_t *ends = die_calloc((size_t)trace->tenant_count + 1, sizeof *ends);

    for (size_t i = 0; i < trace->request_count; i++)
        ends[trace->request_tenants ? trace->request_tenants[i] + 1 : 1]++;
    for (uint32_t t = 0; t < trace->tenant_count; t++)
        ends[t + 1] += ends[t];
    /* now ends[t] is where t begins, and becomes where it ends */
    for (size_t i = 0; i < trace->request_count; i++)
        order[ends[trace->request_tenants ? trace->request_tenants[i] : 0]++] = i;
    *out_ends = ends;
    return order;
}

struct curve_sample *curve_sample_tenants(const struct ctxi_trace *trace,
                                          const struct curve_sampling *sampling)
{
    struct curve_sample *samples = die_calloc(trace->tenant_count, sizeof *samples);
    struct ctxi_stream stream = ctxi_stream_of(trace);
    uint32_t *keys = count_keys(trace, sampling);
    size_t *ends, *order = sort_by_tenant(trace, &ends), at = 0;

    for (uint32_t t = 0; t < trace->tenant_count; t++) {
        struct ctxi_shards shards = begin(trace, sampling, keys[t]);
        uint64_t requests = 0;

        for (; at < ends[t]; at++)
            requests += observe(&shards, &stream, trace, order[at]);
        samples[t] = finish(trace, &shards, requests);
    }
    free(order);
    free(ends);
    free(keys);
    return samples;
}

void curve_sample_free(struct curve_sample *sample)
{
    ctxi_estimate_free(sample->estimate);
}

void curve_samples_free(struct curve_sample *samples, uint32_t count)
{
    for (uint32_t t = 0; samples && t < count; t++)
        curve_sample_free(&samples[t]);
    free(samples);
}
