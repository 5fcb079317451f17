/*
 * server.h: listening, the connections that there are, and the end.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "tenant_reports/lifetime.h"

struct connection;

enum { SERVER_SIGNALS = 3, SERVER_CODES = 600 };

/* Used by the thread of the loop alone. */
struct server {
    uv_loop_t *loop;
    struct lifetime *life;
    long connections_max;
    uint64_t
        patience_ms; /* for a request to come whole, for bytes to be taken, and with who is idle */

    uv_tcp_t listener;
    uv_prepare_t flusher; /* sends what was answered since the loop waited last */
    uv_timer_t sweeper;   /* looks who is late */
    uv_signal_t signals[SERVER_SIGNALS];
    unsigned handle_count; /* of these, in this order, those that are open */
    bool draining;         /* nothing new is begun */
    bool one_waits;        /* a client at the listener, until there is room */

    struct connection *connections; /* of which connection_count have a handle that is open */
    long connection_count;
    struct connection *to_flush;

    /* For /metrics. */
    uint64_t accepted, open_requests, answers[SERVER_CODES];
};

/* Listens on 127.0.0.1; port 0 takes a free one. A libuv error, and then the loop has still to be run. What
 * the caller has to fill in before: life, connections_max, patience_ms. */
int server_start(struct server *server, uv_loop_t *loop, unsigned short port,
                 unsigned short *out_port);

/*
 * Stops listening, answers what was begun, ends connections that are idle, and when all have ended lets go of
 * the loop. Called again, it ends them as they are.
 */
void server_drain(struct server *server);

/* connection.c says when one of its kind begins, has ended, and has something to send. */
void server_add(struct server *server, struct connection *connection);
void server_remove(struct server *server, struct connection *connection);
void server_ended(struct server *server);
void server_flush_later(struct server *server, struct connection *connection);
void server_flush_never(struct server *server, struct connection *connection);

#endif
