#include "cache/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ticks.h"
#include "base/versioned.h"
#include "base/wait.h"
#include "context/store.h"

#define BUFFER_DEFAULT ((size_t)1 << 20)

#define OPTIONS_OLDEST sizeof(ctx_cache_record_options) /* of 0.1 */
#define STATS_OLDEST   sizeof(ctx_cache_record_stats)

_Static_assert((int)CTXI_SEEN_HIT == (int)CTXI_RECORDED_HIT &&
                   (int)CTXI_SEEN_DELETE == (int)CTXI_RECORDED_DELETE,
               "they are the same");
_Static_assert(CTX_CACHE_VARY_MAX <= CTXI_RECORDING_VARS_MAX &&
                   CTX_NAME_MAX <= CTXI_RECORDING_NAME_MAX,
               "there is room for the names");

/* ---- seeing ------------------------------------------------------------------------------- */

static struct ctxi_observers *observers_of(ctx_cache *cache)
{
    return &cache->observers;
}

/* The tape that the thread had: of a recording that has ended. */
static void let_go(struct ctxi_reader *reader)
{
    if (reader->tape)
        ctxi_tape_unref(reader->tape);
    reader->tape = NULL;
}

/* Gives the reader a tape of the recording; without memory, its request is dropped. */
static void add_tape(struct ctxi_recording *recording, struct ctxi_reader *reader)
{
    struct ctxi_tape *tape =
        reader ? ctxi_tape_new(recording->tape_words, recording->threshold) : NULL;

    if (!tape) {
        recording->dropped_else++;
        return;
    }
    ctxi_tape_ref(tape);
    tape->next = atomic_load_explicit(&recording->tapes, memory_order_relaxed);
    /* release: the writer sees a tape that is complete */
    atomic_store_explicit(&recording->tapes, tape, memory_order_release);
    reader->tape = tape;
}

/* The first request of a thread that has no tape, or one of a recording that has ended. */
static void find_tape(ctx_cache *cache, struct ctxi_reader *reader)
{
    struct ctxi_observers *observers = observers_of(cache);

    if (reader)
        let_go(reader);
    ctxi_lock_acquire(&observers->lock);
    if (observers->recording && !observers->recording->failed)
        add_tape(observers->recording, reader);
    ctxi_lock_release(&observers->lock);
}

static bool has_tape(const struct ctxi_reader *reader, uint64_t hash)
{
    return reader && reader->tape && ctxi_tape_wants(reader->tape, hash);
}

void ctxi_recording_see(ctx_cache *cache, struct ctxi_reader *reader, const struct ctxi_seen *seen)
{
    /* relaxed: as `observed` */
    if (seen->hash >=
        atomic_load_explicit(&observers_of(cache)->thresholds[CTXI_OBSERVER_RECORDING],
                             memory_order_relaxed))
        return;
    if (!has_tape(reader, seen->hash))
        find_tape(cache, reader);
    if (reader && reader->tape)
        ctxi_tape_write(reader->tape, seen);
}

/* ---- options ------------------------------------------------------------------------------ */

/* Of options that are as long as ours. */
static const char *problem_of(const ctx_cache_record_options *options)
{
    const size_t buffer = options->buffer_bytes;

    if (!options->path)
        return "path: is NULL";
    if (!(options->rate >= 0 && options->rate <= 1)) /* a NaN is neither */
        return "rate: above 0, to 1; or 0 for all keys";
    if (buffer && (buffer < CTX_CACHE_RECORD_BUFFER_MIN || buffer > CTX_CACHE_RECORD_BUFFER_MAX))
        return "buffer_bytes: CTX_CACHE_RECORD_BUFFER_MIN to CTX_CACHE_RECORD_BUFFER_MAX, "
               "or 0 for 1 MB";
    if (options->flags & ~(uint32_t)CTX_CACHE_RECORD_OVERWRITE)
        return "flags: has a bit that is not in enum ctx_cache_record_flags";
    if (options->reserved)
        return "reserved: must be 0";
    return NULL;
}

static const char *read_options(const ctx_cache_record_options *theirs,
                                ctx_cache_record_options *ours)
{
    if (!theirs)
        return "options: is NULL";
    if (!ctxi_versioned_read(ours, sizeof *ours, OPTIONS_OLDEST, theirs, theirs->size))
        return "size: not that of a ctx_cache_record_options that this version knows; "
               "start from CTX_CACHE_RECORD_OPTIONS_INIT";
    return problem_of(ours);
}

const char *ctx_cache_record_problem(const ctx_cache_record_options *options)
{
    ctx_cache_record_options ours;

    return read_options(options, &ours);
}

static uint64_t threshold_of(double rate)
{
    uint64_t threshold;

    if (rate <= 0 || rate >= 1)
        return UINT64_MAX;
    threshold = (uint64_t)(rate * 18446744073709551616.0); /* 2^64, and less than that */
    return threshold ? threshold : 1;
}

static size_t words_of(size_t buffer_bytes)
{
    size_t words = 1;

    while (words * sizeof(uint64_t) < (buffer_bytes ? buffer_bytes : BUFFER_DEFAULT))
        words *= 2;
    return words;
}

/* ---- beginning ---------------------------------------------------------------------------- */

static uint64_t realtime_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int open_file(const ctx_cache_record_options *options)
{
    int how = options->flags & CTX_CACHE_RECORD_OVERWRITE ? O_TRUNC : O_EXCL;

    return open(options->path, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0600);
}

/* Says what the header has to say. Names of variables are kept in `names`. */
static void describe(const struct ctxi_recording *recording, struct ctxi_recording_about *about,
                     char names[CTX_CACHE_VARY_MAX][CTX_NAME_MAX + 1])
{
    ctx_cache *cache = recording->cache;

    memset(about, 0, sizeof *about);
    about->threshold = recording->threshold;
    about->started_ns = realtime_ns();
    about->name = cache->name;
    about->variable_count = (uint32_t)cache->vary_count;
    for (size_t i = 0; i < cache->vary_count; i++) {
        ctxi_var_name_of(ctxi_var_id(cache->vary[i]), names[i]);
        about->variables[i] = names[i];
    }
    ctxi_lock_acquire(&cache->lock);
    about->max_entries = cache->max_entries;
    about->max_bytes = cache->max_bytes;
    ctxi_lock_release(&cache->lock);
}

#define HEADER_MAX                                                                                 \
    (CTXI_RECORDING_HEADER + (CTX_CACHE_VARY_MAX + 1) * (CTX_NAME_MAX + 1) + 1 + sizeof(uint64_t))

/* 0, or an errno. */
static int write_header(struct ctxi_recording *recording)
{
    char names[CTX_CACHE_VARY_MAX][CTX_NAME_MAX + 1];
    unsigned char bytes[HEADER_MAX];
    struct ctxi_recording_about about;
    size_t size;

    describe(recording, &about, names);
    size = ctxi_encode_header(bytes, &about);
    atomic_store_explicit(&recording->bytes, size, memory_order_relaxed);
    return ctxi_write_all(recording->fd, bytes, size);
}

/* What a partition is known by outside the process. */
static struct ctxi_tenant_name name_partition(void *user, uint64_t id)
{
    struct ctxi_recording *recording = user;
    ctx_cache *cache = recording->cache;
    size_t i = id % CTXI_NAMED_PARTITIONS;
    const struct ctxi_partition *partition;

    if (recording->names[i].id == id)
        return recording->names[i].name;
    recording->names[i].id = id;
    ctxi_lock_acquire(&cache->lock);
    partition = ctxi_partition_that_had(&cache->partitions, id);
    /* those that are gone before their requests are read share a name: nobody knows any more */
    recording->names[i].name =
        partition
            ? (struct ctxi_tenant_name){ctxi_digest(partition->encoded, partition->encoded_size),
                                        partition->number}
            : (struct ctxi_tenant_name){0, CTXI_NUMBER_GONE};
    ctxi_lock_release(&cache->lock);
    return recording->names[i].name;
}

/* 0, or an errno. */
static int make_secret(struct ctxi_secret *secret)
{
    int error = ctxi_random_u64(&secret->words[0]);

    return error ? error : ctxi_random_u64(&secret->words[1]);
}

static int make_encoder(struct ctxi_recording *recording)
{
    struct ctxi_recording_secrets secrets;
    int error = make_secret(&secrets.key);

    if (!error)
        error = make_secret(&secrets.tenant);
    if (error) {
        errno = error;
        return CTX_ERR_SYSTEM;
    }
    recording->encoder =
        ctxi_encoder_new(ctxi_process_allocator(), &secrets, name_partition, recording);
    return recording->encoder ? CTX_OK : CTX_ERR_NOMEM;
}

/* Frees a recording without a thread, whose tapes are gone. The file is closed. */
static void free_recording(struct ctxi_recording *recording)
{
    if (recording->fd >= 0)
        close(recording->fd);
    ctxi_encoder_free(recording->encoder);
    ctxi_free(ctxi_process_allocator(), recording, sizeof *recording);
}

static void fini_nap(struct ctxi_recording *recording)
{
    pthread_cond_destroy(&recording->nap);
    ctxi_lock_fini(&recording->nap_lock);
}

static bool init_nap(struct ctxi_recording *recording)
{
    if (ctxi_lock_init(&recording->nap_lock))
        return false;
    if (!ctxi_condition_init(&recording->nap))
        return true;
    ctxi_lock_fini(&recording->nap_lock);
    return false;
}

/* 0, or an errno. It inherits that all signals are blocked. */
static int start_thread(struct ctxi_recording *recording)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&recording->thread, NULL, ctxi_recording_write, recording);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Everything but the file: CTX_ERR_NOMEM, CTX_ERR_SYSTEM. */
static int make(ctx_cache *cache, const ctx_cache_record_options *options,
                struct ctxi_recording **out_recording)
{
    struct ctxi_recording *recording = ctxi_zalloc(ctxi_process_allocator(), sizeof *recording);
    int r;

    if (!recording)
        return CTX_ERR_NOMEM;
    recording->cache = cache;
    recording->fd = -1;
    recording->threshold = threshold_of(options->rate);
    recording->tape_words = words_of(options->buffer_bytes);
    r = make_encoder(recording);
    if (r == CTX_OK && !init_nap(recording))
        r = CTX_ERR_NOMEM;
    if (r == CTX_OK)
        *out_recording = recording;
    else
        free_recording(recording);
    return r;
}

/* Opens the file and begins to write. 0, or an errno. */
static int begin(struct ctxi_recording *recording, const ctx_cache_record_options *options)
{
    int error;

    recording->fd = open_file(options);
    if (recording->fd < 0)
        return errno;
    recording->began = ctxi_moment_now();
    recording->now = recording->began;
    error = write_header(recording);
    if (!error)
        error = start_thread(recording);
    if (error && !(options->flags & CTX_CACHE_RECORD_OVERWRITE))
        unlink(options->path); /* we have made it */
    return error;
}

/* The recording of the cache from now on. */
static int start(ctx_cache *cache, const ctx_cache_record_options *options,
                 struct ctxi_recording **out_recording)
{
    struct ctxi_recording *recording;
    int r = make(cache, options, &recording), error;

    if (r != CTX_OK)
        return r;
    error = begin(recording, options);
    if (!error) {
        *out_recording = recording;
        return CTX_OK;
    }
    fini_nap(recording);
    free_recording(recording);
    errno = error;
    return CTX_ERR_SYSTEM;
}

/* Whether this call may make one: nobody has, and nobody else is about to. */
static bool reserve(ctx_cache *cache)
{
    struct ctxi_observers *observers = observers_of(cache);
    bool may;

    ctxi_lock_acquire(&observers->lock);
    may = !observers->recording && !observers->recording_starts;
    if (may)
        observers->recording_starts = true;
    ctxi_lock_release(&observers->lock);
    return may;
}

static void install(ctx_cache *cache, struct ctxi_recording *recording)
{
    struct ctxi_observers *observers = observers_of(cache);

    ctxi_lock_acquire(&observers->lock);
    observers->recording_starts = false;
    observers->recording = recording;
    if (recording)
        ctxi_observers_set(cache, CTXI_OBSERVER_RECORDING, recording->threshold);
    ctxi_lock_release(&observers->lock);
}

int ctx_cache_record_start(ctx_cache *cache, const ctx_cache_record_options *options)
{
    struct ctxi_recording *recording = NULL;
    ctx_cache_record_options ours;
    int r, before;

    if (!cache || read_options(options, &ours))
        return CTX_ERR_INVALID;
    if (!reserve(cache))
        return CTX_ERR_BUSY;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before); /* opening and writing may cancel */
    r = start(cache, &ours, &recording);
    install(cache, recording);
    pthread_setcancelstate(before, &before);
    return r;
}

/* ---- ending ------------------------------------------------------------------------------- */

void ctxi_recording_close_tapes(struct ctxi_recording *recording)
{
    struct ctxi_tape *tape = atomic_load_explicit(&recording->tapes, memory_order_relaxed);

    CTXI_ASSERT_HELD(&observers_of(recording->cache)->lock);
    for (; tape; tape = tape->next)
        ctxi_tape_close(tape);
}

/* Takes it from the cache, which shows it no more requests. NULL: there is none. */
static struct ctxi_recording *take_out(ctx_cache *cache)
{
    struct ctxi_observers *observers = observers_of(cache);
    struct ctxi_recording *recording;

    ctxi_lock_acquire(&observers->lock);
    recording = observers->recording;
    if (recording) {
        observers->recording = NULL;
        recording->next_ending = observers->ending;
        observers->ending = recording;
        ctxi_observers_set(cache, CTXI_OBSERVER_RECORDING, 0);
        ctxi_recording_close_tapes(recording);
    }
    ctxi_lock_release(&observers->lock);
    return recording;
}

/* Its last moment: it is in no list any more, and has no tapes. */
static void forget(ctx_cache *cache, struct ctxi_recording *recording)
{
    struct ctxi_recording **at = &observers_of(cache)->ending;

    ctxi_lock_acquire(&observers_of(cache)->lock);
    while (*at != recording)
        at = &(*at)->next_ending;
    *at = recording->next_ending;
    ctxi_recording_let_go_tapes(recording);
    ctxi_lock_release(&observers_of(cache)->lock);
}

static void wait_for_writer(struct ctxi_recording *recording)
{
    ctxi_lock_acquire(&recording->nap_lock);
    recording->stopping = true;
    pthread_cond_signal(&recording->nap);
    ctxi_lock_release(&recording->nap_lock);
    pthread_join(recording->thread, NULL);
}

/* Of a recording that the caller has, or under observers.lock. */
static uint64_t dropped_by(const struct ctxi_recording *recording)
{
    const struct ctxi_tape *tape = atomic_load_explicit(&recording->tapes, memory_order_relaxed);
    uint64_t dropped = recording->dropped_else;

    for (; tape; tape = tape->next)
        dropped += atomic_load_explicit(&tape->dropped, memory_order_relaxed);
    return dropped;
}

uint64_t ctxi_recording_dropped(struct ctxi_recording *recording)
{
    struct ctxi_observers *observers = observers_of(recording->cache);
    uint64_t dropped;

    ctxi_lock_acquire(&observers->lock);
    dropped = dropped_by(recording);
    ctxi_lock_release(&observers->lock);
    return dropped;
}

static void read_stats(const struct ctxi_recording *recording, ctx_cache_record_stats *out_stats)
{
    *out_stats = (ctx_cache_record_stats)CTX_CACHE_RECORD_STATS_INIT;
    out_stats->recorded = atomic_load_explicit(&recording->recorded, memory_order_relaxed);
    out_stats->dropped = dropped_by(recording);
    out_stats->bytes = atomic_load_explicit(&recording->bytes, memory_order_relaxed);
    out_stats->error = atomic_load_explicit(&recording->error, memory_order_relaxed);
}

/* Whether a caller's struct is one that this version can fill. */
static bool writable(const ctx_cache_record_stats *stats)
{
    return stats && stats->size >= STATS_OLDEST;
}

static void write_stats(ctx_cache_record_stats *theirs, const ctx_cache_record_stats *ours)
{
    ctxi_versioned_write(theirs, theirs->size, STATS_OLDEST, ours, sizeof *ours);
}

int ctx_cache_record_stop(ctx_cache *cache, ctx_cache_record_stats *out_stats)
{
    struct ctxi_recording *recording;
    ctx_cache_record_stats ours;
    int before;

    if (!cache || (out_stats && !writable(out_stats)))
        return CTX_ERR_INVALID;
    recording = take_out(cache);
    if (!recording)
        return CTX_ABSENT;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before); /* waiting and closing may cancel */
    wait_for_writer(recording);
    read_stats(recording, &ours);
    forget(cache, recording);
    fini_nap(recording);
    free_recording(recording);
    pthread_setcancelstate(before, &before);
    if (out_stats)
        write_stats(out_stats, &ours);
    if (!ours.error)
        return CTX_OK;
    errno = ours.error;
    return CTX_ERR_SYSTEM;
}

int ctx_cache_record_stats_read(ctx_cache *cache, ctx_cache_record_stats *out_stats)
{
    const struct ctxi_recording *recording;
    ctx_cache_record_stats ours;

    if (!cache || !writable(out_stats))
        return CTX_ERR_INVALID;
    ctxi_lock_acquire(&observers_of(cache)->lock);
    recording = observers_of(cache)->recording;
    if (recording)
        read_stats(recording, &ours);
    ctxi_lock_release(&observers_of(cache)->lock);
    if (!recording)
        return CTX_ABSENT;
    write_stats(out_stats, &ours);
    return CTX_OK;
}

/* ---- fork --------------------------------------------------------------------------------- */

void ctxi_recording_let_go_tapes(struct ctxi_recording *recording)
{
    struct ctxi_tape *tape = atomic_load_explicit(&recording->tapes, memory_order_relaxed);

    atomic_store_explicit(&recording->tapes, NULL, memory_order_relaxed);
    while (tape) {
        struct ctxi_tape *next = tape->next;

        ctxi_tape_unref(tape);
        tape = next;
    }
}

/* The writer is not there, and whatever it was about to write is its own file's affair. */
static void end_in_child(struct ctxi_recording *recording)
{
    ctxi_recording_close_tapes(recording);
    ctxi_recording_let_go_tapes(recording);
    free_recording(recording);
}

void ctxi_recording_after_fork(ctx_cache *cache)
{
    struct ctxi_observers *observers = observers_of(cache);
    struct ctxi_recording *recording = observers->recording, *ending = observers->ending;

    observers->recording_starts = false;
    observers->recording = observers->ending = NULL;
    ctxi_observers_set(cache, CTXI_OBSERVER_RECORDING, 0);
    if (recording)
        end_in_child(recording);
    while (ending) {
        struct ctxi_recording *next = ending->next_ending;

        end_in_child(ending);
        ending = next;
    }
}
