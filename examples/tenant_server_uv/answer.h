/*
 * answer.h: the answer of an exchange. Each of these gives it one, once, in the context of its request.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "exchange.h"

/* A line of text. */
void answer_text(struct exchange *exchange, unsigned code, const char *text);

/* 405. */
void answer_not_allowed(struct exchange *exchange, const char *allowed);

/* 200, with a body from malloc(), which it frees. */
void answer_page(struct exchange *exchange, const char *type, char *body, size_t size);

/* What a memoized report answered; takes `json` over. Says in X-Cache how it was answered. */
void answer_report(struct exchange *exchange, int status, ctx_cache_ref *json,
                   const ctx_cache_info *info);

/* A failure with the library's reason; `info`, if there is one, names the variable. */
void answer_failure(struct exchange *exchange, int status, const ctx_cache_info *info);

#endif
