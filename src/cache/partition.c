#include "cache/partition.h"

#include "base/hash.h"

#define REST_MAX 64 /* slots that rest although they could be used again */
/* No more rest, whatever readers do, and none is added meanwhile: 1.5 MB. */
#define REST_LIMIT 65536

void ctxi_partitions_init(struct ctxi_partitions *partitions, uint64_t seed)
{
    *partitions = (struct ctxi_partitions){0};
    partitions->seed = seed;
    partitions->first_serial = CTXI_SERIAL_ONE;
    atomic_init(&partitions->ids, NULL);
    ctxi_list_init(&partitions->idle);
}

static size_t block_size(size_t encoded_size)
{
    return offsetof(struct ctxi_partition, encoded) + encoded_size;
}

size_t ctxi_partition_bytes(size_t encoded_size)
{
    return block_size(encoded_size) + 2 * sizeof(size_t); /* what malloc adds, at most */
}

static unsigned table_hash(const struct ctxi_partitions *partitions, const void *encoded,
                           size_t size)
{
    return (unsigned)ctxi_hash(encoded, size, partitions->seed);
}

/* ---- slots -------------------------------------------------------------------------------- */

static struct ctxi_partition_ids *ids_of(const struct ctxi_partitions *partitions)
{
    /* relaxed: changes under the lock, which the caller holds */
    return atomic_load_explicit(&partitions->ids, memory_order_relaxed);
}

static size_t ids_bytes(uint32_t count)
{
    return sizeof(struct ctxi_partition_ids) + count * sizeof(uint64_t);
}

static uint64_t id_at(const struct ctxi_partitions *partitions, uint32_t slot)
{
    return atomic_load_explicit(&ids_of(partitions)->of[slot], memory_order_relaxed);
}

/* The four arrays at one size. */
struct arrays {
    struct ctxi_partition **slots;
    struct ctxi_partition_ids *ids;
    uint32_t *free_slots, *resting;
};

static void give_arrays(const struct arrays *arrays, struct ctxi_memory *memory, uint32_t count)
{
    ctxi_memory_give(memory, arrays->slots, count * sizeof *arrays->slots);
    ctxi_memory_give(memory, arrays->ids, ids_bytes(count));
    ctxi_memory_give(memory, arrays->free_slots, count * sizeof *arrays->free_slots);
    ctxi_memory_give(memory, arrays->resting, count * sizeof *arrays->resting);
}

static int take_arrays(struct arrays *arrays, struct ctxi_memory *memory, uint32_t count)
{
    arrays->slots = ctxi_memory_take(memory, count * sizeof *arrays->slots);
    arrays->ids = ctxi_memory_take(memory, ids_bytes(count));
    arrays->free_slots = ctxi_memory_take(memory, count * sizeof *arrays->free_slots);
    arrays->resting = ctxi_memory_take(memory, count * sizeof *arrays->resting);
    if (arrays->slots && arrays->ids && arrays->free_slots && arrays->resting)
        return CTX_OK;
    give_arrays(arrays, memory, count);
    return CTX_ERR_NOMEM;
}

/* New slots begin with a serial that none of these had before. */
static void copy_ids(const struct ctxi_partitions *partitions, struct ctxi_partition_ids *ids,
                     uint32_t count)
{
    ids->capacity = count;
    for (uint32_t slot = 0; slot < count; slot++)
        atomic_init(&ids->of[slot], slot < partitions->slot_count
                                        ? id_at(partitions, slot)
                                        : partitions->first_serial + slot);
}

static void copy_slots(struct ctxi_partitions *partitions, const struct arrays *arrays,
                       uint32_t count)
{
    uint32_t old_count = partitions->slot_count, kept = old_count < count ? old_count : count;

    memset(arrays->slots, 0, count * sizeof *arrays->slots);
    if (old_count) {
        memcpy(arrays->slots, partitions->slots, kept * sizeof *arrays->slots);
        memcpy(arrays->resting, partitions->resting,
               partitions->rest_count * sizeof *arrays->resting);
    }
}

/* ---- free slots: a heap, the lowest first, so that those at the end fall out of use ------- */

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t value = *a;

    *a = *b;
    *b = value;
}

static void add_free(struct ctxi_partitions *partitions, uint32_t slot)
{
    uint32_t *heap = partitions->free_slots, i = partitions->free_count++;

    heap[i] = slot;
    for (; i > 0 && heap[i] < heap[(i - 1) / 2]; i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

static uint32_t take_free(struct ctxi_partitions *partitions)
{
    uint32_t *heap = partitions->free_slots, lowest = heap[0];
    uint32_t count = --partitions->free_count, i = 0, child;

    heap[0] = heap[count];
    while ((child = 2 * i + 1) < count) {
        child += child + 1 < count && heap[child + 1] < heap[child];
        if (heap[i] <= heap[child])
            break;
        swap(&heap[i], &heap[child]);
        i = child;
    }
    return lowest;
}

/* ---- their number ------------------------------------------------------------------------- */

/* Those that were free and still exist, and new ones. */
static void refill_free(struct ctxi_partitions *partitions, const uint32_t *free_slots,
                        uint32_t free_count, uint32_t old_count)
{
    partitions->free_count = 0;
    for (uint32_t i = 0; i < free_count; i++)
        if (free_slots[i] < partitions->slot_count)
            add_free(partitions, free_slots[i]);
    for (uint32_t slot = old_count; slot < partitions->slot_count; slot++)
        add_free(partitions, slot);
}

/* So many slots, from now on. Those that go are free. Readers may be using the old ids. */
static int resize_slots(struct ctxi_partitions *partitions, struct ctxi_readers *readers,
                        struct ctxi_memory *memory, uint32_t count)
{
    uint32_t old_count = partitions->slot_count;
    struct arrays old = {partitions->slots, NULL, partitions->free_slots, partitions->resting};
    struct arrays arrays;

    if (!ctxi_readers_may_retire(readers, memory) || take_arrays(&arrays, memory, count) != CTX_OK)
        return CTX_ERR_NOMEM;
    copy_ids(partitions, arrays.ids, count);
    copy_slots(partitions, &arrays, count);
    if (ids_of(partitions))
        ctxi_readers_retire(readers, ids_of(partitions), ids_bytes(old_count));
    partitions->slots = arrays.slots;
    partitions->free_slots = arrays.free_slots;
    partitions->resting = arrays.resting;
    atomic_store_explicit(&partitions->ids, arrays.ids, memory_order_release); /* PARTITION-1 */
    partitions->slot_count = count;
    refill_free(partitions, old.free_slots, partitions->free_count, old_count);
    give_arrays(&old, memory, old_count);
    return CTX_OK;
}

static int grow_slots(struct ctxi_partitions *partitions, struct ctxi_readers *readers,
                      struct ctxi_memory *memory)
{
    uint32_t count = partitions->slot_count ? partitions->slot_count * 2 : CTXI_SLOTS_MIN;

    if (count > CTXI_PLACES_MAX || partitions->rest_count > REST_LIMIT)
        return CTX_ERR_NOMEM;
    return resize_slots(partitions, readers, memory, count);
}

size_t ctxi_partitions_bytes(const struct ctxi_partitions *partitions)
{
    return partitions->block_bytes + ctxi_partitions_arrays_bytes(partitions) -
           ctxi_partitions_waiting_bytes(partitions);
}

static void renew_id(struct ctxi_partitions *partitions, uint32_t slot)
{
    /* relaxed: see ctxi_partition_is_current() */
    atomic_store_explicit(&ids_of(partitions)->of[slot], id_at(partitions, slot) + CTXI_SERIAL_ONE,
                          memory_order_relaxed);
}

/* Whether a partition with this id can be given another. */
static bool has_next(uint64_t id)
{
    return id < UINT64_MAX - CTXI_SERIAL_ONE;
}

static void rest(struct ctxi_partitions *partitions, uint32_t slot)
{
    if (has_next(id_at(partitions, slot)))
        partitions->resting[partitions->rest_count++] = slot;
}

void ctxi_partitions_begin_wait(struct ctxi_partitions *partitions)
{
    partitions->rest_waiting = partitions->rest_count;
}

/* Whether the slots from `first` on are free. */
static bool are_free(const struct ctxi_partitions *partitions, uint32_t first)
{
    for (uint32_t i = 0; i < partitions->rest_count; i++)
        if (partitions->resting[i] >= first)
            return false;
    for (uint32_t slot = first; slot < partitions->slot_count; slot++)
        if (partitions->slots[slot])
            return false;
    return true;
}

/* New slots begin with a serial that none of those from `first` on had. False: there is none. */
static bool pass_serials(struct ctxi_partitions *partitions, uint32_t first)
{
    uint64_t last = 0;

    for (uint32_t slot = first; slot < partitions->slot_count; slot++)
        last = id_at(partitions, slot) > last ? id_at(partitions, slot) : last;
    if (!has_next(last))
        return false;
    last = last - ctxi_partition_slot(last) + CTXI_SERIAL_ONE;
    if (last > partitions->first_serial)
        partitions->first_serial = last;
    return true;
}

/*
 * The arrays of many partitions that are gone would otherwise eat up a small capacity for ever. Ids
 * that were in use stay used.
 */
static void shrink_slots(struct ctxi_partitions *partitions, struct ctxi_readers *readers,
                         struct ctxi_memory *memory)
{
    uint32_t count = partitions->slot_count;

    while (count > CTXI_SLOTS_MIN && partitions->existing + partitions->rest_count <= count / 4 &&
           are_free(partitions, count / 4))
        count /= 2;
    if (count < partitions->slot_count && pass_serials(partitions, count))
        (void)resize_slots(partitions, readers, memory, count); /* or later */
}

void ctxi_partitions_free_waiting(struct ctxi_partitions *partitions, struct ctxi_readers *readers,
                                  struct ctxi_memory *memory)
{
    uint32_t count = partitions->rest_waiting;

    if (!count)
        return;
    for (uint32_t i = 0; i < count; i++)
        add_free(partitions, partitions->resting[i]);
    partitions->rest_count -= count;
    memmove(partitions->resting, partitions->resting + count,
            partitions->rest_count * sizeof *partitions->resting);
    partitions->rest_waiting = 0;
    shrink_slots(partitions, readers, memory);
}

bool ctxi_partitions_rest_long(const struct ctxi_partitions *partitions)
{
    return partitions->rest_count > REST_MAX || (partitions->rest_count && !partitions->free_count);
}

/* ---- life --------------------------------------------------------------------------------- */

static void become_idle(struct ctxi_partitions *partitions, struct ctxi_partition *partition)
{
    ctxi_list_push_front(&partitions->idle, &partition->idle);
    partitions->idle_count++;
}

static void unlink_from_table(struct ctxi_partitions *partitions, struct ctxi_memory *table_memory,
                              struct ctxi_partition *partition)
{
    /* NOLINTBEGIN(clang-analyzer-core.NullDereference): it forgets a list's length while it walks */
    HASH_DEL(partitions->table, partition);
    partitions->count--;
    /* NOLINTEND(clang-analyzer-core.NullDereference) */
}

bool ctxi_partition_renew(struct ctxi_partitions *partitions, struct ctxi_partition *partition)
{
    uint32_t slot = ctxi_partition_slot(partition->id);

    renew_id(partitions, slot);
    partition->id = id_at(partitions, slot);
    return has_next(partition->id);
}

static size_t charge(const struct ctxi_memory *memory, struct ctxi_partition *partition)
{
    return ctxi_alloc_charge(memory->allocator, partition, block_size(partition->encoded_size));
}

static void free_partition(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                           struct ctxi_partition *partition)
{
    uint32_t slot = ctxi_partition_slot(partition->id);

    ctxi_partition_become_busy(partitions, partition);
    if (!partition->retired)
        unlink_from_table(partitions, memory, partition);
    partitions->slots[slot] = NULL;
    partitions->existing--;
    renew_id(partitions, slot);
    rest(partitions, slot);
    partitions->block_bytes -= charge(memory, partition);
    ctxi_memory_give(memory, partition, block_size(partition->encoded_size));
}

void ctxi_partition_settle(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                           struct ctxi_partition *partition)
{
    if (partition->retired) {
        free_partition(partitions, memory, partition);
        return;
    }
    become_idle(partitions, partition);
    if (partitions->idle_count > CTXI_PARTITIONS_IDLE_MAX)
        ctxi_partition_free_idle(partitions, memory);
}

bool ctxi_partition_free_idle(struct ctxi_partitions *partitions, struct ctxi_memory *memory)
{
    struct ctxi_partition *oldest;

    if (ctxi_list_empty(&partitions->idle))
        return false;
    oldest = CTXI_CONTAINER(partitions->idle.prev, struct ctxi_partition, idle);
    partitions->forgotten += oldest->stats.hits + oldest->stats.misses > 0;
    free_partition(partitions, memory, oldest);
    return true;
}

void ctxi_partitions_fini(struct ctxi_partitions *partitions, struct ctxi_memory *memory)
{
    struct arrays arrays = {partitions->slots, ids_of(partitions), partitions->free_slots,
                            partitions->resting};

    while (ctxi_partition_free_idle(partitions, memory))
        continue;
    give_arrays(&arrays, memory, partitions->slot_count);
}

/* ---- finding ------------------------------------------------------------------------------ */

struct ctxi_partition *ctxi_partition_find(const struct ctxi_partitions *partitions,
                                           const void *encoded, size_t size)
{
    struct ctxi_partition *found;

    HASH_FIND_BYHASHVALUE(hh, partitions->table, encoded, size,
                          table_hash(partitions, encoded, size), found);
    return found;
}

/* A new seed for each partition: the finalizer of splitmix64 (Steele et al., OOPSLA 2014). */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t ctxi_partition_seed(const struct ctxi_partitions *partitions, uint64_t id)
{
    return mix(partitions->seed ^ mix(id));
}

/* A slot for one more. */
static int find_slot(struct ctxi_partitions *partitions, struct ctxi_readers *readers,
                     struct ctxi_memory *memory)
{
    return partitions->free_count ? CTX_OK : grow_slots(partitions, readers, memory);
}

static void take_slot(struct ctxi_partitions *partitions, struct ctxi_partition *partition)
{
    uint32_t slot = take_free(partitions);

    partition->id = partition->first_id = id_at(partitions, slot);
    partition->number = ++partitions->last_number;
    partitions->slots[slot] = partition;
    partitions->existing++;
    partitions->count++;
    become_idle(partitions, partition);
}

static int add(struct ctxi_partitions *partitions, struct ctxi_memory *table_memory,
               const void *encoded, size_t size, struct ctxi_partition **out)
{
    struct ctxi_partition *added = ctxi_memory_take(table_memory, block_size(size));
    bool table_full = false;

    if (!added)
        return CTX_ERR_NOMEM;
    memset(added, 0, sizeof *added);
    ctxi_list_init(&added->idle);
    added->encoded_size = size;
    if (size)
        memcpy(added->encoded, encoded, size);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, partitions->table, added->encoded, size,
                                table_hash(partitions, encoded, size), added);
    if (table_full) {
        ctxi_memory_give(table_memory, added, block_size(size));
        return CTX_ERR_NOMEM;
    }
    partitions->block_bytes += charge(table_memory, added);
    take_slot(partitions, added);
    *out = added;
    return CTX_OK;
}

int ctxi_partition_intern(struct ctxi_partitions *partitions, struct ctxi_readers *readers,
                          struct ctxi_memory *memory, const void *encoded, size_t size,
                          struct ctxi_partition **out)
{
    *out = ctxi_partition_find(partitions, encoded, size);
    if (*out)
        return CTX_OK;
    if (find_slot(partitions, readers, memory) != CTX_OK)
        return CTX_ERR_NOMEM;
    return add(partitions, memory, encoded, size, out);
}

struct ctxi_partition *ctxi_partition_at(const struct ctxi_partitions *partitions, uint64_t id)
{
    struct ctxi_partition *partition = ctxi_partition_in(partitions, ctxi_partition_slot(id));

    return partition && partition->id == id && !partition->retired ? partition : NULL;
}

struct ctxi_partition *ctxi_partition_that_had(const struct ctxi_partitions *partitions,
                                               uint64_t id)
{
    struct ctxi_partition *partition = ctxi_partition_in(partitions, ctxi_partition_slot(id));

    return partition && partition->first_id <= id && id <= partition->id ? partition : NULL;
}

void ctxi_partition_retire(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                           struct ctxi_partition *partition)
{
    bool was_idle = !ctxi_list_empty(&partition->idle);

    unlink_from_table(partitions, memory, partition);
    partition->retired = true;
    ctxi_partition_become_busy(partitions, partition);
    if (was_idle)
        ctxi_partition_settle(partitions, memory, partition);
}
