/*
 * call.c: one call, from top to bottom.
 *
 *   answer()       open the request (request.c: audit, function, partition, key)
 *     bypass()     a variable is unset or the key too long, and the cache is to go on: just load
 *     look()       under the lock, one of three:
 *       hit()      the entry is there: recency, count, pin
 *       join()     it is being loaded: wait (flight.c), take the leader's result if it is shareable
 *       begin()    it is not there: a flight begins, and this call leads it
 *     lead()       with no lock: run the loader (load.c); judge() what it read and changed (audit.c)
 *       land()     under the lock: store (contents.c), count, end the flight, wake who waits
 *       abandon()  the same without a result, when the loader never comes back
 */
#include "cache/audit.h"
#include "cache/cache.h"
#include "cache/flight.h"
#include "cache/function.h"
#include "cache/hit.h"
#include "cache/info.h"
#include "cache/led.h"
#include "cache/load.h"
#include "cache/observe.h"
#include "cache/stats.h"
#include "context/store.h"

/* One call; on the stack of the caller's thread, closed however the call ends. */
struct call {
    struct ctxi_request request;
    const ctx_value *args;
    size_t arg_count;
    uint64_t wait_ns;
    ctx_cache_info info;
    struct ctxi_hold hold;      /* the answer: one reference */
    struct ctx_cache_load load; /* that this call runs */
    struct ctxi_reads *reads;   /* of that load, or of the one joined, or NULL */
    struct ctxi_flight *flight; /* that this call leads and has not ended, or NULL */
    ctx_cache *held; /* a reference that lets the cache outlive its destruction, or NULL */
    bool alone;      /* may not share the answer of another's load */
    bool hasty;      /* may not wait for another's load */
};

enum step {
    STEP_ANSWERED, /* the status is final */
    STEP_LEAD,     /* a flight has begun, and this call leads it */
    STEP_AGAIN     /* look once more */
};

static void hold_cache(struct call *call)
{
    if (!call->held)
        call->held = ctxi_cache_ref(call->request.cache);
}

static void close_call(struct call *call)
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

static int refuse_locked(struct call *call, struct ctxi_partition *partition, int status)
{
    call->info.outcome = CTX_CACHE_REFUSED;
    CTXI_COUNT(call->request.cache, partition, calls, 1);
    CTXI_COUNT(call->request.cache, partition, refused, 1);
    return status;
}

static int refuse(struct call *call, int status)
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

/* A record of reads, and a context to hang it on. CTX_ERR_NOMEM. */
static int prepare_load(struct call *call)
{
    ctx_context *context;
    int r = ctxi_current_make(&context);

    if (r == CTX_OK && !call->reads && !(call->reads = ctxi_reads_new(ctxi_reads_current())))
        r = CTX_ERR_NOMEM;
    ctxi_load_init(&call->load, &call->request);
    return r;
}

/* Calls the loader; what it read is charged to the load around us, ours or not to be stored. */
static int run_loader(struct call *call)
{
    int r = ctxi_load_run(&call->load, call->args, call->arg_count, call->reads);

    call->info.load_ns = call->load.ended - call->load.started;
    ctxi_audit_charge_reads(call->request.cache, call->reads);
    return r;
}

/* Hands the loaded value to the call. */
static void take_entry(struct call *call)
{
    call->hold = call->load.hold;
    call->load.hold = CTXI_HOLD_NONE;
}

static int value_status(const struct ctxi_entry *entry)
{
    return entry->flags & CTXI_ENTRY_NEGATIVE ? CTX_ABSENT : CTX_OK;
}

static void count_load(struct call *call, struct ctxi_partition *partition, int status)
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

/* A bypass until it ended; if the loader never returns, it is counted as failed. */
struct bypassing {
    struct call *call;
    int status;
};

static void count_bypass(struct bypassing *bypassing)
{
    struct call *call = bypassing->call;
    ctx_cache *cache = call->request.cache;

    ctxi_lock_acquire(&cache->lock);
    count_load(call, NULL, bypassing->status);
    CTXI_COUNT(cache, NULL, bypasses, 1);
    ctxi_contents_renounce(cache, call->hold);
    if (call->info.reason == CTX_CACHE_WAS_UNSET)
        CTXI_COUNT(cache, NULL, bypass_unset, 1);
    else
        CTXI_COUNT(cache, NULL, bypass_key, 1);
    ctxi_lock_release(&cache->lock);
}

static int bypass(struct call *call)
{
    __attribute__((cleanup(count_bypass))) struct bypassing bypassing = {call, CTX_ERR_ABANDONED};
    int r = prepare_load(call);

    hold_cache(call);
    call->info.outcome = CTX_CACHE_BYPASS;
    call->info.reason = call->request.obstacle;
    if (call->request.variable)
        ctxi_info_name(&call->info, call->request.variable->name);
    if (r == CTX_OK)
        r = run_loader(call);
    bypassing.status = r;
    if (r != CTX_OK)
        return r;
    take_entry(call);
    return value_status(call->hold.entry);
}

/* ---- lead --------------------------------------------------------------------------------- */

/* What speaks against sharing what a load came to, found when the loader has returned. */
struct verdict {
    char undeclared[CTX_NAME_MAX + 1]; /* a variable that it read and should not have; or "" */
    enum ctx_cache_reason reason;      /* CTX_CACHE_UNDECLARED, _CHANGED, or _STORED: nothing */
};

static void clear_verdict(struct verdict *verdict)
{
    verdict->undeclared[0] = '\0';
    verdict->reason = CTX_CACHE_STORED;
}

static void judge(struct call *call, struct verdict *verdict)
{
    ctx_cache *cache = call->request.cache;
    const ctx_var *changed;

    clear_verdict(verdict);
    if (ctxi_audit_undeclared(cache, call->reads, verdict->undeclared) &&
        cache->config.audit == CTX_CACHE_AUDIT_REFUSE) {
        verdict->reason = CTX_CACHE_UNDECLARED;
        ctxi_info_name(&call->info, verdict->undeclared);
    } else if (!ctxi_request_unchanged(&call->request, call->flight->partition, &changed)) {
        verdict->reason = CTX_CACHE_CHANGED;
        ctxi_info_name(&call->info, changed->name);
    }
}

/* Stores the entry if nothing speaks against it; the lock is held. */
static enum ctx_cache_reason store(struct call *call, struct ctxi_batch *batch)
{
    struct ctxi_flight *flight = call->flight;
    ctx_cache *cache = flight->cache;

    if (ctxi_flight_is_fenced(flight))
        return CTX_CACHE_FENCED;
    return ctxi_contents_store(cache, flight->partition, flight->hash, call->hold, batch)
               ? CTX_CACHE_STORED
               : CTX_CACHE_TOO_LARGE;
}

static void count_reason(struct call *call, struct ctxi_partition *partition)
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
static void end_shared(struct call *call, int status, const struct verdict *verdict,
                       struct ctxi_hold *out_garbage)
{
    struct ctxi_result result = {.status = status};

    if (call->hold.entry)
        result.hold = ctxi_entry_ref(call->hold);
    result.shareable = verdict->reason == CTX_CACHE_STORED;
    ctxi_info_to_result(&call->info, &result);
    ctxi_flight_end(call->flight, &result, out_garbage);
}

/* Shows the miss that lands, to whoever looks on; the lock is held. */
static void show_miss(const struct call *call)
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
static void land(struct call *call, int status, const struct verdict *verdict)
{
    CTXI_BATCH(batch, call->flight->cache);
    struct ctxi_flight *flight = call->flight;
    struct ctxi_partition *partition = flight->partition;
    ctx_cache *cache = flight->cache;
    struct ctxi_hold garbage;

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
        end_shared(call, status, verdict, &garbage);
    else
        ctxi_flight_end(flight, NULL, &garbage);
    call->flight = NULL;
    ctxi_cache_unlock(cache);
    ctxi_entry_unref(cache, garbage);
}

/* The cleanup of lead(): the loader did not return. */
static void abandon(struct call **slot)
{
    struct call *call = *slot;
    struct verdict none;

    if (!call->flight)
        return;
    clear_verdict(&none);
    ctxi_audit_charge_reads(call->request.cache,
                            call->reads); /* what was thrown may tell of them */
    call->info.reason = CTX_CACHE_FAILED;
    land(call, CTX_ERR_ABANDONED, &none);
}

static void observe(struct call *call, const struct verdict *verdict)
{
    const ctx_cache *cache = call->request.cache;
    const ctx_cache_config *config = &cache->config;

    if (verdict->undeclared[0] && config->on_undeclared && config->audit != CTX_CACHE_AUDIT_OFF)
        config->on_undeclared(config->on_undeclared_user, call->request.cache,
                              ctxi_fn_name(call->request.fn), verdict->undeclared);
}

/* Why a value that was loaded well is not to be stored, as far as the load tells. */
static enum ctx_cache_reason reason_of(const struct ctx_cache_load *load,
                                       const struct verdict *verdict)
{
    if (verdict->reason != CTX_CACHE_STORED)
        return verdict->reason;
    return load->no_store ? CTX_CACHE_NO_STORE : CTX_CACHE_STORED;
}

/* The load has ended with `r`: what it gave is the call's, and what speaks against storing it. */
static void take_load(struct call *call, int r, struct verdict *verdict)
{
    judge(call, verdict);
    call->info.outcome = CTX_CACHE_MISS;
    call->info.load_ns = call->load.ended - call->load.started;
    call->info.reason = CTX_CACHE_FAILED;
    if (r != CTX_OK)
        return;
    call->info.reason = reason_of(&call->load, verdict);
    take_entry(call);
    if (verdict->undeclared[0]) {
        call->hold.entry->flags |= CTXI_ENTRY_UNDECLARED;
        ctxi_audit_remember(call->request.cache, call->reads);
    }
}

static int land_load(struct call *call, int r, const struct verdict *verdict)
{
    land(call, r, verdict);
    observe(call, verdict);
    return r == CTX_OK ? value_status(call->hold.entry) : r;
}

static int lead(struct call *call)
{
    __attribute__((cleanup(abandon))) struct call *leading = call;
    struct verdict verdict;
    int r;

    call->info.outcome = CTX_CACHE_MISS;
    r = run_loader(leading);
    take_load(call, r, &verdict);
    return land_load(call, r, &verdict);
}

/* ---- look --------------------------------------------------------------------------------- */

/* The order of use is not up to date yet. */
static int hit(struct call *call, struct ctxi_partition *partition, struct ctxi_hold found)
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

/* Takes over what the leader came to; the lock is held. */
static int take_result(struct call *call, struct ctxi_flight *flight)
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
static bool must_load_again(struct call *call, const struct ctxi_result *result)
{
    if (!result->shareable)
        call->alone = true;
    return call->alone ||
           (result->status != CTX_OK && (call->request.cache->config.flags & CTX_CACHE_RETRY));
}

static enum step join(struct call *call, struct ctxi_partition *partition,
                      struct ctxi_flight *flight, int *out_status, struct ctxi_hold *out_garbage)
{
    ctx_cache *cache = call->request.cache;
    int r;

    hold_cache(call);
    r = ctxi_flight_wait(flight, call->wait_ns);
    if (r != CTX_OK && r != CTX_ERR_TIMEOUT) { /* it did not wait */
        *out_status = refuse_locked(call, partition, r);
        return STEP_ANSWERED;
    }
    if (r == CTX_OK && must_load_again(call, &flight->result)) {
        ctxi_flight_leave(flight, out_garbage);
        return STEP_AGAIN;
    }
    call->info.outcome = CTX_CACHE_JOINED;
    CTXI_COUNT(cache, partition, calls, 1);
    CTXI_COUNT(cache, partition, joined, 1);
    if (r == CTX_OK) {
        r = take_result(call, flight);
        ctxi_observe(cache, call->info.stored ? CTXI_SEEN_HIT : CTXI_SEEN_LOST, flight->hash,
                     flight->partition_id);
    } else
        CTXI_COUNT(cache, partition, timeouts, 1);
    ctxi_flight_leave(flight, out_garbage);
    *out_status = r;
    return STEP_ANSWERED;
}

static enum step begin(struct call *call, struct ctxi_partition *partition, bool alone,
                       int *out_status)
{
    struct ctxi_request *request = &call->request;
    int r = prepare_load(call);

    if (r == CTX_OK)
        r = ctxi_flight_begin(request->cache, partition, &request->key, call->reads, alone,
                              &call->flight);
    if (r == CTX_OK) {
        hold_cache(call);
        ctxi_load_take_seat(&call->load);
        ctxi_contents_foresee(request->cache);
        return STEP_LEAD;
    }
    *out_status = refuse_locked(call, partition, r);
    return STEP_ANSWERED;
}

/* The key is not there: wait for who loads it, or begin to load it, beside another if need be. */
static enum step miss(struct call *call, struct ctxi_partition *partition, int *out_status,
                      struct ctxi_hold *out_garbage)
{
    const struct ctxi_request *request = &call->request;
    struct ctxi_flight *flight = ctxi_flight_find(request->cache, &request->key);

    if (flight && call->hasty && !call->alone) {
        *out_status = CTXI_WOULD_WAIT;
        return STEP_ANSWERED;
    }
    if (flight && !call->alone)
        return join(call, partition, flight, out_status, out_garbage);
    if (ctxi_flight_is_mine(partition, &request->key)) {
        *out_status = refuse_locked(call, partition, CTX_ERR_RECURSION);
        return STEP_ANSWERED;
    }
    return begin(call, partition, flight != NULL, out_status);
}

static enum step look(struct call *call, const uint64_t *now, int *out_status)
{
    CTXI_BATCH(batch, call->request.cache);
    ctx_cache *cache = call->request.cache;
    struct ctxi_hold found, garbage = CTXI_HOLD_NONE;
    struct ctxi_partition *partition;
    enum step step = STEP_ANSWERED;
    int r = ctxi_request_lock_only(&call->request, &partition);

    if (r != CTX_OK) {
        *out_status = refuse(call, r);
        return STEP_ANSWERED;
    }
    switch (ctxi_contents_find(cache, &call->request.key, now, &found)) {
    case CTXI_FOUND:
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

static int find_or_load(struct call *call)
{
    const ctx_cache *cache = call->request.cache;
    int status = CTX_OK;

    for (;;) {
        uint64_t now;

        switch (look(call, ctxi_cache_clock(cache, &now), &status)) {
        case STEP_ANSWERED:
            return status;
        case STEP_LEAD:
            return lead(call);
        case STEP_AGAIN:
            break;
        }
    }
}

static int open_request(struct call *call, ctx_cache_fn *fn, const struct ctxi_asked *asked)
{
    if (!asked || !asked->fn)
        return ctxi_request_open(&call->request, fn, call->args, call->arg_count, true);
    ctxi_request_open_asked(&call->request, asked);
    return CTX_OK;
}

static int answer(struct call *call, ctx_cache *cache, ctx_cache_fn *fn,
                  const struct ctxi_asked *asked)
{
    int r = open_request(call, fn, asked);

    if (r == CTX_OK)
        r = find_or_load(call);
    else if (ctxi_request_may_bypass(&call->request))
        r = bypass(call);
    else
        r = refuse(call, r);
    if (call->info.outcome == CTX_CACHE_JOINED && call->reads)
        ctxi_audit_charge_reads(cache, call->reads);
    return r;
}

#define OPTIONS_OLDEST (offsetof(ctx_cache_options, wait_ns) + sizeof(uint64_t)) /* of 0.1 */

/* Sets up a call, closed by its cleanup. CTX_ERR_INVALID; then it is not even counted. */
static int open_call(struct call *call, ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                     size_t arg_count, const ctx_cache_options *options, const ctx_cache_info *info)
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

/* Begins as nothing to close: its request must be closable before it is opened. */
#define CALL_INIT(call_name, cache)                                                                \
    __attribute__((cleanup(close_call))) struct call call_name;                                    \
    start_call(&(call_name), cache)

static void start_call(struct call *call, ctx_cache *cache)
{
    ctxi_request_start(&call->request, cache);
    call->hold = CTXI_HOLD_NONE;
    call->load.request = NULL;
    call->load.hold = CTXI_HOLD_NONE;
    call->reads = NULL;
    call->flight = NULL;
    call->held = NULL;
    call->alone = call->hasty = false;
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
    int r = open_call(&call, cache, fn, args, arg_count, options, info);

    if (r != CTX_OK)
        return r;
    call.hasty = hasty;
    r = answer(&call, cache, fn, asked);
    ctxi_info_write(&call.info, call.hold.entry, info);
    if (r == CTX_OK)
        ctxi_ref_take(out_ref, cache, &call.hold);
    return r;
}

static int copy_out(struct ctxi_entry *entry, void *buffer, size_t buffer_size)
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
    int r = open_call(&call, cache, fn, args, arg_count, options, info);

    if (r != CTX_OK)
        return r;
    call.hasty = hasty;
    r = answer(&call, cache, fn, asked);
    ctxi_info_write(&call.info, call.hold.entry, info);
    return r == CTX_OK ? copy_out(call.hold.entry, buffer, buffer_size) : r;
}

/* ---- calls whose loads are run together ---------------------------------------------------- */

struct ctxi_led {
    struct call call;
    struct verdict verdict;
    int status; /* of the load */
};

/* Whether the call has begun a flight. */
static bool begin_to_lead(struct ctxi_led *led, ctx_cache *cache, ctx_cache_fn *fn)
{
    struct call *call = &led->call;
    struct ctxi_request *request = &call->request;
    struct ctxi_partition *partition;
    struct ctxi_hold found;
    uint64_t now;
    const uint64_t *clock = ctxi_cache_clock(cache, &now);

    if (ctxi_request_open(request, fn, call->args, call->arg_count, true) != CTX_OK ||
        prepare_load(call) != CTX_OK || ctxi_request_lock(request, &partition) != CTX_OK)
        return false;
    if (ctxi_contents_find(cache, &request->key, clock, &found) == CTXI_NOT_FOUND &&
        !ctxi_flight_find(cache, &request->key) && !ctxi_flight_is_mine(partition, &request->key) &&
        ctxi_flight_begin(cache, partition, &request->key, call->reads, false, &call->flight) ==
            CTX_OK) {
        hold_cache(call);
        ctxi_load_take_seat(&call->load);
    }
    ctxi_cache_unlock(cache);
    return call->flight != NULL;
}

struct ctxi_led *ctxi_led_begin(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                                size_t arg_count, struct ctxi_reads **reads)
{
    struct ctxi_led *led = ctxi_alloc(&cache->allocator, sizeof *led);

    if (!led)
        return NULL;
    start_call(&led->call, cache);
    (void)open_call(&led->call, cache, fn, args, arg_count, NULL, NULL); /* all are good */
    led->status = CTX_ERR_ABANDONED;
    led->call.reads = *reads ? ctxi_reads_ref(*reads) : NULL;
    if (!begin_to_lead(led, cache, fn)) {
        ctxi_led_free(led);
        return NULL;
    }
    if (!*reads)
        *reads = ctxi_reads_ref(led->call.reads);
    return led;
}

void ctxi_led_run(struct ctxi_led *const *led, size_t count, struct ctx_cache_load **loads,
                  const ctx_value **args, ctx_cache_bulk_loader *loader)
{
    const struct call *first = &led[0]->call;

    for (size_t i = 0; i < count; i++) {
        loads[i] = &led[i]->call.load;
        args[i] = led[i]->call.args;
    }
    ctxi_load_run_many(loads, args, first->arg_count, count, loader, first->reads);
    ctxi_audit_charge_reads(first->request.cache, first->reads);
    for (size_t i = 0; i < count; i++) {
        led[i]->status = led[i]->call.load.failure;
        take_load(&led[i]->call, led[i]->status, &led[i]->verdict);
    }
}

int ctxi_led_land(struct ctxi_led *led)
{
    return land_load(&led->call, led->status, &led->verdict);
}

int ctxi_led_copy(struct ctxi_led *led, void *buffer, size_t buffer_size)
{
    return copy_out(led->call.hold.entry, buffer, buffer_size);
}

void ctxi_led_ref(struct ctxi_led *led, ctx_cache_ref *ref)
{
    ctxi_ref_take(ref, led->call.request.cache, &led->call.hold);
}

void ctxi_led_free(struct ctxi_led *led)
{
    struct call *call = led ? &led->call : NULL;
    ctx_allocator allocator;

    if (!led)
        return;
    abandon(&call);
    memcpy(&allocator, &call->request.cache->allocator, sizeof allocator);
    close_call(call);
    ctxi_free(&allocator, led, sizeof *led);
}
