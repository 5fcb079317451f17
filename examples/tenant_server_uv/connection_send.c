#include <ctxcache/uv.h>

#include "connection_parts.h"
#include "server.h"

static void on_sent(uv_write_t *write, int status)
{
    struct connection *connection = write->data;

    for (; connection->sending > 0; connection->sending--)
        connection_forget_first(connection);
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (status < 0) {
        connection_close(connection);
        return;
    }
    connection->since = connection_now(connection);
    connection_read(connection);
    server_flush_later(connection->server, connection);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown, (void)status;
}

/* All is sent. Were it closed now, with something unread from the client, the system would take back what is
 * on its way to it. */
static void linger(struct connection *connection)
{
    if (connection->ended ||
        ctx_uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->tcp, on_shutdown) != 0) {
        connection_close(connection);
        return;
    }
    connection->state = CONNECTION_LINGERING;
    connection->since = connection_now(connection);
    connection_read(connection);
}

void connection_flush(struct connection *connection)
{
    uv_buf_t buffers[2 * EXCHANGES_MAX];
    unsigned count = 0;

    if (connection->sending > 0 || connection->state >= CONNECTION_LINGERING)
        return;
    for (struct exchange *e = connection->first; e && e->done; e = e->next) {
        count += exchange_buffers(e, buffers + count);
        connection->sending++;
    }
    if (count == 0) {
        if (connection->state == CONNECTION_LAST && connection->count == 0)
            linger(connection);
        return;
    }
    connection->write.data = connection;
    connection->since = connection_now(connection);
    if (ctx_uv_write(&connection->write, (uv_stream_t *)&connection->tcp, buffers, count,
                     on_sent) != 0) {
        connection->sending = 0;
        connection_close(connection);
    }
}
