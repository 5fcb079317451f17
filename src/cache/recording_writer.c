/*
 * recording_writer.c: the thread that empties the tapes, puts their segments in one order, and writes.
 *
 * It comes by every NAP_MIN_NS, less often while nothing happens. A round reads the clock, and then looks
 * at all tapes: whatever is found there that was not in the round before lies between the two in time. So a
 * thread whose segment goes on over several rounds, for it does little, has times that are as good as the
 * rounds are close.
 */
#include <errno.h>
#include <unistd.h>

#include "base/ticks.h"
#include "base/wait.h"
#include "cache/recording.h"

#define NAP_MIN_NS UINT64_C(1000000)
#define NAP_MAX_NS UINT64_C(8000000)
#define FLUSH_NS   UINT64_C(1000000000) /* no request waits longer for its block to be full */

int ctxi_write_all(int fd, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    while (size) {
        ssize_t written = write(fd, at, size);

        if (written == 0)
            return EIO; /* a device that takes nothing, and does not say why */
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            at += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

/* ---- time --------------------------------------------------------------------------------- */

/* Ticks as they are on a tape. */
struct ctxi_moment ctxi_moment_now(void)
{
    return (struct ctxi_moment){ctxi_ticks_first() & UINT64_MAX >> CTXI_TAPE_SHIFT,
                                ctxi_monotonic_ns(NULL)};
}

/* When a segment was that bears this stamp, since the recording began; never back. */
static uint64_t time_of(struct ctxi_recording *recording, uint64_t stamp)
{
    const struct ctxi_moment *before = &recording->before, *now = &recording->now;
    uint64_t ns = now->ns;

    if (stamp <= before->ticks)
        ns = before->ns;
    else if (stamp < now->ticks)
        ns = before->ns +
             (uint64_t)((double)(stamp - before->ticks) * (double)(now->ns - before->ns) /
                        (double)(now->ticks - before->ticks));
    ns -= recording->began.ns;
    if (ns > recording->last_ns)
        recording->last_ns = ns;
    return recording->last_ns;
}

/* ---- the file ----------------------------------------------------------------------------- */

static bool has_failed(const struct ctxi_recording *recording)
{
    return atomic_load_explicit(&recording->error, memory_order_relaxed) != 0;
}

static void drop(struct ctxi_recording *recording, uint64_t count)
{
    struct ctxi_lock *lock = &recording->cache->observers.lock;

    ctxi_lock_acquire(lock);
    recording->dropped_else += count;
    ctxi_lock_release(lock);
}

/* Takes off what was written of a block that is not whole, where that can be done. */
static void cut_back(const struct ctxi_recording *recording)
{
    uint64_t bytes = atomic_load_explicit(&recording->bytes, memory_order_relaxed);
    int r;

    do
        r = ftruncate(recording->fd, (off_t)bytes); /* of a pipe: EINVAL */
    while (r && errno == EINTR);
}

/* A write has failed: this is the end, although nobody has called for it. */
static void fail(struct ctxi_recording *recording, int error)
{
    struct ctxi_observers *observers = &recording->cache->observers;

    cut_back(recording);
    atomic_store_explicit(&recording->error, error, memory_order_relaxed);
    ctxi_lock_acquire(&observers->lock);
    recording->failed = true;
    if (observers->recording == recording) {
        ctxi_observers_set(recording->cache, CTXI_OBSERVER_RECORDING, 0);
        ctxi_recording_close_tapes(recording);
    }
    ctxi_lock_release(&observers->lock);
}

static void add(_Atomic uint64_t *figure, uint64_t n)
{
    atomic_store_explicit(figure, atomic_load_explicit(figure, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* Of the moment. No lock held; who waits for the writer holds none either. */
static struct ctxi_recorded_state state_of(struct ctxi_recording *recording)
{
    ctx_cache *cache = recording->cache;
    struct ctxi_recorded_state state = {.dropped = ctxi_recording_dropped(recording)};

    ctxi_lock_acquire(&cache->lock);
    state.used_bytes = ctxi_cache_used_bytes(cache);
    state.entry_bytes = cache->entry_bytes;
    state.entries = cache->stats.entries + cache->dead;
    ctxi_lock_release(&cache->lock);
    return state;
}

/* Ends the block and writes it. */
static void write_block(struct ctxi_recording *recording)
{
    const struct ctxi_recorded_state state = state_of(recording);
    uint32_t count = ctxi_encoder_count(recording->encoder);
    size_t size;
    const unsigned char *block = ctxi_encoder_end_block(recording->encoder, &state, &size);
    int error = ctxi_write_all(recording->fd, block, size);

    recording->flushed_ns = recording->now.ns;
    if (error) {
        fail(recording, error);
        drop(recording, count);
        return;
    }
    add(&recording->recorded, count);
    add(&recording->bytes, size);
}

static void encode(struct ctxi_recording *recording, const struct ctxi_seen *seen, uint64_t time_ns)
{
    const struct ctxi_recorded request = {.what = (enum ctxi_recorded_what)seen->what,
                                          .key = seen->hash,
                                          .tenant = seen->partition,
                                          .time_ns = time_ns,
                                          .weight = seen->weight,
                                          .load_ns = seen->load_ns};

    if (has_failed(recording)) {
        drop(recording, 1);
        return;
    }
    if (ctxi_encode(recording->encoder, &request))
        write_block(recording);
}

/* ---- tapes -------------------------------------------------------------------------------- */

/* The segment that is first in time, of tapes that have something to read. */
static struct ctxi_tape **first_of(struct ctxi_tape **active)
{
    struct ctxi_tape **first = active;

    for (struct ctxi_tape **at = &(*active)->active; *at; at = &(*at)->active)
        if (ctxi_tape_next_stamp(*at) < ctxi_tape_next_stamp(*first))
            first = at;
    return first;
}

static void read_segment(struct ctxi_recording *recording, struct ctxi_tape *tape)
{
    struct ctxi_seen seen;
    uint64_t time_ns;

    ctxi_tape_begin_segment(tape);
    time_ns = time_of(recording, tape->stamp);
    while (ctxi_tape_take(tape, &seen))
        encode(recording, &seen, time_ns);
    ctxi_tape_give_room(tape);
}

static void read_tapes(struct ctxi_recording *recording, struct ctxi_tape *active)
{
    while (active) {
        struct ctxi_tape **first = first_of(&active), *tape = *first;

        read_segment(recording, tape);
        if (tape->at == tape->end)
            *first = tape->active;
    }
}

/* Those that have something to read. */
static struct ctxi_tape *look_at_tapes(struct ctxi_recording *recording)
{
    struct ctxi_tape *active = NULL, *tape;

    /* acquire: a tape is complete before it is found here */
    tape = atomic_load_explicit(&recording->tapes, memory_order_acquire);
    for (; tape; tape = tape->next) {
        ctxi_tape_look(tape);
        if (tape->at == tape->end)
            continue;
        tape->active = active;
        active = tape;
    }
    return active;
}

/* Whether its thread is gone, and all that it wrote has been read. */
static bool is_done(const struct ctxi_tape *tape)
{
    /* acquire: of two owners the other one has let go, after all that it wrote */
    return atomic_load_explicit(&tape->refs, memory_order_acquire) == 1 &&
           atomic_load_explicit(&tape->head, memory_order_relaxed) == tape->at;
}

/* Takes a tape out of the list. */
static void let_go(struct ctxi_recording *recording, struct ctxi_tape *tape)
{
    struct ctxi_lock *lock = &recording->cache->observers.lock;
    struct ctxi_tape *at;

    ctxi_lock_acquire(lock);
    recording->dropped_else += atomic_load_explicit(&tape->dropped, memory_order_relaxed);
    at = atomic_load_explicit(&recording->tapes, memory_order_relaxed);
    if (at == tape) {
        atomic_store_explicit(&recording->tapes, tape->next, memory_order_relaxed);
    } else {
        while (at->next != tape)
            at = at->next;
        at->next = tape->next;
    }
    ctxi_lock_release(lock);
    ctxi_tape_unref(tape);
}

static void let_go_done(struct ctxi_recording *recording)
{
    struct ctxi_tape *tape = atomic_load_explicit(&recording->tapes, memory_order_acquire);

    while (tape) {
        struct ctxi_tape *next = tape->next;

        if (is_done(tape))
            let_go(recording, tape);
        tape = next;
    }
}

/* ---- rounds ------------------------------------------------------------------------------- */

/* Empties all tapes; whether there was anything. */
static bool go_round(struct ctxi_recording *recording)
{
    struct ctxi_tape *active;

    recording->before = recording->now;
    recording->now = ctxi_moment_now();
    active = look_at_tapes(recording);
    read_tapes(recording, active);
    let_go_done(recording);
    if (!has_failed(recording) && ctxi_encoder_count(recording->encoder) &&
        recording->now.ns - recording->flushed_ns > FLUSH_NS)
        write_block(recording);
    return active != NULL;
}

/* Sleeps so long, or until it is time to stop: then false. */
static bool nap(struct ctxi_recording *recording, uint64_t nap_ns)
{
    struct timespec end = ctxi_deadline_after(nap_ns);
    struct ctxi_lock *lock = &recording->nap_lock;
    bool goes_on;
    int r = 0;

    ctxi_lock_acquire(lock);
    while (!recording->stopping && r != ETIMEDOUT) {
        ctxi_lock_yielded(lock);
        r = pthread_cond_timedwait(&recording->nap, &lock->mutex, &end);
        ctxi_lock_taken(lock);
    }
    goes_on = !recording->stopping;
    ctxi_lock_release(lock);
    return goes_on;
}

/* What is left, and that this is all. */
static void finish(struct ctxi_recording *recording)
{
    go_round(recording);
    if (!has_failed(recording) && ctxi_encoder_count(recording->encoder))
        write_block(recording);
    if (!has_failed(recording))
        write_block(recording);
}

void *ctxi_recording_write(void *user)
{
    struct ctxi_recording *recording = user;
    uint64_t nap_ns = NAP_MIN_NS;

    while (!has_failed(recording) && nap(recording, nap_ns)) {
        if (go_round(recording))
            nap_ns = NAP_MIN_NS;
        else if (nap_ns < NAP_MAX_NS)
            nap_ns *= 2;
    }
    finish(recording);
    return NULL;
}
