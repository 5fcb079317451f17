/*
 * Streams and datagrams of libuv: in which context their callbacks run.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "support/uv_kit.h"

TestSuite(uv_streams, .init = open_loop, .fini = close_loop);

static struct sockaddr_in address;
static uv_tcp_t server, client, peer;
static uv_connect_t connecting;
static uv_write_t writing;
static uv_shutdown_t shutting;
static char bytes[64];

#define STREAM(handle) ((uv_stream_t *)(handle))

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    (void)handle, (void)wanted;
    note_and_change();
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

/* ---- a conversation ----------------------------------------------------------------------- */

static void on_end_of_reading(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    note_and_change();
    if (size > 0) {
        cr_assert_eq(memcmp(buffer->base, "hello", 5), 0);
        return;
    }
    cr_assert_eq(size, UV_EOF);
    close_handle(stream);
    close_handle(&server);
}

static void on_connection(uv_stream_t *stream, int status)
{
    cr_assert_eq(status, 0);
    note();
    become("read");
    cr_assert_eq(uv_tcp_init(&loop, &peer), 0);
    cr_assert_eq(uv_accept(stream, STREAM(&peer)), 0);
    cr_assert_eq(ctx_uv_read_start(STREAM(&peer), on_alloc, on_end_of_reading), 0);
    become("later");
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    cr_assert_eq(status, 0);
    cr_assert_eq(request, &shutting);
    note_and_change();
    close_handle(&client);
}

static void on_write(uv_write_t *request, int status)
{
    cr_assert_eq(status, 0);
    note();
    become("shutdown");
    cr_assert_eq(ctx_uv_shutdown(&shutting, request->handle, on_shutdown), 0);
    become("later");
}

static void on_connect(uv_connect_t *request, int status)
{
    uv_buf_t buffer = uv_buf_init((char[]){"hello"}, 5);

    cr_assert_eq(status, 0);
    note();
    become("write");
    cr_assert_eq(ctx_uv_write(&writing, request->handle, &buffer, 1, on_write), 0);
    become("later");
}

static void listen_and_connect(uv_connection_cb on_connection_of, uv_connect_cb on_connect_of)
{
    int size = sizeof address;

    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(&loop, &server);
    uv_tcp_init(&loop, &client);
    cr_assert_eq(uv_tcp_bind(&server, (struct sockaddr *)&address, 0), 0);
    become("listen");
    cr_assert_eq(ctx_uv_listen(STREAM(&server), 8, on_connection_of), 0);
    become("connect");
    uv_tcp_getsockname(&server, (struct sockaddr *)&address, &size);
    cr_assert_eq(ctx_uv_tcp_connect(&connecting, &client, (struct sockaddr *)&address,
                                    on_connect_of),
                 0);
    become("main");
}

static int count_of(const char *word)
{
    int count = 0;

    for (const char *at = seen; (at = strstr(at, word)); at += strlen(word))
        count++;
    return count;
}

Test(uv_streams, each_callback_of_a_conversation_has_its_own_context)
{
    listen_and_connect(on_connection, on_connect);
    run();
    cr_assert_eq(count_of("listen"), 1, "%s", seen);
    cr_assert_eq(count_of("connect"), 1, "%s", seen);
    cr_assert_eq(count_of("write"), 1, "%s", seen);
    cr_assert_eq(count_of("shutdown"), 1, "%s", seen);
    cr_assert_geq(count_of("read"), 4, "%s", seen); /* alloc and read, of data and of its end */
    cr_assert_eq(count_of("later") + count_of("changed") + count_of("main"), 0, "%s", seen);
}

/* ---- pipes -------------------------------------------------------------------------------- */

static uv_pipe_t left, right;

static void open_pair(void)
{
    uv_os_sock_t sockets[2];

    cr_assert_eq(uv_socketpair(SOCK_STREAM, 0, sockets, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE), 0);
    uv_pipe_init(&loop, &left, 1);
    uv_pipe_init(&loop, &right, 1);
    cr_assert_eq(uv_pipe_open(&left, sockets[0]), 0);
    cr_assert_eq(uv_pipe_open(&right, sockets[1]), 0);
}

static void close_pair(void)
{
    close_handle(&left);
    close_handle(&right);
}

static void on_read_once(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    (void)buffer;
    cr_assert_gt(size, 0);
    note_and_change();
    cr_assert_eq(ctx_uv_read_stop(stream), 0);
}

Test(uv_streams, to_stop_reading_lets_go)
{
    open_pair();
    hold();
    cr_assert_eq(ctx_uv_read_start(STREAM(&left), on_alloc, on_read_once), 0);
    unhold();
    cr_assert(is_held());
    cr_assert_eq(ctx_uv_read_stop(STREAM(&left)), 0);
    cr_assert_not(is_held());
    cr_assert_eq(ctx_uv_read_stop(NULL), UV_EINVAL);
    close_pair();
}

Test(uv_streams, a_second_start_of_reading_is_refused_and_changes_nothing)
{
    uv_buf_t buffer = uv_buf_init((char[]){"x"}, 1);

    open_pair();
    become("first");
    cr_assert_eq(ctx_uv_read_start(STREAM(&left), on_alloc, on_read_once), 0);
    hold();
    cr_assert_eq(ctx_uv_read_start(STREAM(&left), on_alloc, on_read_once), UV_EALREADY);
    unhold();
    cr_assert_not(is_held());
    cr_assert_eq(ctx_uv_read_start(STREAM(&left), NULL, on_read_once), UV_EINVAL);
    cr_assert_eq(ctx_uv_read_start(STREAM(&left), on_alloc, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_read_start(NULL, on_alloc, on_read_once), UV_EINVAL);
    cr_assert_eq(uv_try_write(STREAM(&right), &buffer, 1), 1);
    run();
    cr_assert_str_eq(seen, "first first");
    close_pair();
}

static void on_canceled(uv_write_t *request, int status)
{
    (void)request;
    cr_assert_eq(status, UV_ECANCELED);
    note_and_change();
}

static void on_close(uv_handle_t *handle)
{
    (void)handle;
    note_and_change();
}

Test(uv_streams, a_write_that_a_close_cancels_comes_in_its_own_context)
{
    static char large[1 << 20];
    uv_buf_t buffer = uv_buf_init(large, sizeof large);
    uv_write_t requests[2];

    open_pair();
    become("write");
    cr_assert_eq(ctx_uv_write(&requests[0], STREAM(&left), &buffer, 1, on_canceled), 0);
    cr_assert_eq(ctx_uv_write(&requests[1], STREAM(&left), &buffer, 1, on_canceled), 0);
    become("close");
    cr_assert_eq(ctx_uv_close((uv_handle_t *)&left, on_close), 0);
    become("later");
    run();
    cr_assert_str_eq(seen, "write write close");
    close_handle(&right);
}

static void on_written(uv_write_t *request, int status)
{
    (void)request;
    cr_assert_eq(status, 0);
    note_and_change();
}

Test(uv_streams, a_handle_is_sent_in_the_context_of_the_write)
{
    static uv_pipe_t sent;
    uv_buf_t buffer = uv_buf_init((char[]){"x"}, 1);
    uv_os_sock_t sockets[2];

    open_pair();
    cr_assert_eq(uv_socketpair(SOCK_STREAM, 0, sockets, 0, 0), 0);
    uv_pipe_init(&loop, &sent, 0);
    cr_assert_eq(uv_pipe_open(&sent, sockets[0]), 0);
    become("acme");
    cr_assert_eq(ctx_uv_write2(&writing, STREAM(&left), &buffer, 1, STREAM(&sent), on_written), 0);
    become("later");
    run();
    cr_assert_str_eq(seen, "acme");
    close_handle(&sent);
    close_pair();
    close(sockets[1]);
}

static void on_no_pipe(uv_connect_t *request, int status)
{
    (void)request;
    cr_assert_lt(status, 0);
    note_and_change();
}

Test(uv_streams, a_failed_connect_comes_in_its_context)
{
    uv_pipe_init(&loop, &left, 0);
    become("acme");
    cr_assert_eq(ctx_uv_pipe_connect(&connecting, &left, "/nowhere/at/all", on_no_pipe), 0);
    become("later");
    run();
    cr_assert_str_eq(seen, "acme");
    close_handle(&left);
}

/* ---- without a callback ------------------------------------------------------------------- */

Test(uv_streams, requests_without_a_callback_capture_nothing)
{
    uv_buf_t buffer = uv_buf_init((char[]){"x"}, 1);

    open_pair();
    hold();
    cr_assert_eq(ctx_uv_write(&writing, STREAM(&left), &buffer, 1, NULL), 0);
    cr_assert_eq(ctx_uv_shutdown(&shutting, STREAM(&left), NULL), 0);
    uv_tcp_init(&loop, &client);
    uv_ip4_addr("127.0.0.1", 1, &address);
    cr_assert_eq(ctx_uv_tcp_connect(&connecting, &client, (struct sockaddr *)&address, NULL), 0);
    unhold();
    cr_assert_not(is_held());
    run();
    close_handle(&client);
    close_pair();
}

Test(uv_streams, null_is_invalid)
{
    uv_buf_t buffer = uv_buf_init((char[]){"x"}, 1);

    cr_assert_eq(ctx_uv_listen(NULL, 1, on_connection), UV_EINVAL);
    cr_assert_eq(ctx_uv_listen(STREAM(&server), 1, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_write(NULL, STREAM(&left), &buffer, 1, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_write(&writing, NULL, &buffer, 1, on_written), UV_EINVAL);
    cr_assert_eq(ctx_uv_shutdown(NULL, STREAM(&left), NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_shutdown(&shutting, NULL, on_shutdown), UV_EINVAL);
    cr_assert_eq(ctx_uv_tcp_connect(NULL, &client, (struct sockaddr *)&address, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_pipe_connect(&connecting, NULL, "/", NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_pipe_connect(&connecting, &left, NULL, on_no_pipe), UV_EINVAL);
}

Test(uv_streams, what_libuv_refuses_is_not_captured)
{
    uv_buf_t buffer = uv_buf_init((char[]){"x"}, 1);

    uv_tcp_init(&loop, &client); /* not connected */
    hold();
    cr_assert_lt(ctx_uv_shutdown(&shutting, STREAM(&client), on_shutdown), 0);
    cr_assert_lt(ctx_uv_write(&writing, STREAM(&client), &buffer, 1, on_written), 0);
    cr_assert_lt(ctx_uv_read_start(STREAM(&client), on_alloc, on_read_once), 0);
    unhold();
    cr_assert_not(is_held());
    close_handle(&client);
}

/* ---- the end of a connection -------------------------------------------------------------- */

static void on_connect_reset(uv_connect_t *request, int status)
{
    cr_assert_eq(status, 0);
    become("reset");
    cr_assert_eq(ctx_uv_tcp_close_reset((uv_tcp_t *)request->handle, on_close), 0);
    become("later");
}

static void refuse_connection(uv_stream_t *stream, int status)
{
    (void)status;
    close_handle(stream);
}

Test(uv_streams, a_reset_closes_in_its_own_context)
{
    listen_and_connect(refuse_connection, on_connect_reset);
    run();
    cr_assert_str_eq(seen, "reset");
    cr_assert_eq(ctx_uv_tcp_close_reset(NULL, NULL), UV_EINVAL);
}

/* ---- datagrams ---------------------------------------------------------------------------- */

static uv_udp_t udp;
static uv_udp_send_t sending;

static void on_send(uv_udp_send_t *request, int status)
{
    (void)request;
    cr_assert_eq(status, 0);
    note_and_change();
}

static void on_receive(uv_udp_t *handle, ssize_t size, const uv_buf_t *buffer,
                       const struct sockaddr *from, unsigned int flags)
{
    (void)buffer, (void)flags;
    note_and_change();
    if (size == 0 && !from)
        return; /* nothing more to read for now */
    cr_assert_eq(size, 1);
    cr_assert_eq(ctx_uv_udp_recv_stop(handle), 0);
    close_handle(handle);
}

static void open_udp(void)
{
    int size = sizeof address;

    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_udp_init(&loop, &udp);
    cr_assert_eq(uv_udp_bind(&udp, (struct sockaddr *)&address, 0), 0);
    uv_udp_getsockname(&udp, (struct sockaddr *)&address, &size);
}

Test(uv_streams, a_datagram_is_sent_and_received_in_two_contexts)
{
    uv_buf_t buffer = uv_buf_init((char[]){"x"}, 1);

    open_udp();
    become("receive");
    cr_assert_eq(ctx_uv_udp_recv_start(&udp, on_alloc, on_receive), 0);
    cr_assert_eq(ctx_uv_udp_recv_start(&udp, on_alloc, on_receive), UV_EALREADY);
    become("send");
    cr_assert_eq(ctx_uv_udp_send(&sending, &udp, &buffer, 1, (struct sockaddr *)&address, on_send),
                 0);
    become("later");
    run();
    cr_assert_eq(count_of("send"), 1, "%s", seen);
    cr_assert_geq(count_of("receive"), 2, "%s", seen);
    cr_assert_eq(count_of("later") + count_of("changed"), 0, "%s", seen);
}

Test(uv_streams, datagrams_without_a_callback_and_null)
{
    uv_buf_t buffer = uv_buf_init((char[]){"x"}, 1);

    open_udp();
    hold();
    cr_assert_eq(ctx_uv_udp_send(&sending, &udp, &buffer, 1, (struct sockaddr *)&address, NULL), 0);
    unhold();
    cr_assert_not(is_held());
    cr_assert_eq(ctx_uv_udp_send(NULL, &udp, &buffer, 1, NULL, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_udp_recv_start(&udp, NULL, on_receive), UV_EINVAL);
    cr_assert_eq(ctx_uv_udp_recv_start(&udp, on_alloc, NULL), UV_EINVAL);
    cr_assert_eq(ctx_uv_udp_recv_stop(NULL), UV_EINVAL);
    run();
    close_handle(&udp);
}
