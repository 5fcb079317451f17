#include "server.h"

#include <ctxcache/uv.h>
#include <netinet/in.h>

#include "connection.h"

enum { BACKLOG = 511, HANDLES = 3 + SERVER_SIGNALS };

/* ---- connections -------------------------------------------------------------------------- */

/* Whom there is no room for waits in the kernel: libuv asks for no other before this one is accepted. */
static void accept_waiting(struct server *server)
{
    if (!server->one_waits || server->draining ||
        server->connection_count >= server->connections_max)
        return;
    server->one_waits = connection_accept(server, (uv_stream_t *)&server->listener) != 0;
}

static void on_client(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;

    if (status < 0)
        return;
    server->one_waits = true;
    accept_waiting(server);
}

void server_add(struct server *server, struct connection *connection)
{
    connection->next = server->connections;
    if (connection->next)
        connection->next->previous = connection;
    server->connections = connection;
    server->connection_count++;
    server->accepted++;
}

void server_remove(struct server *server, struct connection *connection)
{
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
}

/* ---- sending ------------------------------------------------------------------------------ */

void server_flush_later(struct server *server, struct connection *connection)
{
    if (connection->to_flush)
        return;
    connection->to_flush = true;
    connection->next_to_flush = server->to_flush;
    server->to_flush = connection;
}

void server_flush_never(struct server *server, struct connection *connection)
{
    struct connection **link = &server->to_flush;

    if (!connection->to_flush)
        return;
    while (*link != connection)
        link = &(*link)->next_to_flush;
    *link = connection->next_to_flush;
    connection->to_flush = false;
}

/* Before the loop waits: answers that came together leave together. */
static void on_prepare(uv_prepare_t *flusher)
{
    struct server *server = flusher->data;

    while (server->to_flush) {
        struct connection *connection = server->to_flush;

        server->to_flush = connection->next_to_flush;
        connection->to_flush = false;
        connection_flush(connection);
    }
}

/* ---- the end ------------------------------------------------------------------------------ */

static uv_handle_t *handle(struct server *server, unsigned i)
{
    switch (i) {
    case 0:
        return (uv_handle_t *)&server->listener;
    case 1:
        return (uv_handle_t *)&server->flusher;
    case 2:
        return (uv_handle_t *)&server->sweeper;
    default:
        return (uv_handle_t *)&server->signals[i - 3];
    }
}

static void close_handles(struct server *server)
{
    for (unsigned i = 0; i < server->handle_count; i++)
        if (!uv_is_closing(handle(server, i)))
            ctx_uv_close(handle(server, i), NULL);
}

void server_ended(struct server *server)
{
    server->connection_count--;
    if (server->draining && server->connection_count == 0)
        close_handles(server);
    accept_waiting(server);
}

void server_drain(struct server *server)
{
    bool again = server->draining;

    if (!again)
        ctx_uv_close((uv_handle_t *)&server->listener, NULL);
    server->draining = true;
    for (struct connection *c = server->connections; c; c = c->next)
        (again ? connection_close : connection_drain)(c);
    if (server->connection_count == 0)
        close_handles(server);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    server_drain(signal->data);
}

static void on_sweep(uv_timer_t *sweeper)
{
    struct server *server = sweeper->data;

    for (struct connection *c = server->connections; c; c = c->next)
        connection_check(c);
    accept_waiting(server);
    if (!server->draining && lifetime_outlived(server->life))
        server_drain(server);
}

/* ---- the beginning ------------------------------------------------------------------------ */

static int init_handles(struct server *server)
{
    int status = 0;

    for (unsigned i = 0; i < HANDLES && status == 0; i++) {
        if (i == 0)
            status = uv_tcp_init(server->loop, &server->listener);
        else if (i == 1)
            status = uv_prepare_init(server->loop, &server->flusher);
        else if (i == 2)
            status = uv_timer_init(server->loop, &server->sweeper);
        else
            status = uv_signal_init(server->loop, &server->signals[i - 3]);
        if (status == 0) {
            handle(server, i)->data = server;
            server->handle_count++;
        }
    }
    return status;
}

static int listen_on(struct server *server, unsigned short port, unsigned short *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int size = sizeof address;
    int status;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    status = uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0);
    if (status == 0)
        status = ctx_uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_client);
    if (status == 0)
        status = uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &size);
    *out_port = ntohs(address.sin_port);
    return status;
}

static int start_handles(struct server *server)
{
    static const int ending_signals[SERVER_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    int status = ctx_uv_prepare_start(&server->flusher, on_prepare);

    if (status == 0)
        status = ctx_uv_timer_start(&server->sweeper, on_sweep, SWEEP_MS, SWEEP_MS);
    for (int i = 0; i < SERVER_SIGNALS && status == 0; i++)
        status = ctx_uv_signal_start(&server->signals[i], on_signal, ending_signals[i]);
    return status;
}

int server_start(struct server *server, uv_loop_t *loop, unsigned short port,
                 unsigned short *out_port)
{
    server->loop = loop;
    int status = init_handles(server);

    if (status == 0)
        status = listen_on(server, port, out_port);
    if (status == 0)
        status = start_handles(server);
    if (status != 0)
        close_handles(server);
    return status;
}
