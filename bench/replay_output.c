/*
 * What a replay found, as a table, as CSV and as one JSON object.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "csv.h"
#include "die.h"
#include "json.h"
#include "ranks.h"
#include "replay.h"
#include "traces.h"
#include "wording.h"

/* ---- JSON --------------------------------------------------------------------------------- */

/* What a result and a tenant's row have in common, from "hits" on. */
static void json_answer(FILE *file, const struct replay_demand *demand,
                        const struct replay_answer *answer, double ns_per_call)
{
    fprintf(file, "\"hits\": %" PRIu64 ", \"misses\": %" PRIu64 ", \"evictions\": %" PRIu64 ", ",
            answer->hits, demand->requests - answer->hits, answer->evictions);
    json_number(file, "hit_ratio", replay_ratio(answer->hits, demand->requests));
    fputs(", ", file);
    json_number(file, "ceiling", replay_ratio(demand->reachable, demand->requests));
    fputs(", ", file);
    json_number(file, "byte_hit_ratio", replay_ratio(answer->hit_bytes, demand->bytes));
    fputs(", ", file);
    json_number(file, "byte_ceiling", replay_ratio(demand->reachable_bytes, demand->bytes));
    fputs(", ", file);
    json_number(file, "ns_per_call", ns_per_call);
    fputs("}", file);
}

static void json_results(FILE *file, const struct replay *replay)
{
    fputs(" \"results\": [\n", file);
    for (size_t i = 0; i < replay->result_count; i++) {
        const struct replay_result *result = &replay->results[i];

        fprintf(file, "%s  {\"policy\": \"lru\", \"capacity\": %" PRIu64 ", ", i > 0 ? ",\n" : "",
                result->capacity);
        json_answer(file, &replay->demand, &result->total, result->ns_per_call);
    }
    fputs("],\n", file);
}

static void json_tenant(FILE *file, const struct replay *replay, const struct replay_result *result,
                        uint32_t number)
{
    const struct replay_demand *demand = &replay->demands[number];

    fputs("  {", file);
    json_string(file, "tenant", ctxi_tenants_name(replay->trace->tenants, number));
    fprintf(file, ", \"capacity\": %" PRIu64 ", \"requests\": %" PRIu64 ", ", result->capacity,
            demand->requests);
    json_answer(file, demand, &result->tenants[number], replay_ns(&result->tenants[number]));
}

void replay_print_json(FILE *file, const struct replay *replay)
{
    const char *between = "";

    fputs("{", file);
    json_number(file, "rate", replay->trace->rate);
    fprintf(file, ", \"dropped\": %" PRIu64, replay->trace->recorded.lost);
    fprintf(file, ", \"requests\": %" PRIu64 ", \"distinct\": %" PRIu32 ",\n",
            replay->demand.requests, replay->trace->object_count);
    json_results(file, replay);
    fputs(" \"tenants\": [\n", file);
    for (size_t i = 0; i < replay->result_count; i++)
        for (uint32_t tenant = 0; tenant < replay->trace->tenant_count; tenant++) {
            fputs(between, file);
            json_tenant(file, replay, &replay->results[i], tenant);
            between = ",\n";
        }
    fputs("]}\n", file);
}

/* ---- CSV ---------------------------------------------------------------------------------- */

/* A number that is there, and nothing for one that is not. */
static void csv_number(FILE *file, double number)
{
    if (isfinite(number))
        fprintf(file, ",%.6g", number);
    else
        fputc(',', file);
}

static void csv_row(FILE *file, const struct replay_demand *demand,
                    const struct replay_answer *answer, double ns_per_call)
{
    fprintf(file, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, demand->requests, answer->hits,
            demand->requests - answer->hits, answer->evictions);
    csv_number(file, replay_ratio(answer->hits, demand->requests));
    csv_number(file, replay_ratio(demand->reachable, demand->requests));
    csv_number(file, replay_ratio(answer->hit_bytes, demand->bytes));
    csv_number(file, replay_ratio(demand->reachable_bytes, demand->bytes));
    csv_number(file, ns_per_call);
    fputc('\n', file);
}

void replay_print_csv(FILE *file, const struct replay *replay)
{
    traces_say_sample(stderr, replay->trace, REPLAY_COMMAND, TRACES_SAMPLE_RUN);
    fputs("policy,capacity,scope,tenant,requests,hits,misses,evictions,hit_ratio,ceiling,"
          "byte_hit_ratio,byte_ceiling,ns_per_call\n",
          file);
    for (size_t i = 0; i < replay->result_count; i++) {
        const struct replay_result *result = &replay->results[i];

        fprintf(file, "lru,%" PRIu64 ",all,", result->capacity);
        csv_row(file, &replay->demand, &result->total, result->ns_per_call);
        for (uint32_t tenant = 0; tenant < replay->trace->tenant_count; tenant++) {
            fprintf(file, "lru,%" PRIu64 ",tenant,", result->capacity);
            csv_string(file, ctxi_tenants_name(replay->trace->tenants, tenant));
            csv_row(file, &replay->demands[tenant], &result->tenants[tenant],
                    replay_ns(&result->tenants[tenant]));
        }
    }
}

/* ---- the table ---------------------------------------------------------------------------- */

static void table_head(FILE *file, const char *first)
{
    fprintf(file, "%-*s%12s%12s%12s%12s%8s%10s%8s%10s%9s\n", WORDING_NAME, first, "requests",
            "hits", "misses", "evictions", "hit %", "at most", "byte %", "at most", "ns/call");
}

static void table_percent(FILE *file, int width, uint64_t part, uint64_t whole)
{
    if (whole > 0)
        fprintf(file, "%*.2f", width, 100 * replay_ratio(part, whole));
    else
        fprintf(file, "%*s", width, "-");
}

static void table_row(FILE *file, const char *name, const struct replay_demand *demand,
                      const struct replay_answer *answer, double ns_per_call)
{
    wording_name(file, name);
    fprintf(file, "%12" PRIu64 "%12" PRIu64 "%12" PRIu64 "%12" PRIu64, demand->requests,
            answer->hits, demand->requests - answer->hits, answer->evictions);
    table_percent(file, 8, answer->hits, demand->requests);
    table_percent(file, 10, demand->reachable, demand->requests);
    table_percent(file, 8, answer->hit_bytes, demand->bytes);
    table_percent(file, 10, demand->reachable_bytes, demand->bytes);
    if (isfinite(ns_per_call))
        fprintf(file, "%9.0f\n", ns_per_call);
    else
        fprintf(file, "%9s\n", "-");
}

static void add_demand(struct replay_demand *sum, const struct replay_demand *one)
{
    sum->requests += one->requests;
    sum->bytes += one->bytes;
    sum->reachable += one->reachable;
    sum->reachable_bytes += one->reachable_bytes;
}

static struct rank *order_tenants(const struct replay *replay)
{
    uint32_t count = replay->trace->tenant_count;
    struct rank *ranks = die_calloc(count, sizeof *ranks);

    for (uint32_t i = 0; i < count; i++)
        ranks[i] = (struct rank){replay->demands[i].requests, i};
    ranks_sort(ranks, count);
    return ranks;
}

static void table_tenants(FILE *file, const struct replay *replay,
                          const struct replay_result *result, const struct rank *ranks,
                          size_t shown)
{
    uint32_t count = replay->trace->tenant_count;
    struct replay_demand demand = {0};
    struct replay_answer answer = {0};
    char others[32];

    fprintf(file, "\nTenants at capacity %" PRIu64 "\n", result->capacity);
    table_head(file, "tenant");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t tenant = ranks[i].tenant;
        const struct replay_answer *one = &result->tenants[tenant];

        if (i < shown) {
            table_row(file, ctxi_tenants_name(replay->trace->tenants, tenant),
                      &replay->demands[tenant], one, replay_ns(one));
            continue;
        }
        add_demand(&demand, &replay->demands[tenant]);
        replay_answer_add(&answer, one);
    }
    snprintf(others, sizeof others, "%zu others", count > shown ? count - shown : 0);
    if (count > shown)
        table_row(file, others, &demand, &answer, replay_ns(&answer));
}

void replay_print_table(FILE *file, const struct replay *replay, size_t tenants_shown)
{
    struct rank *ranks = order_tenants(replay);

    const struct ctxi_trace *trace = replay->trace;

    fprintf(file, "%s: %zu request%s for %" PRIu32 " object%s of %" PRIu32 " tenant%s\n",
            replay->path, trace->request_count, wording_s(trace->request_count),
            trace->object_count, wording_s(trace->object_count), trace->tenant_count,
            wording_s(trace->tenant_count));
    traces_say_sample(file, replay->trace, NULL, TRACES_SAMPLE_RUN);
    fputc('\n', file);
    table_head(file, "capacity");
    for (size_t i = 0; i < replay->result_count; i++) {
        char capacity[32];

        snprintf(capacity, sizeof capacity, "%" PRIu64, replay->results[i].capacity);
        table_row(file, capacity, &replay->demand, &replay->results[i].total,
                  replay->results[i].ns_per_call);
    }
    for (size_t i = 0; i < replay->result_count && replay->trace->tenant_count > 1; i++)
        table_tenants(file, replay, &replay->results[i], ranks, tenants_shown);
    fputs("\nat most: what no cache can exceed, all but the first request for each object\n", file);
    free(ranks);
}
