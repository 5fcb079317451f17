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
 * that finds another's name there writes "many", and from then on each record has a block of its own, with
 * the time of the call. So of two calls that do not overlap, the earlier has the smaller stamp, or the same
 * stamp on the same thread: who is named has no other's record after its time, and whoever reads the clock
 * reads it later. When one thread seems to be alone again, it is on trial before it is named (recency.c).
 *
 * A crowd. To read the clock in order costs more than a hit: the processor may not do it before the hit
 * before it has its data. So when the records show that calls of different threads do overlap, threads
 * fill their blocks, and read the clock once for four, out of order. After some drains each record has a
 * time of its own again, to see whether they still overlap (recency.c).
 */
#ifndef CTXI_CACHE_READER_H
#define CTXI_CACHE_READER_H

#include <stdalign.h>
#include <stdatomic.h>

#include "base/fence.h"
#include "base/list.h"
#include "base/ticks.h"
#include "cache/known.h"
#include "cache/memory.h"
#include "ctxcache/cache.h"

#define CTXI_LINE 64

#define CTXI_RING       1024 /* positions; a power of two */
#define CTXI_RING_BLOCK 8    /* of a block: its time, and seven records */
#define CTXI_RING_CROWD 32   /* that bear one time, in a crowd */
#define CTXI_RING_DRAIN 128  /* a thread tries to drain after so many */
#define CTXI_WINDOW     16   /* records that a batch writes in one section, at most (hit_many.c) */

/* One use of an entry. */
struct ctxi_record {
    uint32_t number; /* arena.h */
    uint32_t place;  /* the slot of its partition; the bits below may be set */
};

/* What is at one position of a ring. */
union ctxi_ring_slot {
    uint64_t stamp; /* in slot 0 of a block */
    struct ctxi_record record;
};

#define CTXI_RECORD_NEGATIVE (UINT32_C(1) << 31)
#define CTXI_RECORD_SAMPLED  (UINT32_C(1) << 30) /* to be told to the curve (live.h) */

#define CTXI_MOMENT_NO_CONTEXT 1 /* no context has this number */

struct ctxi_reader {
    /* Written by its thread. */
    alignas(CTXI_LINE) _Atomic uint32_t section; /* odd: inside one */
    _Atomic uint32_t head;                       /* the position where its last record ends */
    uint32_t mode;   /* what `recorder` must be for the block to be gone on with; or NO_MODE */
    uint32_t own_id; /* id */
    _Atomic uint64_t since; /* the time of its records while `recorder` names it (STAMP-1) */
    uint64_t last_stamp;
    uint64_t serial; /* of the cache */
    uint64_t moment; /* of the context (context/current.h), NO_CONTEXT, or 0: nothing remembered */
    uint64_t partition, seed;      /* in that moment: an id, maybe not current any more */
    uint64_t whole_id, whole_seed; /* the partition of a cache that varies on nothing */
    struct ctxi_reader *next;      /* all readers of the thread */
    struct ctxi_tape *tape;        /* of a recording, ours as well; NULL: none (tape.h) */
    void *block;                   /* the memory it lies in */

    /* Guarded by the cache's lock. */
    alignas(CTXI_LINE) _Atomic uint32_t tail; /* carried out up to there; its thread reads it */
    uint32_t id;                              /* own_id; never one of two that exist */
    uint32_t at, end;                         /* what is being carried out (recency.c) */
    uint32_t must;                            /* what must be, before memory is used again */
    struct ctxi_reader *next_active;          /* with this one */
    uint32_t noted;                           /* its section when a grace began */
    bool awaited;                             /* the grace waits for it to leave that one */
    struct ctxi_link link;                    /* in its cache */
    ctx_cache *cache; /* NULL: gone, or the thread is; guarded by the attachment lock too */

    alignas(CTXI_LINE) union ctxi_ring_slot ring[CTXI_RING];
    struct ctxi_known_set known[CTXI_KNOWN_SETS]; /* of its thread */
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
    /* An id, maybe with CTXI_ID_TRIAL, or a crowd; see above. On a line that hardly changes. STAMP-1:
     * release after `since` of who is named; partner: the acquire load of that one. */
    alignas(CTXI_LINE) _Atomic uint32_t recorder;
    /* Whose turn it is to drain after hits, an id; changed under the lock. Relaxed: a hint. The links that
     * are changed stay in one processor's cache for a while, and others do not come for the lock. */
    _Atomic uint32_t drainer;
    unsigned char rest_of_line[CTXI_LINE - 2 * sizeof(uint32_t)];

    struct ctxi_link list;
    uint32_t last_id;    /* that was given to a reader */
    uint32_t lonely;     /* drains in a row that found the records of one thread, while "many" */
    uint32_t turn_left;  /* drains that the drainer does before the turn passes on */
    uint32_t crowd;      /* the last one */
    uint32_t crowd_left; /* drains until it ends */
    enum ctxi_settling unsettled;
    bool grace_begun; /* what is waiting is waiting for those who are awaited */
    uint32_t retired_count, waiting_count, retired_room;
    size_t retired_bytes;         /* of all these blocks, and of their list */
    struct ctxi_retired *retired; /* the first waiting_count wait for the grace */
};

#define CTXI_ID_NONE  0u
#define CTXI_ID_TRIAL 0x8000u /* this one seems to be alone, and reads the clock still */
#define CTXI_ID_MANY  0xffffu
#define CTXI_ID_CROWD 0x10000u /* and its multiples: each crowd has a number of its own */

#define CTXI_NO_MODE UINT32_MAX /* never in `recorder`: the next record begins a block */

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

/* The same if there is one; NULL: there is not. Any lock may be held. */
struct ctxi_reader *ctxi_reader_find(uint64_t serial);

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

/* The same, but maybe of a moment before, for the processor does not wait for what comes before it. */
static inline uint64_t ctxi_stamp_roughly(void)
{
    return ctxi_ticks_roughly() >> CTXI_STAMP_SHIFT;
}

static inline bool ctxi_stamp_before(uint64_t a, uint64_t b)
{
    return a < b;
}

/* The trial of who seemed to be alone is over, if nobody else has come: a grace since its beginning. */
void ctxi_stamp_settle(struct ctxi_readers *readers);

/* Positions that wait to be carried out. */
static inline uint32_t ctxi_reader_waiting(const struct ctxi_reader *reader)
{
    /* acquire: READER-3 */
    return atomic_load_explicit(&reader->head, memory_order_relaxed) -
           atomic_load_explicit(&reader->tail, memory_order_acquire);
}

/*
 * Whether the ring might be full before its thread looks again. While it is not so, there is room for all
 * that is written until then, if each record begins a block: CTXI_RING_DRAIN positions, a window, the
 * block that the head is in, and the one that the tail is in.
 */
static inline bool ctxi_reader_must_drain(const struct ctxi_reader *reader)
{
    return ctxi_reader_waiting(reader) >
           CTXI_RING - CTXI_RING_DRAIN - (CTXI_WINDOW + 2) * CTXI_RING_BLOCK;
}

/* Whether it is time for this thread to try: in its turn, or when whose turn it is does not come. */
static inline bool ctxi_reader_may_drain(const struct ctxi_readers *readers,
                                         const struct ctxi_reader *reader)
{
    uint32_t drainer = atomic_load_explicit(&readers->drainer, memory_order_relaxed);

    return drainer == reader->own_id || ctxi_reader_waiting(reader) > CTXI_RING / 2;
}

/* It has drained: goes on with its turn, or passes it on. The lock is held. */
void ctxi_reader_drained(struct ctxi_readers *readers, const struct ctxi_reader *reader);

/* Begins a block, and returns the position where its time ends. True in *out_drain: it is time to. */
uint32_t ctxi_reader_begin_block(struct ctxi_readers *readers, struct ctxi_reader *reader,
                                 bool *out_drain);

/* Writes a record, inside the section. *out_drain becomes true when it is time to drain. */
static inline void ctxi_reader_record(struct ctxi_readers *readers, struct ctxi_reader *reader,
                                      uint32_t number, uint32_t place, bool *out_drain)
{
    /* relaxed: who must see a change of it was told so by whoever caused it */
    uint32_t mode = atomic_load_explicit(&readers->recorder, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&reader->head, memory_order_relaxed);

    if (__builtin_expect(mode != reader->mode || head % CTXI_RING_BLOCK == 0, 0))
        head = ctxi_reader_begin_block(readers, reader, out_drain);
    reader->ring[head % CTXI_RING].record = (struct ctxi_record){number, place};
    atomic_store_explicit(&reader->head, head + 1, memory_order_release); /* READER-3 */
}

#endif
