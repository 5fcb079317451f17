/*
 * recording.h: a recording of a cache that is under way: whom it belongs to, and how it sees requests. What
 * is recorded, and what not, is in ctxcache/record.h; the way of a request is through the tape of its
 * thread (tape.h) and the encoder (recording/encode.h) to the file (recording_writer.c).
 *
 * A recording is made by ctx_cache_record_start() and found at cache->observers.recording, until it is
 * stopped: who takes it from there, under observers.lock, is the one who ends and frees it. Meanwhile it is
 * in the list of those that end, where a child of fork() finds it, in which nobody else would free it.
 * Tapes are added under that lock, to a recording that is found there; so when it is not there any more,
 * none is.
 */
#ifndef CTXI_CACHE_RECORDING_H
#define CTXI_CACHE_RECORDING_H

#include "cache/tape.h"
#include "ctxcache/record.h"
#include "recording/encode.h"

/* A moment by two clocks. */
struct ctxi_moment {
    uint64_t ticks, ns;
};

#define CTXI_NAMED_PARTITIONS 256

struct ctxi_recording {
    /* Fixed. */
    ctx_cache *cache;
    int fd;
    size_t tape_words;
    uint64_t threshold;
    pthread_t thread;

    /* Pushed under observers.lock, taken out by the writer under it, and walked by the writer without. */
    _Atomic(struct ctxi_tape *) tapes;

    /* Guarded by observers.lock. */
    struct ctxi_recording *next_ending;
    bool failed; /* a write did: no tape is added any more */
    uint64_t
        dropped_else; /* what no tape counts: of those that are gone, and of threads that have none */

    /* Written by the writer alone. Relaxed: they are figures. */
    _Atomic uint64_t recorded, bytes;
    _Atomic int error;

    /* The writer sleeps here. */
    struct ctxi_lock nap_lock;
    pthread_cond_t nap;
    bool stopping; /* guarded by nap_lock */

    /* The writer's own. */
    struct ctxi_encoder *encoder;
    struct ctxi_moment began, before, now; /* the round before, and this one */
    uint64_t last_ns;                      /* when a request was last; since it began */
    uint64_t flushed_ns;                   /* when a block was last written */
    struct {
        uint64_t id;
        struct ctxi_tenant_name name;
    } names[CTXI_NAMED_PARTITIONS]; /* of partitions, what is the same whenever they come back */
};

/* The thread that empties the tapes. `user` is the recording. */
void *ctxi_recording_write(void *user);

/* Writes it all. 0, or an errno. */
int ctxi_write_all(int fd, const void *bytes, size_t size);

struct ctxi_moment ctxi_moment_now(void);

/* Its tapes get no more requests. observers.lock is held. */
void ctxi_recording_close_tapes(struct ctxi_recording *recording);

/* The recording's own references to them. Nobody else has the recording. */
void ctxi_recording_let_go_tapes(struct ctxi_recording *recording);

/* Requests that were dropped so far. No lock held. */
uint64_t ctxi_recording_dropped(struct ctxi_recording *recording);

/* In the child of a fork: there is no recording here. observers.lock is held. */
void ctxi_recording_after_fork(ctx_cache *cache);

/* ---- seeing ------------------------------------------------------------------------------- */

/* A request for a key that somebody observes. */
void ctxi_recording_see(ctx_cache *cache, struct ctxi_reader *reader, const struct ctxi_seen *seen);

static inline bool ctxi_recording_see_hit(struct ctxi_reader *reader, uint64_t hash,
                                          uint64_t partition)
{
    struct ctxi_tape *tape = reader->tape;

    return tape && ctxi_tape_wants(tape, hash) && ctxi_tape_write_hit(tape, hash, partition);
}

#endif
