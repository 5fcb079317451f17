/*
 * Connections, and what is read and written.
 */
#include "adapters/uv/capture.h"

/* ---- handles ------------------------------------------------------------------------------ */

static void on_connection(uv_stream_t *stream, int status)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_again(stream->loop, stream, CTXI_UV_FN(on_connection));

    if (run.callback)
        ((uv_connection_cb)run.callback)(stream, status);
}

int ctx_uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb callback)
{
    struct ctxi_uv_hand hand;
    int error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(stream), stream, CTXI_UV_FN(on_connection),
                                  CTXI_UV_FN(callback), CTXI_UV_OFTEN);

    return error ? error : ctxi_uv_handed(&hand, uv_listen(stream, backlog, on_connection));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_again(stream->loop, stream, CTXI_UV_FN(on_read));

    if (run.callback)
        ((uv_read_cb)run.callback)(stream, size, buffer);
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_again(handle->loop, handle, CTXI_UV_FN(on_read));

    if (run.callback)
        run.alloc(handle, wanted, buffer);
}

int ctx_uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc, uv_read_cb callback)
{
    struct ctxi_uv_hand hand;
    int error = !alloc
                    ? UV_EINVAL
                    : ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(stream), stream, CTXI_UV_FN(on_read),
                                        CTXI_UV_FN(callback), CTXI_UV_OFTEN);

    if (error != 0)
        return error;
    hand.capture->alloc = alloc;
    return ctxi_uv_handed(&hand, uv_read_start(stream, on_alloc, on_read));
}

int ctx_uv_read_stop(uv_stream_t *stream)
{
    return stream ? ctxi_uv_stopped(stream->loop, stream, CTXI_UV_FN(on_read), uv_read_stop(stream))
                  : UV_EINVAL;
}

/* ---- requests ----------------------------------------------------------------------------- */

static void on_write(uv_write_t *request, int status)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(request->handle->loop, request, CTXI_UV_FN(on_write));

    if (run.callback)
        ((uv_write_cb)run.callback)(request, status);
}

int ctx_uv_write2(uv_write_t *request, uv_stream_t *stream, const uv_buf_t buffers[],
                  unsigned int count, uv_stream_t *send_handle, uv_write_cb callback)
{
    struct ctxi_uv_hand hand;
    int error;

    if (!callback && request && stream)
        return uv_write2(request, stream, buffers, count, send_handle, NULL);
    error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(stream), request, CTXI_UV_FN(on_write),
                              CTXI_UV_FN(callback), CTXI_UV_ONCE);
    return error ? error
                 : ctxi_uv_handed(&hand, uv_write2(request, stream, buffers, count, send_handle,
                                                   on_write));
}

int ctx_uv_write(uv_write_t *request, uv_stream_t *stream, const uv_buf_t buffers[],
                 unsigned int count, uv_write_cb callback)
{
    return ctx_uv_write2(request, stream, buffers, count, NULL, callback);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(request->handle->loop, request, CTXI_UV_FN(on_shutdown));

    if (run.callback)
        ((uv_shutdown_cb)run.callback)(request, status);
}

int ctx_uv_shutdown(uv_shutdown_t *request, uv_stream_t *stream, uv_shutdown_cb callback)
{
    struct ctxi_uv_hand hand;
    int error;

    if (!callback && request && stream)
        return uv_shutdown(request, stream, NULL);
    error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(stream), request, CTXI_UV_FN(on_shutdown),
                              CTXI_UV_FN(callback), CTXI_UV_ONCE);
    return error ? error : ctxi_uv_handed(&hand, uv_shutdown(request, stream, on_shutdown));
}

static void on_connect(uv_connect_t *request, int status)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(request->handle->loop, request, CTXI_UV_FN(on_connect));

    if (run.callback)
        ((uv_connect_cb)run.callback)(request, status);
}

int ctx_uv_tcp_connect(uv_connect_t *request, uv_tcp_t *tcp, const struct sockaddr *address,
                       uv_connect_cb callback)
{
    struct ctxi_uv_hand hand;
    int error;

    if (!callback && request && tcp)
        return uv_tcp_connect(request, tcp, address, NULL);
    error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(tcp), request, CTXI_UV_FN(on_connect),
                              CTXI_UV_FN(callback), CTXI_UV_ONCE);
    return error ? error : ctxi_uv_handed(&hand, uv_tcp_connect(request, tcp, address, on_connect));
}

int ctx_uv_pipe_connect(uv_connect_t *request, uv_pipe_t *pipe, const char *name,
                        uv_connect_cb callback)
{
    struct ctxi_uv_hand hand;
    int error = 0;

    if (!request || !pipe || !name)
        return UV_EINVAL;
    if (callback)
        error = ctxi_uv_hand_over(&hand, pipe->loop, request, CTXI_UV_FN(on_connect),
                                  CTXI_UV_FN(callback), CTXI_UV_ONCE);
    if (error != 0)
        return error;
    uv_pipe_connect(request, pipe, name, callback ? on_connect : NULL);
    return callback ? ctxi_uv_handed(&hand, 0) : 0;
}
