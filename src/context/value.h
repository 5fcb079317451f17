/*
 * value.h: what the store must know of values before it keeps them. Included by whatever makes
 * cells.
 */
#ifndef CTXI_CONTEXT_VALUE_H
#define CTXI_CONTEXT_VALUE_H

#include "ctxcache/value.h"

/* Whether a caller may pass it: a known type, an object with a class, no bytes without address. */
bool ctxi_value_valid(const ctx_value *value);

/* Writes a valid value in the one form that the store keeps: nothing but the member that its type
 * names, and CTX_NULL for a NULL string or NULL bytes. */
void ctxi_value_clean(const ctx_value *value, ctx_value *out);

/* Whether a valid value refers to something outside of itself. */
static inline bool ctxi_value_borrows(const ctx_value *value)
{
    return value->type > CTX_F64;
}

/* Calls the object's class, if it is an object and the class cares. */
static inline void ctxi_value_retain(const ctx_value *value)
{
    if (value->type == CTX_OBJECT && value->as.object.kind->retain)
        value->as.object.kind->retain(value->as.object.pointer);
}

static inline void ctxi_value_release(const ctx_value *value)
{
    if (value->type == CTX_OBJECT && value->as.object.kind->release)
        value->as.object.kind->release(value->as.object.pointer);
}

#endif
