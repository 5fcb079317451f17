#include "tune/objects.h"

#include "base/alloc.h"

#define FIRST_SLOTS ((size_t)1 << 14)

int ctxi_objects_init(struct ctxi_objects *objects)
{
    *objects = (struct ctxi_objects){.slot_count = FIRST_SLOTS};
    objects->slots = ctxi_zalloc(ctxi_process_allocator(), FIRST_SLOTS * sizeof *objects->slots);
    return objects->slots ? CTX_OK : CTX_ERR_NOMEM;
}

void ctxi_objects_fini(struct ctxi_objects *objects)
{
    ctxi_free(ctxi_process_allocator(), objects->slots,
              objects->slot_count * sizeof *objects->slots);
    objects->slots = NULL;
}

/* Keys may be small numbers: the products spread them to the upper bits, which are then used. */
static size_t home_of(const struct ctxi_objects *objects, uint64_t key, uint32_t tenant)
{
    uint64_t mixed = (key ^ (uint64_t)tenant << 40) * 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9u;
    return (size_t)(mixed >> 24) & (objects->slot_count - 1);
}

/* Where the object is, or the empty slot where it belongs. */
static struct ctxi_object_slot *locate(const struct ctxi_objects *objects, uint64_t key,
                                       uint32_t tenant)
{
    size_t i = home_of(objects, key, tenant);

    for (;; i = (i + 1) & (objects->slot_count - 1)) {
        struct ctxi_object_slot *slot = &objects->slots[i];

        if (!slot->number_plus_1 || (slot->key == key && slot->tenant == tenant))
            return slot;
    }
}

static int resize(struct ctxi_objects *objects, size_t slot_count)
{
    struct ctxi_objects grown = {.count = objects->count, .slot_count = slot_count};

    grown.slots = ctxi_zalloc(ctxi_process_allocator(), slot_count * sizeof *grown.slots);
    if (!grown.slots)
        return CTX_ERR_NOMEM;
    for (size_t i = 0; i < objects->slot_count; i++) {
        const struct ctxi_object_slot *slot = &objects->slots[i];

        if (slot->number_plus_1)
            *locate(&grown, slot->key, slot->tenant) = *slot;
    }
    ctxi_objects_fini(objects);
    *objects = grown;
    return CTX_OK;
}

int ctxi_objects_promise(struct ctxi_objects *objects, uint32_t count)
{
    size_t slots = objects->slot_count;

    if (count > UINT32_MAX - objects->count)
        return CTX_ERR_LIMIT;
    while (slots / 2 < (size_t)objects->count + count)
        slots *= 2;
    return slots == objects->slot_count ? CTX_OK : resize(objects, slots);
}

void ctxi_objects_prefetch(const struct ctxi_objects *objects, uint64_t key, uint32_t tenant)
{
    __builtin_prefetch(&objects->slots[home_of(objects, key, tenant)], 1);
}

uint32_t ctxi_objects_number(struct ctxi_objects *objects, uint64_t key, uint32_t tenant)
{
    struct ctxi_object_slot *slot = locate(objects, key, tenant);

    if (!slot->number_plus_1)
        *slot = (struct ctxi_object_slot){key, tenant, ++objects->count};
    return slot->number_plus_1 - 1;
}
