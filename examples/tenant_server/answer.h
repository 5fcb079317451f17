/*
 * answer.h: from a status of the library to an HTTP response.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <ctxcache.h>
#include <microhttpd.h>

/* A line of text. */
enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned code, const char *text);

/* JSON from malloc(), which it frees. */
enum MHD_Result answer_json(struct MHD_Connection *connection, char *json, size_t size);

/* What a memoized report answered; releases `json`. Says in X-Cache how it was answered. */
enum MHD_Result answer_report(struct MHD_Connection *connection, int status, ctx_cache_ref *json,
                              const ctx_cache_info *info);

/* A failure with the library's reason; `info`, if there is one, names the variable. */
enum MHD_Result answer_failure(struct MHD_Connection *connection, int status,
                               const ctx_cache_info *info);

#endif
