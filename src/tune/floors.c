#include "tune/floors.h"

#include <stdbool.h>
#include <string.h>

#include "ctxcache/status.h"
#include "curve/blocks.h"
#include "tune/policies/queue.h"

#define NEVER UINT64_MAX

/*
 * Each tenant has an LRU queue of its own. Who is evicted next is told by a tournament: a tree whose
 * leaves are tenants and whose inner places name the one of their two whose oldest object is older, of
 * those that have more than their floor.
 */
struct floors {
    const struct ctxi_stream *stream;
    uint64_t capacity, count, now;
    const uint64_t *floors;
    struct ctxi_queue *queues; /* [tenant_count] */
    bool *stored;              /* [object_count] */
    uint64_t *used;            /* [object_count], the time of the latest use */
    uint64_t *oldest;          /* [leaves], of a tenant over its floor, else NEVER */
    uint32_t *winners;         /* [leaves], a tree from [1] on */
    uint32_t leaves;           /* a power of two, 2 at least */
};

static uint32_t tenant_of(const struct floors *floors, size_t request)
{
    return floors->stream->request_tenants ? floors->stream->request_tenants[request] : 0;
}

/* The winner below a place of the tree, which may be a leaf. */
static uint32_t winner(const struct floors *floors, uint32_t place)
{
    return place < floors->leaves ? floors->winners[place] : place - floors->leaves;
}

/* The tenant's queue has changed. */
static void play(struct floors *floors, uint32_t tenant)
{
    const struct ctxi_queue *queue = &floors->queues[tenant];
    uint64_t floor = floors->floors ? floors->floors[tenant] : 0;

    floors->oldest[tenant] = queue->count > floor ? floors->used[queue->oldest] : NEVER;
    for (uint32_t place = (floors->leaves + tenant) / 2; place > 0; place /= 2) {
        uint32_t left = winner(floors, 2 * place), right = winner(floors, 2 * place + 1);

        floors->winners[place] = floors->oldest[right] < floors->oldest[left] ? right : left;
    }
}

static void evict(struct floors *floors, uint32_t tenant)
{
    floors->stored[ctxi_queue_take(&floors->queues[tenant])] = false;
    floors->count--;
    play(floors, tenant);
}

/* Room for one more of this tenant; false: everybody else is at the floor, and it has nothing. */
static bool make_room(struct floors *floors, uint32_t tenant)
{
    uint32_t victim = floors->winners[1];

    if (floors->count < floors->capacity)
        return true;
    if (floors->oldest[victim] == NEVER)
        victim = tenant;
    if (floors->queues[victim].count == 0)
        return false;
    evict(floors, victim);
    return true;
}

static bool use(struct floors *floors, uint32_t object, uint32_t tenant)
{
    struct ctxi_queue *queue = &floors->queues[tenant];
    bool hit = floors->stored[object];

    if (hit)
        ctxi_queue_remove(queue, object);
    else if (!make_room(floors, tenant))
        return false;
    floors->count += !hit;
    floors->stored[object] = true;
    floors->used[object] = floors->now++;
    ctxi_queue_add(queue, object);
    play(floors, tenant);
    return hit;
}

static bool prepare(struct floors *floors, struct ctxi_blocks *blocks)
{
    uint32_t tenants = floors->stream->tenant_count;
    size_t objects = floors->stream->object_count;
    struct ctxi_links *links = ctxi_blocks_take(blocks, objects, sizeof *links);

    floors->leaves = 2;
    while (floors->leaves < tenants)
        floors->leaves *= 2;
    floors->queues = ctxi_blocks_take(blocks, tenants, sizeof *floors->queues);
    floors->stored = ctxi_blocks_take(blocks, objects, sizeof *floors->stored);
    floors->used = ctxi_blocks_take(blocks, objects, sizeof *floors->used);
    floors->oldest = ctxi_blocks_take(blocks, floors->leaves, sizeof *floors->oldest);
    floors->winners = ctxi_blocks_take(blocks, floors->leaves, sizeof *floors->winners);
    if (!links || !floors->queues || !floors->stored || !floors->used || !floors->oldest ||
        !floors->winners)
        return false;
    for (uint32_t i = 0; i < tenants; i++)
        floors->queues[i] = ctxi_queue_of(links);
    memset(floors->oldest, 0xff, floors->leaves * sizeof *floors->oldest);
    for (uint32_t place = floors->leaves; place-- > 1;)
        floors->winners[place] = winner(floors, 2 * place);
    return true;
}

static bool are_valid(const uint64_t *floors, uint32_t count, uint64_t capacity)
{
    for (uint32_t i = 0; floors && i < count; i++) {
        if (floors[i] > capacity)
            return false;
        capacity -= floors[i];
    }
    return true;
}

int ctxi_floors_run(const struct ctxi_stream *stream, uint64_t capacity, const uint64_t *floors,
                    const ctx_allocator *allocator, uint64_t *out_hits)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(allocator);
    struct floors run = {.stream = stream, .capacity = capacity, .floors = floors};

    if (capacity == 0 || !are_valid(floors, stream->tenant_count, capacity))
        return CTX_ERR_INVALID;
    if (!prepare(&run, &blocks)) {
        ctxi_blocks_free(&blocks);
        return CTX_ERR_NOMEM;
    }
    memset(out_hits, 0, stream->tenant_count * sizeof *out_hits);
    for (size_t i = 0; i < stream->request_count; i++) {
        uint32_t tenant = tenant_of(&run, i);
        uint8_t op = ctxi_stream_op(stream, i);

        if (op != CTXI_OP_DELETE && use(&run, stream->objects[i], tenant) && op == CTXI_OP_GET)
            out_hits[tenant]++;
    }
    ctxi_blocks_free(&blocks);
    return CTX_OK;
}
