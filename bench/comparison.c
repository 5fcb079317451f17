#include "comparison.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <ctxcache.h>

#include "base/alloc.h"
#include "die.h"
#include "output.h"
#include "tune/whole.h"

void comparison_add_all(struct comparison *comparison)
{
    for (size_t i = 0; i < POLICIES_MAX && ctxi_policies[i]; i++)
        comparison->policies[comparison->policy_count++] = ctxi_policies[i];
}

void comparison_choose_capacities(struct comparison *comparison)
{
    const struct ctxi_trace *trace = comparison->trace;

    capacities_choose(&comparison->capacities, ctxi_whole_count(trace->rate, trace->object_count));
}

static void count_requests(struct comparison *comparison, const struct ctxi_stream *stream)
{
    bool *seen = die_calloc(stream->object_count, sizeof *seen);

    for (size_t i = 0; i < stream->request_count; i++) {
        uint8_t op = ctxi_stream_op(stream, i);

        comparison->requests += op == CTXI_OP_GET;
        comparison->ceiling += op == CTXI_OP_GET && seen[stream->objects[i]];
        seen[stream->objects[i]] |= op != CTXI_OP_DELETE;
    }
    free(seen);
}

static void run_all(struct comparison *comparison, const struct ctxi_stream *stream)
{
    size_t capacities = comparison->capacities.count;

    for (size_t i = 0; i < comparison->policy_count * capacities; i++) {
        const struct ctxi_policy *policy = comparison->policies[i / capacities];
        uint64_t capacity = comparison->capacities.values[i % capacities];
        char line[80];
        int r;

        snprintf(line, sizeof line, "%s, capacity %" PRIu64, policy->name, capacity);
        output_progress(line);
        r = ctxi_policy_run(policy, stream, ctxi_sample_entries(stream->rate, capacity),
                            ctxi_process_allocator(), &comparison->hits[i]);
        output_progress(NULL);
        if (r != CTX_OK)
            die("%s at capacity %" PRIu64 ": %s", policy->name, capacity, ctx_strerror(r));
    }
}

void comparison_run(struct comparison *comparison)
{
    struct ctxi_stream stream = ctxi_stream_of(comparison->trace);

    comparison->hits = die_calloc(comparison->policy_count * comparison->capacities.count,
                                  sizeof *comparison->hits);
    count_requests(comparison, &stream);
    run_all(comparison, &stream);
}

void comparison_free(struct comparison *comparison)
{
    free(comparison->hits);
    capacities_free(&comparison->capacities);
}
