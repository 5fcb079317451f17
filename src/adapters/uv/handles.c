/*
 * Timers, what a loop calls in each of its iterations, wake-ups from other threads, file descriptors;
 * and closing any handle.
 */
#include "adapters/uv/capture.h"

/* ---- timers ------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

static struct ctxi_uv_capture *timer_capture(struct ctxi_uv_loop *kept, const void *timer)
{
    return ctxi_uv_capture_of(kept, timer, CTXI_UV_FN(on_timer));
}

/*
 * A run that none follows, unless the callback starts the timer again, lets go of the context at its
 * beginning. The callback is known until its end, for ctx_uv_timer_again(); then the capture is spent if
 * no other has taken its place. The timer is not looked at: its memory may have been given back.
 */
static void run_last(struct ctxi_uv_loop *kept, struct ctxi_uv_capture *capture, uv_timer_t *timer)
{
    struct ctxi_uv_run run CTXI_UV_ENDS = ctxi_uv_run_begin(kept, capture);

    ctxi_uv_place_drop(&capture->place);
    ((uv_timer_cb)run.callback)(timer);
    capture = timer_capture(kept, timer);
    if (capture && ctxi_uv_place_is_spent(&capture->place))
        ctxi_uv_forget(kept->loop, timer);
}

/* One that was started for a single run, and then told to repeat, needs more than a copy for that run. */
static void run_again(struct ctxi_uv_loop *kept, struct ctxi_uv_capture *capture, uv_timer_t *timer)
{
    (void)ctxi_uv_place_prolong(&capture->place);
    struct ctxi_uv_run run CTXI_UV_ENDS = ctxi_uv_run_begin(kept, capture);
    ((uv_timer_cb)run.callback)(timer);
}

static void on_timer(uv_timer_t *timer)
{
    struct ctxi_uv_loop *kept = ctxi_uv_loop_find(timer->loop);
    struct ctxi_uv_capture *capture = timer_capture(kept, timer);

    if (!capture)
        uv_timer_stop(timer);
    else if (uv_is_active((uv_handle_t *)timer))
        run_again(kept, capture, timer);
    else
        run_last(kept, capture, timer);
}

int ctx_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout, uint64_t repeat)
{
    struct ctxi_uv_hand hand;
    int error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(timer), timer, CTXI_UV_FN(on_timer),
                                  CTXI_UV_FN(callback), repeat ? CTXI_UV_OFTEN : CTXI_UV_ONCE);

    return error ? error : ctxi_uv_handed(&hand, uv_timer_start(timer, on_timer, timeout, repeat));
}

int ctx_uv_timer_again(uv_timer_t *timer)
{
    struct ctxi_uv_capture *capture =
        timer ? timer_capture(ctxi_uv_loop_find(timer->loop), timer) : NULL;
    struct ctxi_uv_hand hand;
    int error;

    if (!capture)
        return UV_EINVAL;
    if (uv_timer_get_repeat(timer) == 0)
        return uv_timer_again(timer);
    error = ctxi_uv_hand_over(&hand, timer->loop, timer, CTXI_UV_FN(on_timer), capture->callback,
                              CTXI_UV_OFTEN);
    return error ? error : ctxi_uv_handed(&hand, uv_timer_again(timer));
}

int ctx_uv_timer_stop(uv_timer_t *timer)
{
    return timer ? ctxi_uv_stopped(timer->loop, timer, CTXI_UV_FN(on_timer), uv_timer_stop(timer))
                 : UV_EINVAL;
}

/* ---- in each iteration -------------------------------------------------------------------- */

static void on_idle(uv_idle_t *idle)
{
    struct ctxi_uv_run run CTXI_UV_ENDS = ctxi_uv_run_again(idle->loop, idle, CTXI_UV_FN(on_idle));

    if (run.callback)
        ((uv_idle_cb)run.callback)(idle);
}

int ctx_uv_idle_start(uv_idle_t *idle, uv_idle_cb callback)
{
    struct ctxi_uv_hand hand;
    int error;

    if (ctxi_uv_ignores_start(idle))
        return 0;
    error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(idle), idle, CTXI_UV_FN(on_idle),
                              CTXI_UV_FN(callback), CTXI_UV_OFTEN);
    return error ? error : ctxi_uv_handed(&hand, uv_idle_start(idle, on_idle));
}

int ctx_uv_idle_stop(uv_idle_t *idle)
{
    return idle ? ctxi_uv_stopped(idle->loop, idle, CTXI_UV_FN(on_idle), uv_idle_stop(idle))
                : UV_EINVAL;
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_again(prepare->loop, prepare, CTXI_UV_FN(on_prepare));

    if (run.callback)
        ((uv_prepare_cb)run.callback)(prepare);
}

int ctx_uv_prepare_start(uv_prepare_t *prepare, uv_prepare_cb callback)
{
    struct ctxi_uv_hand hand;
    int error;

    if (ctxi_uv_ignores_start(prepare))
        return 0;
    error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(prepare), prepare, CTXI_UV_FN(on_prepare),
                              CTXI_UV_FN(callback), CTXI_UV_OFTEN);
    return error ? error : ctxi_uv_handed(&hand, uv_prepare_start(prepare, on_prepare));
}

int ctx_uv_prepare_stop(uv_prepare_t *prepare)
{
    return prepare ? ctxi_uv_stopped(prepare->loop, prepare, CTXI_UV_FN(on_prepare),
                                     uv_prepare_stop(prepare))
                   : UV_EINVAL;
}

static void on_check(uv_check_t *check)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_again(check->loop, check, CTXI_UV_FN(on_check));

    if (run.callback)
        ((uv_check_cb)run.callback)(check);
}

int ctx_uv_check_start(uv_check_t *check, uv_check_cb callback)
{
    struct ctxi_uv_hand hand;
    int error;

    if (ctxi_uv_ignores_start(check))
        return 0;
    error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(check), check, CTXI_UV_FN(on_check),
                              CTXI_UV_FN(callback), CTXI_UV_OFTEN);
    return error ? error : ctxi_uv_handed(&hand, uv_check_start(check, on_check));
}

int ctx_uv_check_stop(uv_check_t *check)
{
    return check ? ctxi_uv_stopped(check->loop, check, CTXI_UV_FN(on_check), uv_check_stop(check))
                 : UV_EINVAL;
}

/* ---- wake-ups ----------------------------------------------------------------------------- */

static void on_async(uv_async_t *async)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_again(async->loop, async, CTXI_UV_FN(on_async));

    if (run.callback)
        ((uv_async_cb)run.callback)(async);
}

int ctx_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb callback)
{
    struct ctxi_uv_hand hand;
    int error;

    if (!callback)
        return loop && async ? uv_async_init(loop, async, NULL) : UV_EINVAL;
    error = ctxi_uv_hand_over(&hand, loop, async, CTXI_UV_FN(on_async), CTXI_UV_FN(callback),
                              CTXI_UV_OFTEN);
    return error ? error : ctxi_uv_handed(&hand, uv_async_init(loop, async, on_async));
}

/* ---- file descriptors --------------------------------------------------------------------- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct ctxi_uv_run run CTXI_UV_ENDS = ctxi_uv_run_again(poll->loop, poll, CTXI_UV_FN(on_poll));

    if (run.callback)
        ((uv_poll_cb)run.callback)(poll, status, events);
}

int ctx_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb callback)
{
    struct ctxi_uv_hand hand;
    int error;

    if (poll && events == 0)
        return ctx_uv_poll_stop(poll);
    error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(poll), poll, CTXI_UV_FN(on_poll),
                              CTXI_UV_FN(callback), CTXI_UV_OFTEN);
    return error ? error : ctxi_uv_handed(&hand, uv_poll_start(poll, events, on_poll));
}

int ctx_uv_poll_stop(uv_poll_t *poll)
{
    return poll ? ctxi_uv_stopped(poll->loop, poll, CTXI_UV_FN(on_poll), uv_poll_stop(poll))
                : UV_EINVAL;
}

/* ---- closing ------------------------------------------------------------------------------ */

static void on_close(uv_handle_t *handle)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(handle->loop, handle, CTXI_UV_FN(on_close));

    if (run.callback)
        ((uv_close_cb)run.callback)(handle);
}

/* The capture of the close takes the place of what was there for the handle. */
static int close_by(uv_handle_t *handle, uv_close_cb callback,
                    int (*close)(uv_handle_t *, uv_close_cb))
{
    struct ctxi_uv_hand hand;
    int error;

    if (!handle)
        return UV_EINVAL;
    if (!callback) {
        error = close(handle, NULL);
        if (error == 0)
            ctxi_uv_forget(handle->loop, handle);
        return error;
    }
    error = ctxi_uv_hand_over(&hand, handle->loop, handle, CTXI_UV_FN(on_close),
                              CTXI_UV_FN(callback), CTXI_UV_ONCE);
    return error ? error : ctxi_uv_handed(&hand, close(handle, on_close));
}

static int close_handle(uv_handle_t *handle, uv_close_cb callback)
{
    uv_close(handle, callback);
    return 0;
}

int ctx_uv_close(uv_handle_t *handle, uv_close_cb callback)
{
    return close_by(handle, callback, close_handle);
}

static int reset_tcp(uv_handle_t *handle, uv_close_cb callback)
{
    return uv_tcp_close_reset((uv_tcp_t *)handle, callback);
}

int ctx_uv_tcp_close_reset(uv_tcp_t *tcp, uv_close_cb callback)
{
    return close_by((uv_handle_t *)tcp, callback, reset_tcp);
}
