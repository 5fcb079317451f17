#include "cache/reader.h"

#include <pthread.h>
#include <string.h>

#include "cache/cache.h"
#include "cache/tape.h"

#define READER_BYTES (sizeof(struct ctxi_reader) + CTXI_LINE) /* to be aligned in */

__thread struct ctxi_reader_table ctxi_reader_table
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/*
 * Guards the tie between a reader and its cache, when either ends: taken by a thread at its end, and by
 * ctx_cache_destroy(). A cache's lock may be taken under it.
 */
static struct ctxi_lock attachment_lock = CTXI_LOCK_INIT;

static pthread_key_t key;
static bool has_key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

void ctxi_readers_fork_prepare(void)
{
    ctxi_lock_acquire(&attachment_lock);
}

void ctxi_readers_fork_done(void)
{
    ctxi_lock_release(&attachment_lock);
}

void ctxi_readers_init(struct ctxi_readers *readers)
{
    *readers = (struct ctxi_readers){0};
    atomic_init(&readers->recorder, CTXI_ID_NONE);
    atomic_init(&readers->drainer, CTXI_ID_NONE);
    ctxi_list_init(&readers->list);
}

/* ---- the end of a reader ------------------------------------------------------------------ */

static void free_reader(struct ctxi_reader *reader)
{
    if (reader->tape)
        ctxi_tape_unref(reader->tape);
    ctxi_free(ctxi_process_allocator(), reader->block, READER_BYTES);
}

/* The name of who recorded alone is given to somebody else later: nobody records now. */
static void forget_recorder(struct ctxi_readers *readers, const struct ctxi_reader *reader)
{
    uint32_t id = reader->id, trial = id | CTXI_ID_TRIAL;

    /* either fails if another has made it "many" meanwhile, which is as good */
    (void)atomic_compare_exchange_strong_explicit(&readers->recorder, &id, CTXI_ID_NONE,
                                                  memory_order_relaxed, memory_order_relaxed);
    (void)atomic_compare_exchange_strong_explicit(&readers->recorder, &trial, CTXI_ID_MANY,
                                                  memory_order_relaxed, memory_order_relaxed);
}

/* Takes a reader out of its cache, its records carried out. Both locks are held. */
static void leave_cache(struct ctxi_reader *reader)
{
    struct ctxi_readers *readers = &reader->cache->readers;

    ctxi_recency_drain_whole(reader->cache);
    forget_recorder(readers, reader);
    reader->awaited = false;
    ctxi_list_remove(&reader->link);
    reader->cache = NULL;
}

static void end_reader(struct ctxi_reader *reader)
{
    ctx_cache *cache;

    ctxi_lock_acquire(&attachment_lock);
    cache = reader->cache;
    if (cache) {
        ctxi_lock_acquire(&cache->lock);
        leave_cache(reader);
        ctxi_lock_release(&cache->lock);
    }
    ctxi_lock_release(&attachment_lock);
    free_reader(reader);
}

static void end_thread(void *unused)
{
    struct ctxi_reader *reader = ctxi_reader_table.all;

    (void)unused;
    memset(&ctxi_reader_table, 0, sizeof ctxi_reader_table);
    while (reader) {
        struct ctxi_reader *next = reader->next;

        end_reader(reader);
        reader = next;
    }
}

void ctxi_readers_detach(ctx_cache *cache)
{
    ctxi_lock_acquire(&attachment_lock);
    ctxi_lock_acquire(&cache->lock);
    while (!ctxi_list_empty(&cache->readers.list))
        leave_cache(CTXI_CONTAINER(cache->readers.list.next, struct ctxi_reader, link));
    ctxi_lock_release(&cache->lock);
    ctxi_lock_release(&attachment_lock);
}

static bool is_own(const struct ctxi_reader *reader)
{
    size_t i = reader->serial % CTXI_READER_SLOTS;
    const struct ctxi_reader *own = ctxi_reader_table.all;

    if (ctxi_reader_table.slots[i].serial == reader->serial)
        return ctxi_reader_table.slots[i].reader == reader;
    while (own && own != reader)
        own = own->next;
    return own != NULL;
}

void ctxi_readers_after_fork(ctx_cache *cache)
{
    struct ctxi_link *link = cache->readers.list.next;

    while (link != &cache->readers.list) {
        struct ctxi_reader *reader = CTXI_CONTAINER(link, struct ctxi_reader, link);

        link = link->next;
        if (!is_own(reader)) {
            leave_cache(reader);
            free_reader(reader);
        }
    }
}

/* ---- making one --------------------------------------------------------------------------- */

static void make_key(void)
{
    has_key = pthread_key_create(&key, end_thread) == 0;
}

/* Whether the end of this thread will be heard of. */
static bool is_armed(void)
{
    return pthread_once(&key_once, make_key) == 0 && has_key &&
           pthread_setspecific(key, &ctxi_reader_table) == 0;
}

void ctxi_readers_free_useless(void)
{
    struct ctxi_reader **at = &ctxi_reader_table.all;

    ctxi_lock_acquire(&attachment_lock);
    while (*at) {
        struct ctxi_reader *reader = *at;
        size_t i = reader->serial % CTXI_READER_SLOTS;

        if (reader->cache) {
            at = &reader->next;
            continue;
        }
        *at = reader->next;
        if (ctxi_reader_table.slots[i].reader == reader)
            ctxi_reader_table.slots[i].serial = 0;
        free_reader(reader);
    }
    ctxi_lock_release(&attachment_lock);
}

static bool is_taken(const struct ctxi_readers *readers, uint32_t id)
{
    for (const struct ctxi_link *link = readers->list.next; link != &readers->list;
         link = link->next)
        if (CTXI_CONTAINER(link, const struct ctxi_reader, link)->id == id)
            return true;
    return false;
}

/* An id that nobody has, most likely the next one; CTXI_ID_NONE: there is none. */
static uint32_t unused_id(struct ctxi_readers *readers)
{
    for (uint32_t tries = 1; tries < CTXI_ID_TRIAL; tries++) {
        readers->last_id = readers->last_id % (CTXI_ID_TRIAL - 1) + 1;
        if (!is_taken(readers, readers->last_id))
            return readers->last_id;
    }
    return CTXI_ID_NONE;
}

static bool join_cache(ctx_cache *cache, struct ctxi_reader *reader)
{
    uint32_t id;

    ctxi_lock_acquire(&cache->lock);
    id = cache->closed ? CTXI_ID_NONE : unused_id(&cache->readers);
    if (id != CTXI_ID_NONE) {
        reader->id = reader->own_id = id;
        reader->cache = cache;
        ctxi_list_push_back(&cache->readers.list, &reader->link);
    }
    ctxi_lock_release(&cache->lock);
    return id != CTXI_ID_NONE;
}

/* Whatever the allocator aligns to. */
static struct ctxi_reader *allocate(void)
{
    unsigned char *block = ctxi_alloc(ctxi_process_allocator(), READER_BYTES);
    struct ctxi_reader *reader;

    if (!block)
        return NULL;
    reader = (struct ctxi_reader *)(void *)(block + CTXI_LINE - (uintptr_t)block % CTXI_LINE);
    memset(reader, 0, offsetof(struct ctxi_reader, ring));
    memset(reader->known, 0, sizeof reader->known);
    reader->block = block;
    reader->mode = CTXI_NO_MODE;
    return reader;
}

static struct ctxi_reader *make(ctx_cache *cache, uint64_t serial)
{
    struct ctxi_reader *reader;

    ctxi_readers_free_useless();
    if (!is_armed() || !(reader = allocate()))
        return NULL;
    reader->serial = serial;
    if (!join_cache(cache, reader)) {
        free_reader(reader);
        return NULL;
    }
    reader->next = ctxi_reader_table.all;
    ctxi_reader_table.all = reader;
    return reader;
}

struct ctxi_reader *ctxi_reader_find(uint64_t serial)
{
    struct ctxi_reader *reader = ctxi_reader_table.all;

    while (reader && reader->serial != serial)
        reader = reader->next;
    return reader;
}

struct ctxi_reader *ctxi_reader_find_or_make(ctx_cache *cache, uint64_t serial)
{
    struct ctxi_reader *reader = ctxi_reader_find(serial);
    size_t i = serial % CTXI_READER_SLOTS;

    if (!reader)
        reader = make(cache, serial);
    if (reader) {
        ctxi_reader_table.slots[i].serial = serial;
        ctxi_reader_table.slots[i].reader = reader;
    }
    return reader;
}

/* ---- grace -------------------------------------------------------------------------------- */

static void note_section(struct ctxi_reader *reader)
{
    reader->noted = atomic_load_explicit(&reader->section, memory_order_acquire);
    reader->awaited = reader->noted % 2 == 1;
}

/* This thread holds the lock, so it is in no section. */
bool ctxi_readers_are_own(const struct ctxi_readers *readers)
{
    const struct ctxi_link *first = readers->list.next;

    return first == &readers->list ||
           (first->next == &readers->list &&
            is_own(CTXI_CONTAINER(first, const struct ctxi_reader, link)));
}

bool ctxi_readers_begin_grace(struct ctxi_readers *readers)
{
    if (!ctxi_readers_are_own(readers)) {
        if (!ctxi_fence_rarely())
            return false;
        for (struct ctxi_link *link = readers->list.next; link != &readers->list; link = link->next)
            note_section(CTXI_CONTAINER(link, struct ctxi_reader, link));
    }
    readers->waiting_count = readers->retired_count;
    readers->grace_begun = true;
    return true;
}

static bool has_left(struct ctxi_reader *reader)
{
    if (reader->awaited &&
        atomic_load_explicit(&reader->section, memory_order_acquire) != reader->noted)
        reader->awaited = false;
    return !reader->awaited;
}

bool ctxi_readers_grace_ended(struct ctxi_readers *readers)
{
    for (struct ctxi_link *link = readers->list.next; link != &readers->list; link = link->next)
        if (!has_left(CTXI_CONTAINER(link, struct ctxi_reader, link)))
            return false;
    readers->grace_begun = false;
    return true;
}

/* ---- turns -------------------------------------------------------------------------------- */

#define TURN_DRAINS 64

/* The one that comes after it in the list. */
static const struct ctxi_reader *next_of(const struct ctxi_readers *readers,
                                         const struct ctxi_reader *reader)
{
    const struct ctxi_link *next = reader->link.next;

    if (next == &readers->list)
        next = next->next;
    return CTXI_CONTAINER(next, const struct ctxi_reader, link);
}

void ctxi_reader_drained(struct ctxi_readers *readers, const struct ctxi_reader *reader)
{
    uint32_t before = atomic_load_explicit(&readers->drainer, memory_order_relaxed);
    uint32_t now = reader->id;

    if (before != now) {
        readers->turn_left = TURN_DRAINS;
    } else if (--readers->turn_left == 0) {
        readers->turn_left = TURN_DRAINS;
        now = next_of(readers, reader)->id;
    }
    if (now != before)
        atomic_store_explicit(&readers->drainer, now, memory_order_relaxed);
}

/* ---- blocks ------------------------------------------------------------------------------- */

#define RETIRED_MIN 8 /* places of the list */

static void set_room(struct ctxi_readers *readers, struct ctxi_retired *list, uint32_t room)
{
    const size_t size = sizeof *list;

    readers->retired_bytes = readers->retired_bytes + room * size - readers->retired_room * size;
    readers->retired = list;
    readers->retired_room = room;
}

bool ctxi_readers_may_retire(struct ctxi_readers *readers, struct ctxi_memory *memory)
{
    struct ctxi_retired *old = readers->retired, *next;
    uint32_t before = readers->retired_room, room = before ? before * 2 : RETIRED_MIN;

    if (readers->retired_count < before)
        return true;
    next = ctxi_memory_take(memory, room * sizeof *next);
    if (!next)
        return false;
    if (before)
        memcpy(next, old, before * sizeof *next);
    ctxi_memory_give(memory, old, before * sizeof *old);
    set_room(readers, next, room);
    return true;
}

void ctxi_readers_retire(struct ctxi_readers *readers, void *block, size_t bytes)
{
    readers->retired[readers->retired_count++] = (struct ctxi_retired){block, bytes};
    readers->retired_bytes += bytes;
}

static void free_first(struct ctxi_readers *readers, struct ctxi_memory *memory, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        ctxi_memory_give(memory, readers->retired[i].block, readers->retired[i].bytes);
        readers->retired_bytes -= readers->retired[i].bytes;
    }
    readers->retired_count -= count;
    readers->waiting_count = 0;
    if (readers->retired_count) {
        memmove(readers->retired, readers->retired + count,
                readers->retired_count * sizeof *readers->retired);
        return;
    }
    ctxi_memory_give(memory, readers->retired, readers->retired_room * sizeof *readers->retired);
    set_room(readers, NULL, 0);
}

void ctxi_readers_free_waiting(struct ctxi_readers *readers, struct ctxi_memory *memory)
{
    free_first(readers, memory, readers->waiting_count);
}

void ctxi_readers_free_all(struct ctxi_readers *readers, struct ctxi_memory *memory)
{
    free_first(readers, memory, readers->retired_count);
}

/* ---- stamps ------------------------------------------------------------------------------- */

/* What `recorder` says when this thread records: the first to come is named, the second makes it "many". */
static uint32_t come(struct ctxi_readers *readers, struct ctxi_reader *reader)
{
    uint32_t id = atomic_load_explicit(&readers->recorder, memory_order_acquire); /* STAMP-1 */

    while (id < CTXI_ID_MANY && (id & ~CTXI_ID_TRIAL) != reader->own_id) {
        uint32_t next = id == CTXI_ID_NONE ? reader->own_id : CTXI_ID_MANY;

        if (id == CTXI_ID_NONE)
            atomic_store_explicit(&reader->since, ctxi_stamp_now(), memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&readers->recorder, &id, next,
                                                  memory_order_release, memory_order_acquire))
            id = next;
    }
    return id;
}

/* Whether a block that begins at `head` bears the time of the one before. */
static bool keeps_time(const struct ctxi_readers *readers, const struct ctxi_reader *reader,
                       uint32_t head)
{
    /* relaxed: who must see a change of it was told so by whoever caused it */
    return reader->mode == atomic_load_explicit(&readers->recorder, memory_order_relaxed) &&
           (reader->mode < CTXI_ID_CROWD || head % CTXI_RING_CROWD != 0);
}

/* The time of a new block; and whether it may be filled: while one thread is named, and in a crowd. */
static uint64_t stamp(struct ctxi_readers *readers, struct ctxi_reader *reader)
{
    uint32_t id = come(readers, reader);

    reader->mode = id == reader->own_id || id >= CTXI_ID_CROWD ? id : CTXI_NO_MODE;
    if (id == reader->own_id)
        return atomic_load_explicit(&reader->since, memory_order_relaxed);
    return id >= CTXI_ID_CROWD ? ctxi_stamp_roughly() : ctxi_stamp_now();
}

uint32_t ctxi_reader_begin_block(struct ctxi_readers *readers, struct ctxi_reader *reader,
                                 bool *out_drain)
{
    uint32_t head = atomic_load_explicit(&reader->head, memory_order_relaxed);
    union ctxi_ring_slot *block;

    head = (head + CTXI_RING_BLOCK - 1) / CTXI_RING_BLOCK * CTXI_RING_BLOCK;
    if (head % CTXI_RING_DRAIN == 0)
        *out_drain = true;
    if (!keeps_time(readers, reader, head)) {
        uint64_t time = stamp(readers, reader);

        if (!ctxi_stamp_before(time, reader->last_stamp)) /* read out of order, it may be */
            reader->last_stamp = time;
    }
    block = &reader->ring[head % CTXI_RING];
    memset(block, 0, CTXI_RING_BLOCK * sizeof *block); /* number 0: no record */
    block->stamp = reader->last_stamp;
    return head + 1;
}

void ctxi_stamp_settle(struct ctxi_readers *readers)
{
    for (struct ctxi_link *link = readers->list.next; link != &readers->list; link = link->next) {
        struct ctxi_reader *reader = CTXI_CONTAINER(link, struct ctxi_reader, link);
        uint32_t trial = reader->id | CTXI_ID_TRIAL;

        if (atomic_load_explicit(&readers->recorder, memory_order_relaxed) != trial)
            continue;
        atomic_store_explicit(&reader->since, ctxi_stamp_now(), memory_order_relaxed);
        /* fails if a second thread has come; release: STAMP-1 */
        (void)atomic_compare_exchange_strong_explicit(&readers->recorder, &trial, reader->id,
                                                      memory_order_release, memory_order_relaxed);
    }
}
