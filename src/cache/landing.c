/*
 * Calls that are parked at another's flight, and how they are answered when it ends, or their time is up.
 */
#include <sched.h>

#include "base/sys.h"
#include "cache/begin.h"
#include "cache/stats.h"

/* ---- parking ------------------------------------------------------------------------------ */

int ctxi_begun_park(struct ctxi_begun *begun, struct ctxi_flight *flight)
{
    int r;

    if (!begun->landing)
        return CTX_ERR_BUSY;
    r = ctxi_flight_park(flight, &begun->parking, begun->call.wait_ns);
    if (r != CTX_OK)
        return r;
    atomic_store_explicit(&begun->state, CTXI_BEGUN_PARKED, memory_order_release);
    return CTX_JOINED;
}

static struct ctxi_begun *begun_of(struct ctxi_parking *parking)
{
    return CTXI_CONTAINER(parking, struct ctxi_begun, parking);
}

/* ---- landing ------------------------------------------------------------------------------ */

/* What the flight came to, for this call; the reference to it is given back. */
static int leave(struct ctxi_begun *begun)
{
    struct ctxi_flight *flight = begun->parking.flight;
    ctx_cache *cache = flight->cache;
    struct ctxi_hold garbage;
    int r = CTX_ERR_TIMEOUT; /* which was counted */

    ctxi_cache_lock(cache);
    if (!begun->expired)
        r = ctxi_call_take_result(&begun->call, flight);
    begun->parking.flight = NULL;
    ctxi_flight_leave(flight, &garbage);
    ctxi_cache_unlock(cache);
    ctxi_entry_unref(cache, garbage);
    return r;
}

/* Hands the answer over. It has ended, but for CTX_LEAD. */
static void tell(struct ctxi_begun *begun, int status)
{
    __attribute__((cleanup(ctx_cache_ref_release))) ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    struct ctxi_call *call = &begun->call;
    ctx_cache_flight flight = {begun->id};
    ctx_cache_info info = CTX_CACHE_INFO_INIT;

    ctxi_info_write(&call->info, call->hold.entry, &info);
    if (status == CTX_OK)
        ctxi_ref_take(&ref, call->request.cache, &call->hold);
    if (status == CTX_LEAD) {
        info.outcome = CTX_CACHE_MISS;
        ctxi_begun_lead(begun);
    } else
        ctxi_begun_end(begun);
    begun->landing(begun->user, status, &ref, flight, &info);
}

static void unref(struct ctxi_begun **begun)
{
    ctxi_begun_unref(*begun);
}

/*
 * In the landing's own context, whatever the thread is in the middle of. Who parks it again still is in
 * that context for a moment, when it may already be landed by another thread. In the child of a fork() that
 * thread may be gone, and what it was in is not to be had: there, it is in none (fail closed).
 */
static void land(struct ctxi_begun *begun)
{
    __attribute__((cleanup(unref), unused)) struct ctxi_begun *pinned = ctxi_begun_ref(begun);
    __attribute__((cleanup(ctxi_apart_end))) struct ctxi_apart stay;
    int r;

    while (ctxi_apart_begin(&stay, ctxi_begun_is_inherited(begun) ? NULL : begun->landing_in) !=
           CTX_OK)
        sched_yield();
    atomic_store_explicit(&begun->state, CTXI_BEGUN_LANDING, memory_order_relaxed);
    r = leave(begun);
    if (r == CTXI_LOAD_AGAIN)
        r = ctxi_call_find_or_load(&begun->call);
    else if (begun->call.reads)
        ctxi_audit_charge_reads(begun->call.request.cache, begun->call.reads);
    if (r != CTX_JOINED)
        tell(begun, r);
}

/* Also those behind one whose landing throws. */
static void land_rest(struct ctxi_link **landing)
{
    struct ctxi_link *link;

    while ((link = ctxi_list_pop_front(*landing)))
        land(begun_of(CTXI_CONTAINER(link, struct ctxi_parking, link)));
}

void ctxi_begun_land_all(struct ctxi_link *landing)
{
    __attribute__((cleanup(land_rest))) struct ctxi_link *rest = landing;
    struct ctxi_link *link;

    while ((link = ctxi_list_pop_front(rest)))
        land(begun_of(CTXI_CONTAINER(link, struct ctxi_parking, link)));
}

/* ---- deadlines ---------------------------------------------------------------------------- */

/* Takes out whose time is up; the lock is held. */
static void take_expired(ctx_cache *cache, uint64_t now, struct ctxi_link *out_landing)
{
    struct ctxi_parking *parking;

    while ((parking = ctxi_flight_next_deadline(cache)) && parking->deadline_ns <= now) {
        struct ctxi_begun *begun = begun_of(parking);

        ctxi_flight_unpark(parking);
        ctxi_list_push_back(out_landing, &parking->link);
        begun->expired = true;
        atomic_store_explicit(&begun->state, CTXI_BEGUN_LANDING, memory_order_relaxed);
        ctxi_call_count_timeout(&begun->call, parking->flight);
    }
}

/* After the landings, which may have begun others. */
static uint64_t until_next(ctx_cache *cache)
{
    const struct ctxi_parking *parking;
    uint64_t next, now = ctxi_monotonic_ns(NULL);

    ctxi_lock_acquire(&cache->lock);
    parking = ctxi_flight_next_deadline(cache);
    next = parking ? parking->deadline_ns : UINT64_MAX;
    ctxi_lock_release(&cache->lock);
    return next == UINT64_MAX ? next : next > now ? next - now : 0;
}

int ctx_cache_expire(ctx_cache *cache, uint64_t *out_next_ns)
{
    struct ctxi_link landing;
    ctx_context *context;
    uint64_t now;

    if (!cache)
        return CTX_ERR_INVALID;
    if (ctxi_current_make(&context) != CTX_OK)
        return CTX_ERR_NOMEM;
    ctxi_list_init(&landing);
    now = ctxi_monotonic_ns(NULL);
    ctxi_cache_lock(cache);
    take_expired(cache, now, &landing);
    ctxi_cache_unlock(cache);
    ctxi_begun_land_all(&landing);
    if (out_next_ns)
        *out_next_ns = until_next(cache);
    return CTX_OK;
}
