#include "tune/grow.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

int ctxi_grow(void *array, size_t size, size_t count, size_t wanted_count)
{
    const ctx_allocator *allocator = ctxi_process_allocator();
    void *old, *grown;

    if (wanted_count > SIZE_MAX / size)
        return CTX_ERR_NOMEM;
    memcpy(&old, array, sizeof old);
    if (!(grown = ctxi_alloc(allocator, wanted_count * size)))
        return CTX_ERR_NOMEM;
    if (count > 0)
        memcpy(grown, old, count * size);
    ctxi_free(allocator, old, count * size);
    memcpy(array, &grown, sizeof grown);
    return CTX_OK;
}
