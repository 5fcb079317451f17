/*
 * http.h: bytes of a connection become requests, one at a time. What a request is allowed to be is decided
 * here and in head.h; it does not know of sockets.
 */
#ifndef HTTP_H
#define HTTP_H

#include <http_parser.h>

#include "head.h"

struct http {
    http_parser parser;
    struct head head;
    size_t body_size;
    unsigned refused; /* HTTP code, once something is wrong */
    bool in_message;  /* a request has begun and is not whole yet */
    bool in_head;     /* what comes after the body names no tenant */
    bool complete;    /* one is whole: see head */
    bool keep_alive;  /* after it the connection goes on */
};

enum http_result { HTTP_MORE, HTTP_COMPLETE, HTTP_REFUSED };

/* For the whole process. */
void http_limit(void);

void http_begin(struct http *http);

/*
 * Reads up to the end of a request; *used says how far.
 *
 * HTTP_MORE      all was read, and no request is whole yet
 * HTTP_COMPLETE  http->head is a request, until the next call
 * HTTP_REFUSED   nothing more can be understood; http->refused is the code to answer with
 */
enum http_result http_feed(struct http *http, const char *data, size_t size, size_t *used);

#endif
