#include "tune/holes.h"

void ctxi_holes_add(struct ctxi_holes *holes, uint32_t slot)
{
    uint32_t at = holes->count++;

    while (at > 0 && holes->slots[(at - 1) / 2] < slot) {
        holes->slots[at] = holes->slots[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    holes->slots[at] = slot;
}

void ctxi_holes_pop(struct ctxi_holes *holes)
{
    uint32_t slot = holes->slots[--holes->count], at = 0;

    for (uint32_t child = 1; child < holes->count; child = 2 * at + 1) {
        if (child + 1 < holes->count && holes->slots[child + 1] > holes->slots[child])
            child++;
        if (holes->slots[child] <= slot)
            break;
        holes->slots[at] = holes->slots[child];
        at = child;
    }
    holes->slots[at] = slot;
}
