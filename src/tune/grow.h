/*
 * grow.h: arrays that double when they are full. Included by tenants.c and load.c.
 */
#ifndef CTXI_TUNE_GROW_H
#define CTXI_TUNE_GROW_H

#include <stddef.h>

/*
 * Makes the array at `*array`, of `count` items of `size` bytes (NULL if that is 0), one of
 * `wanted_count` > count items; what there was is kept. CTX_ERR_NOMEM: all is as before.
 */
int ctxi_grow(void *array, size_t size, size_t count, size_t wanted_count);

#endif
