/*
 * scoped_call.h: CTX_SCOPED as C compiles it, around a call that may not return.
 */
#ifndef SUPPORT_SCOPED_CALL_H
#define SUPPORT_SCOPED_CALL_H

#include "ctxcache/scope.h"

CTX_BEGIN_DECLS

/* Calls fn(arg) in a block where `var` is `value`. */
void support_call_scoped(ctx_var *var, int64_t value, void (*fn)(void *arg), void *arg);

CTX_END_DECLS

#endif
