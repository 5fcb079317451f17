#include "tune/tenants.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "tune/grow.h"

#define FIRST_SLOTS 16

struct slot {
    uint64_t id;
    uint32_t number_plus_1; /* 0: empty */
};

/* An open-addressed table, at most half full, from ids to numbers, and the names by number. */
struct ctxi_tenants {
    uint32_t count;
    size_t slot_count; /* a power of two */
    struct slot *slots;
    size_t name_room;
    char **names; /* [name_room], of which `count` are there */
    uint64_t last_id;
    uint32_t
        last_number; /* the one found last; most requests are of the same tenant as the one before */
};

int ctxi_tenants_new(struct ctxi_tenants **out_tenants)
{
    const ctx_allocator *allocator = ctxi_process_allocator();
    struct ctxi_tenants *tenants = ctxi_zalloc(allocator, sizeof *tenants);

    *out_tenants = tenants;
    if (!tenants)
        return CTX_ERR_NOMEM;
    tenants->slot_count = FIRST_SLOTS;
    tenants->slots = ctxi_zalloc(allocator, FIRST_SLOTS * sizeof *tenants->slots);
    if (tenants->slots)
        return CTX_OK;
    ctxi_tenants_free(tenants);
    *out_tenants = NULL;
    return CTX_ERR_NOMEM;
}

void ctxi_tenants_free(struct ctxi_tenants *tenants)
{
    const ctx_allocator *allocator = ctxi_process_allocator();

    if (!tenants)
        return;
    for (uint32_t i = 0; i < tenants->count; i++)
        ctxi_free(allocator, tenants->names[i], strlen(tenants->names[i]) + 1);
    ctxi_free(allocator, tenants->names, tenants->name_room * sizeof *tenants->names);
    ctxi_free(allocator, tenants->slots, tenants->slot_count * sizeof *tenants->slots);
    ctxi_free(allocator, tenants, sizeof *tenants);
}

/* ---- finding ------------------------------------------------------------------------------ */

/* Where `id` is, or the empty slot where it belongs. Ids may be small numbers: the product spreads
 * them to its upper bits. */
static struct slot *locate(const struct ctxi_tenants *tenants, uint64_t id)
{
    size_t mask = tenants->slot_count - 1;
    size_t i = (size_t)((id * 0x9e3779b97f4a7c15u) >> 32) & mask;

    while (tenants->slots[i].number_plus_1 && tenants->slots[i].id != id)
        i = (i + 1) & mask;
    return &tenants->slots[i];
}

static int grow_slots(struct ctxi_tenants *tenants)
{
    const ctx_allocator *allocator = ctxi_process_allocator();
    struct ctxi_tenants grown = {.slot_count = 2 * tenants->slot_count};

    grown.slots = ctxi_zalloc(allocator, grown.slot_count * sizeof *grown.slots);
    if (!grown.slots)
        return CTX_ERR_NOMEM;
    for (size_t i = 0; i < tenants->slot_count; i++)
        if (tenants->slots[i].number_plus_1)
            *locate(&grown, tenants->slots[i].id) = tenants->slots[i];
    ctxi_free(allocator, tenants->slots, tenants->slot_count * sizeof *tenants->slots);
    tenants->slots = grown.slots;
    tenants->slot_count = grown.slot_count;
    return CTX_OK;
}

/* ---- adding ------------------------------------------------------------------------------- */

/* A NUL is shown as '?', too: the size of a name is that of its string. */
static char *copy_name(const char *name, size_t size)
{
    char *copy = ctxi_alloc(ctxi_process_allocator(), size + 1);

    if (!copy)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)name[i];

        copy[i] = (char)(c == CTXI_JOINT ? '|' : c < 0x20 || c == 0x7f ? '?' : c);
    }
    copy[size] = '\0';
    return copy;
}

static int make_room(struct ctxi_tenants *tenants)
{
    size_t room = tenants->name_room ? 2 * tenants->name_room : FIRST_SLOTS;

    if (2 * ((size_t)tenants->count + 1) > tenants->slot_count && grow_slots(tenants) != CTX_OK)
        return CTX_ERR_NOMEM;
    if (tenants->count < tenants->name_room)
        return CTX_OK;
    if (ctxi_grow(&tenants->names, sizeof *tenants->names, tenants->name_room, room) != CTX_OK)
        return CTX_ERR_NOMEM;
    tenants->name_room = room;
    return CTX_OK;
}

static int add(struct ctxi_tenants *tenants, uint64_t id, const char *name, size_t name_size)
{
    char decimal[24];
    char *copy;

    if (tenants->count == UINT32_MAX - 1)
        return CTX_ERR_LIMIT;
    if (make_room(tenants) != CTX_OK)
        return CTX_ERR_NOMEM;
    if (!name) {
        name_size = (size_t)snprintf(decimal, sizeof decimal, "%" PRIu64, id);
        name = decimal;
    }
    if (!(copy = copy_name(name, name_size)))
        return CTX_ERR_NOMEM;
    tenants->names[tenants->count++] = copy;
    *locate(tenants, id) = (struct slot){id, tenants->count};
    return CTX_OK;
}

int ctxi_tenants_find(struct ctxi_tenants *tenants, uint64_t id, const char *name, size_t name_size,
                      uint32_t *out_number)
{
    const struct slot *slot;
    int status;

    if (tenants->count > 0 && tenants->last_id == id) {
        *out_number = tenants->last_number;
        return CTX_OK;
    }
    slot = locate(tenants, id);
    if (!slot->number_plus_1) {
        if ((status = add(tenants, id, name, name_size)) != CTX_OK)
            return status;
        slot = locate(tenants, id);
    }
    tenants->last_id = id;
    tenants->last_number = *out_number = slot->number_plus_1 - 1;
    return CTX_OK;
}

/* ---- asking ------------------------------------------------------------------------------- */

uint32_t ctxi_tenants_count(const struct ctxi_tenants *tenants)
{
    return tenants->count;
}

const char *ctxi_tenants_name(const struct ctxi_tenants *tenants, uint32_t number)
{
    return tenants->names[number];
}
