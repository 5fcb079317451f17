/*
 * connection.h: one client.
 *
 * Its callbacks run in the context of the server, which is empty, and never in that of a request: a request
 * is run in a context of its own (request.h), what answers it says so with connection_answered(), and
 * connection_flush(), in the context of the server again, sends what can be sent.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <uv.h>

#include "exchange.h"
#include "http.h"

struct server;

enum connection_state {
    CONNECTION_OPEN,
    CONNECTION_LAST,      /* no request more; it ends when all are answered */
    CONNECTION_LINGERING, /* all is sent; waits for the client to end, so that it gets it all */
    CONNECTION_CLOSED     /* remains until the last exchange has its answer, which nobody gets */
};

/* Used by the thread of the loop alone. */
struct connection {
    uv_tcp_t tcp;
    struct server *server;
    struct connection *previous, *next; /* of the server */
    struct connection *next_to_flush;
    bool to_flush;

    enum connection_state state;
    bool gone;           /* its handle is closed */
    bool reading, ended; /* whether more is read; whether the client has sent all that it will */
    uint64_t since; /* when that began for which is waited now, in ms; see connection_check() */
    size_t unsent;  /* bytes, at the last look */

    /* Reading goes on when all of the input is used up. */
    struct http http;
    char input[INPUT_MAX];
    size_t input_begin, input_end;

    /* Exchanges in the order of their requests: the first `sending` of `count` are being sent, `open` have
     * no answer yet. */
    struct exchange *first, **end;
    unsigned count, sending, open;
    uv_write_t write;
    uv_shutdown_t shutdown;
};

/* Takes the client that waits at the listener. A libuv error if it is still waiting there. */
int connection_accept(struct server *server, uv_stream_t *listener);

/* The exchange has its answer. */
void connection_answered(struct exchange *exchange);

/* Sends the answers that are there, up to the first that is not. */
void connection_flush(struct connection *connection);

/* The server ends: what was begun is answered, nothing else. */
void connection_drain(struct connection *connection);

/* Ends it if the client is late. */
void connection_check(struct connection *connection);

/* Ends it as it is. */
void connection_close(struct connection *connection);

#endif
