/*
 * objects.h: the table that numbers the objects of a trace in the order of their appearance. Included
 * by load.c.
 */
#ifndef CTXI_TUNE_OBJECTS_H
#define CTXI_TUNE_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

struct ctxi_object_slot {
    uint64_t key;
    uint32_t tenant;
    uint32_t number_plus_1; /* 0: empty */
};

/* An open-addressed table, at most half full. */
struct ctxi_objects {
    uint32_t count;
    size_t slot_count; /* a power of two */
    struct ctxi_object_slot *slots;
};

/* CTX_ERR_NOMEM. */
int ctxi_objects_init(struct ctxi_objects *objects);
void ctxi_objects_fini(struct ctxi_objects *objects);

/* Makes room, so that the next `count` calls of ctxi_objects_number() cannot fail. CTX_ERR_NOMEM;
 * CTX_ERR_LIMIT: there could be more than 2^32 - 1. */
int ctxi_objects_promise(struct ctxi_objects *objects, uint32_t count);

/* Where its slot is likely to be is fetched, for a call that comes a little later. */
void ctxi_objects_prefetch(const struct ctxi_objects *objects, uint64_t key, uint32_t tenant);

/* The number of the object; if it is new, that is the count before. */
uint32_t ctxi_objects_number(struct ctxi_objects *objects, uint64_t key, uint32_t tenant);

#endif
