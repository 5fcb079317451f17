/*
 * server.h: the HTTP side. One place, with_variables() in server.c, turns the headers of a request
 * into context variables; nothing below it knows of headers.
 *
 *     GET  /revenue?year=2025[&quarter=1..4]      memoized per tenant and currency
 *     GET  /summary?year=2025                     reads the locale too: answered, never stored
 *     POST /invalidate                            forgets what is cached for this tenant
 *     GET  /stats                                 the cache, and each partition
 *
 * Headers: X-Tenant, X-Currency (else EUR), X-Locale or Accept-Language (else en). The answer's
 * X-Cache says how the cache answered: hit, miss, joined, miss/undeclared:locale, ...
 */
#ifndef SERVER_H
#define SERVER_H

struct MHD_Daemon;

/* Listens on 127.0.0.1; port 0 takes a free one. NULL after telling stderr why. */
struct MHD_Daemon *server_start(unsigned short port, unsigned threads, unsigned short *out_port);

/* Answers what was asked, then ends. */
void server_stop(struct MHD_Daemon *daemon);

#endif
