/*
 * limits.h: what a client may ask for, and how long it may take.
 */
#ifndef LIMITS_H
#define LIMITS_H

enum {
    URL_MAX = 1024,      /* bytes; more: 414 */
    FIELD_NAME_MAX = 31, /* of the header fields that are looked at */
    FIELD_MAX = 255,     /* bytes in the value of such a field; more: 431 */
    HEADERS_MAX = 8192,  /* bytes in all of a request's head; more: 431 */
    BODY_MAX = 65536,    /* bytes; no page takes any, so they are read and forgotten; more: 413 */
    INPUT_MAX = 16384,   /* bytes read at once */
    EXCHANGES_MAX =
        64, /* requests of one connection that are not answered and sent: no more are read */
    LINGER_MS = 1000,    /* how long is waited, after the last answer, for the client to have it */
    DRAIN_IDLE_MS = 250, /* at the end: how long an idle connection may bring one request more */
    SWEEP_MS = 100,      /* how often is looked who is late */
};

#endif
