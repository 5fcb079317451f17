#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"

__thread uint64_t workload_loads;

/* ---- answers ------------------------------------------------------------------------------ */

/* Names of the first `count` tenants; grows while there is one thread. */
static struct {
    unsigned count;
    char (*names)[KEY_TENANT_SIZE];
} known;

static void name_tenants(unsigned count)
{
    if (count <= known.count)
        return;
    free(known.names);
    known.names = die_calloc(count, sizeof *known.names);
    known.count = count;
    for (unsigned i = 0; i < count; i++)
        snprintf(known.names[i], sizeof *known.names, "tenant-%08u", i % WORKLOAD_KEYS_MAX);
}

const char *workload_tenant(uint32_t tenant)
{
    return known.names[tenant];
}

const char *workload_locale(uint32_t tenant)
{
    static const char locales[][KEY_LOCALE_SIZE] = {"de_DE", "en_GB", "fr_FR", "pt_BR", "zh_CN"};

    return locales[tenant % (sizeof locales / sizeof *locales)];
}

static uint64_t stamp_words(uint64_t word, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof word) {
        uint64_t part;

        memcpy(&part, bytes + at, sizeof part);
        word = random_mix(word ^ part);
    }
    return word;
}

static uint64_t stamp(const char *tenant, int64_t arg)
{
    return stamp_words(random_mix((uint64_t)arg), tenant, KEY_TENANT_SIZE);
}

static uint64_t stamp_text(const char *tenant, const char *text)
{
    return stamp_words(stamp_words(0, text, KEY_TEXT_SIZE), tenant, KEY_TENANT_SIZE);
}

static void give(uint64_t word, struct value *out_value)
{
    for (size_t i = 0; i < sizeof out_value->words / sizeof *out_value->words; i++)
        out_value->words[i] = word + i;
    workload_loads++;
}

void workload_load(const char *tenant, int64_t arg, struct value *out_value)
{
    give(stamp(tenant, arg), out_value);
}

void workload_load_text(const char *tenant, const char *text, struct value *out_value)
{
    give(stamp_text(tenant, text), out_value);
}

/* ---- populations -------------------------------------------------------------------------- */

static void fill_shuffled(uint32_t *ids, size_t count, struct random *random)
{
    for (size_t i = 0; i < count; i++) {
        size_t other = random_below(random, i + 1);

        ids[i] = ids[other];
        ids[other] = (uint32_t)i;
    }
}

/* As many as the tenant with the most arguments has. */
static void fill_texts(struct population *population)
{
    size_t count = population->keys / population->tenants + 1;

    population->texts = die_calloc(count, KEY_TEXT_SIZE + 1);
    for (size_t i = 0; i < count; i++)
        snprintf(population->texts + i * (KEY_TEXT_SIZE + 1), KEY_TEXT_SIZE + 1,
                 "/v1/accounts/statements/monthly/%08zu", i % WORKLOAD_KEYS_MAX);
}

void population_init(struct population *population, const struct population *wanted,
                     struct random *random)
{
    name_tenants(wanted->tenants);
    *population = (struct population){.keys = wanted->keys,
                                      .tenants = wanted->tenants,
                                      .kind = wanted->kind,
                                      .distribution = wanted->distribution};
    population->id_of_rank = die_calloc(wanted->keys, sizeof *population->id_of_rank);
    fill_shuffled(population->id_of_rank, wanted->keys, random);
    if (wanted->distribution == DRAW_ZIPF)
        zipf_init(&population->ranks, population->keys, WORKLOAD_ZIPF);
    if (wanted->kind == KEY_TENANT_TEXT)
        fill_texts(population);
}

void population_fini(struct population *population)
{
    free(population->id_of_rank);
    zipf_fini(&population->ranks);
    free(population->texts);
}

static uint32_t draw_zipf(const struct population *population, struct random *random)
{
    return population->id_of_rank[zipf_draw(&population->ranks, random)];
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

static void assembly_init(struct assembly *assembly, struct stream *stream,
                          const struct population *population, size_t per_request, size_t length)
{
    unsigned tenants = population->tenants;
    size_t requests_most = length / per_request + tenants + 1;

    *assembly = (struct assembly){
        .stream = stream,
        .tenants = tenants,
        .per_request = per_request,
        .queues = die_calloc(tenants * per_request, sizeof *assembly->queues),
        .queued = die_calloc(tenants, sizeof *assembly->queued),
    };
    *stream = (struct stream){
        .kind = population->kind,
        .texts = population->texts,
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

/* A whole request at once: where all keys are equally popular it comes to the same, and needs no
 * queue to fill, of which there may be very many. */
static void assembly_add_uniform(struct assembly *assembly, const struct population *population,
                                 struct random *random)
{
    unsigned tenant = (unsigned)random_below(random, population->tenants);
    size_t args = (population->keys - tenant - 1) / population->tenants + 1;

    for (size_t i = 0; i < assembly->per_request; i++)
        assembly_add(assembly,
                     (uint32_t)(random_below(random, args) * population->tenants + tenant));
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

    assembly_init(&assembly, stream, population, per_request, length);
    while (assembly.length < length)
        if (population->distribution == DRAW_ZIPF)
            assembly_add(&assembly, draw_zipf(population, random));
        else
            assembly_add_uniform(&assembly, population, random);
    assembly_finish(&assembly);
}

void stream_walk(struct stream *stream, const struct population *population, size_t per_request,
                 unsigned part, unsigned parts)
{
    size_t first = population->keys * part / parts, end = population->keys * (part + 1) / parts;
    struct assembly assembly;

    assembly_init(&assembly, stream, population, per_request, end - first);
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
            sum += stream->kind == KEY_TENANT_TEXT ? stamp_text(tenant, stream_text(stream, i))
                                                   : stamp(tenant, stream->args[i]);
    }
    return sum;
}
