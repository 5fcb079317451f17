#include <ctxcache/uv.h>

#include "answer.h"
#include "connection_parts.h"
#include "middleware.h"
#include "server.h"

void connection_refuse(struct connection *connection, unsigned code)
{
    struct exchange *exchange = connection_ask(connection);

    if (!exchange) {
        connection_close(connection);
        return;
    }
    connection->input_begin = connection->input_end;
    connection->state = CONNECTION_LAST;
    exchange->last = true;
    answer_text(exchange, code, http_status_str((enum http_status)code));
}

static void serve(struct connection *connection)
{
    const struct http *http = &connection->http;
    struct request request = {connection->server, connection_ask(connection), &http->head};

    if (!request.exchange) {
        connection_close(connection);
        return;
    }
    request.exchange->without_body = http->head.method == HTTP_HEAD;
    request.exchange->is_1_0 = http->parser.http_minor == 0;
    request.exchange->last = !http->keep_alive;
    if (!http->keep_alive) {
        connection->input_begin = connection->input_end;
        connection->state = CONNECTION_LAST;
    }
    middleware_serve(&request);
}

static void take_request(struct connection *connection)
{
    struct http *http = &connection->http;
    bool was_in_message = http->in_message;
    size_t used;
    enum http_result result = http_feed(http, connection->input + connection->input_begin,
                                        connection->input_end - connection->input_begin, &used);

    connection->input_begin += used;
    if (!was_in_message)
        connection->since = connection_now(connection);
    if (result == HTTP_REFUSED)
        connection_refuse(connection, http->refused);
    else if (result == HTTP_COMPLETE)
        serve(connection);
}

/* The client has sent all that it will: what was begun is not finished, what is whole is answered. */
static void end_input(struct connection *connection)
{
    connection->ended = true;
    connection->reading = false;
    if (connection->count == 0 || connection->state == CONNECTION_LINGERING)
        connection_close(connection);
    else
        connection->state = CONNECTION_LAST;
}

static void on_input(uv_stream_t *tcp, ssize_t size, const uv_buf_t *buffer)
{
    struct connection *connection = tcp->data;

    (void)buffer;
    if (size == UV_EOF) {
        end_input(connection);
    } else if (size < 0) {
        connection_close(connection);
    } else if (connection->state == CONNECTION_OPEN) {
        connection->input_begin = 0;
        connection->input_end = (size_t)size;
        connection_read(connection);
    }
}

static void on_room(uv_handle_t *tcp, size_t suggested, uv_buf_t *buffer)
{
    struct connection *connection = tcp->data;

    (void)suggested;
    *buffer = uv_buf_init(connection->input, sizeof connection->input);
}

static bool wants_input(const struct connection *connection)
{
    if (connection->ended)
        return false;
    if (connection->state == CONNECTION_OPEN)
        return connection->input_begin == connection->input_end &&
               connection->count < EXCHANGES_MAX;
    return connection->state == CONNECTION_LINGERING; /* and forgets it */
}

void connection_read(struct connection *connection)
{
    while (connection->state == CONNECTION_OPEN && connection->count < EXCHANGES_MAX &&
           connection->input_begin < connection->input_end)
        take_request(connection);
    if (connection->server->draining)
        connection_drain(connection);
    if (connection->reading == wants_input(connection) || connection->state == CONNECTION_CLOSED)
        return;
    connection->reading = !connection->reading;
    if (!connection->reading)
        ctx_uv_read_stop((uv_stream_t *)&connection->tcp);
    else if (ctx_uv_read_start((uv_stream_t *)&connection->tcp, on_room, on_input) != 0)
        connection_close(connection);
}
