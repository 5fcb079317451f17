/*
 * Signals, the end of processes, changes of files.
 */
#include "adapters/uv/capture.h"

/* ---- signals ------------------------------------------------------------------------------ */

static void on_signal(uv_signal_t *signal, int number)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_again(signal->loop, signal, CTXI_UV_FN(on_signal));

    if (run.callback)
        ((uv_signal_cb)run.callback)(signal, number);
}

int ctx_uv_signal_start(uv_signal_t *signal, uv_signal_cb callback, int number)
{
    struct ctxi_uv_hand hand;
    int error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(signal), signal, CTXI_UV_FN(on_signal),
                                  CTXI_UV_FN(callback), CTXI_UV_OFTEN);

    return error ? error : ctxi_uv_handed(&hand, uv_signal_start(signal, on_signal, number));
}

static void on_signal_once(uv_signal_t *signal, int number)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(signal->loop, signal, CTXI_UV_FN(on_signal_once));

    if (run.callback)
        ((uv_signal_cb)run.callback)(signal, number);
}

int ctx_uv_signal_start_oneshot(uv_signal_t *signal, uv_signal_cb callback, int number)
{
    struct ctxi_uv_hand hand;
    int error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(signal), signal,
                                  CTXI_UV_FN(on_signal_once), CTXI_UV_FN(callback), CTXI_UV_ONCE);

    return error ? error
                 : ctxi_uv_handed(&hand, uv_signal_start_oneshot(signal, on_signal_once, number));
}

int ctx_uv_signal_stop(uv_signal_t *signal)
{
    int answer;

    if (!signal)
        return UV_EINVAL;
    answer = uv_signal_stop(signal);
    (void)ctxi_uv_stopped(signal->loop, signal, CTXI_UV_FN(on_signal), answer);
    return ctxi_uv_stopped(signal->loop, signal, CTXI_UV_FN(on_signal_once), answer);
}

/* ---- processes ---------------------------------------------------------------------------- */

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(process->loop, process, CTXI_UV_FN(on_exit_of));

    if (run.callback)
        ((uv_exit_cb)run.callback)(process, status, signal);
}

int ctx_uv_spawn_process(uv_loop_t *loop, uv_process_t *process,
                         const uv_process_options_t *options)
{
    uv_process_options_t ours;
    struct ctxi_uv_hand hand;
    int error;

    if (!loop || !process || !options)
        return UV_EINVAL;
    if (!options->exit_cb)
        return uv_spawn(loop, process, options);
    error = ctxi_uv_hand_over(&hand, loop, process, CTXI_UV_FN(on_exit_of),
                              CTXI_UV_FN(options->exit_cb), CTXI_UV_ONCE);
    if (error != 0)
        return error;
    ours = *options;
    ours.exit_cb = on_exit_of;
    return ctxi_uv_handed(&hand, uv_spawn(loop, process, &ours));
}

/* ---- files -------------------------------------------------------------------------------- */

static void on_fs_event(uv_fs_event_t *watch, const char *name, int events, int status)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_again(watch->loop, watch, CTXI_UV_FN(on_fs_event));

    if (run.callback)
        ((uv_fs_event_cb)run.callback)(watch, name, events, status);
}

int ctx_uv_fs_event_start(uv_fs_event_t *watch, uv_fs_event_cb callback, const char *path,
                          unsigned int flags)
{
    struct ctxi_uv_hand hand;
    int error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(watch), watch, CTXI_UV_FN(on_fs_event),
                                  CTXI_UV_FN(callback), CTXI_UV_OFTEN);

    return error ? error
                 : ctxi_uv_handed(&hand, uv_fs_event_start(watch, on_fs_event, path, flags));
}

int ctx_uv_fs_event_stop(uv_fs_event_t *watch)
{
    return watch ? ctxi_uv_stopped(watch->loop, watch, CTXI_UV_FN(on_fs_event),
                                   uv_fs_event_stop(watch))
                 : UV_EINVAL;
}

static void on_fs_poll(uv_fs_poll_t *poll, int status, const uv_stat_t *before,
                       const uv_stat_t *after)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_again(poll->loop, poll, CTXI_UV_FN(on_fs_poll));

    if (run.callback)
        ((uv_fs_poll_cb)run.callback)(poll, status, before, after);
}

int ctx_uv_fs_poll_start(uv_fs_poll_t *poll, uv_fs_poll_cb callback, const char *path,
                         unsigned int interval)
{
    struct ctxi_uv_hand hand;
    int error;

    if (ctxi_uv_ignores_start(poll))
        return 0;
    error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(poll), poll, CTXI_UV_FN(on_fs_poll),
                              CTXI_UV_FN(callback), CTXI_UV_OFTEN);
    return error ? error
                 : ctxi_uv_handed(&hand, uv_fs_poll_start(poll, on_fs_poll, path, interval));
}

int ctx_uv_fs_poll_stop(uv_fs_poll_t *poll)
{
    return poll ? ctxi_uv_stopped(poll->loop, poll, CTXI_UV_FN(on_fs_poll), uv_fs_poll_stop(poll))
                : UV_EINVAL;
}
