/*
 * tape.h: what one thread tells a recording, through a ring of words that only it writes and only the
 * recording's writer thread reads. Neither waits for the other: what finds no room is dropped, and counted.
 *
 * Words bear their kind in the lowest two bits. A hit is one word, its hash; a thread that stays in a
 * partition does not name it again, and the time is read once for TAPE_SEGMENT requests, a *segment*. By
 * the times of segments the writer puts the tapes of several threads into one order.
 *
 *     HIT        the hash; its two lowest bits are lost
 *     LONG       the same, of any request; then what it was and the weight; then what the load took
 *     PARTITION  the id, shifted: of the requests that follow
 *     STAMP      the time, shifted: a segment begins
 *
 * TAPE-1: `head` is a release store after the words; partner: the acquire load of the writer, who then
 * reads them. TAPE-2: `tail` goes back the same way, when they were read: there is room again.
 *
 * Life. A tape has two owners: the reader of its thread (reader.h), and the recording. Each lets go of it
 * when it has no more use for it, and whoever is last frees it: the release of one comes before the
 * acquire of the other, so the writer that finds itself alone has all words of a thread that ended. A
 * recording that ends closes it: no hash is below `threshold` any more. The thread sees that with its next
 * request, and lets go. So a thread that does nothing keeps the memory of its tape until it ends.
 */
#ifndef CTXI_CACHE_TAPE_H
#define CTXI_CACHE_TAPE_H

#include <stdalign.h>
#include <stdatomic.h>

#include "base/prefetch.h"
#include "cache/observe.h"

enum ctxi_tape_word { CTXI_TAPE_HIT, CTXI_TAPE_LONG, CTXI_TAPE_PARTITION, CTXI_TAPE_STAMP };

#define CTXI_TAPE_KIND  UINT64_C(3)
#define CTXI_TAPE_SHIFT 2

#define CTXI_TAPE_SEGMENT 64 /* requests that bear one time, at most */
#define CTXI_TAPE_AHEAD                                                                            \
    24 /* words: the writer's processor has those lines, and is asked for them in time */

struct ctxi_tape {
    /* Fixed. */
    size_t bytes; /* of the block */
    void *block;

    atomic_uint refs;

    /* Of its thread. */
    alignas(CTXI_LINE) _Atomic uint64_t head; /* TAPE-1 */
    uint64_t partition;                       /* that was named last; 0: none was */
    uint64_t
        plain; /* up to there hits are words and nothing else: the segment goes on, and has room */
    _Atomic uint64_t dropped;
    /* Those two change once, or never: the hashes that are recorded, 0: it is closed. Relaxed: what is
     * written after that is read by nobody. And the count of words, a power of two, less one. */
    _Atomic uint64_t threshold;
    uint64_t mask;

    /* Of the writer. */
    alignas(CTXI_LINE) _Atomic uint64_t tail; /* TAPE-2 */
    uint64_t at, end;                         /* what is being read */
    uint64_t told;                            /* the partition of the requests that follow */
    uint64_t stamp;                           /* of the segment that `at` is in */
    struct ctxi_tape *next;                   /* in its recording; changed under observers.lock */
    struct ctxi_tape *active;                 /* the next one that has something to read */

    alignas(CTXI_LINE) uint64_t words[];
};

/* A tape of so many words, a power of two, with one owner; NULL: there is no memory. */
struct ctxi_tape *ctxi_tape_new(size_t words, uint64_t threshold);
void ctxi_tape_ref(struct ctxi_tape *tape);
void ctxi_tape_unref(struct ctxi_tape *tape);

/* Writes a request of its thread, or drops it. */
void ctxi_tape_write(struct ctxi_tape *tape, const struct ctxi_seen *seen);

/* No request is written any more. Any thread. */
void ctxi_tape_close(struct ctxi_tape *tape);

/* Whether a request with this hash is to be written; none is to a closed one. */
static inline bool ctxi_tape_wants(const struct ctxi_tape *tape, uint64_t hash)
{
    return hash < atomic_load_explicit(&tape->threshold, memory_order_relaxed);
}

/* The same for a hit. True: it was written, as nearly all are. */
static inline bool ctxi_tape_write_hit(struct ctxi_tape *tape, uint64_t hash, uint64_t partition)
{
    uint64_t head = atomic_load_explicit(&tape->head, memory_order_relaxed);

    if (__builtin_expect(partition != tape->partition || head == tape->plain, 0))
        return false;
    ctxi_prefetch_write(&tape->words[(head + CTXI_TAPE_AHEAD) & tape->mask]);
    tape->words[head & tape->mask] = (hash & ~CTXI_TAPE_KIND) | CTXI_TAPE_HIT;
    atomic_store_explicit(&tape->head, head + 1, memory_order_release); /* TAPE-1 */
    return true;
}

/* ---- the writer's side -------------------------------------------------------------------- */

/* Whether there is something to read, up to now; that is then what is read. */
bool ctxi_tape_look(struct ctxi_tape *tape);

/* The time of the segment that is read next. There is something to read. */
uint64_t ctxi_tape_next_stamp(const struct ctxi_tape *tape);

/* Begins to read it, or goes on with one of which more has come. */
void ctxi_tape_begin_segment(struct ctxi_tape *tape);

/* Takes its next request; false: that is the end of it, or of what there is. */
bool ctxi_tape_take_other(struct ctxi_tape *tape, struct ctxi_seen *out_seen);

static inline bool ctxi_tape_take(struct ctxi_tape *tape, struct ctxi_seen *out_seen)
{
    const uint64_t *word = &tape->words[tape->at & tape->mask];

    if (tape->at == tape->end || (*word & CTXI_TAPE_KIND) != CTXI_TAPE_HIT)
        return ctxi_tape_take_other(tape, out_seen);
    tape->at++;
    *out_seen = (struct ctxi_seen){CTXI_SEEN_HIT, *word, tape->told, 0, 0};
    return true;
}

/* Gives back the room of what was taken. */
void ctxi_tape_give_room(struct ctxi_tape *tape);

#endif
