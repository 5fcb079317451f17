/*
 * call.c: one call, from top to bottom.
 *
 *   answer()       open the request (request.c: audit, function, partition, key)
 *     bypass()     a variable is unset or the key too long, and the cache is to go on: just load
 *     look()       under the lock, one of three:
 *       hit()      the entry is there: recency, count, pin
 *       join()     it is being loaded: wait (flight.c), take the leader's result if it is shareable
 *       begin()    it is not there: a flight begins, and this call leads it
 *     A call that may not block ends here, parked, or with the flight for somebody to lead (begin.c).
 *     lead()       with no lock: run the loader (load.c); judge() what it read and changed (audit.c)
 *       land()     under the lock: store (contents.c), count, end the flight, wake who waits
 *       abandon()  the same without a result, when the loader never comes back
 */
#include "cache/call.h"
#include "cache/begin.h"
#include "cache/led.h"
#include "cache/observe.h"
#include "cache/stats.h"

enum step {
    STEP_ANSWERED, /* the status is final */
    STEP_LEAD,     /* a flight has begun, and this call leads it */
    STEP_AGAIN     /* look once more */
};

void ctxi_call_hold_cache(struct ctxi_call *call)
{
    if (!call->held)
        call->held = ctxi_cache_ref(call->request.cache);
}

void ctxi_call_close(struct ctxi_call *call)
{
    ctxi_request_close(&call->request);
    ctxi_load_fini(&call->load);
    ctxi_entry_unref(call->request.cache, call->hold);
    if (call->reads)
        ctxi_reads_unref(call->reads);
    if (call->held)
        ctxi_cache_unref(call->held);
}

/* ---- no answer ---------------------------------------------------------------------------- */

static int refuse_locked(struct ctxi_call *call, struct ctxi_partition *partition, int status)
{
    call->info.outcome = CTX_CACHE_REFUSED;
    CTXI_COUNT(call->request.cache, partition, calls, 1);
    CTXI_COUNT(call->request.cache, partition, refused, 1);
    return status;
}

int ctxi_call_refuse(struct ctxi_call *call, int status)
{
    ctx_cache *cache = call->request.cache;

    if (call->request.variable)
        ctxi_info_name(&call->info, call->request.variable->name);
    ctxi_lock_acquire(&cache->lock);
    refuse_locked(call, ctxi_partition_at(&cache->partitions, call->request.partition), status);
    ctxi_lock_release(&cache->lock);
    return status;
}

/* ---- the loader --------------------------------------------------------------------------- */

int ctxi_call_prepare(struct ctxi_call *call)
{
    ctx_context *context;
    int r = ctxi_current_make(&context);

    if (r == CTX_OK && !call->reads && !(call->reads = ctxi_audit_new_reads(call->request.cache)))
        r = CTX_ERR_NOMEM;
    ctxi_load_init(&call->load, &call->request);
    return r;
}

/* Calls the loader; what it read is charged to the load around us, ours or not to be stored. */
static int run_loader(struct ctxi_call *call)
{
    int r = ctxi_load_run(&call->load, call->args, call->arg_count, call->reads);

    call->info.load_ns = call->load.ended - call->load.started;
    ctxi_audit_charge_reads(call->request.cache, call->reads);
    return r;
}

/* Hands the loaded value to the call. */
static void take_entry(struct ctxi_call *call)
{
    call->hold = call->load.hold;
    call->load.hold = CTXI_HOLD_NONE;
}

static int value_status(const struct ctxi_entry *entry)
{
    return entry->flags & CTXI_ENTRY_NEGATIVE ? CTX_ABSENT : CTX_OK;
}

static void count_load(struct ctxi_call *call, struct ctxi_partition *partition, int status)
{
    ctx_cache *cache = call->request.cache;

    CTXI_COUNT(cache, partition, calls, 1);
    CTXI_COUNT(cache, partition, load_ns, call->info.load_ns);
    if (status == CTX_OK)
        CTXI_COUNT(cache, partition, loads_ok, 1);
    else
        CTXI_COUNT(cache, partition, loads_failed, 1);
}

/* ---- bypass ------------------------------------------------------------------------------- */

static void count_bypass(struct ctxi_call *call, int status)
{
    ctx_cache *cache = call->request.cache;

    ctxi_lock_acquire(&cache->lock);
    count_load(call, NULL, status);
    CTXI_COUNT(cache, NULL, bypasses, 1);
    ctxi_contents_renounce(cache, call->hold);
    if (call->info.reason == CTX_CACHE_WAS_UNSET)
        CTXI_COUNT(cache, NULL, bypass_unset, 1);
    else
        CTXI_COUNT(cache, NULL, bypass_key, 1);
    ctxi_lock_release(&cache->lock);
}

int ctxi_call_end_bypass(struct ctxi_call *call, int status)
{
    if (status == CTX_OK)
        take_entry(call);
    count_bypass(call, status);
    return status == CTX_OK ? value_status(call->hold.entry) : status;
}

/* A bypass until it ended, then NULL; if the loader never returns, it is counted as failed. */
struct bypassing {
    struct ctxi_call *call;
};

static void abandon_bypass(struct bypassing *bypassing)
{
    if (bypassing->call)
        count_bypass(bypassing->call, CTX_ERR_ABANDONED);
}

/* Nothing is looked up nor stored: the loader runs, here or where the flight is led. */
static int bypass(struct ctxi_call *call)
{
    __attribute__((cleanup(abandon_bypass))) struct bypassing bypassing = {NULL};
    int r = ctxi_call_prepare(call);

    ctxi_call_hold_cache(call);
    call->info.outcome = CTX_CACHE_BYPASS;
    call->info.reason = call->request.obstacle;
    if (call->request.variable)
        ctxi_info_name(&call->info, call->request.variable->name);
    if (r == CTX_OK && call->begun)
        return CTX_LEAD;
    bypassing.call = call;
    if (r == CTX_OK)
        r = run_loader(call);
    bypassing.call = NULL;
    return ctxi_call_end_bypass(call, r);
}

/* ---- lead --------------------------------------------------------------------------------- */

static void clear_verdict(struct ctxi_verdict *verdict)
{
    verdict->undeclared[0] = '\0';
    verdict->reason = CTX_CACHE_STORED;
}

static bool is_unchanged(const struct ctxi_call *call, const ctx_var **out_changed)
{
    const struct ctxi_partition *partition = call->flight->partition;

    return call->begun ? ctxi_begun_unchanged(call->begun, partition, out_changed)
                       : ctxi_request_unchanged(&call->request, partition, out_changed);
}

static void judge(struct ctxi_call *call, struct ctxi_verdict *verdict)
{
    ctx_cache *cache = call->request.cache;
    const ctx_var *changed;

    clear_verdict(verdict);
    if (ctxi_audit_undeclared(cache, call->reads, verdict->undeclared) &&
        cache->config.audit == CTX_CACHE_AUDIT_REFUSE) {
        verdict->reason = CTX_CACHE_UNDECLARED;
        ctxi_info_name(&call->info, verdict->undeclared);
    } else if (!is_unchanged(call, &changed)) {
        verdict->reason = CTX_CACHE_CHANGED;
        ctxi_info_name(&call->info, changed ? changed->name : "*");
    }
}

/* Stores the entry if nothing speaks against it; the lock is held. */
static enum ctx_cache_reason store(struct ctxi_call *call, struct ctxi_batch *batch)
{
    struct ctxi_flight *flight = call->flight;
    ctx_cache *cache = flight->cache;

    if (ctxi_flight_is_fenced(flight))
        return CTX_CACHE_FENCED;
    if (call->refresh) {
        if (!ctxi_contents_fits(cache, call->hold)) /* what is there stays */
            return CTX_CACHE_TOO_LARGE;
        ctxi_contents_erase(cache, &call->request.key, NULL, CTX_CACHE_REPLACED, batch);
    }
    return ctxi_contents_store(cache, flight->partition, flight->hash, call->hold, batch)
               ? CTX_CACHE_STORED
               : CTX_CACHE_TOO_LARGE;
}

static void count_reason(struct ctxi_call *call, struct ctxi_partition *partition)
{
    ctx_cache *cache = call->request.cache;

    switch (call->info.reason) {
    case CTX_CACHE_NO_STORE:
        CTXI_COUNT(cache, partition, not_stored_no_store, 1);
        break;
    case CTX_CACHE_UNDECLARED:
        CTXI_COUNT(cache, partition, not_stored_undeclared, 1);
        break;
    case CTX_CACHE_CHANGED:
        CTXI_COUNT(cache, partition, not_stored_changed, 1);
        break;
    case CTX_CACHE_FENCED:
        CTXI_COUNT(cache, partition, not_stored_fenced, 1);
        break;
    case CTX_CACHE_TOO_LARGE:
        CTXI_COUNT(cache, partition, not_stored_too_large, 1);
        break;
    default:
        break;
    }
}

/* For those who wait for it. */
static void end_shared(struct ctxi_call *call, int status, const struct ctxi_verdict *verdict,
                       struct ctxi_link *out_landing, struct ctxi_hold *out_garbage)
{
    struct ctxi_result result = {.status = status};

    if (call->hold.entry)
        result.hold = ctxi_entry_ref(call->hold);
    result.shareable = verdict->reason == CTX_CACHE_STORED;
    ctxi_info_to_result(&call->info, &result);
    ctxi_flight_end(call->flight, &result, out_landing, out_garbage);
}

/* Shows the miss that lands, to whoever looks on; the lock is held. */
static void show_miss(const struct ctxi_call *call)
{
    const struct ctxi_flight *flight = call->flight;
    ctx_cache *cache = flight->cache;
    struct ctxi_seen seen = {CTXI_SEEN_LOST, flight->hash, flight->partition_id, 0,
                             call->info.load_ns};

    if (!ctxi_is_observed(cache, flight->hash))
        return;
    if (call->info.stored) {
        seen.what = CTXI_SEEN_MISS;
        seen.weight = ctxi_entry_charge(cache, call->hold.entry, call->hold.number);
    }
    ctxi_observed(cache, &seen);
}

/*
 * Ends the flight with `status`, the load's own; call->hold and info.reason say the rest, the
 * verdict who else may have it.
 */
static void land(struct ctxi_call *call, int status, const struct ctxi_verdict *verdict)
{
    CTXI_BATCH(batch, call->flight->cache);
    struct ctxi_flight *flight = call->flight;
    struct ctxi_partition *partition = flight->partition;
    ctx_cache *cache = flight->cache;
    struct ctxi_link landing;
    struct ctxi_hold garbage;

    ctxi_list_init(&landing);
    ctxi_cache_lock(cache);
    if (status == CTX_OK && call->info.reason == CTX_CACHE_STORED)
        call->info.reason = store(call, &batch);
    call->info.stored = status == CTX_OK && call->info.reason == CTX_CACHE_STORED;
    show_miss(call);
    ctxi_contents_renounce(cache, call->hold);
    ctxi_seat_give(cache, ctxi_fn_id(call->request.fn), &call->load.seat);
    count_load(call, partition, status);
    CTXI_COUNT(cache, partition, misses, 1);
    count_reason(call, partition);
    if (verdict->undeclared[0] && cache->config.audit != CTX_CACHE_AUDIT_OFF)
        CTXI_COUNT(cache, partition, undeclared_reads, 1);
    if (ctxi_flight_is_shared(flight))
        end_shared(call, status, verdict, &landing, &garbage);
    else
        ctxi_flight_end(flight, NULL, &landing, &garbage);
    call->flight = NULL;
    ctxi_cache_unlock(cache);
    ctxi_entry_unref(cache, garbage);
    ctxi_begun_land_all(&landing);
}

void ctxi_call_abandon(struct ctxi_call *call)
{
    struct ctxi_verdict none;

    if (!call->flight)
        return;
    clear_verdict(&none);
    call->info.reason = CTX_CACHE_FAILED;
    land(call, CTX_ERR_ABANDONED, &none);
}

/* The cleanup of lead(): the loader did not return. What was thrown may tell of what it read. */
static void abandon(struct ctxi_call **slot)
{
    if (!(*slot)->flight)
        return;
    ctxi_audit_charge_reads((*slot)->request.cache, (*slot)->reads);
    ctxi_call_abandon(*slot);
}

static void observe(struct ctxi_call *call, const struct ctxi_verdict *verdict)
{
    const ctx_cache *cache = call->request.cache;
    const ctx_cache_config *config = &cache->config;

    if (verdict->undeclared[0] && config->on_undeclared && config->audit != CTX_CACHE_AUDIT_OFF)
        config->on_undeclared(config->on_undeclared_user, call->request.cache,
                              ctxi_fn_name(call->request.fn), verdict->undeclared);
}

/* Why a value that was loaded well is not to be stored, as far as the load tells. */
static enum ctx_cache_reason reason_of(const struct ctx_cache_load *load,
                                       const struct ctxi_verdict *verdict)
{
    if (verdict->reason != CTX_CACHE_STORED)
        return verdict->reason;
    return load->no_store ? CTX_CACHE_NO_STORE : CTX_CACHE_STORED;
}

void ctxi_call_take(struct ctxi_call *call, int status, struct ctxi_verdict *verdict)
{
    judge(call, verdict);
    call->info.outcome = CTX_CACHE_MISS;
    call->info.load_ns = call->load.ended - call->load.started;
    call->info.reason = CTX_CACHE_FAILED;
    if (status != CTX_OK)
        return;
    call->info.reason = reason_of(&call->load, verdict);
    take_entry(call);
    if (verdict->undeclared[0]) {
        call->hold.entry->flags |= CTXI_ENTRY_UNDECLARED;
        ctxi_audit_remember(call->request.cache, call->reads);
    }
}

int ctxi_call_land(struct ctxi_call *call, int status, const struct ctxi_verdict *verdict)
{
    land(call, status, verdict);
    observe(call, verdict);
    return status == CTX_OK ? value_status(call->hold.entry) : status;
}

static int lead(struct ctxi_call *call)
{
    __attribute__((cleanup(abandon))) struct ctxi_call *leading = call;
    struct ctxi_verdict verdict;
    int r;

    call->info.outcome = CTX_CACHE_MISS;
    r = run_loader(leading);
    ctxi_call_take(call, r, &verdict);
    return ctxi_call_land(call, r, &verdict);
}

/* ---- look --------------------------------------------------------------------------------- */

/* The order of use is not up to date yet. */
static int hit(struct ctxi_call *call, struct ctxi_partition *partition, struct ctxi_hold found)
{
    ctx_cache *cache = call->request.cache;

    ctxi_recency_drain(cache);
    if (found.entry->flags & CTXI_ENTRY_UNDECLARED)
        ctxi_audit_charge_warned(cache);
    ctxi_recency_touch(&cache->arena, found.number);
    ctxi_count_hit(cache, partition, found.entry);
    ctxi_observe(cache, CTXI_SEEN_HIT, call->request.key.hash, partition->id);
    call->info.outcome = CTX_CACHE_HIT;
    call->info.stored = true;
    call->hold = ctxi_entry_ref(found);
    return value_status(found.entry);
}

static int take_result(struct ctxi_call *call, struct ctxi_flight *flight)
{
    const struct ctxi_result *result = &flight->result;

    ctxi_info_from_result(&call->info, result);
    if (result->hold.entry)
        call->hold = ctxi_entry_ref(result->hold);
    /* ours: what the leader read is charged to the load around us, after the lock */
    call->reads = ctxi_reads_ref(flight->reads);
    return result->status == CTX_OK ? value_status(call->hold.entry) : result->status;
}

/* Whether what a leader came to is nothing for who joined. */
static bool must_load_again(struct ctxi_call *call, const struct ctxi_result *result)
{
    if (!result->shareable)
        call->alone = true;
    return call->alone ||
           (result->status != CTX_OK && (call->request.cache->config.flags & CTX_CACHE_RETRY));
}

static void count_joined(struct ctxi_call *call, struct ctxi_partition *partition)
{
    ctx_cache *cache = call->request.cache;

    call->info.outcome = CTX_CACHE_JOINED;
    CTXI_COUNT(cache, partition, calls, 1);
    CTXI_COUNT(cache, partition, joined, 1);
}

int ctxi_call_take_result(struct ctxi_call *call, struct ctxi_flight *flight)
{
    int r;

    if (must_load_again(call, &flight->result))
        return CTXI_LOAD_AGAIN;
    count_joined(call, flight->partition);
    r = take_result(call, flight);
    ctxi_observe(flight->cache, call->info.stored ? CTXI_SEEN_HIT : CTXI_SEEN_LOST, flight->hash,
                 flight->partition_id);
    return r;
}

void ctxi_call_count_timeout(struct ctxi_call *call, struct ctxi_flight *flight)
{
    count_joined(call, flight->partition);
    CTXI_COUNT(flight->cache, flight->partition, timeouts, 1);
}

/* Until it is woken the call is parked; from then on, which may be at once, it is another thread's. */
static enum step park(struct ctxi_call *call, struct ctxi_partition *partition,
                      struct ctxi_flight *flight, int *out_status)
{
    *out_status = ctxi_begun_park(call->begun, flight);
    if (*out_status != CTX_JOINED && *out_status != CTX_ERR_BUSY)
        refuse_locked(call, partition, *out_status);
    return STEP_ANSWERED;
}

static enum step join(struct ctxi_call *call, struct ctxi_partition *partition,
                      struct ctxi_flight *flight, int *out_status, struct ctxi_hold *out_garbage)
{
    int r;

    ctxi_call_hold_cache(call);
    if (call->begun)
        return park(call, partition, flight, out_status);
    r = ctxi_flight_wait(flight, call->wait_ns);
    if (r != CTX_OK && r != CTX_ERR_TIMEOUT) { /* it did not wait */
        *out_status = refuse_locked(call, partition, r);
        return STEP_ANSWERED;
    }
    if (r == CTX_OK)
        r = ctxi_call_take_result(call, flight);
    else
        ctxi_call_count_timeout(call, flight);
    ctxi_flight_leave(flight, out_garbage);
    *out_status = r;
    return r == CTXI_LOAD_AGAIN ? STEP_AGAIN : STEP_ANSWERED;
}

static enum step begin(struct ctxi_call *call, struct ctxi_partition *partition, bool alone,
                       int *out_status)
{
    struct ctxi_request *request = &call->request;
    int r = ctxi_call_prepare(call);

    unsigned kind = (alone ? CTXI_FLIGHT_ALONE : 0) | (call->begun ? CTXI_FLIGHT_APART : 0);

    if (r == CTX_OK)
        r = ctxi_flight_begin(request->cache, partition, &request->key, call->reads, kind,
                              &call->flight);
    if (r == CTX_OK) {
        ctxi_call_hold_cache(call);
        if (call->begun && call->begun->flags & CTX_CACHE_KEEP_ARGS)
            call->flight->may_queue = call->begun;
        if (!call->begun) { /* a load that takes long shall not hold what others could use */
            ctxi_load_take_seat(&call->load);
            ctxi_contents_foresee(request->cache);
        }
        return STEP_LEAD;
    }
    *out_status = refuse_locked(call, partition, r);
    return STEP_ANSWERED;
}

/*
 * Whether waiting might never end: the load may be queued for the very threads that all wait for it. The same
 * key is rather loaded twice. Who does not block, or has a deadline, waits.
 */
static bool must_not_wait(const struct ctxi_call *call, const struct ctxi_flight *flight)
{
    return !call->begun && !call->wait_ns && flight->may_queue &&
           ctxi_begun_is_queued(flight->may_queue);
}

/* The key is not there: wait for who loads it, or begin to load it, beside another if need be. */
static enum step miss(struct ctxi_call *call, struct ctxi_partition *partition, int *out_status,
                      struct ctxi_hold *out_garbage)
{
    const struct ctxi_request *request = &call->request;
    struct ctxi_flight *flight = ctxi_flight_find(request->cache, &request->key);

    if (flight && must_not_wait(call, flight))
        call->alone = true;
    if (flight && call->hasty && !call->alone) {
        *out_status = CTXI_WOULD_WAIT;
        return STEP_ANSWERED;
    }
    if (flight && !call->alone)
        return join(call, partition, flight, out_status, out_garbage);
    if (ctxi_flight_is_mine(request->cache, partition, &request->key, !call->begun)) {
        *out_status = refuse_locked(call, partition, CTX_ERR_RECURSION);
        return STEP_ANSWERED;
    }
    return begin(call, partition, flight != NULL, out_status);
}

static enum step look(struct ctxi_call *call, const uint64_t *now, int *out_status)
{
    CTXI_BATCH(batch, call->request.cache);
    ctx_cache *cache = call->request.cache;
    struct ctxi_hold found, garbage = CTXI_HOLD_NONE;
    struct ctxi_partition *partition;
    enum step step = STEP_ANSWERED;
    int r = ctxi_request_lock_only(&call->request, &partition);

    if (r != CTX_OK) {
        *out_status = ctxi_call_refuse(call, r);
        return STEP_ANSWERED;
    }
    switch (ctxi_contents_find(cache, &call->request.key, now, &found)) {
    case CTXI_FOUND:
        if (call->refresh)
            step = miss(call, partition, out_status, &garbage);
        else
            *out_status = hit(call, partition, found);
        break;
    case CTXI_NOT_FOUND:
        step = miss(call, partition, out_status, &garbage);
        break;
    case CTXI_EXPIRED:
        /* callbacks of what is removed run first, with no flight begun: then look once more */
        ctxi_recency_drain(cache);
        ctxi_contents_remove(cache, found.number, CTX_CACHE_EXPIRED, &batch);
        ctxi_observe(cache, CTXI_SEEN_DELETE, call->request.key.hash, partition->id);
        step = STEP_AGAIN;
        break;
    case CTXI_NEED_CLOCK:
        step = STEP_AGAIN;
        break;
    }
    ctxi_cache_unlock(cache);
    ctxi_entry_unref(cache, garbage);
    return step;
}

/* ---- the whole ---------------------------------------------------------------------------- */

int ctxi_call_find_or_load(struct ctxi_call *call)
{
    const ctx_cache *cache = call->request.cache;
    int status = CTX_OK;

    for (;;) {
        uint64_t now;

        switch (look(call, ctxi_cache_clock(cache, &now), &status)) {
        case STEP_ANSWERED:
            return status;
        case STEP_LEAD:
            return call->begun ? CTX_LEAD : lead(call);
        case STEP_AGAIN:
            break;
        }
    }
}

static int open_request(struct ctxi_call *call, ctx_cache_fn *fn, const struct ctxi_asked *asked)
{
    if (!asked || !asked->fn)
        return ctxi_request_open(&call->request, fn, call->args, call->arg_count, true);
    ctxi_request_open_asked(&call->request, asked);
    return CTX_OK;
}

int ctxi_call_answer(struct ctxi_call *call, ctx_cache *cache, ctx_cache_fn *fn,
                     const struct ctxi_asked *asked)
{
    int r = open_request(call, fn, asked);
    bool passes = r != CTX_OK && ctxi_request_may_bypass(&call->request);

    if (call->begun && (r == CTX_OK || passes)) {
        int furnished = ctxi_begun_furnish(call->begun);

        if (furnished != CTX_OK)
            return ctxi_call_refuse(call, furnished);
    }
    if (r == CTX_OK)
        r = ctxi_call_find_or_load(call);
    else if (passes)
        r = bypass(call);
    else
        r = ctxi_call_refuse(call, r);
    if (r != CTX_JOINED && call->info.outcome == CTX_CACHE_JOINED && call->reads)
        ctxi_audit_charge_reads(cache, call->reads);
    return r;
}

#define OPTIONS_OLDEST (offsetof(ctx_cache_options, wait_ns) + sizeof(uint64_t)) /* of 0.1 */

int ctxi_call_open(struct ctxi_call *call, ctx_cache *cache, ctx_cache_fn *fn,
                   const ctx_value *args, size_t arg_count, const ctx_cache_options *options,
                   const ctx_cache_info *info)
{
    ctx_cache_options wanted = CTX_CACHE_OPTIONS_INIT;

    if (!cache || !fn || !ctxi_info_readable(info))
        return CTX_ERR_INVALID;
    if (options &&
        !ctxi_versioned_read(&wanted, sizeof wanted, OPTIONS_OLDEST, options, options->size))
        return CTX_ERR_INVALID;
    call->args = args;
    call->arg_count = arg_count;
    call->wait_ns = wanted.wait_ns ? wanted.wait_ns : cache->config.wait_ns;
    return CTX_OK;
}

#define CALL_INIT(call_name, cache)                                                                \
    __attribute__((cleanup(ctxi_call_close))) struct ctxi_call call_name;                          \
    ctxi_call_start(&(call_name), cache)

void ctxi_call_start(struct ctxi_call *call, ctx_cache *cache)
{
    ctxi_request_start(&call->request, cache);
    call->hold = CTXI_HOLD_NONE;
    call->load.request = NULL;
    call->load.hold = CTXI_HOLD_NONE;
    call->reads = NULL;
    call->flight = NULL;
    call->held = NULL;
    call->begun = NULL;
    call->alone = call->hasty = call->refresh = false;
    ctxi_info_clear(&call->info);
}

/* The whole way. What it sets up is large, and not to be a burden to the short one. */
__attribute__((noinline)) int ctxi_call_ref(ctx_cache *cache, ctx_cache_fn *fn,
                                            const ctx_value *args, size_t arg_count,
                                            const ctx_cache_options *options,
                                            ctx_cache_ref *out_ref, ctx_cache_info *info,
                                            bool hasty, const struct ctxi_asked *asked)
{
    CALL_INIT(call, cache);
    int r = ctxi_call_open(&call, cache, fn, args, arg_count, options, info);

    if (r != CTX_OK)
        return r;
    call.hasty = hasty;
    r = ctxi_call_answer(&call, cache, fn, asked);
    ctxi_info_write(&call.info, call.hold.entry, info);
    if (r == CTX_OK)
        ctxi_ref_take(out_ref, cache, &call.hold);
    return r;
}

int ctxi_call_copy_out(struct ctxi_entry *entry, void *buffer, size_t buffer_size)
{
    size_t size;
    const void *value = ctxi_entry_value(entry, &size);

    if (size != buffer_size)
        return CTX_ERR_TYPE;
    if (size)
        memcpy(buffer, value, size);
    return CTX_OK;
}

__attribute__((noinline)) int ctxi_call_copy(ctx_cache *cache, ctx_cache_fn *fn,
                                             const ctx_value *args, size_t arg_count,
                                             const ctx_cache_options *options, void *buffer,
                                             size_t buffer_size, ctx_cache_info *info, bool hasty,
                                             const struct ctxi_asked *asked)
{
    CALL_INIT(call, cache);
    int r = ctxi_call_open(&call, cache, fn, args, arg_count, options, info);

    if (r != CTX_OK)
        return r;
    call.hasty = hasty;
    r = ctxi_call_answer(&call, cache, fn, asked);
    ctxi_info_write(&call.info, call.hold.entry, info);
    return r == CTX_OK ? ctxi_call_copy_out(call.hold.entry, buffer, buffer_size) : r;
}
