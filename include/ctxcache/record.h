/*
 * record.h: recording what a cache is asked for, to a file, so that `ctxbench` can say what it would do at
 * other sizes: `ctxbench curve FILE`, `ctxbench advise FILE`, `ctxbench replay FILE`.
 *
 *     ctx_cache_record_options options = CTX_CACHE_RECORD_OPTIONS_INIT;
 *
 *     options.path = "/var/tmp/prices.ctxrec"; // a file that is there already is refused
 *     status = ctx_cache_record_start(cache, &options);
 *     if (status == CTX_ERR_SYSTEM)
 *         fprintf(stderr, "%s: %s\n", options.path, strerror(errno)); // EEXIST: see `flags`
 *     else if (status == CTX_ERR_INVALID)
 *         fprintf(stderr, "%s\n", ctx_cache_record_problem(&options));
 *     else if (status != CTX_OK)
 *         fprintf(stderr, "%s\n", ctx_strerror(status));
 *     ... an hour of work ...
 *     status = ctx_cache_record_stop(cache, NULL); // CTX_ERR_SYSTEM: the disk was full before the end
 *
 * What is in the file: the cache's name and capacity, the names of the variables that it varies on; and of
 * each request when it was, whether it was found, a number for its key and one for its partition; of a
 * miss how long the load took and how many bytes its entry costs; puts and invalidations of keys; and how
 * many requests are missing, and how many bytes the cache used. No argument, value, or value of a variable is
 * ever in it. The numbers are hashes, mixed with secrets that are made for the recording and never written:
 * those of two recordings have nothing to do with each other, and who has the file cannot try out what a
 * number stands for. What the file does show is how often, and when, equal keys were asked for.
 *
 * Who is who. `ctxbench` calls a tenant by the number of its partition: `id` in ctx_cache_each_partition(), which
 * has the values of the variables beside it, and `partition` in the curves of curve.h. So who has the cache
 * can say which is which: visit the partitions before it is stopped, for those that were forgotten are not
 * visited, and write the list where the file does not go. To who has the file alone the numbers tell in which
 * order partitions came, and nothing else. A tenant that was forgotten and came back has the first of its
 * numbers; one that was forgotten before it was written has a hash for a name.
 *
 * The number of a key is of its arguments and of its partition: equal arguments of two tenants are two keys.
 * So what it would gain to leave a variable out of `vary` cannot be told from a recording.
 *
 * Bytes. What hits would cost in bytes is known from what misses and puts say, and from what the cache used for
 * each byte of its entries: of a cache with `capacity_bytes`, `ctxbench curve --bytes` is in bytes as that counts
 * them, best near the capacity that was recorded. Of a cache with a capacity in entries alone it is in bytes
 * of entries, without index and partitions; to know what a capacity in bytes would hit, record one that has it.
 *
 * What counts as a request is what changes the order of use: calls, gets and puts. A call that waits for
 * another's load is a request when it has its answer. An entry that is found expired is invalidated. Peeks,
 * calls that were refused, and calls that bypass the cache are not in the file; nor is that a partition
 * was dropped, or the cache cleared: keys that are asked for again after that are new keys. The same
 * holds for a partition that the cache has forgotten because no entry of it was left: so a recording of a
 * cache that is too small for its tenants, with more than a thousand that have no entry, shows fewer hits
 * than a larger one would have. Record one in which most have some.
 *
 * Order. The requests of one thread are in its order, so that of a program with one thread a replay hits exactly
 * what the cache hit. Those of several are put into one order by the time, which is read once for up to 64
 * requests of a thread, and at least each time the buffers are emptied: threads that do little may be a few
 * milliseconds off, and a replay differs by some hits.
 *
 * What it costs: a hit while nobody records, one load and one compare. While somebody does, a thread writes
 * a word for a hit, some for anything else, into a buffer of its own: no lock, no reading of the
 * clock for each, nothing that another thread writes. A thread of the library, which exists while the
 * recording does, empties the buffers every few milliseconds, packs, and writes about 3 bytes for a hit. A
 * buffer that is full drops requests, and counts them, and never makes anybody wait. So if the machine has no
 * processor to spare, requests are dropped; a sample (`rate`) is what helps.
 *
 * Memory: a buffer of `buffer_bytes` for each thread that uses the cache while it is recorded, until it uses
 * it again after the recording, or ends; and 4 MB, however long the recording lasts. All of it comes from
 * ctx_set_allocator(). A thread for which there is none drops its requests.
 *
 * fork(): the child does not record. The parent goes on, and the child does not write to its file.
 *
 * What comes to an end without ctx_cache_record_stop(), by exit(), a crash or kill, loses what the last second
 * brought, and what a buffer had. A write that failed leaves what was written before it. Either way the file
 * is good up to there, and is read with a line that says where it ends. (Seldom, a kill or a machine that
 * stopped has torn the last write: then ctxbench asks for `--lenient`, and reads up to it.)
 *
 * Signals: the thread of the library blocks them all.
 *
 * Every function here may be called from any thread, also by loaders and callbacks. Stopping waits for the
 * thread that writes, and so for the file: for ever, if that is a pipe that nobody reads.
 */
#ifndef CTXCACHE_RECORD_H
#define CTXCACHE_RECORD_H

#include "cache.h"

CTX_BEGIN_DECLS

enum ctx_cache_record_flags {
    CTX_CACHE_RECORD_OVERWRITE =
        1 /* what is at the path already is emptied, or if it is a pipe, used */
};

#define CTX_CACHE_RECORD_BUFFER_MIN ((size_t)4096)
#define CTX_CACHE_RECORD_BUFFER_MAX ((size_t)1 << 30)

/* Start from CTX_CACHE_RECORD_OPTIONS_INIT, and set `path`. */
typedef struct ctx_cache_record_options {
    size_t size; /* sizeof(ctx_cache_record_options) */
    /* Made with mode 0600, and closed by exec(). It may not exist: nothing is overwritten, and no link
     * followed, unless the flag says so; what is overwritten keeps its mode. */
    const char *path;
    /* The share of keys that are recorded, with all their requests, and no other: above 0, to 1. 0: 1. The
     * choice is by the hash of the key, so it is another one in each process. ctxbench scales what it finds up
     * to the whole cache: it needs some 8192 keys, better more, for advice that is worth something. */
    double rate;
    size_t buffer_bytes; /* of each thread; rounded up to a power of two. 0: 1 MB */
    uint32_t flags;      /* enum ctx_cache_record_flags */
    uint32_t reserved;   /* 0 */
} ctx_cache_record_options;

#define CTX_CACHE_RECORD_OPTIONS_INIT                                                              \
    {                                                                                              \
        sizeof(ctx_cache_record_options), 0, 0, 0, 0, 0                                            \
    }

/* Start from CTX_CACHE_RECORD_STATS_INIT. */
typedef struct ctx_cache_record_stats {
    size_t size;       /* sizeof(ctx_cache_record_stats) */
    uint64_t recorded; /* requests that are in the file, and invalidations */
    uint64_t
        dropped; /* that should be, and never will: a buffer was full, no memory, or the file failed */
    uint64_t bytes; /* of the file */
    int error;      /* the errno of a write that failed, which ended the recording; 0: none did */
} ctx_cache_record_stats;

#define CTX_CACHE_RECORD_STATS_INIT                                                                \
    {                                                                                              \
        sizeof(ctx_cache_record_stats), 0, 0, 0, 0                                                 \
    }

/*
 * What is wrong with the options, by field: "rate: above 0, to 1; or 0 for all keys". NULL: nothing. A
 * constant; NULL and a size that is not known are wrong, too.
 */
CTX_API const char *ctx_cache_record_problem(const ctx_cache_record_options *options);

/*
 * Begins: requests that begin after it has returned are recorded. One recording at a time.
 *
 * CTX_OK
 * CTX_ERR_INVALID  `cache` is NULL, or something is wrong with the options: ctx_cache_record_problem()
 * CTX_ERR_BUSY     the cache is being recorded already
 * CTX_ERR_NOMEM    there is no memory
 * CTX_ERR_SYSTEM   the file cannot be made or written, or no thread be started; errno says why
 */
CTX_API int ctx_cache_record_start(ctx_cache *cache, const ctx_cache_record_options *options);

/*
 * Ends: what was recorded is written, and the file closed, when it returns. Requests that run meanwhile may
 * be in it or not. ctx_cache_destroy() does the same. *out_stats may be NULL; it is filled in but for
 * CTX_ABSENT and CTX_ERR_INVALID.
 *
 * CTX_OK           the file is whole
 * CTX_ABSENT       the cache is not being recorded
 * CTX_ERR_SYSTEM   a write had failed, a disk that is full for instance, and ended the recording by itself:
 *                  errno says why, and the file is good up to there, if it is a regular one
 * CTX_ERR_INVALID  a NULL, or stats of a size that this version cannot write
 */
CTX_API int ctx_cache_record_stop(ctx_cache *cache, ctx_cache_record_stats *out_stats);

/*
 * How far it is. What is still in a buffer is neither recorded nor dropped. CTX_ABSENT (and nothing is
 * written) if the cache is not being recorded, CTX_ERR_INVALID.
 */
CTX_API int ctx_cache_record_stats_read(ctx_cache *cache, ctx_cache_record_stats *out_stats);

CTX_END_DECLS

#endif
