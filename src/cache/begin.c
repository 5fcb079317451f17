/*
 * Calls that do not block, as flight.h has them: beginning one, and ending one that leads.
 */
#include "cache/begin.h"

#include "base/user_status.h"
#include "cache/stats.h"

/* ---- life --------------------------------------------------------------------------------- */

struct ctxi_begun *ctxi_begun_ref(struct ctxi_begun *begun)
{
    atomic_fetch_add_explicit(&begun->refs, 1, memory_order_relaxed);
    return begun;
}

void ctxi_begun_unref(struct ctxi_begun *begun)
{
    ctx_allocator allocator;

    /* acq_rel; partner: itself. Whoever frees it sees what the others did. */
    if (atomic_fetch_sub_explicit(&begun->refs, 1, memory_order_acq_rel) != 1)
        return;
    memcpy(&allocator, &begun->call.request.cache->allocator, sizeof allocator);
    if (begun->args.values)
        ctxi_kept_free(&begun->args, &allocator);
    ctx_context_unref(begun->context);
    ctx_context_unref(begun->landing_in);
    ctxi_call_close(&begun->call);
    ctxi_free(&allocator, begun, sizeof *begun);
}

static void unref(struct ctxi_begun **begun)
{
    if (*begun)
        ctxi_begun_unref(*begun);
}

static void move_to(struct ctxi_begun *begun, enum ctxi_begun_state state)
{
    atomic_store_explicit(&begun->state, (int)state, memory_order_release);
}

/* BEGUN-1. Of two that try, one succeeds. */
static bool move_from_leading(struct ctxi_begun *begun, enum ctxi_begun_state state)
{
    int leading = CTXI_BEGUN_LEADING;

    return atomic_compare_exchange_strong_explicit(&begun->state, &leading, (int)state,
                                                   memory_order_acquire, memory_order_relaxed);
}

/* ---- beginning ---------------------------------------------------------------------------- */

#define FLAGS          (CTX_CACHE_KEEP_ARGS | CTX_CACHE_BACKGROUND | CTX_CACHE_REFRESH)
#define OPTIONS_OLDEST sizeof(ctx_cache_begin_options) /* of the first version that has them */

static struct ctxi_begun *new_begun(ctx_cache *cache, const ctx_cache_begin_options *options)
{
    struct ctxi_begun *begun = ctxi_zalloc(&cache->allocator, sizeof *begun);

    if (!begun)
        return NULL;
    ctxi_call_start(&begun->call, cache);
    begun->call.begun = begun;
    begun->call.refresh = options->flags & CTX_CACHE_REFRESH;
    begun->landing = options->landing;
    begun->user = options->user;
    begun->flags = options->flags;
    atomic_init(&begun->refs, 1);
    atomic_init(&begun->state, CTXI_BEGUN_BEGINNING);
    return begun;
}

/* A context for the load or the landing. Its reads are of the load around this call, if there is one. */
static int make_context(const struct ctxi_begun *begun, ctx_context **out_context)
{
    int r;

    if (!(begun->flags & (CTX_CACHE_BACKGROUND | CTX_CACHE_REFRESH)))
        return ctx_copy(out_context);
    r = ctxi_request_bare_context(&begun->call.request, out_context);
    if (r == CTX_OK)
        ctxi_reads_unref(ctxi_reads_attach(*out_context, ctxi_reads_current()));
    return r;
}

/* The number is told before anybody can land it. */
int ctxi_begun_furnish(struct ctxi_begun *begun)
{
    const struct ctxi_call *call = &begun->call;
    int r = make_context(begun, &begun->context);

    if (r == CTX_OK && begun->landing)
        r = make_context(begun, &begun->landing_in);
    if (r == CTX_OK && begun->flags & CTX_CACHE_KEEP_ARGS)
        r = ctxi_kept_copy(&begun->args, &call->request.cache->allocator, call->args,
                           call->arg_count);
    if (r == CTX_OK)
        r = ctxi_begun_number(begun);
    if (r == CTX_OK)
        begun->tell_number->id = begun->id;
    return r;
}

/* The flight, or bypass, is this one's: what runs in its context is its load. */
void ctxi_begun_lead(struct ctxi_begun *begun)
{
    struct ctxi_call *call = &begun->call;

    begun->bypass = !call->flight;
    ctxi_reads_share(call->reads);
    ctxi_reads_unref(ctxi_reads_attach(begun->context, call->reads));
    call->load.started = ctxi_cache_now(call->request.cache);
    move_to(begun, CTXI_BEGUN_LEADING);
}

/* Counts a call that there is no memory for. */
static int count_refused(ctx_cache *cache, int status)
{
    __attribute__((cleanup(ctxi_call_close))) struct ctxi_call call;

    ctxi_call_start(&call, cache);
    return ctxi_call_refuse(&call, status);
}

/* The whole way. */
static int begin_whole(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                       const ctx_cache_begin_options *options, const struct ctxi_asked *asked,
                       ctx_cache_ref *out_ref, ctx_cache_flight *out_flight, ctx_cache_info *info)
{
    __attribute__((cleanup(unref))) struct ctxi_begun *begun = new_begun(cache, options);
    struct ctxi_call *call = begun ? &begun->call : NULL;
    int r;

    if (!begun)
        return count_refused(cache, CTX_ERR_NOMEM);
    (void)ctxi_call_open(call, cache, fn, args, arg_count, NULL, NULL); /* all are good */
    if (options->wait_ns)
        call->wait_ns = options->wait_ns;
    ctxi_begun_ref(begun);
    begun->tell_number = out_flight;
    r = ctxi_call_answer(call, cache, fn, asked);
    if (r == CTX_LEAD)
        ctxi_begun_lead(begun);
    if (r == CTX_LEAD || r == CTX_JOINED)
        return r;
    out_flight->id = 0;
    if (r == CTX_ERR_BUSY)
        call->info.outcome = CTX_CACHE_REFUSED;
    ctxi_info_write(&call->info, call->hold.entry, info);
    if (r == CTX_OK)
        ctxi_ref_take(out_ref, cache, &call->hold);
    ctxi_begun_end(begun);
    return r;
}

static bool read_options(const ctx_cache_begin_options *theirs, ctx_cache_begin_options *ours)
{
    *ours = (ctx_cache_begin_options)CTX_CACHE_BEGIN_OPTIONS_INIT;
    return (!theirs ||
            ctxi_versioned_read(ours, sizeof *ours, OPTIONS_OLDEST, theirs, theirs->size)) &&
           !(ours->flags & ~(uint32_t)FLAGS) && !ours->reserved;
}

int ctx_cache_begin_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args, size_t arg_count,
                      const ctx_cache_begin_options *options, ctx_cache_ref *out_ref,
                      ctx_cache_flight *out_flight, ctx_cache_info *info)
{
    ctx_cache_begin_options wanted;
    struct ctxi_asked asked;
    int r = CTXI_WHOLE_WAY;

    if (out_ref)
        *out_ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;
    if (out_flight)
        out_flight->id = 0;
    if (!cache || !fn || !out_ref || !out_flight || !ctxi_info_readable(info) ||
        !read_options(options, &wanted))
        return CTX_ERR_INVALID;
    asked.fn = NULL;
    if (!(wanted.flags & CTX_CACHE_REFRESH))
        r = ctxi_hit_ref(cache, fn, args, arg_count, out_ref, &asked);
    if (r == CTXI_WHOLE_WAY)
        return begin_whole(cache, fn, args, arg_count, &wanted, &asked, out_ref, out_flight, info);
    if (info)
        ctxi_info_write_hit(r, info);
    return r;
}

/* relaxed: a hint, which is told too early or too late */
bool ctxi_begun_is_queued(const struct ctxi_begun *begun)
{
    int state = atomic_load_explicit(&begun->state, memory_order_relaxed);

    return state != CTXI_BEGUN_RUNNING && state != CTXI_BEGUN_ENDING;
}

/* ---- leading ------------------------------------------------------------------------------ */

/* The flight that leads; NULL: there is none, or not any more. A reference is the caller's. */
static struct ctxi_begun *find_leading(ctx_cache_flight flight)
{
    struct ctxi_begun *begun = ctxi_begun_find(flight.id);
    int state = begun ? atomic_load_explicit(&begun->state, memory_order_acquire) : 0;

    if (state == CTXI_BEGUN_LEADING || state == CTXI_BEGUN_RUNNING)
        return begun;
    if (begun)
        ctxi_begun_unref(begun);
    return NULL;
}

int ctx_cache_flight_context(ctx_cache_flight flight, ctx_context **out_context)
{
    __attribute__((cleanup(unref))) struct ctxi_begun *begun = NULL;

    if (!out_context)
        return CTX_ERR_INVALID;
    begun = find_leading(flight);
    *out_context = begun ? ctx_context_ref(begun->context) : NULL;
    return begun ? CTX_OK : CTX_ERR_FLIGHT;
}

int ctx_cache_flight_load(ctx_cache_flight flight, ctx_cache_load **out_load)
{
    __attribute__((cleanup(unref))) struct ctxi_begun *begun = NULL;

    if (!out_load)
        return CTX_ERR_INVALID;
    begun = find_leading(flight);
    *out_load = begun ? &begun->call.load : NULL;
    return begun ? CTX_OK : CTX_ERR_FLIGHT;
}

/* ---- whether the partition is the same ----------------------------------------------------- */

/* In the context of the load, wherever this thread is. */
static bool is_unchanged_inside(const struct ctxi_begun *begun,
                                const struct ctxi_partition *partition, const ctx_var **out_changed)
{
    __attribute__((cleanup(ctxi_apart_end))) struct ctxi_apart stay = {NULL, 0, false};
    ctx_context *copy = NULL;
    int r = CTX_OK;

    if (begun->context != ctxi_current())
        r = ctxi_apart_begin(&stay, begun->context);
    if (r == CTX_ERR_ENTERED && ctx_context_copy(begun->context, &copy) == CTX_OK)
        r = ctxi_apart_begin(&stay, copy); /* we are in it ourselves, further down */
    ctx_context_unref(copy);
    return r == CTX_OK && ctxi_request_agrees(&begun->call.request, partition, true, out_changed);
}

bool ctxi_begun_unchanged(const struct ctxi_begun *begun, const struct ctxi_partition *partition,
                          const ctx_var **out_changed)
{
    bool inside = ctxi_reads_inside(ctxi_reads_current(), begun->call.reads);

    *out_changed = NULL;
    return is_unchanged_inside(begun, partition, out_changed) &&
           ctxi_request_agrees(&begun->call.request, partition, inside, out_changed);
}

/* ---- ending ------------------------------------------------------------------------------- */

/* What the load read is charged to the load in which it began, and to who gets its value now. */
static void charge(const struct ctxi_call *call)
{
    const ctx_cache *cache = call->request.cache;

    ctxi_audit_charge_outer(cache, call->reads);
    ctxi_audit_charge_vary(cache);
    ctxi_audit_charge_reads(cache, call->reads);
}

/* The load came to `status`; what it gave is finished. */
static int conclude(struct ctxi_begun *begun, int status)
{
    struct ctxi_call *call = &begun->call;
    struct ctxi_verdict verdict;

    ctxi_reads_end(call->reads);
    call->info.load_ns = call->load.ended - call->load.started;
    if (begun->bypass)
        return ctxi_call_end_bypass(call, status);
    ctxi_call_take(call, status, &verdict);
    return ctxi_call_land(call, status, &verdict);
}

static int answer(struct ctxi_begun *begun, int r, ctx_cache_ref *out_ref, ctx_cache_info *info)
{
    struct ctxi_call *call = &begun->call;

    charge(call);
    ctxi_info_write(&call->info, call->hold.entry, info);
    if (r == CTX_OK && out_ref)
        ctxi_ref_take(out_ref, call->request.cache, &call->hold);
    ctxi_begun_end(begun);
    return r;
}

static void abandon(struct ctxi_begun *begun)
{
    struct ctxi_call *call = &begun->call;

    ctxi_reads_end(call->reads);
    if (begun->bypass)
        (void)ctxi_call_end_bypass(call, CTX_ERR_ABANDONED);
    else
        ctxi_call_abandon(call);
    charge(call);
    ctxi_begun_end(begun);
}

/* One that is being ended; NULL: it has been, or is not yet. */
struct ending {
    struct ctxi_begun *begun;
};

/* The cleanup of who is ending one: a loader did not return; or a landing, when the flight has ended. */
static void abandon_unended(struct ending *ending)
{
    if (ending->begun)
        abandon(ending->begun);
}

/* Takes the right to end it, with a reference. CTX_ERR_FLIGHT, CTX_ERR_BUSY, CTX_ERR_NOMEM. */
static int claim(ctx_cache_flight flight, enum ctxi_begun_state state,
                 struct ctxi_begun **out_begun)
{
    struct ctxi_begun *begun = ctxi_begun_find(flight.id);
    ctx_context *context;

    *out_begun = begun;
    if (!begun)
        return CTX_ERR_FLIGHT;
    if (ctxi_current_make(&context) != CTX_OK)
        return CTX_ERR_NOMEM;
    if (move_from_leading(begun, state))
        return CTX_OK;
    return atomic_load_explicit(&begun->state, memory_order_relaxed) == CTXI_BEGUN_RUNNING
               ? CTX_ERR_BUSY
               : CTX_ERR_FLIGHT;
}

static int check_wanted(ctx_cache_ref *out_ref, const ctx_cache_info *info)
{
    if (out_ref)
        *out_ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;
    return ctxi_info_readable(info) ? CTX_OK : CTX_ERR_INVALID;
}

/* The status of a load, with what it gave made ready to be stored. */
static int finish_load(struct ctx_cache_load *load, int status)
{
    load->ended = ctxi_cache_now(load->request->cache);
    status = ctxi_user_status(status);
    if (status == CTX_OK)
        status = load->failure;
    return status == CTX_OK ? ctxi_load_finish(load) : status;
}

int ctx_cache_finish(ctx_cache_flight flight, int status, ctx_cache_ref *out_ref,
                     ctx_cache_info *info)
{
    __attribute__((cleanup(unref))) struct ctxi_begun *begun = NULL;
    __attribute__((cleanup(abandon_unended))) struct ending ending = {NULL};
    int r = check_wanted(out_ref, info);

    if (r == CTX_OK)
        r = claim(flight, CTXI_BEGUN_ENDING, &begun);
    if (r != CTX_OK)
        return r;
    ending.begun = begun;
    r = conclude(begun, finish_load(&begun->call.load, status));
    ending.begun = NULL;
    return answer(begun, r, out_ref, info);
}

/* As long as the loader runs, its thread is the one that leads. */
static void lead_here(const struct ctxi_call *call)
{
    if (!call->flight)
        return;
    ctxi_lock_acquire(&call->request.cache->lock);
    ctxi_flight_lead_here(call->flight);
    ctxi_lock_release(&call->request.cache->lock);
}

/* In the context of the load. */
static int run(struct ctxi_begun *begun)
{
    struct ctxi_call *call = &begun->call;
    int r;

    lead_here(call);
    r = ctxi_load_run(&call->load, begun->args.values, begun->args.count, call->reads);
    move_to(begun, CTXI_BEGUN_ENDING);
    return conclude(begun, r);
}

int ctx_cache_flight_run(ctx_cache_flight flight, ctx_cache_ref *out_ref, ctx_cache_info *info)
{
    __attribute__((cleanup(unref))) struct ctxi_begun *begun = NULL;
    __attribute__((cleanup(abandon_unended))) struct ending ending = {NULL};
    __attribute__((cleanup(ctxi_apart_end))) struct ctxi_apart stay = {NULL, 0, false};
    int r = check_wanted(out_ref, info);

    if (r == CTX_OK)
        r = claim(flight, CTXI_BEGUN_RUNNING, &begun);
    if (r != CTX_OK)
        return r;
    r = begun->args.values ? ctxi_apart_begin(&stay, begun->context) : CTX_ERR_INVALID;
    if (r != CTX_OK) {
        move_to(begun, CTXI_BEGUN_LEADING);
        return r;
    }
    ending.begun = begun;
    r = run(begun);
    ending.begun = NULL;
    ctxi_apart_end(&stay);
    return answer(begun, r, out_ref, info);
}

/* ---- giving up ---------------------------------------------------------------------------- */

/* Of one that waits. Who ends the flight, or sees to deadlines, has not got hold of it yet. */
static bool leave(struct ctxi_begun *begun)
{
    ctx_cache *cache = begun->call.request.cache;
    struct ctxi_flight *flight;
    struct ctxi_hold garbage = CTXI_HOLD_NONE;
    bool parked;

    ctxi_cache_lock(cache);
    flight = begun->parking.flight;
    parked = flight && !flight->ended &&
             atomic_load_explicit(&begun->state, memory_order_relaxed) == CTXI_BEGUN_PARKED;
    if (parked) {
        ctxi_flight_unpark(&begun->parking);
        begun->parking.flight = NULL;
        move_to(begun, CTXI_BEGUN_ENDING);
        ctxi_call_count_timeout(&begun->call, flight);
        ctxi_flight_leave(flight, &garbage);
    }
    ctxi_cache_unlock(cache);
    ctxi_entry_unref(cache, garbage);
    return parked;
}

int ctx_cache_give_up(ctx_cache_flight flight)
{
    __attribute__((cleanup(unref))) struct ctxi_begun *begun = ctxi_begun_find(flight.id);

    if (!begun || !leave(begun))
        return CTX_ERR_FLIGHT;
    ctxi_begun_end(begun);
    return CTX_OK;
}

int ctx_cache_abandon(ctx_cache_flight flight)
{
    __attribute__((cleanup(unref))) struct ctxi_begun *begun = NULL;
    __attribute__((cleanup(abandon_unended))) struct ending ending = {NULL};
    int r = claim(flight, CTXI_BEGUN_ENDING, &begun);

    if (r != CTX_OK)
        return r;
    ending.begun = begun;
    abandon(begun);
    ending.begun = NULL;
    return CTX_OK;
}
