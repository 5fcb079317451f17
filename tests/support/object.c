#include "support/object.h"

static void retain(void *object)
{
    struct counted *counted = object;

    atomic_fetch_add(&counted->retained, 1);
    if (counted->on_retain)
        counted->on_retain(counted);
}

static void release(void *object)
{
    struct counted *counted = object;

    atomic_fetch_add(&counted->released, 1);
    if (counted->on_release)
        counted->on_release(counted);
}

const ctx_object_class counted_class = {sizeof(ctx_object_class), "counted", retain, release, NULL};

int counted_held(struct counted *object)
{
    return atomic_load(&object->retained) - atomic_load(&object->released);
}
