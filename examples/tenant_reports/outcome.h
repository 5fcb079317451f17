/*
 * outcome.h: what a memoized report has to say to an HTTP client.
 */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <ctxcache.h>

/* "hit", "miss/undeclared:locale", "hit/negative", "refused/unset:tenant": for the header X-Cache. */
void outcome_describe(const ctx_cache_info *info, int status, char *out, size_t size);

/* The HTTP code of a status other than CTX_OK. */
unsigned outcome_code(int status);

/* The body that goes with it, JSON with the library's reason; `info`, if there is one, names the variable.
 * Returns its size, which is less than `size`. */
size_t outcome_body(int status, const ctx_cache_info *info, char *out, size_t size);

#endif
