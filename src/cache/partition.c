#include "cache/partition.h"

#include "base/hash.h"

#define SLOTS_MIN 8

void ctxi_partitions_init(struct ctxi_partitions *partitions, uint64_t seed)
{
    *partitions = (struct ctxi_partitions){0};
    partitions->seed = seed;
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

static void free_slot_arrays(struct ctxi_partitions *partitions, struct ctxi_memory *memory)
{
    ctxi_memory_give(memory, partitions->slots, partitions->slot_count * sizeof *partitions->slots);
    ctxi_memory_give(memory, partitions->free_slots,
                     partitions->slot_count * sizeof *partitions->free_slots);
}

/* Twice as many; the new ones are free. */
static int grow_slots(struct ctxi_partitions *partitions, struct ctxi_memory *memory)
{
    size_t old_count = partitions->slot_count;
    size_t count = old_count ? old_count * 2 : SLOTS_MIN;
    struct ctxi_partition **slots = ctxi_memory_take(memory, count * sizeof *slots);
    size_t *free_slots = ctxi_memory_take(memory, count * sizeof *free_slots);

    if (!slots || !free_slots) {
        ctxi_memory_give(memory, slots, count * sizeof *slots);
        ctxi_memory_give(memory, free_slots, count * sizeof *free_slots);
        return CTX_ERR_NOMEM;
    }
    memset(slots, 0, count * sizeof *slots);
    if (old_count)
        memcpy(slots, partitions->slots, old_count * sizeof *slots);
    free_slot_arrays(partitions, memory);
    partitions->slots = slots;
    partitions->free_slots = free_slots;
    partitions->slot_count = count;
    for (size_t slot = count; slot > old_count; slot--)
        free_slots[partitions->free_count++] = slot - 1;
    return CTX_OK;
}

/* ---- life --------------------------------------------------------------------------------- */

static void become_idle(struct ctxi_partitions *partitions, struct ctxi_partition *partition)
{
    ctxi_list_push_front(&partitions->idle, &partition->idle);
    partitions->idle_count++;
}

static void become_busy(struct ctxi_partitions *partitions, struct ctxi_partition *partition)
{
    if (!ctxi_list_empty(&partition->idle)) {
        ctxi_list_remove(&partition->idle);
        partitions->idle_count--;
    }
}

static void unlink_from_table(struct ctxi_partitions *partitions, struct ctxi_memory *table_memory,
                              struct ctxi_partition *partition)
{
    /* NOLINTBEGIN(clang-analyzer-core.NullDereference): it forgets a list's length while it walks */
    HASH_DEL(partitions->table, partition);
    partitions->count--;
    partitions->slots[partition->slot] = NULL;
    /* NOLINTEND(clang-analyzer-core.NullDereference) */
    partitions->free_slots[partitions->free_count++] = partition->slot;
}

/* The tables of many partitions that are gone would otherwise eat up a small capacity for ever. */
static void free_tables(struct ctxi_partitions *partitions, struct ctxi_memory *memory)
{
    free_slot_arrays(partitions, memory); /* uthash has freed its own with the last element */
    partitions->slots = NULL;
    partitions->free_slots = NULL;
    partitions->slot_count = partitions->free_count = 0;
}

static size_t charge(const struct ctxi_memory *memory, struct ctxi_partition *partition)
{
    return ctxi_alloc_charge(memory->allocator, partition, block_size(partition->encoded_size));
}

static void free_partition(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                           struct ctxi_partition *partition)
{
    become_busy(partitions, partition);
    if (!partition->retired)
        unlink_from_table(partitions, memory, partition);
    partitions->block_bytes -= charge(memory, partition);
    ctxi_memory_give(memory, partition, block_size(partition->encoded_size));
    if (!partitions->count)
        free_tables(partitions, memory);
}

/* Called when something that kept it busy has gone. */
static void settle(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                   struct ctxi_partition *partition)
{
    if (partition->pins || partition->member_count)
        return;
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
    if (ctxi_list_empty(&partitions->idle))
        return false;
    free_partition(partitions, memory,
                   CTXI_CONTAINER(partitions->idle.prev, struct ctxi_partition, idle));
    return true;
}

void ctxi_partitions_fini(struct ctxi_partitions *partitions, struct ctxi_memory *memory)
{
    while (ctxi_partition_free_idle(partitions, memory))
        continue;
    free_slot_arrays(partitions, memory);
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

static int add(struct ctxi_partitions *partitions, struct ctxi_memory *table_memory,
               const void *encoded, size_t size, struct ctxi_partition **out)
{
    struct ctxi_partition *added;
    bool table_full = false;

    if (!partitions->free_count && grow_slots(partitions, table_memory) != CTX_OK)
        return CTX_ERR_NOMEM;
    added = ctxi_memory_take(table_memory, block_size(size));
    if (!added)
        return CTX_ERR_NOMEM;
    memset(added, 0, sizeof *added);
    ctxi_list_init(&added->members);
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
    added->id = ++partitions->last_id;
    added->seed = ctxi_partition_seed(partitions, added->id);
    added->generation = 1;
    added->slot = partitions->free_slots[--partitions->free_count];
    partitions->slots[added->slot] = added;
    partitions->count++;
    become_idle(partitions, added);
    *out = added;
    return CTX_OK;
}

int ctxi_partition_intern(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                          const void *encoded, size_t size, struct ctxi_partition **out)
{
    *out = ctxi_partition_find(partitions, encoded, size);
    return *out ? CTX_OK : add(partitions, memory, encoded, size, out);
}

struct ctxi_partition *ctxi_partition_at(const struct ctxi_partitions *partitions,
                                         const struct ctxi_place *place)
{
    struct ctxi_partition *partition =
        place->slot < partitions->slot_count ? partitions->slots[place->slot] : NULL;

    return partition && partition->id == place->id ? partition : NULL;
}

struct ctxi_place ctxi_partition_place(const struct ctxi_partition *partition)
{
    return (struct ctxi_place){partition->id, partition->seed, partition->slot};
}

/* ---- use ---------------------------------------------------------------------------------- */

void ctxi_partition_pin(struct ctxi_partitions *partitions, struct ctxi_partition *partition)
{
    become_busy(partitions, partition);
    partition->pins++;
}

void ctxi_partition_unpin(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                          struct ctxi_partition *partition)
{
    partition->pins--;
    settle(partitions, memory, partition);
}

void ctxi_partition_gain(struct ctxi_partitions *partitions, struct ctxi_partition *partition)
{
    become_busy(partitions, partition);
    partition->member_count++;
}

void ctxi_partition_lose(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                         struct ctxi_partition *partition)
{
    partition->member_count--;
    settle(partitions, memory, partition);
}

void ctxi_partition_retire(struct ctxi_partitions *partitions, struct ctxi_memory *memory,
                           struct ctxi_partition *partition)
{
    bool was_idle = !ctxi_list_empty(&partition->idle);

    unlink_from_table(partitions, memory, partition);
    partition->retired = true;
    become_busy(partitions, partition);
    if (was_idle)
        settle(partitions, memory, partition);
}
