#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void write_counts(FILE *out, const ctx_cache_stats *stats)
{
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
        {"calls", stats->calls},
        {"hits", stats->hits},
        {"misses", stats->misses},
        {"joined", stats->joined},
        {"bypasses", stats->bypasses},
        {"refused", stats->refused},
        {"loads_ok", stats->loads_ok},
        {"loads_failed", stats->loads_failed},
        {"load_ns", stats->load_ns},
        {"undeclared_reads", stats->undeclared_reads},
        {"not_stored_undeclared", stats->not_stored_undeclared},
        {"evicted", stats->evicted},
        {"expired", stats->expired},
        {"invalidated", stats->invalidated},
        {"entries", stats->entries},
        {"bytes", stats->bytes},
    };

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        fprintf(out, "%s\"%s\":%" PRIu64, i ? "," : "", counts[i].name, counts[i].count);
}

struct writer {
    FILE *out;
    bool first;
};

/* The values are the plain names that the middleware let through. */
static int write_partition(void *user, const ctx_cache_partition *partition)
{
    struct writer *writer = user;

    fprintf(writer->out, "%s\n{", writer->first ? "" : ",");
    writer->first = false;
    for (size_t i = 0; i < partition->count; i++)
        if (partition->values[i].type == CTX_STRING)
            fprintf(writer->out, "\"%s\":\"%.*s\",", ctx_var_name(partition->vars[i]),
                    (int)partition->values[i].as.string.size, partition->values[i].as.string.data);
    write_counts(writer->out, partition->stats);
    fputc('}', writer->out);
    return 0;
}

int stats_json(ctx_cache *cache, char **out_json, size_t *out_size)
{
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;
    struct writer writer = {open_memstream(out_json, out_size), true};
    int status = writer.out ? ctx_cache_stats_read(cache, &stats) : CTX_ERR_NOMEM;

    if (!writer.out)
        return status;
    fputs("{\"cache\":{", writer.out);
    write_counts(writer.out, &stats);
    fputs("},\"partitions\":[", writer.out);
    if (status == CTX_OK)
        status = ctx_cache_each_partition(cache, write_partition, &writer);
    fputs("\n]}\n", writer.out);
    if (fclose(writer.out) != 0 && status == CTX_OK)
        status = CTX_ERR_NOMEM;
    if (status != CTX_OK) {
        free(*out_json);
        *out_json = NULL;
    }
    return status;
}
