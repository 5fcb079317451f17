#include "metrics.h"

#include <ctxcache/uv.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static void begin(FILE *out, const char *name, const char *kind, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void write_one(FILE *out, const char *name, const char *kind, const char *help,
                      uint64_t value)
{
    begin(out, name, kind, help);
    fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void write_server(FILE *out, const struct server *server)
{
    write_one(out, "http_connections", "gauge", "Connections that are open.",
              (uint64_t)server->connection_count);
    write_one(out, "http_connections_accepted_total", "counter", "Connections so far.",
              server->accepted);
    write_one(out, "http_requests_open", "gauge", "Requests without an answer yet.",
              server->open_requests);
    write_one(out, "ctx_uv_failures_total", "counter",
              "Callbacks that could not be run in their context.", ctx_uv_failures(server->loop));
    begin(out, "http_answers_total", "counter", "Answers by code.");
    for (int code = 0; code < SERVER_CODES; code++)
        if (server->answers[code] > 0)
            fprintf(out, "http_answers_total{code=\"%d\"} %" PRIu64 "\n", code,
                    server->answers[code]);
}

/* The same for the cache and for each partition, whose names have one word more. */
static const struct metric {
    const char *name, *kind, *help;
    size_t offset;
} metrics[] = {
#define METRIC(field, name, kind, help)                                                            \
    {                                                                                              \
        name, kind, help, offsetof(ctx_cache_stats, field)                                         \
    }
    METRIC(calls, "calls_total", "counter", "Calls of memoized functions."),
    METRIC(hits, "hits_total", "counter", "Calls that found their answer."),
    METRIC(misses, "misses_total", "counter", "Calls that loaded."),
    METRIC(joined, "joined_total", "counter", "Calls that waited for the load of another."),
    METRIC(refused, "refused_total", "counter", "Calls that were refused."),
    METRIC(loads_failed, "loads_failed_total", "counter", "Loads that failed."),
    METRIC(undeclared_reads, "undeclared_reads_total", "counter",
           "Loads that read an undeclared variable."),
    METRIC(evicted, "evicted_total", "counter", "Entries that made room."),
    METRIC(entries, "entries", "gauge", "Entries."),
    METRIC(bytes, "bytes", "gauge", "Bytes that the capacity counts."),
#undef METRIC
};

static uint64_t value_of(const ctx_cache_stats *stats, const struct metric *metric)
{
    return *(const uint64_t *)(const void *)((const char *)stats + metric->offset);
}

struct writer {
    FILE *out;
    const struct metric *metric;
};

/* The values are the plain names that the middleware let through. */
static int write_partition(void *user, const ctx_cache_partition *partition)
{
    const struct writer *writer = user;

    fprintf(writer->out, "ctxcache_partition_%s{", writer->metric->name);
    for (size_t i = 0; i < partition->count; i++)
        fprintf(writer->out, "%s%s=\"%.*s\"", i ? "," : "", ctx_var_name(partition->vars[i]),
                (int)partition->values[i].as.string.size, partition->values[i].as.string.data);
    fprintf(writer->out, "} %" PRIu64 "\n", value_of(partition->stats, writer->metric));
    return 0;
}

static int write_cache(FILE *out, ctx_cache *cache)
{
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;
    int status = ctx_cache_stats_read(cache, &stats);

    for (size_t i = 0; i < sizeof metrics / sizeof *metrics && status == CTX_OK; i++) {
        struct writer writer = {out, &metrics[i]};
        char name[64];

        snprintf(name, sizeof name, "ctxcache_%s", metrics[i].name);
        write_one(out, name, metrics[i].kind, metrics[i].help, value_of(&stats, &metrics[i]));
        snprintf(name, sizeof name, "ctxcache_partition_%s", metrics[i].name);
        begin(out, name, metrics[i].kind, metrics[i].help);
        status = ctx_cache_each_partition(cache, write_partition, &writer);
    }
    return status;
}

int metrics_text(const struct server *server, ctx_cache *cache, char **out_text, size_t *out_size)
{
    FILE *out = open_memstream(out_text, out_size);

    if (!out)
        return CTX_ERR_NOMEM;
    write_server(out, server);
    int status = write_cache(out, cache);
    if (fclose(out) != 0 && status == CTX_OK)
        status = CTX_ERR_NOMEM;
    if (status != CTX_OK) {
        free(*out_text);
        *out_text = NULL;
    }
    return status;
}
