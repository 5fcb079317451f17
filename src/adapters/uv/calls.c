/*
 * Cached calls that answer on the loop's thread: beginning, loading on a worker, answering, ending.
 */
#include "adapters/uv/calls.h"

#include <string.h>

#include "adapters/uv/tasks.h"

/* ---- the life of a call ------------------------------------------------------------------- */

static void add(struct ctxi_uv_call *call)
{
    struct ctxi_uv_call **at = &call->kept->calls;

    call->next = *at;
    call->at = at;
    if (call->next)
        call->next->at = &call->next;
    *at = call;
}

/* It is not open any more. */
static void take_out(struct ctxi_uv_call *call)
{
    if (!call->at)
        return;
    *call->at = call->next;
    if (call->next)
        call->next->at = call->at;
    call->at = NULL;
}

static void end(struct ctxi_uv_call *call)
{
    take_out(call);
    ctx_cache_ref_release(&call->ref);
    ctxi_uv_place_drop(&call->place);
    ctx_release(call, sizeof *call);
}

/* The answer. The call may be anything else afterwards, but has no callback any more. */
static void call_back(struct ctxi_uv_call *call, int status, ctx_cache_ref *ref,
                      const ctx_cache_info *info)
{
    struct ctxi_uv_stay stay CTXI_UV_STAY_ENDS;
    ctx_uv_cache_cb *callback = call->callback;
    int entered = ctxi_uv_stay_begin(&stay, &call->place);

    call->callback = NULL;
    if (entered != CTX_OK)
        ctxi_uv_loop_failed(call->kept, entered);
    callback(call->user, status, ref, info);
}

void ctxi_uv_call_answer(struct ctxi_uv_call *call)
{
    struct ctxi_uv_loop *kept = call->kept;

    kept->holds++;
    if (call->callback)
        call_back(call, call->status, &call->ref, &call->info);
    end(call);
    ctxi_uv_landings_close_if_idle(kept);
    ctxi_uv_loop_release(kept);
}

/* ---- loading ------------------------------------------------------------------------------ */

static void on_work(uv_work_t *work)
{
    struct ctxi_uv_call *call = work->data;

    call->status = ctx_cache_flight_run(call->flight, &call->ref, &call->info);
}

/* A flight that could not be run, or was canceled, goes on until it is abandoned. */
static void on_after_work(uv_work_t *work, int canceled)
{
    struct ctxi_uv_call *call = work->data;

    if (canceled)
        call->status = CTX_ERR_ABANDONED;
    if (call->status != CTX_OK)
        (void)ctx_cache_abandon(call->flight);
    call->kept->loads--;
    ctxi_uv_call_answer(call);
}

void ctxi_uv_call_load(struct ctxi_uv_call *call)
{
    call->state = CTXI_UV_LOADS;
    call->work.data = call;
    call->kept->loads++;
    (void)uv_queue_work(call->kept->loop, &call->work, on_work, on_after_work); /* cannot fail */
}

/* ---- beginning ---------------------------------------------------------------------------- */

/* What a cache says at once. Not in the call: another thread may be landing that. */
struct begun {
    int status;
    ctx_cache_ref ref;
    ctx_cache_flight flight;
    ctx_cache_info info;
};

struct asked {
    ctx_cache_fn *fn;
    const ctx_value *args;
    size_t arg_count;
    uint64_t wait_ns;
};

static void begin_as(struct begun *begun, struct ctxi_uv_call *call, const struct asked *asked,
                     ctx_cache_landing *landing)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;

    options.flags = CTX_CACHE_KEEP_ARGS;
    options.wait_ns = asked->wait_ns;
    options.landing = landing;
    options.user = call;
    begun->status = ctx_cache_begin_v(call->cache, asked->fn, asked->args, asked->arg_count,
                                      &options, &begun->ref, &begun->flight, &begun->info);
}

/* Of what libuv says: it is being shut down, if it is not for want of memory. */
static int status_of(int error)
{
    return error == 0 ? CTX_OK : error == UV_ENOMEM ? CTX_ERR_NOMEM : CTX_ERR_ABANDONED;
}

/* To join needs to be woken by other threads: that is got ready when it comes to it. */
static void begin(struct begun *begun, struct ctxi_uv_call *call, const struct asked *asked)
{
    int error;

    begun->info = (ctx_cache_info)CTX_CACHE_INFO_INIT;
    begin_as(begun, call, asked, NULL);
    if (begun->status != CTX_ERR_BUSY)
        return;
    error = ctxi_uv_landings_open(call->kept);
    call->landings = call->kept->landings;
    if (error != 0)
        begun->status = status_of(error);
    else
        begin_as(begun, call, asked, ctxi_uv_land);
}

/* In the context that CTX_UV_IN() names, if it does. */
static void begin_in_place(struct begun *begun, struct ctxi_uv_call *call,
                           const struct asked *asked)
{
    ctx_context *named = call->place.named, *current;
    bool enters = false;

    begun->status = CTX_OK;
    if (named && (begun->status = ctx_current(&current)) == CTX_OK) {
        ctx_context_unref(current);
        enters = current != named;
        if (enters)
            begun->status = ctx_enter(named);
    }
    if (begun->status != CTX_OK)
        return;
    begin(begun, call, asked);
    if (enters)
        ctx_exit_through(named);
}

static void answer_found(void *call)
{
    ctxi_uv_call_answer(call);
}

/* Sees to the answer. CTX_OK, or why there will be none. */
static int follow(struct ctxi_uv_call *call, const struct begun *begun)
{
    call->flight = begun->flight;
    switch (begun->status) {
    case CTX_LEAD:
        ctxi_uv_call_load(call);
        return CTX_OK;
    case CTX_JOINED:
        ctxi_uv_landings_await(call);
        return CTX_OK;
    case CTX_OK:
    case CTX_ABSENT:
        call->status = begun->status;
        call->ref = begun->ref;
        call->info = begun->info;
        return status_of(ctxi_uv_tasks_add(call->kept, answer_found, call));
    default:
        return begun->status;
    }
}

static int begin_call(struct ctxi_uv_loop *kept, ctx_cache *cache, const struct asked *asked,
                      ctx_uv_cache_cb *callback, void *user)
{
    struct ctxi_uv_call *call = ctx_allocate(sizeof *call);
    struct begun begun = {0};
    int status;

    if (!call)
        return CTX_ERR_NOMEM;
    memset(call, 0, sizeof *call);
    status = ctxi_uv_place_take(&call->place, CTXI_UV_ONCE);
    if (status != 0) {
        ctx_release(call, sizeof *call);
        return status == UV_ENOMEM ? CTX_ERR_NOMEM : CTX_ERR_INVALID;
    }
    call->kept = kept;
    call->cache = cache;
    call->callback = callback;
    call->user = user;
    call->info = (ctx_cache_info)CTX_CACHE_INFO_INIT;
    add(call);
    begin_in_place(&begun, call, asked);
    status = follow(call, &begun);
    if (status != CTX_OK)
        end(call);
    ctxi_uv_landings_close_if_idle(kept);
    return status;
}

int ctx_uv_cache_call_v(uv_loop_t *loop, ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                        size_t arg_count, const ctx_cache_options *options,
                        ctx_uv_cache_cb *callback, void *user)
{
    struct asked asked = {fn, args, arg_count, 0};
    struct ctxi_uv_loop *kept;
    int status;

    if (!loop || !callback || (options && options->size != sizeof *options))
        return CTX_ERR_INVALID;
    if (options)
        asked.wait_ns = options->wait_ns;
    kept = ctxi_uv_loop_hold(loop);
    if (!kept)
        return CTX_ERR_NOMEM;
    status = kept->ending ? CTX_ERR_ABANDONED : begin_call(kept, cache, &asked, callback, user);
    ctxi_uv_loop_release(kept);
    return status;
}

/* ---- ending ------------------------------------------------------------------------------- */

/* Handles that are not ours, and do not close. */
static void count_others(uv_handle_t *handle, void *count)
{
    struct ctxi_uv_loop *kept = ctxi_uv_loop_find(handle->loop);

    if (!uv_is_closing(handle) && !ctxi_uv_landings_own(kept, handle) &&
        !ctxi_uv_tasks_own(kept, handle))
        ++*(size_t *)count;
}

/* Answers it; what still has it, a worker or who is to land it, lets go of it later. */
static void abandon(struct ctxi_uv_call *call)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    ctx_cache_ref none = CTX_CACHE_REF_INIT;

    info.outcome = CTX_CACHE_REFUSED;
    take_out(call);
    call_back(call, CTX_ERR_ABANDONED, &none, &info);
    ctx_cache_ref_release(&none); /* should the callback have put one there */
    switch (call->state) {
    case CTXI_UV_FOUND:
        ctxi_uv_tasks_remove(call->kept, call);
        end(call);
        break;
    case CTXI_UV_LOADS:
        (void)uv_cancel((uv_req_t *)&call->work);
        break;
    case CTXI_UV_JOINED:
        ctxi_uv_place_drop(&call->place);
        ctxi_uv_landings_forsake(call);
        break;
    }
}

int ctxi_uv_calls_end(struct ctxi_uv_loop *kept)
{
    size_t others = 0;

    if (!kept->calls)
        return 0;
    uv_walk(kept->loop, count_others, &others);
    if (others > 0)
        return UV_EBUSY;
    kept->ending = true;
    kept->holds++;
    while (kept->calls)
        abandon(kept->calls);
    ctxi_uv_landings_close_if_idle(kept);
    do /* at least once, for handles that close anyway */
        uv_run(kept->loop, kept->loads > 0 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    while (kept->loads > 0 || kept->closing > 0);
    kept->holds--;
    kept->ending = false;
    return 0;
}
