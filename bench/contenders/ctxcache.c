/*
 * ctxcache, in the two forms that a program uses: the typed wrapper that copies a small result out,
 * and a ref. The tenant is set once for each request and appears nowhere below it. Where a locale
 * belongs to the key, too, the requests of a tenant run in a context that was made for it: each
 * worker has one for every tenant, as a server has one for every session.
 */
#include <string.h>

#include "contenders/ctxcache_cache.h"

/* ---- the functions that are memoized ------------------------------------------------------ */

static const char *tenant_here(void)
{
    const char *tenant;

    ctxcache_check(ctx_get_string(bench_tenant, &tenant), "the tenant in the loader");
    return tenant;
}

static struct value plain_answer(int64_t arg)
{
    struct value value;

    workload_load(workload_tenant(0), arg, &value);
    return value;
}

static struct value tenant_answer(int64_t arg)
{
    struct value value;

    workload_load(tenant_here(), arg, &value);
    return value;
}

static struct value text_answer(const char *text)
{
    struct value value;

    workload_load_text(tenant_here(), text, &value);
    return value;
}

static struct value locale_answer(int64_t arg)
{
    struct value value;
    const char *locale;

    ctxcache_check(ctx_get_string(bench_locale, &locale), "the locale in the loader");
    workload_load(tenant_here(), arg, &value);
    return value;
}

/* The same, given as values without a fixed size. */
static int give(ctx_cache_load *load, struct value value)
{
    return ctx_cache_load_copy(load, &value, sizeof value);
}

static int plain_report(ctx_cache_load *load, int64_t arg)
{
    return give(load, plain_answer(arg));
}

static int tenant_report(ctx_cache_load *load, int64_t arg)
{
    return give(load, tenant_answer(arg));
}

static int text_report(ctx_cache_load *load, const char *text)
{
    return give(load, text_answer(text));
}

static int locale_report(ctx_cache_load *load, int64_t arg)
{
    return give(load, locale_answer(arg));
}

CTX_CACHE_WRAP(cached_plain_answer, struct value, plain_answer, int64_t)
CTX_CACHE_WRAP(cached_tenant_answer, struct value, tenant_answer, int64_t)
CTX_CACHE_WRAP(cached_text_answer, struct value, text_answer, const char *)
CTX_CACHE_WRAP(cached_locale_answer, struct value, locale_answer, int64_t)
CTX_CACHE_WRAP_REF(cached_plain_report, plain_report, int64_t)
CTX_CACHE_WRAP_REF(cached_tenant_report, tenant_report, int64_t)
CTX_CACHE_WRAP_REF(cached_text_report, text_report, const char *)
CTX_CACHE_WRAP_REF(cached_locale_report, locale_report, int64_t)

/* ---- calls -------------------------------------------------------------------------------- */

/* One call: the stream's i-th. */
typedef void asker(ctx_cache *cache, const struct stream *stream, size_t i, struct value *out);

#define ASK_COPY(name, twin, argument)                                                             \
    static inline void name(ctx_cache *cache, const struct stream *stream, size_t i,               \
                            struct value *out)                                                     \
    {                                                                                              \
        ctxcache_check(twin(cache, argument, out), "a call");                                      \
    }

#define ASK_REF(name, twin, argument)                                                              \
    static inline void name(ctx_cache *cache, const struct stream *stream, size_t i,               \
                            struct value *out)                                                     \
    {                                                                                              \
        ctx_cache_ref ref = CTX_CACHE_REF_INIT;                                                    \
                                                                                                   \
        ctxcache_check(twin(cache, argument, &ref), "a call");                                     \
        memcpy(out, ref.data, sizeof *out);                                                        \
        ctx_cache_ref_release(&ref);                                                               \
    }

ASK_COPY(copy_plain, cached_plain_answer, stream->args[i])
ASK_COPY(copy_tenant, cached_tenant_answer, stream->args[i])
ASK_COPY(copy_text, cached_text_answer, stream_text(stream, i))
ASK_COPY(copy_locale, cached_locale_answer, stream->args[i])
ASK_REF(refer_plain, cached_plain_report, stream->args[i])
ASK_REF(refer_tenant, cached_tenant_report, stream->args[i])
ASK_REF(refer_text, cached_text_report, stream_text(stream, i))
ASK_REF(refer_locale, cached_locale_report, stream->args[i])

ALWAYS_INLINE uint64_t ask_calls(ctx_cache *cache, const struct calls *calls, size_t request,
                                 asker *ask, struct latency *latency)
{
    const struct stream *stream = calls->stream;
    struct value value;
    uint64_t sum = 0;

    for (size_t i = stream->requests[request].first; i < stream->requests[request + 1].first; i++) {
        uint64_t start = call_begins(latency, i);

        ask(cache, stream, i, &value);
        call_ended(latency, start);
        use_value(&value);
        sum += value.words[0];
    }
    return sum;
}

ALWAYS_INLINE uint64_t ask_request(ctx_cache *cache, const struct calls *calls, size_t request,
                                   asker *ask)
{
    return calls->latency ? ask_calls(cache, calls, request, ask, calls->latency)
                          : ask_calls(cache, calls, request, ask, NULL);
}

ALWAYS_INLINE uint64_t serve_plain(ctx_cache *cache, const struct calls *calls, asker *ask)
{
    uint64_t sum = 0;

    for (size_t r = calls->first; r < calls->end; r++)
        sum += ask_request(cache, calls, r, ask);
    return sum;
}

ALWAYS_INLINE uint64_t serve_scoped(ctx_cache *cache, const struct calls *calls, asker *ask)
{
    uint64_t sum = 0;

    for (size_t r = calls->first; r < calls->end; r++) {
        CTX_SCOPED(bench_tenant, workload_tenant(calls->stream->requests[r].tenant));
        sum += ask_request(cache, calls, r, ask);
    }
    return sum;
}

/* A request that runs in its tenant's context. */
struct job {
    ctx_cache *cache;
    const struct calls *calls;
    size_t request;
    uint64_t sum;
};

static void do_copying_job(void *arg)
{
    struct job *job = arg;

    job->sum += ask_request(job->cache, job->calls, job->request, copy_locale);
}

static void do_referring_job(void *arg)
{
    struct job *job = arg;

    job->sum += ask_request(job->cache, job->calls, job->request, refer_locale);
}

static uint64_t serve_in_contexts(const struct ctxcache *cache, const struct calls *calls,
                                  void (*do_job)(void *job))
{
    ctx_context **contexts = cache->contexts + (size_t)calls->worker * cache->tenants;
    struct job job = {.cache = cache->cache, .calls = calls};

    for (job.request = calls->first; job.request < calls->end; job.request++)
        ctxcache_check(ctx_run(contexts[calls->stream->requests[job.request].tenant], do_job, &job),
                       "ctx_run()");
    return job.sum;
}

static uint64_t call_copied(void *opened, const struct calls *calls)
{
    struct ctxcache *cache = opened;

    switch (cache->kind) {
    case KEY_PLAIN:
        return serve_plain(cache->cache, calls, copy_plain);
    case KEY_TENANT:
        return serve_scoped(cache->cache, calls, copy_tenant);
    case KEY_TENANT_TEXT:
        return serve_scoped(cache->cache, calls, copy_text);
    default:
        return serve_in_contexts(cache, calls, do_copying_job);
    }
}

static uint64_t call_referred(void *opened, const struct calls *calls)
{
    struct ctxcache *cache = opened;

    switch (cache->kind) {
    case KEY_PLAIN:
        return serve_plain(cache->cache, calls, refer_plain);
    case KEY_TENANT:
        return serve_scoped(cache->cache, calls, refer_tenant);
    case KEY_TENANT_TEXT:
        return serve_scoped(cache->cache, calls, refer_text);
    default:
        return serve_in_contexts(cache, calls, do_referring_job);
    }
}

const struct contender contender_ctxcache = {
    .name = "ctxcache",
    .about = "the typed wrapper, which copies the value out",
    .exact_lru = true,
    .open = ctxcache_open,
    .close = ctxcache_close,
    .call = call_copied,
    .bytes_per_entry = ctxcache_bytes_per_entry,
    .forget_tenant = ctxcache_forget_tenant,
};

const struct contender contender_ctxcache_ref = {
    .name = "ctxcache-ref",
    .about = "a ref, copied from and released",
    .exact_lru = true,
    .open = ctxcache_open,
    .close = ctxcache_close,
    .call = call_referred,
    .bytes_per_entry = ctxcache_bytes_per_entry,
    .forget_tenant = ctxcache_forget_tenant,
};

/* ---- recorded ----------------------------------------------------------------------------- */

static void *open_recorded(const struct cache_setup *setup, double rate)
{
    struct ctxcache *cache = ctxcache_open(setup);
    ctx_cache_record_options options = CTX_CACHE_RECORD_OPTIONS_INIT;

    options.path = "/dev/null";
    options.flags = CTX_CACHE_RECORD_OVERWRITE;
    options.rate = rate;
    ctxcache_check(ctx_cache_record_start(cache->cache, &options), "the recording");
    return cache;
}

static void *open_all(const struct cache_setup *setup)
{
    return open_recorded(setup, 1);
}

static void *open_sampled(const struct cache_setup *setup)
{
    return open_recorded(setup, 0.01);
}

static const char *const recorded_workloads[] = {"record-zipf", "record-one", NULL};

const struct contender contender_ctxcache_recorded = {
    .name = "ctxcache-recorded",
    .about = "ctxcache while all it is asked for is recorded (record section alone)",
    .workloads = recorded_workloads,
    .exact_lru = true,
    .open = open_all,
    .close = ctxcache_close,
    .call = call_copied,
    .bytes_per_entry = ctxcache_bytes_per_entry,
};

const struct contender contender_ctxcache_sampled = {
    .name = "ctxcache-sampled",
    .about = "the same of one key in a hundred",
    .workloads = recorded_workloads,
    .exact_lru = true,
    .open = open_sampled,
    .close = ctxcache_close,
    .call = call_copied,
    .bytes_per_entry = ctxcache_bytes_per_entry,
};

/* ---- with a curve of itself --------------------------------------------------------------- */

static void *open_with_one(const struct cache_setup *setup)
{
    return ctxcache_open_with_curve(setup, 0);
}

static void *open_with_eight(const struct cache_setup *setup)
{
    return ctxcache_open_with_curve(setup, 8);
}

const struct contender contender_ctxcache_curve = {
    .name = "ctxcache-curve",
    .about = "ctxcache, which keeps a curve of itself",
    .exact_lru = true,
    .on_demand = true,
    .open = open_with_one,
    .close = ctxcache_close,
    .call = call_copied,
    .bytes_per_entry = ctxcache_bytes_per_entry,
    .forget_tenant = ctxcache_forget_tenant,
};

const struct contender contender_ctxcache_curves = {
    .name = "ctxcache-curves",
    .about = "the same, and one of each of eight tenants",
    .exact_lru = true,
    .on_demand = true,
    .open = open_with_eight,
    .close = ctxcache_close,
    .call = call_copied,
    .bytes_per_entry = ctxcache_bytes_per_entry,
    .forget_tenant = ctxcache_forget_tenant,
};
