#include "cache/index.h"

#include <string.h>

#include "cache/reader.h"

#define LOAD          6 /* entries for each bucket, on average */
#define SHRINK_LOAD   1 /* buckets are given up below it */
#define SEGMENT       ((size_t)1 << CTXI_SEGMENT_BITS)
#define DIRECTORY_MIN 1
#define FIRST_LEAST   2 /* buckets of the first segment when all but one are gone */
#define SPARES_MIN    1 /* of a block */
#define SPARES_MAX    64
#define SPARES_SHARE  8 /* a block has this part of those there are */
#define SPARES_KEPT   1 /* so many stay, and twice those that are promised, when none is in use */

#define BUCKET_BYTES sizeof(struct ctxi_bucket)
#define ALIGNED      BUCKET_BYTES /* buckets stand at multiples of their size: each is one line */

alignas(ALIGNED) struct ctxi_bucket ctxi_no_bucket;

struct ctxi_spare_block {
    struct ctxi_spare_block *next;
    size_t bytes;
};

/* ---- blocks of buckets -------------------------------------------------------------------- */

/*
 * Buckets in a row, and the block that they lie in. Most blocks are aligned as it is; others are taken
 * a little larger.
 */
struct segment {
    struct ctxi_bucket *buckets;
    void *block;
};

static struct ctxi_bucket *align(void *block)
{
    unsigned char *after = (unsigned char *)block + ALIGNED - 1;

    return (struct ctxi_bucket *)(void *)(after - (uintptr_t)after % ALIGNED);
}

static size_t segment_bytes(struct segment segment, size_t count)
{
    return count * BUCKET_BYTES + (segment.block == segment.buckets ? 0 : ALIGNED);
}

static struct segment take_segment(struct ctxi_memory *memory, size_t count)
{
    struct segment segment;

    segment.block = ctxi_memory_take(memory, count * BUCKET_BYTES);
    segment.buckets = align(segment.block);
    if (segment.block && segment.buckets != segment.block) {
        ctxi_memory_give(memory, segment.block, count * BUCKET_BYTES);
        segment.block = ctxi_memory_take(memory, count * BUCKET_BYTES + ALIGNED);
        segment.buckets = align(segment.block);
        if (segment.buckets == segment.block) /* now it is; all the same it is the larger one */
            segment.buckets++;
    }
    return segment;
}

static void give_segment(struct ctxi_memory *memory, struct segment segment, size_t count)
{
    ctxi_memory_give(memory, segment.block, segment_bytes(segment, count));
}

static void retire_segment(struct ctxi_readers *readers, struct segment segment, size_t count)
{
    ctxi_readers_retire(readers, segment.block, segment_bytes(segment, count));
}

/* A slot as a whole; number 0: empty. */
struct slot {
    uint32_t hash, number;
};

static struct slot slot_of(const struct ctxi_bucket *bucket, size_t i)
{
    /* relaxed: they change under the lock, which the caller holds */
    return (struct slot){atomic_load_explicit(&bucket->hashes[i], memory_order_relaxed),
                         atomic_load_explicit(&bucket->numbers[i], memory_order_relaxed)};
}

static bool is_free(const struct ctxi_bucket *bucket, size_t i)
{
    return slot_of(bucket, i).number == 0;
}

static void set_slot(struct ctxi_bucket *bucket, size_t i, struct slot slot)
{
    atomic_store_explicit(&bucket->hashes[i], slot.hash, memory_order_relaxed);
    atomic_store_explicit(&bucket->numbers[i], slot.number, memory_order_release); /* INDEX-1 */
}

/* Release, like every change of a number: one that moved is in its new place before. */
static void free_slot(struct ctxi_bucket *bucket, size_t i)
{
    atomic_store_explicit(&bucket->numbers[i], 0, memory_order_release);
}

static void set_empty(struct ctxi_bucket *bucket)
{
    for (size_t i = 0; i < CTXI_BUCKET_SLOTS; i++) {
        atomic_store_explicit(&bucket->hashes[i], 0, memory_order_relaxed);
        atomic_store_explicit(&bucket->numbers[i], 0, memory_order_relaxed);
    }
    atomic_store_explicit(&bucket->more, NULL, memory_order_relaxed);
}

/* ---- spares ------------------------------------------------------------------------------- */

static struct ctxi_bucket *more_of(const struct ctxi_bucket *bucket)
{
    return atomic_load_explicit(&bucket->more, memory_order_relaxed); /* changes under the lock */
}

static void give_spare(struct ctxi_index *index, struct ctxi_bucket *bucket)
{
    set_empty(bucket);
    /* INDEX-1: a reader that strayed into this bucket goes on to one that may be new */
    atomic_store_explicit(&bucket->more, index->spares, memory_order_release);
    index->spares = bucket;
    index->spare_count++;
}

static struct ctxi_bucket *take_spare(struct ctxi_index *index)
{
    struct ctxi_bucket *bucket = index->spares;

    index->spares = more_of(bucket);
    index->spare_count--;
    set_empty(bucket);
    return bucket;
}

static struct ctxi_spare_block *take_spare_block(struct ctxi_memory *memory, size_t count)
{
    size_t bytes = sizeof(struct ctxi_spare_block) + count * BUCKET_BYTES + ALIGNED;
    struct ctxi_spare_block *block = ctxi_memory_take(memory, bytes);

    if (block)
        block->bytes = bytes;
    return block;
}

static void push_block(struct ctxi_spare_block **list, struct ctxi_spare_block *block)
{
    block->next = *list;
    *list = block;
}

static struct ctxi_spare_block *pop_block(struct ctxi_spare_block **list)
{
    struct ctxi_spare_block *block = *list;

    if (block)
        *list = block->next;
    return block;
}

static void add_spares(struct ctxi_index *index, struct ctxi_spare_block *block, size_t count)
{
    struct ctxi_bucket *buckets = align(block + 1);

    push_block(&index->spare_blocks, block);
    index->spare_bytes += block->bytes;
    index->spare_total += count;
    for (size_t i = 0; i < count; i++)
        give_spare(index, &buckets[i]);
}

static int make_spares(struct ctxi_index *index, struct ctxi_memory *memory)
{
    size_t count = index->spare_total / SPARES_SHARE;
    struct ctxi_spare_block *block;

    count = count < SPARES_MIN ? SPARES_MIN : count > SPARES_MAX ? SPARES_MAX : count;
    block = take_spare_block(memory, count);
    if (!block)
        return CTX_ERR_NOMEM;
    add_spares(index, block, count);
    return CTX_OK;
}

static size_t spares_to_keep(size_t promised)
{
    return SPARES_KEPT + 2 * promised;
}

/*
 * A table that uses none of many spares gives them up for those that are promised: they go back as soon
 * as no reader can see them.
 */
static void give_up_spares(struct ctxi_index *index, struct ctxi_memory *memory)
{
    struct ctxi_spare_block *kept = NULL, *block;

    if (index->spare_count < index->spare_total ||
        index->spare_total <= spares_to_keep(index->promised))
        return;
    if (index->promised && !(kept = take_spare_block(memory, index->promised)))
        return; /* or later */
    while ((block = pop_block(&index->spare_blocks))) {
        index->left_bytes += block->bytes;
        push_block(&index->left_blocks, block);
    }
    index->spares = NULL;
    index->spare_count = index->spare_total = index->spare_bytes = 0;
    if (kept)
        add_spares(index, kept, index->promised);
}

/* Returns how many bytes that were. */
static size_t free_blocks(struct ctxi_spare_block **list, struct ctxi_memory *memory)
{
    struct ctxi_spare_block *block;
    size_t bytes = 0;

    while ((block = pop_block(list))) {
        bytes += block->bytes;
        ctxi_memory_give(memory, block, block->bytes);
    }
    return bytes;
}

void ctxi_index_begin_wait(struct ctxi_index *index)
{
    index->waiting_blocks = index->left_blocks;
    index->left_blocks = NULL;
}

void ctxi_index_free_waiting(struct ctxi_index *index, struct ctxi_memory *memory)
{
    index->left_bytes -= free_blocks(&index->waiting_blocks, memory);
}

int ctxi_index_promise(struct ctxi_index *index, struct ctxi_memory *memory)
{
    if (index->spare_count <= index->promised && make_spares(index, memory) != CTX_OK)
        return CTX_ERR_NOMEM;
    index->promised++;
    return CTX_OK;
}

void ctxi_index_unpromise(struct ctxi_index *index)
{
    index->promised--;
}

/* ---- the directory ------------------------------------------------------------------------ */

static struct ctxi_directory *directory_of(const struct ctxi_index *index)
{
    return atomic_load_explicit(&index->directory, memory_order_relaxed);
}

static size_t count_of(const struct ctxi_index *index)
{
    return ctxi_index_count(atomic_load_explicit(&index->shape, memory_order_relaxed));
}

static size_t directory_bytes(size_t capacity)
{
    return sizeof(struct ctxi_directory) + capacity * (sizeof(uintptr_t) + sizeof(void *));
}

static struct segment segment_at(const struct ctxi_index *index, size_t i)
{
    const struct ctxi_directory *directory = directory_of(index);
    uintptr_t word = atomic_load_explicit(&directory->segments[i], memory_order_relaxed);

    return (struct segment){(struct ctxi_bucket *)(word & ~CTXI_ROOM_MASK), directory->blocks[i]};
}

static void put_segment(struct ctxi_directory *directory, size_t i, struct segment segment,
                        size_t room)
{
    uintptr_t word = room ? (uintptr_t)segment.buckets | (uintptr_t)__builtin_ctzl(room)
                          : (uintptr_t)&ctxi_no_bucket;

    directory->blocks[i] = segment.block;
    atomic_store_explicit(&directory->segments[i], word, memory_order_release); /* INDEX-2 */
}

#define NO_SEGMENT                                                                                 \
    (struct segment)                                                                               \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

static struct ctxi_directory *make_directory(struct ctxi_memory *memory, size_t capacity)
{
    struct ctxi_directory *directory = ctxi_memory_take(memory, directory_bytes(capacity));

    if (!directory)
        return NULL;
    directory->capacity = capacity;
    directory->blocks = (void **)(void *)&directory->segments[capacity];
    for (size_t i = 0; i < capacity; i++)
        put_segment(directory, i, NO_SEGMENT, 0);
    return directory;
}

/* Twice as many segments. */
static bool grow_directory(struct ctxi_index *index, struct ctxi_readers *readers,
                           struct ctxi_memory *memory)
{
    struct ctxi_directory *old = directory_of(index), *next;

    if (!ctxi_readers_may_retire(readers, memory))
        return false;
    next = make_directory(memory, old->capacity * 2);
    if (!next)
        return false;
    for (size_t i = 0; i < old->capacity; i++)
        put_segment(next, i, segment_at(index, i), i ? SEGMENT : index->first_count);
    atomic_store_explicit(&index->directory, next, memory_order_release); /* INDEX-2 */
    ctxi_readers_retire(readers, old, directory_bytes(old->capacity));
    return true;
}

/* The first segment with room for twice, or half, as many buckets: at most 64 KB are copied. */
static bool resize_first(struct ctxi_index *index, struct ctxi_readers *readers,
                         struct ctxi_memory *memory, size_t room)
{
    size_t kept = count_of(index), before = index->first_count;
    struct segment old = segment_at(index, 0), next;

    if (!ctxi_readers_may_retire(readers, memory))
        return false;
    next = take_segment(memory, room);
    if (!next.block)
        return false;
    for (size_t i = 0; i < kept; i++) {
        for (size_t j = 0; j < CTXI_BUCKET_SLOTS; j++)
            set_slot(&next.buckets[i], j, slot_of(&old.buckets[i], j));
        atomic_init(&next.buckets[i].more, more_of(&old.buckets[i]));
    }
    for (size_t i = kept; i < room; i++)
        set_empty(&next.buckets[i]);
    put_segment(directory_of(index), 0, next, room);
    index->first_count = room;
    retire_segment(readers, old, before);
    return true;
}

static bool add_segment(struct ctxi_index *index, struct ctxi_readers *readers,
                        struct ctxi_memory *memory)
{
    struct segment segment;

    if (index->segment_count == directory_of(index)->capacity &&
        !grow_directory(index, readers, memory))
        return false;
    segment = take_segment(memory, SEGMENT);
    if (!segment.block)
        return false;
    for (size_t i = 0; i < SEGMENT; i++)
        set_empty(&segment.buckets[i]);
    put_segment(directory_of(index), index->segment_count++, segment, SEGMENT);
    return true;
}

/* Room for bucket number `i`, which is the next. */
static bool has_room(struct ctxi_index *index, struct ctxi_readers *readers,
                     struct ctxi_memory *memory, size_t i)
{
    if (i < index->first_count || (i >= SEGMENT && i < index->segment_count * SEGMENT))
        return true;
    if (i < SEGMENT)
        return resize_first(index, readers, memory, index->first_count * 2);
    return add_segment(index, readers, memory);
}

/* ---- buckets ------------------------------------------------------------------------------ */

/* Puts a slot into a chain; goes on in a spare where it is full. */
static void chain_add(struct ctxi_index *index, struct ctxi_bucket *bucket, struct slot slot)
{
    for (;; bucket = more_of(bucket)) {
        for (size_t i = 0; i < CTXI_BUCKET_SLOTS; i++)
            if (is_free(bucket, i)) {
                set_slot(bucket, i, slot);
                return;
            }
        if (!more_of(bucket)) {
            struct ctxi_bucket *spare = take_spare(index);

            set_slot(spare, 0, slot);
            atomic_store_explicit(&bucket->more, spare, memory_order_release); /* INDEX-1 */
            return;
        }
    }
}

static bool is_empty(const struct ctxi_bucket *bucket)
{
    for (size_t i = 0; i < CTXI_BUCKET_SLOTS; i++)
        if (!is_free(bucket, i))
            return false;
    return true;
}

/* Takes buckets that became empty out of a chain, behind its first. */
static void chain_tidy(struct ctxi_index *index, struct ctxi_bucket *first)
{
    struct ctxi_bucket *before = first, *bucket;

    while ((bucket = more_of(before))) {
        if (!is_empty(bucket)) {
            before = bucket;
            continue;
        }
        atomic_store_explicit(&before->more, more_of(bucket), memory_order_release);
        give_spare(index, bucket);
    }
}

/* Moves one slot of the chain's last bucket to the free place in `bucket`, if that is not the last. */
static void fill_gap(struct ctxi_bucket *bucket, size_t gap)
{
    struct ctxi_bucket *last = bucket;

    while (more_of(last))
        last = more_of(last);
    for (size_t i = 0; last != bucket && i < CTXI_BUCKET_SLOTS; i++)
        if (!is_free(last, i)) {
            set_slot(bucket, gap, slot_of(last, i));
            free_slot(last, i);
            return;
        }
}

static void chain_remove(struct ctxi_index *index, struct ctxi_bucket *first, uint32_t number)
{
    for (struct ctxi_bucket *bucket = first; bucket; bucket = more_of(bucket))
        for (size_t i = 0; i < CTXI_BUCKET_SLOTS; i++)
            if (slot_of(bucket, i).number == number) {
                free_slot(bucket, i);
                if (more_of(first)) {
                    fill_gap(bucket, i);
                    chain_tidy(index, first);
                }
                return;
            }
}

/* How many buckets behind the first it takes to hold `count` slots. */
static size_t spares_for(size_t count)
{
    return count ? (count - 1) / CTXI_BUCKET_SLOTS : 0;
}

static size_t chain_length(const struct ctxi_bucket *bucket)
{
    size_t count = 0;

    for (; bucket; bucket = more_of(bucket))
        for (size_t i = 0; i < CTXI_BUCKET_SLOTS; i++)
            count += !is_free(bucket, i);
    return count;
}

/* Whether so many spares may be used up for a change of the table's size; makes them if need be. */
static bool can_spare(struct ctxi_index *index, struct ctxi_memory *memory, size_t count)
{
    while (index->spare_count < index->promised + count)
        if (make_spares(index, memory) != CTX_OK)
            return false;
    return true;
}

/* ---- growing and shrinking ---------------------------------------------------------------- */

static bool belongs(struct slot slot, size_t number, uint64_t shape)
{
    return slot.number && ctxi_index_which(slot.hash, shape) == number;
}

/*
 * Copies the slots of `from` that belong to bucket `to`, in a table of this shape: each is where it goes
 * before it leaves where it was.
 */
static void divide(struct ctxi_index *index, struct ctxi_bucket *from, struct ctxi_bucket *to,
                   size_t number, uint64_t shape)
{
    for (struct ctxi_bucket *bucket = from; bucket; bucket = more_of(bucket))
        for (size_t i = 0; i < CTXI_BUCKET_SLOTS; i++)
            if (belongs(slot_of(bucket, i), number, shape))
                chain_add(index, to, slot_of(bucket, i));
}

static void drop_moved(struct ctxi_index *index, struct ctxi_bucket *from, size_t number,
                       uint64_t shape)
{
    for (struct ctxi_bucket *bucket = from; bucket; bucket = more_of(bucket))
        for (size_t i = 0; i < CTXI_BUCKET_SLOTS; i++)
            if (belongs(slot_of(bucket, i), number, shape))
                free_slot(bucket, i);
    chain_tidy(index, from);
}

/* The bucket that number `i` is divided from. */
static size_t parent_of(size_t i)
{
    return i ^ (~(~(size_t)0 >> 1) >> __builtin_clzll(i));
}

static void split(struct ctxi_index *index, struct ctxi_readers *readers,
                  struct ctxi_memory *memory)
{
    size_t i = count_of(index);
    uint64_t shape = ctxi_index_shape(i + 1);
    struct ctxi_bucket *from = ctxi_index_bucket(index, parent_of(i)), *to;

    if (i > UINT32_MAX / 2 || !can_spare(index, memory, spares_for(chain_length(from))) ||
        !has_room(index, readers, memory, i))
        return;
    from = ctxi_index_bucket(index, parent_of(i)); /* it may have moved */
    to = ctxi_index_bucket(index, i);
    set_empty(to);
    divide(index, from, to, i, shape);
    atomic_store_explicit(&index->shape, shape, memory_order_release); /* INDEX-2 */
    drop_moved(index, from, i, shape);
}

static void give_up_room(struct ctxi_index *index, struct ctxi_readers *readers,
                         struct ctxi_memory *memory)
{
    size_t count = count_of(index), last = index->segment_count - 1;

    if (last > 0 && count <= last * SEGMENT && ctxi_readers_may_retire(readers, memory)) {
        retire_segment(readers, segment_at(index, last), SEGMENT);
        put_segment(directory_of(index), last, NO_SEGMENT, 0);
        index->segment_count--;
    } else if (last == 0 && count <= index->first_count / 4) {
        (void)resize_first(index, readers, memory, index->first_count / 2); /* or later */
    }
}

/* The last bucket goes back into the one that it was divided from. */
static void merge_last(struct ctxi_index *index, struct ctxi_readers *readers,
                       struct ctxi_memory *memory)
{
    size_t i = count_of(index) - 1;
    struct ctxi_bucket *last = ctxi_index_bucket(index, i);
    struct ctxi_bucket *into = ctxi_index_bucket(index, parent_of(i));

    if (!can_spare(index, memory, spares_for(chain_length(last) + CTXI_BUCKET_SLOTS) + 1))
        return;
    atomic_store_explicit(&index->shape, ctxi_index_shape(i), memory_order_release);
    for (struct ctxi_bucket *bucket = last; bucket; bucket = more_of(bucket))
        for (size_t j = 0; j < CTXI_BUCKET_SLOTS; j++)
            if (!is_free(bucket, j))
                chain_add(index, into, slot_of(bucket, j));
    while (more_of(last)) {
        struct ctxi_bucket *spare = more_of(last);

        atomic_store_explicit(&last->more, more_of(spare), memory_order_release);
        give_spare(index, spare);
    }
    give_up_room(index, readers, memory);
}

/* ---- the whole ---------------------------------------------------------------------------- */

int ctxi_index_init(struct ctxi_index *index, struct ctxi_memory *memory)
{
    struct ctxi_directory *directory = make_directory(memory, DIRECTORY_MIN);
    struct segment first = take_segment(memory, 1);

    *index = (struct ctxi_index){.first_count = 1, .segment_count = 1};
    if (!directory || !first.block) {
        ctxi_memory_give(memory, directory, directory_bytes(DIRECTORY_MIN));
        give_segment(memory, first, 1);
        index->segment_count = 0;
        return CTX_ERR_NOMEM;
    }
    set_empty(first.buckets);
    atomic_init(&index->directory, directory);
    put_segment(directory, 0, first, 1);
    atomic_init(&index->shape, ctxi_index_shape(1));
    return CTX_OK;
}

void ctxi_index_fini(struct ctxi_index *index, struct ctxi_memory *memory)
{
    struct ctxi_directory *directory = directory_of(index);

    for (size_t i = 0; directory && i < index->segment_count; i++)
        give_segment(memory, segment_at(index, i), i ? SEGMENT : index->first_count);
    ctxi_memory_give(memory, directory, directory ? directory_bytes(directory->capacity) : 0);
    free_blocks(&index->spare_blocks, memory);
    free_blocks(&index->left_blocks, memory);
    free_blocks(&index->waiting_blocks, memory);
    *index = (struct ctxi_index){0};
}

size_t ctxi_index_bytes(const struct ctxi_index *index)
{
    size_t buckets = index->first_count + (index->segment_count - 1) * SEGMENT;

    return buckets * BUCKET_BYTES + index->spare_bytes +
           directory_bytes(directory_of(index)->capacity);
}

/* Spares come one by one then, each in a block of its own. */
size_t ctxi_index_excess_bytes(const struct ctxi_index *index)
{
    const size_t spare = sizeof(struct ctxi_spare_block) + BUCKET_BYTES + ALIGNED;
    size_t others = index->promised ? index->promised - 1 : 0;
    size_t least = FIRST_LEAST * BUCKET_BYTES + spares_to_keep(others) * spare +
                   directory_bytes(directory_of(index)->capacity);
    size_t now = ctxi_index_bytes(index);

    return now > least ? now - least : 0;
}

void ctxi_index_add(struct ctxi_index *index, struct ctxi_readers *readers,
                    struct ctxi_memory *memory, uint64_t hash, uint32_t number)
{
    index->promised--;
    chain_add(index, ctxi_index_start(index, hash), (struct slot){(uint32_t)hash, number});
    index->entry_count++;
    for (int i = 0; i < 2; i++) /* two, to catch up with what there was no memory for */
        if (index->entry_count > count_of(index) * LOAD)
            split(index, readers, memory);
    give_up_spares(index, memory);
}

void ctxi_index_remove(struct ctxi_index *index, struct ctxi_readers *readers,
                       struct ctxi_memory *memory, uint64_t hash, uint32_t number)
{
    chain_remove(index, ctxi_index_start(index, hash), number);
    index->entry_count--;
    give_up_spares(index, memory);
    for (int i = 0; i < 2; i++) /* two, so that a table that became empty is small before long */
        if (count_of(index) > 1 && index->entry_count < count_of(index) * SHRINK_LOAD)
            merge_last(index, readers, memory);
}
