/*
 * Names, addresses and random bytes, which libuv looks up on its pool. Without a callback it does so at
 * once, and there is nothing to capture.
 */
#include "adapters/uv/capture.h"

static void on_addresses(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(request->loop, request, CTXI_UV_FN(on_addresses));

    if (run.callback)
        ((uv_getaddrinfo_cb)run.callback)(request, status, found);
}

int ctx_uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request, uv_getaddrinfo_cb callback,
                       const char *node, const char *service, const struct addrinfo *hints)
{
    struct ctxi_uv_hand hand;
    int error;

    if (!callback && loop && request)
        return uv_getaddrinfo(loop, request, NULL, node, service, hints);
    error = ctxi_uv_hand_over(&hand, loop, request, CTXI_UV_FN(on_addresses), CTXI_UV_FN(callback),
                              CTXI_UV_ONCE);
    return error ? error
                 : ctxi_uv_handed(&hand, uv_getaddrinfo(loop, request, on_addresses, node, service,
                                                        hints));
}

static void on_name(uv_getnameinfo_t *request, int status, const char *host, const char *service)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(request->loop, request, CTXI_UV_FN(on_name));

    if (run.callback)
        ((uv_getnameinfo_cb)run.callback)(request, status, host, service);
}

int ctx_uv_getnameinfo(uv_loop_t *loop, uv_getnameinfo_t *request, uv_getnameinfo_cb callback,
                       const struct sockaddr *address, int flags)
{
    struct ctxi_uv_hand hand;
    int error;

    if (!callback && loop && request)
        return uv_getnameinfo(loop, request, NULL, address, flags);
    error = ctxi_uv_hand_over(&hand, loop, request, CTXI_UV_FN(on_name), CTXI_UV_FN(callback),
                              CTXI_UV_ONCE);
    return error ? error
                 : ctxi_uv_handed(&hand, uv_getnameinfo(loop, request, on_name, address, flags));
}

static void on_random(uv_random_t *request, int status, void *bytes, size_t size)
{
    struct ctxi_uv_run run CTXI_UV_ENDS =
        ctxi_uv_run_once(request->loop, request, CTXI_UV_FN(on_random));

    if (run.callback)
        ((uv_random_cb)run.callback)(request, status, bytes, size);
}

int ctx_uv_random(uv_loop_t *loop, uv_random_t *request, void *bytes, size_t size,
                  unsigned int flags, uv_random_cb callback)
{
    struct ctxi_uv_hand hand;
    int error;

    if (!callback)
        return uv_random(loop, request, bytes, size, flags, NULL);
    error = ctxi_uv_hand_over(&hand, loop, request, CTXI_UV_FN(on_random), CTXI_UV_FN(callback),
                              CTXI_UV_ONCE);
    return error ? error
                 : ctxi_uv_handed(&hand, uv_random(loop, request, bytes, size, flags, on_random));
}
