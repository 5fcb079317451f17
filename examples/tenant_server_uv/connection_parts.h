/*
 * connection_parts.h: what the files of connection.h need of each other.
 */
#ifndef CONNECTION_PARTS_H
#define CONNECTION_PARTS_H

#include "connection.h"

/* In ms, when the loop woke up last. */
uint64_t connection_now(const struct connection *connection);

/* Takes requests from the input, as many as may wait, and begins or ceases to read more. */
void connection_read(struct connection *connection);

/* No request more: the last answer has this code. */
void connection_refuse(struct connection *connection, unsigned code);

/* A new exchange, at the end; NULL: no memory. And giving the first one back. */
struct exchange *connection_ask(struct connection *connection);
void connection_forget_first(struct connection *connection);

/* Frees it if it is closed, and nobody will answer any more. */
void connection_free_unused(struct connection *connection);

#endif
