/*
 * Running a trace: each request is a call of a memoized function with the trace's key as its argument,
 * made in the context of its tenant, as a server with a context for each of its sessions makes it.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ctxcache.h>

#include "clock.h"
#include "die.h"
#include "output.h"
#include "replay.h"
#include "tune/whole.h"

#define CHUNK         ((size_t)1 << 16) /* requests between two looks at the clock and the progress line */
#define RECORD_BUFFER ((size_t)64 << 20) /* one thread, that is to drop nothing */
#define SAMPLE_EVERY  251                /* requests, of which one is timed for its tenant */

/* ---- the function that is memoized -------------------------------------------------------- */

static CTX_VAR(tenant);

struct answer {
    int64_t key;
    uint64_t tenant;
};

static bool loaded; /* by the call that is under way */

static struct answer compute(int64_t key)
{
    struct answer answer = {.key = key};
    ctx_value who;

    loaded = true;
    if (ctx_get(tenant, &who) == CTX_OK)
        answer.tenant = who.as.u64;
    return answer;
}

CTX_CACHE_WRAP(cached, struct answer, compute, int64_t)

/* ---- what is asked for -------------------------------------------------------------------- */

static uint32_t tenant_of(const struct ctxi_trace *trace, size_t at)
{
    return trace->request_tenants ? trace->request_tenants[at] : 0;
}

static uint64_t size_of(const struct ctxi_trace *trace, size_t at)
{
    return trace->sizes ? trace->sizes[at] : 1;
}

static enum ctxi_op op_of(const struct ctxi_trace *trace, size_t at)
{
    return trace->ops ? (enum ctxi_op)trace->ops[at] : CTXI_OP_GET;
}

size_t replay_piece_start(const struct ctxi_trace *trace, size_t piece)
{
    size_t whole = trace->request_count / REPLAY_PIECES,
           rest = trace->request_count % REPLAY_PIECES;

    return whole * piece + rest * piece / REPLAY_PIECES;
}

static void demand_add(struct replay_demand *demand, uint64_t size, bool reachable)
{
    demand->requests++;
    demand->bytes += size;
    demand->reachable += reachable;
    demand->reachable_bytes += reachable ? size : 0;
}

static void count_demand(struct replay *replay)
{
    const struct ctxi_trace *trace = replay->trace;
    bool *there = die_calloc(trace->object_count, sizeof *there);
    size_t piece = 0;

    for (size_t i = 0; i < trace->request_count; i++) {
        uint32_t object = trace->objects[i];

        while (i >= replay_piece_start(trace, piece + 1))
            piece++;
        if (op_of(trace, i) == CTXI_OP_GET) {
            demand_add(&replay->pieces[piece], size_of(trace, i), there[object]);
            demand_add(&replay->demand, size_of(trace, i), there[object]);
            demand_add(&replay->demands[tenant_of(trace, i)], size_of(trace, i), there[object]);
        }
        there[object] = op_of(trace, i) != CTXI_OP_DELETE;
    }
    free(there);
}

void replay_init(struct replay *replay, const char *path, const struct ctxi_trace *trace,
                 size_t result_count)
{
    *replay = (struct replay){.path = path, .trace = trace, .result_count = result_count};
    replay->demands = die_calloc(trace->tenant_count, sizeof *replay->demands);
    replay->results = die_calloc(result_count, sizeof *replay->results);
    count_demand(replay);
}

void replay_fini(struct replay *replay)
{
    for (size_t i = 0; i < replay->result_count; i++)
        free(replay->results[i].tenants);
    free(replay->results);
    free(replay->demands);
}

double replay_ratio(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : NAN;
}

double replay_ns(const struct replay_answer *answer)
{
    return replay_ratio(answer->sample_ns, answer->samples);
}

void replay_answer_add(struct replay_answer *sum, const struct replay_answer *one)
{
    sum->hits += one->hits;
    sum->hit_bytes += one->hit_bytes;
    sum->evictions += one->evictions;
    sum->sample_ns += one->sample_ns;
    sum->samples += one->samples;
}

/* ---- a run -------------------------------------------------------------------------------- */

struct run {
    const struct ctxi_trace *trace;
    struct replay_result *result;
    ctx_cache *cache;
    /* [tenant_count]; NULL until it is needed, and while it is the current one */
    ctx_context **contexts;
    uint64_t *stored;    /* [tenant_count]: entries that came in, less those that were deleted */
    uint32_t entered;    /* the tenant of the current context */
    uint64_t clock_cost; /* ns that looking at the clock takes */
};

static void check(int status, const char *what)
{
    if (status != CTX_OK)
        die("%s: %s", what, ctx_strerror(status));
}

static void make_cache(struct run *run, uint64_t capacity)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_var *vary[] = {tenant};

    config.name = "replay";
    config.capacity_entries = capacity;
    config.vary = vary;
    config.vary_count = 1;
    config.seed = 1;
    check(ctx_cache_new(&config, &run->cache), "the cache");
}

/* Makes a tenant's context the current one, as a scheduler of coroutines does: cheaper than leaving one
 * and entering another, and with many tenants nearly every request changes. */
static void enter(struct run *run, uint32_t number)
{
    ctx_context *next = run->contexts[number], *previous;
    bool is_new = !next;

    if (is_new)
        check(ctx_context_new(&next), "a context");
    check(ctx_swap(next, &previous), "a tenant's context");
    if (is_new)
        check(ctx_set(tenant, (uint64_t)number), "the tenant");
    run->contexts[run->entered] = previous;
    run->contexts[number] = NULL;
    run->entered = number;
}

static void leave(struct run *run)
{
    check(ctx_swap(NULL, &run->contexts[run->entered]), "a tenant's context");
}

static inline void change_tenant(struct run *run, uint32_t number)
{
    if (number != run->entered)
        enter(run, number);
}

static inline void ask(struct run *run, size_t at, int64_t key)
{
    uint32_t number = run->entered;
    struct replay_answer *answer = &run->result->tenants[number];
    struct answer got;
    int status;

    loaded = false;
    status = cached(run->cache, key, &got);
    if (status != CTX_OK || got.key != key || got.tenant != number)
        die("request %zu, key %" PRId64 " of tenant %" PRIu32 ": %s", at + 1, key, number,
            status == CTX_OK ? "the answer is another one's" : ctx_strerror(status));
    answer->hits += !loaded;
    run->stored[number] += loaded;
    answer->hit_bytes += loaded ? 0 : size_of(run->trace, at);
}

static void put_key(struct run *run, int64_t key)
{
    struct answer answer = {key, run->entered};
    ctx_cache_ref old = CTX_CACHE_REF_INIT;
    int was_there = ctx_cache_peek(run->cache, cached_fn, &old, key);

    ctx_cache_ref_release(&old);
    check(ctx_cache_put(run->cache, cached_fn, &answer, sizeof answer, key), "a put");
    run->stored[run->entered] += was_there != CTX_OK;
}

static void delete_key(struct run *run, int64_t key)
{
    int status = ctx_cache_invalidate(run->cache, cached_fn, key);

    if (status != CTX_ABSENT)
        check(status, "a delete");
    run->stored[run->entered] -= status == CTX_OK;
}

static inline void carry_out(struct run *run, size_t at)
{
    const struct ctxi_trace *trace = run->trace;
    int64_t key = (int64_t)trace->object_keys[trace->objects[at]];
    enum ctxi_op op = op_of(trace, at);

    change_tenant(run, tenant_of(trace, at));
    if (op == CTXI_OP_GET)
        ask(run, at, key);
    else if (op == CTXI_OP_PUT)
        put_key(run, key);
    else
        delete_key(run, key);
}

static void carry_out_timed(struct run *run, size_t at)
{
    struct replay_answer *answer = &run->result->tenants[tenant_of(run->trace, at)];
    uint64_t start = clock_ns(), took;

    carry_out(run, at);
    took = clock_ns() - start;
    answer->samples++;
    answer->sample_ns += took > run->clock_cost ? took - run->clock_cost : 0;
}

/* The requests from `at` to before `end`. */
static void carry_out_chunk(struct run *run, size_t at, size_t end)
{
    while (at < end) {
        size_t stop = at + SAMPLE_EVERY < end ? at + SAMPLE_EVERY : end;

        carry_out_timed(run, at++);
        while (at < stop)
            carry_out(run, at++);
    }
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void show_progress(uint64_t capacity, size_t done, size_t count, uint64_t took)
{
    double seconds = (double)took / 1e9;
    char line[120];

    snprintf(line, sizeof line, "capacity %" PRIu64 ": %.0f %%, %.1f million calls/s, %.0f s left",
             capacity, 100 * (double)done / (double)count, (double)done / 1e6 / seconds,
             seconds * (double)(count - done) / (double)done);
    output_progress(line);
}

static uint64_t hits_so_far(const struct run *run)
{
    uint64_t hits = 0;

    for (uint32_t i = 0; i < run->trace->tenant_count; i++)
        hits += run->result->tenants[i].hits;
    return hits;
}

/* The records from `at` to before `end`; adds the time that they took. */
static void carry_out_piece(struct run *run, size_t at, size_t end, uint64_t *took)
{
    while (at < end) {
        size_t stop = at + CHUNK < end ? at + CHUNK : end;
        uint64_t start = clock_ns();

        carry_out_chunk(run, at, stop);
        *took += clock_ns() - start;
        at = stop;
        show_progress(run->result->capacity, at, run->trace->request_count, *took);
    }
}

static uint64_t carry_out_all(struct run *run)
{
    uint64_t took = 0, before = 0;

    for (size_t piece = 0; piece < REPLAY_PIECES; piece++) {
        uint64_t hits;

        carry_out_piece(run, replay_piece_start(run->trace, piece),
                        replay_piece_start(run->trace, piece + 1), &took);
        hits = hits_so_far(run);
        run->result->piece_hits[piece] = hits - before;
        before = hits;
    }
    output_progress(NULL);
    return took;
}

static void start_record(const struct run *run, const struct replay_record *record)
{
    ctx_cache_record_options options = CTX_CACHE_RECORD_OPTIONS_INIT;
    int status;

    options.path = record->path;
    options.rate = record->rate;
    options.buffer_bytes = RECORD_BUFFER;
    status = ctx_cache_record_start(run->cache, &options);
    if (status == CTX_ERR_SYSTEM && errno == EEXIST)
        die("replay --record: %s is there, and is not written over: remove it, or name another "
            "file",
            record->path);
    if (status == CTX_ERR_SYSTEM)
        die("replay --record: cannot write %s: %s; name a file in a folder that is there and may "
            "be "
            "written to",
            record->path, strerror(errno));
    check(status, "the recording");
}

static void stop_record(const struct run *run, const char *path)
{
    ctx_cache_record_stats stats = CTX_CACHE_RECORD_STATS_INIT;
    int status = ctx_cache_record_stop(run->cache, &stats);

    if (status == CTX_ERR_SYSTEM)
        die("%s: %s", path, strerror(errno));
    check(status, "the recording");
    fprintf(stderr, "%s: %" PRIu64 " requests in %" PRIu64 " bytes, %" PRIu64 " dropped\n", path,
            stats.recorded, stats.bytes, stats.dropped);
}

static uint64_t measure_clock(void)
{
    enum { LOOKS = 1000 };
    uint64_t start = clock_ns(), now = start;

    for (int i = 0; i < LOOKS; i++)
        now = clock_ns();
    return (now - start) / LOOKS;
}

static int count_left(void *user, const ctx_cache_partition *partition)
{
    struct run *run = user;
    uint64_t number = partition->values[0].as.u64;

    run->result->tenants[number].evictions -= partition->stats->entries;
    return CTX_OK;
}

/* What came in and is not there. To be told of each eviction would take longer than it does. */
static void count_evictions(struct run *run)
{
    struct replay_result *result = run->result;
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;

    for (uint32_t i = 0; i < run->trace->tenant_count; i++)
        result->tenants[i].evictions = run->stored[i];
    check(ctx_cache_each_partition(run->cache, count_left, run), "the partitions");
    for (uint32_t i = 0; i < run->trace->tenant_count; i++)
        replay_answer_add(&result->total, &result->tenants[i]);
    check(ctx_cache_stats_read(run->cache, &stats), "the statistics");
    if (stats.evicted != result->total.evictions)
        die("%" PRIu64 " entries were evicted, not %" PRIu64, stats.evicted,
            result->total.evictions);
}

void replay_run(struct replay *replay, struct replay_result *result, uint64_t capacity,
                const struct replay_record *record)
{
    const struct ctxi_trace *trace = replay->trace;
    struct run run = {.trace = trace, .result = result, .clock_cost = measure_clock()};

    result->capacity = capacity;
    result->tenants = die_calloc(trace->tenant_count, sizeof *result->tenants);
    run.contexts = die_calloc(trace->tenant_count, sizeof(ctx_context *));
    run.stored = die_calloc(trace->tenant_count, sizeof *run.stored);
    make_cache(&run, ctxi_sample_entries(trace->rate, capacity));
    enter(&run, tenant_of(trace, 0));
    if (record)
        start_record(&run, record);
    result->ns_per_call = (double)carry_out_all(&run) / (double)trace->request_count;
    if (record)
        stop_record(&run, record->path);
    leave(&run);
    count_evictions(&run);
    ctx_cache_destroy(run.cache);
    for (uint32_t i = 0; i < trace->tenant_count; i++)
        ctx_context_unref(run.contexts[i]);
    free((void *)run.contexts);
    free(run.stored);
}
