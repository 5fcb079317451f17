#include "connection.h"

#include <ctxcache/uv.h>
#include <stdlib.h>

#include "connection_parts.h"
#include "server.h"

uint64_t connection_now(const struct connection *connection)
{
    return uv_now(connection->server->loop);
}

int connection_accept(struct server *server, uv_stream_t *listener)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (!connection)
        return UV_ENOMEM;
    int status = uv_tcp_init(server->loop, &connection->tcp);
    if (status != 0) {
        free(connection);
        return status;
    }
    connection->server = server;
    connection->tcp.data = connection;
    connection->end = &connection->first;
    connection->since = connection_now(connection);
    http_begin(&connection->http);
    server_add(server, connection);
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp) != 0) {
        connection_close(connection);
        return 0;
    }
    uv_tcp_nodelay(&connection->tcp, 1);
    connection_read(connection);
    return 0;
}

/* ---- exchanges ---------------------------------------------------------------------------- */

struct exchange *connection_ask(struct connection *connection)
{
    struct exchange *exchange = exchange_new(connection);

    if (!exchange)
        return NULL;
    *connection->end = exchange;
    connection->end = &exchange->next;
    connection->count++;
    connection->open++;
    connection->server->open_requests++;
    return exchange;
}

void connection_forget_first(struct connection *connection)
{
    struct exchange *exchange = connection->first;

    connection->first = exchange->next;
    if (!connection->first)
        connection->end = &connection->first;
    connection->count--;
    exchange_free(exchange);
}

void connection_answered(struct exchange *exchange)
{
    struct connection *connection = exchange->connection;

    exchange->done = true;
    connection->open--;
    connection->server->open_requests--;
    connection->server->answers[exchange->code % SERVER_CODES]++;
    if (connection->state == CONNECTION_CLOSED)
        connection_free_unused(connection);
    else
        server_flush_later(connection->server, connection);
}

/* ---- the end ------------------------------------------------------------------------------ */

void connection_free_unused(struct connection *connection)
{
    if (!connection->gone || connection->open > 0)
        return;
    while (connection->first)
        connection_forget_first(connection);
    server_remove(connection->server, connection);
    free(connection);
}

static void on_closed(uv_handle_t *tcp)
{
    struct connection *connection = tcp->data;
    struct server *server = connection->server;

    connection->gone = true;
    connection_free_unused(connection);
    server_ended(server);
}

void connection_close(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    connection->state = CONNECTION_CLOSED;
    server_flush_never(connection->server, connection);
    /* Where there is no memory for a context, it goes without: on_closed() needs none. */
    if (ctx_uv_close((uv_handle_t *)&connection->tcp, on_closed) != 0)
        uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

/* One that has sent a request, and has not yet been told that there will be no other, is told. One that is
 * idle, or has just been sent an answer, may have sent something that is still on its way. */
void connection_drain(struct connection *connection)
{
    if (connection->state != CONNECTION_OPEN || connection->http.in_message ||
        connection->input_begin < connection->input_end)
        return;
    if (connection->count == connection->sending) {
        connection->since = connection_now(connection);
        return;
    }
    struct exchange *last = connection->first;
    while (last->next)
        last = last->next;
    last->last = true;
    connection->state = CONNECTION_LAST;
    connection_read(connection);
}

/* Whether bytes have left since the last look. */
static bool sends(struct connection *connection)
{
    size_t unsent = uv_stream_get_write_queue_size((uv_stream_t *)&connection->tcp);
    bool progress = unsent != connection->unsent;

    connection->unsent = unsent;
    if (progress)
        connection->since = connection_now(connection);
    return progress;
}

void connection_check(struct connection *connection)
{
    const struct server *server = connection->server;
    uint64_t waited = connection_now(connection) - connection->since;

    if (connection->state == CONNECTION_CLOSED)
        return;
    if (connection->state == CONNECTION_LINGERING) {
        if (waited >= LINGER_MS)
            connection_close(connection);
    } else if (connection->sending > 0) {
        if (!sends(connection) && waited >= server->patience_ms)
            connection_close(connection);
    } else if (connection->count > 0) {
        return; /* it waits for us */
    } else if (connection->http.in_message) {
        if (waited >= server->patience_ms)
            connection_refuse(connection, 408);
    } else if (waited >= (server->draining ? DRAIN_IDLE_MS : server->patience_ms)) {
        connection_close(connection);
    }
}
