/*
 * access.c: looking at and changing single entries, without a loader.
 */
#include "cache/audit.h"
#include "cache/cache.h"
#include "cache/flight.h"
#include "cache/hit.h"
#include "cache/info.h"
#include "cache/load.h"
#include "cache/observe.h"
#include "cache/request.h"
#include "cache/stats.h"

void ctx_cache_ref_release(ctx_cache_ref *ref)
{
    if (!ref)
        return;
    ctxi_entry_unref(ref->cache, (struct ctxi_hold){ref->pin, (uint32_t)ref->number});
    *ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;
}

/* A request, closed at the end of its block. */
#define REQUEST(name, cache)                                                                       \
    __attribute__((cleanup(ctxi_request_close))) struct ctxi_request name;                         \
    ctxi_request_start(&(name), cache)

/* Where the cache is configured to go on without looking, there is nothing to be found. */
static int open_request(struct ctxi_request *request, ctx_cache_fn *fn, const ctx_value *args,
                        size_t arg_count, bool create)
{
    int r = ctxi_request_open(request, fn, args, arg_count, create);

    return ctxi_request_may_bypass(request) ? CTX_ABSENT : r;
}

/* ---- get and peek ------------------------------------------------------------------------- */

/* How a search is to be done, and what came of it. */
struct search {
    bool leaves_trace;       /* get; peek does not */
    bool again;              /* the clock must be read first */
    const ctx_var *variable; /* the one that is unset, or NULL */
    struct ctxi_hold hold;   /* one reference */
};

static enum ctx_cache_outcome outcome_of(const struct search *search, int status)
{
    if (search->hold.entry)
        return CTX_CACHE_HIT;
    return status == CTX_ABSENT ? CTX_CACHE_MISS : CTX_CACHE_REFUSED;
}

/* To whoever looks on. */
static void show_search(const struct search *search, struct ctxi_request *request,
                        const struct ctxi_partition *partition)
{
    ctxi_observe(request->cache, search->hold.entry ? CTXI_SEEN_HIT : CTXI_SEEN_LOST,
                 request->key.hash, partition->id);
}

static void count_search(const struct search *search, ctx_cache *cache,
                         struct ctxi_partition *partition, int status)
{
    if (search->hold.entry) {
        ctxi_recency_touch(&cache->arena, search->hold.number);
        ctxi_count_hit(cache, partition, search->hold.entry);
        return;
    }
    CTXI_COUNT(cache, partition, calls, 1);
    switch (outcome_of(search, status)) {
    case CTX_CACHE_MISS:
        CTXI_COUNT(cache, partition, misses, 1);
        CTXI_COUNT(cache, partition, absent, 1);
        break;
    default:
        CTXI_COUNT(cache, partition, refused, 1);
        break;
    }
}

/* Looks once; the lock is held. */
static int look(struct search *search, struct ctxi_request *request,
                struct ctxi_partition *partition, const uint64_t *now, struct ctxi_batch *batch)
{
    ctx_cache *cache = request->cache;
    struct ctxi_hold found;
    int status = CTX_ABSENT;

    switch (ctxi_contents_find(cache, &request->key, now, &found)) {
    case CTXI_NEED_CLOCK:
        search->again = true;
        return status;
    case CTXI_EXPIRED:
        if (!search->leaves_trace)
            break;
        ctxi_contents_remove(cache, found.number, CTX_CACHE_EXPIRED, batch);
        ctxi_observe(cache, CTXI_SEEN_DELETE, request->key.hash, partition->id);
        break;
    case CTXI_NOT_FOUND:
        break;
    case CTXI_FOUND:
        search->hold = ctxi_entry_ref(found);
        status = found.entry->flags & CTXI_ENTRY_NEGATIVE ? CTX_ABSENT : CTX_OK;
        if (found.entry->flags & CTXI_ENTRY_UNDECLARED)
            ctxi_audit_charge_warned(cache);
        break;
    }
    if (search->leaves_trace) {
        show_search(search, request, partition);
        count_search(search, cache, partition, status);
    }
    return status;
}

/* A search that never got to a partition. */
static int end_search(const struct search *search, ctx_cache *cache, int status)
{
    if (search->leaves_trace) {
        ctxi_lock_acquire(&cache->lock);
        count_search(search, cache, NULL, status);
        ctxi_lock_release(&cache->lock);
    }
    return status;
}

static int search_once(struct search *search, struct ctxi_request *request, const uint64_t *now)
{
    CTXI_BATCH(batch, request->cache);
    ctx_cache *cache = request->cache;
    struct ctxi_partition *partition;
    int r = ctxi_request_lock(request, &partition);

    if (r != CTX_OK)
        return end_search(search, cache, r);
    r = look(search, request, partition, now, &batch);
    ctxi_lock_release(&cache->lock);
    return r;
}

static int search(struct search *search, ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                  size_t arg_count)
{
    REQUEST(request, cache);
    int r;

    r = open_request(&request, fn, args, arg_count, search->leaves_trace);
    search->variable = request.variable;
    if (r != CTX_OK)
        return end_search(search, cache, r);
    do {
        uint64_t now;
        const uint64_t *clock = ctxi_cache_clock(cache, &now);

        search->again = false;
        r = search_once(search, &request, clock);
    } while (search->again);
    return r;
}

static int find(bool leaves_trace, ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                size_t arg_count, ctx_cache_ref *out_ref, ctx_cache_info *info)
{
    struct search found = {leaves_trace, false, NULL, CTXI_HOLD_NONE};
    struct ctxi_asked asked;
    ctx_cache_info ours;
    int r;

    if (!out_ref)
        return CTX_ERR_INVALID;
    *out_ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;
    if (!cache || !fn || !ctxi_info_readable(info))
        return CTX_ERR_INVALID;
    r = leaves_trace ? ctxi_hit_ref(cache, fn, args, arg_count, out_ref, &asked)
                     : ctxi_hit_peek(cache, fn, args, arg_count, out_ref);
    if (r != CTXI_WHOLE_WAY) {
        if (info)
            ctxi_info_write_hit(r, info);
        return r;
    }
    r = search(&found, cache, fn, args, arg_count);
    ctxi_info_clear(&ours);
    ours.outcome = outcome_of(&found, r);
    ours.stored = found.hold.entry != NULL;
    if (found.variable)
        ctxi_info_name(&ours, found.variable->name);
    ctxi_info_write(&ours, found.hold.entry, info);
    if (r == CTX_OK)
        ctxi_ref_take(out_ref, cache, &found.hold);
    ctxi_entry_unref(cache, found.hold);
    return r;
}

int ctx_cache_get_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                    ctx_cache_ref *out_ref, ctx_cache_info *info)
{
    return find(true, cache, fn, args, arg_count, out_ref, info);
}

int ctx_cache_peek_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                     ctx_cache_ref *out_ref, ctx_cache_info *info)
{
    return find(false, cache, fn, args, arg_count, out_ref, info);
}

/* ---- put and invalidate ------------------------------------------------------------------- */

/* What a load of this key that is running would store is out of date. */
static bool fence_key(ctx_cache *cache, const struct ctxi_key *key)
{
    struct ctxi_flight *flight = ctxi_flight_find(cache, key);

    if (flight)
        ctxi_flight_fence(flight);
    return flight != NULL;
}

/* To whoever looks on. A put that could not store has removed what was there. */
static void show_put(ctx_cache *cache, uint64_t hash, uint64_t partition, struct ctxi_hold hold,
                     bool is_stored)
{
    struct ctxi_seen seen = {CTXI_SEEN_DELETE, hash, partition, 0, 0};

    if (!ctxi_is_observed(cache, hash))
        return;
    if (is_stored) {
        seen.what = CTXI_SEEN_PUT;
        seen.weight = ctxi_entry_charge(cache, hold.entry, hold.number);
    }
    ctxi_observed(cache, &seen);
}

static int put_entry(struct ctxi_request *request, struct ctxi_hold hold)
{
    CTXI_BATCH(batch, request->cache);
    ctx_cache *cache = request->cache;
    struct ctxi_partition *partition;
    uint64_t now;
    const uint64_t *clock = ctxi_cache_clock(cache, &now);
    int r = ctxi_request_lock(request, &partition);

    if (r != CTX_OK)
        return r;
    ctxi_entry_set_key(hold.entry, &request->key); /* it may be another now */
    fence_key(cache, &request->key);
    ctxi_contents_erase(cache, &request->key, clock, CTX_CACHE_REPLACED, &batch);
    if (!ctxi_contents_store(cache, partition, request->key.hash, hold, &batch))
        r = CTX_ABSENT;
    show_put(cache, request->key.hash, partition->id, hold, r == CTX_OK);
    ctxi_contents_renounce(cache, hold); /* if it was not; callbacks may destroy the cache */
    ctxi_lock_release(&cache->lock);
    return r;
}

int ctx_cache_put_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                    const void *data, size_t size, uint64_t ttl_ns)
{
    __attribute__((cleanup(ctxi_load_fini))) struct ctx_cache_load load = {0};
    REQUEST(request, cache);
    int r;

    if (!cache || !fn || (size && !data))
        return CTX_ERR_INVALID;
    r = open_request(&request, fn, args, arg_count, true);
    if (r != CTX_OK)
        return r;
    ctxi_load_init(&load, &request);
    if (ttl_ns)
        load.ttl_ns = ttl_ns;
    load.ended = load.ttl_ns ? ctxi_cache_now(cache) : 0;
    r = ctx_cache_load_copy(&load, data, size);
    if (r == CTX_OK)
        r = ctxi_load_finish(&load);
    return r == CTX_OK ? put_entry(&request, load.hold) : r;
}

int ctx_cache_invalidate_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                           size_t arg_count)
{
    CTXI_BATCH(batch, cache);
    REQUEST(request, cache);
    struct ctxi_partition *partition;
    const uint64_t *clock;
    uint64_t now;
    bool was_there;
    int r;

    if (!cache || !fn)
        return CTX_ERR_INVALID;
    clock = ctxi_cache_clock(cache, &now);
    r = open_request(&request, fn, args, arg_count, false);
    if (r == CTX_OK)
        r = ctxi_request_lock(&request, &partition);
    if (r != CTX_OK)
        return r;
    was_there = fence_key(cache, &request.key);
    if (ctxi_contents_erase(cache, &request.key, clock, CTX_CACHE_INVALIDATED, &batch))
        was_there = true;
    ctxi_observe(cache, CTXI_SEEN_DELETE, request.key.hash, partition->id);
    ctxi_cache_unlock(cache);
    return was_there ? CTX_OK : CTX_ABSENT;
}
