/*
 * holes.h: the places of deleted objects in an LRU stack, the newest first: a heap of slots of an
 * axis. Included by distances.c.
 */
#ifndef CTXI_TUNE_HOLES_H
#define CTXI_TUNE_HOLES_H

#include <stdint.h>

struct ctxi_holes {
    uint32_t
        *slots; /* [count], no slot is larger than that at (its place - 1) / 2. The owner's, with
                        room for as many as there are objects */
    uint32_t count;
};

/* The newest, if there is one. */
static inline uint32_t ctxi_holes_newest(const struct ctxi_holes *holes)
{
    return holes->slots[0];
}

void ctxi_holes_add(struct ctxi_holes *holes, uint32_t slot);

/* Takes the newest away. */
void ctxi_holes_pop(struct ctxi_holes *holes);

#endif
