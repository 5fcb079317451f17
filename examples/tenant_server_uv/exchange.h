/*
 * exchange.h: one request and its answer. Exchanges of a connection stand in the order of the requests, and
 * that is the order in which the answers are sent, whichever is there first.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <ctxcache.h>
#include <stdbool.h>
#include <uv.h>

struct connection;

struct exchange {
    struct connection *connection;
    struct exchange *next;
    bool without_body; /* HEAD */
    bool is_1_0;
    bool last; /* after it the connection ends */

    /* The answer, once it is there. */
    bool done;
    unsigned code;
    const char *type;
    const char *allow; /* for 405, else NULL */
    char x_cache[128], request_id[64];
    const void *body;
    size_t body_size;
    ctx_cache_ref ref; /* what holds the body: the cache, */
    char *owned;       /* or malloc() */

    char head[640]; /* made when it is sent */
};

/* NULL: no memory. */
struct exchange *exchange_new(struct connection *connection);

/* NULL is allowed. */
void exchange_free(struct exchange *exchange);

/* The bytes to send, for up to two buffers; returns how many. */
unsigned exchange_buffers(struct exchange *exchange, uv_buf_t buffers[2]);

#endif
