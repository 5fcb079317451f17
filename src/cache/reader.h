/*
 * reader.h: threads that find entries without the cache's lock.
 *
 * A thread that hits has a reader in each cache that it uses: a counter that says whether it is inside
 * a section, in which it may look at what it finds in the index, and a ring of records, which entries
 * it used and when, for those who hold the lock to carry out (recency.h). Both are written by that
 * thread alone, so a hit writes nothing that another thread writes.
 *
 * Sections. A writer first makes a thing unreachable, then begins a grace: it fences (base/fence.h) and
 * notes who is inside a section. When each of these has left it, nobody can see the thing any more.
 * READER-1: a reader stores `section`, fences, and then loads from the index; a writer stores to the
 * index, fences, and then loads `section`: at least one of them sees the other. READER-2: leaving is a
 * release store; partner: the acquire load in the writer, so what the section read comes before what
 * the writer then does to the memory. A section waits for nothing and is left within nanoseconds of
 * running time.
 *
 * Records. READER-3: `head` is a release store after the record; partner: the acquire load of who
 * drains. `tail` goes back the same way. A record is written inside the section, so when a grace has
 * ended and the rings were drained, no record names what was removed before that grace.
 *
 * Stamps order the records of different threads. As long as one thread alone records, it need not read a
 * clock: `recorder` names it, and all its records bear the time when it was named. A second thread
 * that finds another's name there writes "many", and from then on records bear the time of the call.
 * So of two calls that do not overlap, the earlier has the smaller stamp, or the same stamp on the same
 * thread: who is named has no other's record after its time, and whoever reads the clock reads it later.
 * When one thread seems to be alone again, it is on trial before it is named (recency.c).
 */
#ifndef CTXI_CACHE_READER_H
#define CTXI_CACHE_READER_H

#include <stdalign.h>
#include <stdatomic.h>

#include "base/fence.h"
#include "base/list.h"
#include "base/ticks.h"
#include "cache/memory.h"
#include "ctxcache/cache.h"

#define CTXI_LINE 64

#define CTXI_RECORDS       512 /* of a ring; a power of two */
#define CTXI_RECORDS_DRAIN 64  /* a thread tries to drain after so many */

/* One use of an entry. */
struct ctxi_record {
    uint64_t stamp;
    uint32_t number; /* arena.h */
    uint32_t place;  /* the slot of its partition; CTXI_RECORD_NEGATIVE may be set */
};

#define CTXI_RECORD_NEGATIVE (UINT32_C(1) << 31)

struct ctxi_reader {
    /* Written by its thread. */
    alignas(CTXI_LINE) _Atomic uint32_t section; /* odd: inside one */
    _Atomic uint32_t head;                       /* records written */
    _Atomic uint64_t since; /* the time of its records while `recorder` names it (STAMP-1) */
    uint32_t tail_seen;     /* `tail`, as last looked at */
    uint32_t own_id;
    uint64_t serial;               /* of the cache */
    uint64_t whole_id, whole_seed; /* the partition of a cache that varies on nothing */
    struct ctxi_reader *next;      /* all readers of the thread */
    void *block;                   /* the memory it lies in */

    /* Guarded by the cache's lock. */
    alignas(CTXI_LINE) _Atomic uint32_t tail; /* records carried out; its thread reads it */
    uint32_t id;                              /* own_id; never one of two that exist */
    uint32_t at, end;                         /* the records being carried out (recency.c) */
    struct ctxi_reader *next_active;          /* with this one */
    uint32_t noted;                           /* its section when a grace began */
    bool awaited;                             /* the grace waits for it to leave that one */
    struct ctxi_link link;                    /* in its cache */
    ctx_cache *cache; /* NULL: gone, or the thread is; guarded by the attachment lock too */

    alignas(CTXI_LINE) struct ctxi_record records[CTXI_RECORDS];
};

/* A block that a reader may still be looking at. */
struct ctxi_retired {
    void *block;
    size_t bytes;
};

/* Whether some call may still see "many" in `recorder` although it says otherwise (recency.c). */
enum ctxi_settling {
    CTXI_SETTLED = 0,
    CTXI_UNSETTLED = 1,
    CTXI_SETTLING = 2 /* not any more when the grace under way has ended */
};

/* The readers of one cache. */
struct ctxi_readers {
    /* An id, maybe with CTXI_ID_TRIAL; see above. On a line that nothing else changes. STAMP-1: release
     * after `since` of who is named; partner: the acquire load of that one. */
    alignas(CTXI_LINE) _Atomic uint32_t recorder;

    alignas(CTXI_LINE) struct ctxi_link list;
    uint32_t lonely; /* drains in a row that found the records of one thread, while "many" */
    enum ctxi_settling unsettled;
    bool grace_begun; /* what is waiting is waiting for those who are awaited */
    uint32_t retired_count, waiting_count, retired_room;
    size_t retired_bytes;         /* of all these blocks, and of their list */
    struct ctxi_retired *retired; /* the first waiting_count wait for the grace */
};

#define CTXI_ID_NONE  0u
#define CTXI_ID_TRIAL 0x8000u /* this one seems to be alone, and reads the clock still */
#define CTXI_ID_MANY  0xffffu

/* ---- threads ------------------------------------------------------------------------------ */

#define CTXI_READER_SLOTS 8

/* The readers of this thread, the last used by the cache's serial. */
struct ctxi_reader_table {
    struct {
        uint64_t serial; /* 0: nothing */
        struct ctxi_reader *reader;
    } slots[CTXI_READER_SLOTS];
    struct ctxi_reader *all;
};

extern __thread struct ctxi_reader_table ctxi_reader_table
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

struct ctxi_reader *ctxi_reader_find_or_make(ctx_cache *cache, uint64_t serial);

/* This thread's reader of the cache; NULL: there is no memory for one. No lock held. */
static inline struct ctxi_reader *ctxi_reader_of(ctx_cache *cache, uint64_t serial)
{
    size_t i = serial % CTXI_READER_SLOTS;

    if (__builtin_expect(ctxi_reader_table.slots[i].serial == serial, 1))
        return ctxi_reader_table.slots[i].reader;
    return ctxi_reader_find_or_make(cache, serial);
}

void ctxi_readers_init(struct ctxi_readers *readers);

/* The cache is being destroyed: its readers belong to their threads alone. No lock held. */
void ctxi_readers_detach(ctx_cache *cache);

/* Frees the readers of this thread whose cache is gone. No lock held. */
void ctxi_readers_free_useless(void);

/* In the child of a fork: only this thread's reader remains. */
void ctxi_readers_after_fork(ctx_cache *cache);

/* Takes and releases the attachment lock around fork(). */
void ctxi_readers_fork_prepare(void);
void ctxi_readers_fork_done(void);

/* ---- sections ----------------------------------------------------------------------------- */

static inline void ctxi_section_enter(struct ctxi_reader *reader)
{
    uint32_t section = atomic_load_explicit(&reader->section, memory_order_relaxed);

    /* relaxed: the fence orders it; READER-1 */
    atomic_store_explicit(&reader->section, section + 1, memory_order_relaxed);
    ctxi_fence_often();
}

static inline void ctxi_section_leave(struct ctxi_reader *reader)
{
    uint32_t section = atomic_load_explicit(&reader->section, memory_order_relaxed);

    atomic_store_explicit(&reader->section, section + 1, memory_order_release); /* READER-2 */
}

/* Whether only this thread has a reader, so that nobody needs to fence. The lock is held. */
bool ctxi_readers_are_own(const struct ctxi_readers *readers);

/* Begins a grace, of which there is one at a time. False: it could not; try again later. */
bool ctxi_readers_begin_grace(struct ctxi_readers *readers);

/* Whether everybody whom the grace awaited has left. */
bool ctxi_readers_grace_ended(struct ctxi_readers *readers);

/* ---- blocks ------------------------------------------------------------------------------- */

/* Makes sure that one more block may be retired. False: no memory for the list of them. */
bool ctxi_readers_may_retire(struct ctxi_readers *readers, struct ctxi_memory *memory);

/* A block is to be given back when no reader can see it any more. */
void ctxi_readers_retire(struct ctxi_readers *readers, void *block, size_t bytes);

/* The same now: those that waited for the grace that has ended, or all. */
void ctxi_readers_free_waiting(struct ctxi_readers *readers, struct ctxi_memory *memory);
void ctxi_readers_free_all(struct ctxi_readers *readers, struct ctxi_memory *memory);

/* ---- records ------------------------------------------------------------------------------ */

#define CTXI_STAMP_SHIFT 5 /* ticks in a unit of time: less than what a call takes */

static inline uint64_t ctxi_stamp_now(void)
{
    return ctxi_ticks() >> CTXI_STAMP_SHIFT;
}

static inline bool ctxi_stamp_before(uint64_t a, uint64_t b)
{
    return a < b;
}

uint64_t ctxi_stamp_claim(struct ctxi_readers *readers, struct ctxi_reader *reader);

/* The trial of who seemed to be alone is over, if nobody else has come: a grace since its beginning. */
void ctxi_stamp_settle(struct ctxi_readers *readers);

static inline uint64_t ctxi_stamp(struct ctxi_readers *readers, struct ctxi_reader *reader)
{
    /* who must see a change of it was told so by whoever caused it; acquire: STAMP-1 */
    uint32_t id = atomic_load_explicit(&readers->recorder, memory_order_acquire);

    if (id == reader->own_id)
        return atomic_load_explicit(&reader->since, memory_order_relaxed);
    if (id == CTXI_ID_MANY)
        return ctxi_stamp_now();
    return ctxi_stamp_claim(readers, reader);
}

/* Whether there is room for `count` records; looks again at what was carried out. */
static inline bool ctxi_reader_has_room(struct ctxi_reader *reader, uint32_t count)
{
    uint32_t head = atomic_load_explicit(&reader->head, memory_order_relaxed);

    if (__builtin_expect(head - reader->tail_seen <= CTXI_RECORDS - count, 1))
        return true;
    reader->tail_seen = atomic_load_explicit(&reader->tail, memory_order_acquire);
    return head - reader->tail_seen <= CTXI_RECORDS - count;
}

/* Writes a record, for which there is room; inside the section. True: it is time to drain. */
static inline bool ctxi_reader_record(struct ctxi_readers *readers, struct ctxi_reader *reader,
                                      uint32_t number, uint32_t place)
{
    uint32_t head = atomic_load_explicit(&reader->head, memory_order_relaxed);

    reader->records[head % CTXI_RECORDS] =
        (struct ctxi_record){ctxi_stamp(readers, reader), number, place};
    atomic_store_explicit(&reader->head, head + 1, memory_order_release); /* READER-3 */
    return (head + 1) % CTXI_RECORDS_DRAIN == 0;
}

#endif
