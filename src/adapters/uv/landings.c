/*
 * Cached calls that have joined another's load, on whichever thread that ends: they are put in a list,
 * and their loop is woken.
 */
#include <stdatomic.h>
#include <string.h>

#include "adapters/uv/calls.h"
#include "adapters/uv/lock.h"

/* There is one while calls wait, so that a loop without any can end, and be closed. */
struct ctxi_uv_landings {
    uv_async_t wake;
    uv_timer_t clock; /* for the next deadline */
    struct ctxi_uv_loop *kept;
    unsigned open; /* of the two handles */

    /* Under the lock of the process. */
    struct ctxi_uv_call *first, **end; /* those that have landed, oldest first */
};

/* ---- on any thread ------------------------------------------------------------------------ */

/* True if somebody waits for it. */
static bool put(struct ctxi_uv_call *call)
{
    struct ctxi_uv_landings *landings;

    ctxi_uv_lock();
    landings = call->landings;
    if (landings) {
        call->landed = true;
        call->next_landed = NULL;
        *landings->end = call;
        landings->end = &call->next_landed;
        uv_async_send(&landings->wake);
    }
    ctxi_uv_unlock();
    return landings != NULL;
}

/* Has landed, and nobody waits for it: it may be told to lead. */
static void let_go(struct ctxi_uv_call *call)
{
    if (call->status == CTX_LEAD)
        (void)ctx_cache_abandon(call->flight);
    ctx_cache_ref_release(&call->ref);
    ctx_release(call, sizeof *call);
}

/* Who lands a call that is forsaken is the last to see it. */
void ctxi_uv_land(void *user, int status, ctx_cache_ref *ref, ctx_cache_flight flight,
                  const ctx_cache_info *info)
{
    struct ctxi_uv_call *call = user;

    (void)flight;
    call->status = status;
    call->ref = *ref;
    call->info = *info;
    *ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;
    if (!put(call))
        let_go(call);
}

/* ---- on the loop's ------------------------------------------------------------------------ */

static struct ctxi_uv_call *take_first(struct ctxi_uv_landings *landings)
{
    struct ctxi_uv_call *call;

    ctxi_uv_lock();
    call = landings->first;
    if (call) {
        landings->first = call->next_landed;
        if (!landings->first)
            landings->end = &landings->first;
    }
    ctxi_uv_unlock();
    return call;
}

/* What one is told may be that it is to load itself. */
static void on_wake(uv_async_t *wake)
{
    struct ctxi_uv_landings *landings = (struct ctxi_uv_landings *)wake; /* its first member */
    struct ctxi_uv_loop *kept = landings->kept;
    struct ctxi_uv_call *call;

    kept->holds++;
    while ((call = take_first(landings))) {
        kept->waits--;
        if (call->status == CTX_LEAD)
            ctxi_uv_call_load(call);
        else
            ctxi_uv_call_answer(call);
    }
    ctxi_uv_landings_close_if_idle(kept);
    ctxi_uv_loop_release(kept);
}

static bool take_landed(struct ctxi_uv_call *call)
{
    struct ctxi_uv_landings *landings = call->landings;
    struct ctxi_uv_call **at = &landings->first;

    if (!call->landed)
        return false;
    while (*at != call)
        at = &(*at)->next_landed;
    *at = call->next_landed;
    if (!*at)
        landings->end = at;
    return true;
}

void ctxi_uv_landings_forsake(struct ctxi_uv_call *call)
{
    bool landed;

    call->kept->waits--;
    ctxi_uv_lock();
    landed = take_landed(call);
    call->landings = NULL;
    ctxi_uv_unlock();
    if (landed)
        let_go(call);
}

/* ---- deadlines ---------------------------------------------------------------------------- */

/* In so many milliseconds, and one more: a deadline is not to be looked for before it has passed. */
static void watch_until(struct ctxi_uv_landings *landings, uint64_t next_ns);

/* The caches whose calls have joined; one after another that are the same count once. */
static void on_clock(uv_timer_t *clock)
{
    struct ctxi_uv_landings *landings = clock->data;
    struct ctxi_uv_loop *kept = landings->kept;
    const ctx_cache *last = NULL;

    kept->holds++; /* strangers may land meanwhile */
    for (struct ctxi_uv_call *call = landings->kept->calls; call; call = call->next) {
        uint64_t next_ns = UINT64_MAX;

        if (call->state != CTXI_UV_JOINED || call->cache == last)
            continue;
        last = call->cache;
        (void)ctx_cache_expire(call->cache, &next_ns);
        watch_until(landings, next_ns);
    }
    ctxi_uv_loop_release(kept);
}

static void watch_until(struct ctxi_uv_landings *landings, uint64_t next_ns)
{
    uint64_t wait = next_ns / 1000000 + 1;
    bool active = uv_is_active((uv_handle_t *)&landings->clock) != 0;

    if (next_ns == UINT64_MAX || (active && uv_timer_get_due_in(&landings->clock) <= wait))
        return;
    (void)uv_timer_start(&landings->clock, on_clock, wait, 0);
}

void ctxi_uv_landings_await(struct ctxi_uv_call *call)
{
    uint64_t next_ns = UINT64_MAX;

    call->state = CTXI_UV_JOINED;
    call->kept->waits++;
    (void)ctx_cache_expire(call->cache, &next_ns);
    watch_until(call->kept->landings, next_ns);
}

/* ---- opening, closing --------------------------------------------------------------------- */

int ctxi_uv_landings_open(struct ctxi_uv_loop *kept)
{
    struct ctxi_uv_landings *landings = kept->landings;
    int error;

    if (landings)
        return uv_is_closing((uv_handle_t *)&landings->wake) ? UV_ECANCELED : 0;
    landings = ctx_allocate(sizeof *landings);
    if (!landings)
        return UV_ENOMEM;
    memset(landings, 0, sizeof *landings);
    error = uv_async_init(kept->loop, &landings->wake, on_wake);
    if (error != 0) {
        ctx_release(landings, sizeof *landings);
        return error;
    }
    (void)uv_timer_init(kept->loop, &landings->clock);
    landings->wake.data = landings->clock.data = landings;
    landings->kept = kept;
    landings->open = 2;
    landings->end = &landings->first;
    kept->landings = landings;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct ctxi_uv_landings *landings = handle->data;
    struct ctxi_uv_loop *kept = landings->kept;

    if (--landings->open > 0)
        return;
    ctx_release(landings, sizeof *landings);
    ctxi_uv_loop_closed_one(kept);
}

/* Where a stranger closes the handles, their memory is libuv's until the loop is closed. */
void ctxi_uv_landings_close_if_idle(struct ctxi_uv_loop *kept)
{
    struct ctxi_uv_landings *landings = kept->landings;

    if (!landings || kept->waits > 0 || uv_is_closing((uv_handle_t *)&landings->wake) ||
        uv_is_closing((uv_handle_t *)&landings->clock))
        return;
    kept->landings = NULL;
    kept->closing++;
    uv_close((uv_handle_t *)&landings->wake, on_closed);
    uv_close((uv_handle_t *)&landings->clock, on_closed);
}

void ctxi_uv_landings_drop(struct ctxi_uv_loop *kept)
{
    if (kept->landings)
        ctx_release(kept->landings, sizeof *kept->landings);
    kept->landings = NULL;
}

bool ctxi_uv_landings_own(const struct ctxi_uv_loop *kept, const uv_handle_t *handle)
{
    const struct ctxi_uv_landings *landings = kept->landings;

    return landings && (handle == (const uv_handle_t *)&landings->wake ||
                        handle == (const uv_handle_t *)&landings->clock);
}
