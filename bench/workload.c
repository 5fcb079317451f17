#include "workload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"

__thread uint64_t workload_loads;

/* ---- answers ------------------------------------------------------------------------------ */

const char *workload_tenant(uint32_t tenant)
{
    static char names[WORKLOAD_TENANTS][WORKLOAD_TENANT_SIZE];

    /* Made at the first call, which population_init() makes before there are threads. */
    if (!names[0][0])
        for (unsigned i = 0; i < WORKLOAD_TENANTS; i++)
            snprintf(names[i], sizeof names[i], "tenant-%08u", i);
    return names[tenant];
}

static uint64_t stamp(const char *tenant, int64_t arg)
{
    uint64_t name[2];

    memcpy(name, tenant, sizeof name);
    return random_mix(name[0] ^ random_mix(name[1] ^ random_mix((uint64_t)arg)));
}

void workload_load(const char *tenant, int64_t arg, struct value *out_value)
{
    uint64_t word = stamp(tenant, arg);

    for (size_t i = 0; i < sizeof out_value->words / sizeof *out_value->words; i++)
        out_value->words[i] = word + i;
    workload_loads++;
}

/* ---- populations -------------------------------------------------------------------------- */

static void fill_cumulative(struct population *population)
{
    double sum = 0;

    for (size_t i = 0; i < population->keys; i++) {
        sum += pow((double)i + 1, -WORKLOAD_ZIPF);
        population->cumulative[i] = sum;
    }
    for (size_t i = 0; i < population->keys; i++)
        population->cumulative[i] /= sum;
}

static void fill_shuffled(uint32_t *ids, size_t count, struct random *random)
{
    for (size_t i = 0; i < count; i++) {
        size_t other = random_below(random, i + 1);

        ids[i] = ids[other];
        ids[other] = (uint32_t)i;
    }
}

void population_init(struct population *population, size_t keys, unsigned tenants,
                     struct random *random)
{
    workload_tenant(0);
    *population = (struct population){.keys = keys, .tenants = tenants};
    population->id_of_rank = die_calloc(keys, sizeof *population->id_of_rank);
    population->cumulative = die_calloc(keys, sizeof *population->cumulative);
    fill_shuffled(population->id_of_rank, keys, random);
    fill_cumulative(population);
}

void population_fini(struct population *population)
{
    free(population->id_of_rank);
    free(population->cumulative);
}

static uint32_t draw(const struct population *population, struct random *random)
{
    double at = random_unit(random);
    size_t low = 0, high = population->keys - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (population->cumulative[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return population->id_of_rank[low];
}

/* ---- streams ------------------------------------------------------------------------------ */

/*
 * Sorts ids as they come into one queue for each tenant; a queue that is full becomes a request.
 * So the keys keep the popularity they were drawn with, and calls of a tenant come in runs.
 */
struct assembly {
    struct stream *stream;
    unsigned tenants;
    size_t per_request, length;
    int64_t *queues; /* [tenants][per_request] */
    size_t *queued;  /* [tenants] */
};

static void assembly_init(struct assembly *assembly, struct stream *stream, unsigned tenants,
                          size_t per_request, size_t length)
{
    size_t requests_most = length / per_request + tenants + 1;

    *assembly = (struct assembly){
        .stream = stream,
        .tenants = tenants,
        .per_request = per_request,
        .queues = die_calloc(tenants * per_request, sizeof *assembly->queues),
        .queued = die_calloc(tenants, sizeof *assembly->queued),
    };
    *stream = (struct stream){
        .requests = die_calloc(requests_most + 1, sizeof *stream->requests),
        .args = die_calloc(length + per_request, sizeof *stream->args),
    };
}

static void assembly_flush(struct assembly *assembly, unsigned tenant)
{
    struct stream *stream = assembly->stream;
    size_t count = assembly->queued[tenant];

    if (count == 0)
        return;
    memcpy(stream->args + assembly->length, assembly->queues + tenant * assembly->per_request,
           count * sizeof *stream->args);
    stream->requests[stream->request_count++] =
        (struct request){.tenant = tenant, .first = (uint32_t)assembly->length};
    assembly->length += count;
    assembly->queued[tenant] = 0;
}

static void assembly_add(struct assembly *assembly, uint32_t id)
{
    unsigned tenant = id % assembly->tenants;

    assembly->queues[tenant * assembly->per_request + assembly->queued[tenant]] =
        id / assembly->tenants;
    if (++assembly->queued[tenant] == assembly->per_request)
        assembly_flush(assembly, tenant);
}

static void assembly_finish(struct assembly *assembly)
{
    assembly->stream->requests[assembly->stream->request_count].first = (uint32_t)assembly->length;
    free(assembly->queues);
    free(assembly->queued);
}

void stream_draw(struct stream *stream, const struct population *population, size_t length,
                 size_t per_request, struct random *random)
{
    struct assembly assembly;

    assembly_init(&assembly, stream, population->tenants, per_request, length);
    while (assembly.length < length)
        assembly_add(&assembly, draw(population, random));
    assembly_finish(&assembly);
}

void stream_walk(struct stream *stream, const struct population *population, size_t per_request,
                 unsigned part, unsigned parts)
{
    size_t first = population->keys * part / parts, end = population->keys * (part + 1) / parts;
    struct assembly assembly;

    assembly_init(&assembly, stream, population->tenants, per_request, end - first);
    for (size_t rank = first; rank < end; rank++)
        assembly_add(&assembly, population->id_of_rank[rank]);
    for (unsigned tenant = 0; tenant < population->tenants; tenant++)
        assembly_flush(&assembly, tenant);
    assembly_finish(&assembly);
}

void stream_fini(struct stream *stream)
{
    free(stream->requests);
    free(stream->args);
}

struct calls stream_part(const struct stream *stream, size_t part, size_t parts)
{
    return (struct calls){
        .stream = stream,
        .first = stream->request_count * part / parts,
        .end = stream->request_count * (part + 1) / parts,
    };
}

size_t calls_count(const struct calls *calls)
{
    const struct request *requests = calls->stream->requests;

    return requests[calls->end].first - requests[calls->first].first;
}

uint64_t calls_checksum(const struct calls *calls)
{
    const struct stream *stream = calls->stream;
    uint64_t sum = 0;

    for (size_t r = calls->first; r < calls->end; r++) {
        const char *tenant = workload_tenant(stream->requests[r].tenant);

        for (size_t i = stream->requests[r].first; i < stream->requests[r + 1].first; i++)
            sum += stamp(tenant, stream->args[i]);
    }
    return sum;
}
