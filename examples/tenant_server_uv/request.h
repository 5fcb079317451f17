/*
 * request.h: what a page is asked.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "exchange.h"
#include "head.h"
#include "server.h"

struct request {
    struct server *server;
    struct exchange *exchange; /* gets the answer, now or later */
    const struct head *head;   /* until the page returns */
};

#endif
