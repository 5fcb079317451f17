/*
 * Datagrams.
 */
#include "adapters/uv/capture.h"

static void on_send(uv_udp_send_t *request, int status)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(request->handle->loop, request, CTXI_UV_FN(on_send));

    if (run.callback)
        ((uv_udp_send_cb)run.callback)(request, status);
}

int ctx_uv_udp_send(uv_udp_send_t *request, uv_udp_t *udp, const uv_buf_t buffers[],
                    unsigned int count, const struct sockaddr *address, uv_udp_send_cb callback)
{
    struct ctxi_uv_hand hand;
    int error;

    if (!callback && request && udp)
        return uv_udp_send(request, udp, buffers, count, address, NULL);
    error = ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(udp), request, CTXI_UV_FN(on_send),
                              CTXI_UV_FN(callback), CTXI_UV_ONCE);
    return error
               ? error
               : ctxi_uv_handed(&hand, uv_udp_send(request, udp, buffers, count, address, on_send));
}

static void on_receive(uv_udp_t *udp, ssize_t size, const uv_buf_t *buffer,
                       const struct sockaddr *address, unsigned int flags)
{
    struct ctxi_uv_run run CTXI_UV_ENDS = ctxi_uv_run_again(udp->loop, udp, CTXI_UV_FN(on_receive));

    if (run.callback)
        ((uv_udp_recv_cb)run.callback)(udp, size, buffer, address, flags);
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_again(handle->loop, handle, CTXI_UV_FN(on_receive));

    if (run.callback)
        run.alloc(handle, wanted, buffer);
}

int ctx_uv_udp_recv_start(uv_udp_t *udp, uv_alloc_cb alloc, uv_udp_recv_cb callback)
{
    struct ctxi_uv_hand hand;
    int error = !alloc ? UV_EINVAL
                       : ctxi_uv_hand_over(&hand, CTXI_UV_LOOP_OF(udp), udp, CTXI_UV_FN(on_receive),
                                           CTXI_UV_FN(callback), CTXI_UV_OFTEN);

    if (error != 0)
        return error;
    hand.capture->alloc = alloc;
    return ctxi_uv_handed(&hand, uv_udp_recv_start(udp, on_alloc, on_receive));
}

int ctx_uv_udp_recv_stop(uv_udp_t *udp)
{
    return udp ? ctxi_uv_stopped(udp->loop, udp, CTXI_UV_FN(on_receive), uv_udp_recv_stop(udp))
               : UV_EINVAL;
}
