/*
 * object.h: an object that counts how often it was retained and released, and may call back.
 */
#ifndef SUPPORT_OBJECT_H
#define SUPPORT_OBJECT_H

#include <stdatomic.h>

#include "ctxcache/value.h"

struct counted {
    _Atomic int retained;
    _Atomic int released;
    void (*on_retain)(struct counted *object);
    void (*on_release)(struct counted *object);
    void *arg;
};

extern const ctx_object_class counted_class;

/* References that are held now, besides the maker's. */
int counted_held(struct counted *object);

static inline ctx_value counted_value(struct counted *object)
{
    return ctx_object(object, &counted_class);
}

#endif
