/*
 * index.h: finds an entry by its key, also without the lock.
 *
 * A hash table that grows by one bucket at a time (linear hashing: Litwin, VLDB 1980): no call ever
 * moves more than a few entries. A bucket is one line: seven slots, each of 32 bits of a hash and an
 * entry's number, and where to go on when these are not enough. The bucket of an entry is told by the
 * same bits of its hash, so a bucket is divided without looking at its entries.
 *
 *   bucket i of a table of n buckets, 2^k <= n < 2^(k+1), has the hashes whose lowest k+1 bits are i; if
 *   those are n or more, the lowest k bits count.
 *
 * Changed under the cache's lock. Found without it inside a section (reader.h): INDEX-1: a number is
 * published by a release store after its entry is complete; partner: the acquire load in
 * ctxi_bucket_entry(). Hash and number of a slot may be seen at odds, which only makes the keys differ. A
 * bucket that is divided, or an entry that moves to where another was, may be missed by who looks at that
 * moment without the lock: not found means to look again under it. What is found is right, for the whole
 * key is compared. A bucket behind another, when it is not needed any more, may serve another chain at
 * once: who strays into it finds nothing, or what is right.
 */
#ifndef CTXI_CACHE_INDEX_H
#define CTXI_CACHE_INDEX_H

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "cache/arena.h"
#include "cache/entry.h"

#if defined(__has_feature)
#define CTXI_FEATURE_TSAN __has_feature(thread_sanitizer)
#else
#define CTXI_FEATURE_TSAN 0
#endif

#define CTXI_BUCKET_SLOTS 7
#define CTXI_SEGMENT_BITS 10 /* buckets are allocated 1024 at a time, the first ones fewer */

struct ctxi_bucket {
    _Atomic uint32_t hashes[CTXI_BUCKET_SLOTS];
    _Atomic uint32_t numbers[CTXI_BUCKET_SLOTS]; /* 0: empty, whatever the hash */
    _Atomic(struct ctxi_bucket *) more;
};

/* Where the buckets are. Replaced by a larger one when it is full. */
struct ctxi_directory {
    size_t capacity;
    void **blocks; /* that the segments lie in, behind them; for who holds the lock */
    /* [a segment's address][log2 of its room: 6 bits]; that of ctxi_no_bucket: none. A reader may have the
     * shape of a table that was larger since, or will be: the room tells it what is not there. */
    _Atomic uintptr_t segments[];
};

#define CTXI_ROOM_MASK ((uintptr_t)63) /* segments are aligned to their buckets' size */

/* Memory of buckets that overflowed, at its beginning a link to the next. */
struct ctxi_spare_block;

struct ctxi_index {
    _Atomic uint64_t
        shape; /* how many buckets there are, and the mask of their numbers: see below */
    _Atomic(struct ctxi_directory *) directory;
    size_t entry_count;
    size_t first_count;         /* buckets that the first segment has room for */
    size_t segment_count;       /* of the directory, that exist */
    struct ctxi_bucket *spares; /* not in use, a list by `more` */
    size_t spare_count, spare_total;
    size_t promised; /* spares that the entries of unfinished loads may need */
    struct ctxi_spare_block *spare_blocks;
    /* Given up, until no reader can see them; and those that a grace is under way for. */
    struct ctxi_spare_block *left_blocks, *waiting_blocks;
    size_t spare_bytes, left_bytes; /* of the blocks that are not given up, and of those that are */
};

/* CTX_ERR_NOMEM. The same memory goes to every call. */
int ctxi_index_init(struct ctxi_index *index, struct ctxi_memory *memory);
void ctxi_index_fini(struct ctxi_index *index, struct ctxi_memory *memory);

/*
 * Makes sure that one more entry can be added, whatever happens to memory meanwhile: adding cannot
 * fail. Ended by ctxi_index_add(), or by ctxi_index_unpromise(). CTX_ERR_NOMEM.
 */
int ctxi_index_promise(struct ctxi_index *index, struct ctxi_memory *memory);
void ctxi_index_unpromise(struct ctxi_index *index);

/* Adds an entry whose key is not there. Grows a little; a table that cannot is slower, no more. */
void ctxi_index_add(struct ctxi_index *index, struct ctxi_readers *readers,
                    struct ctxi_memory *memory, uint64_t hash, uint32_t number);

/* Removes it, and shrinks a little. */
void ctxi_index_remove(struct ctxi_index *index, struct ctxi_readers *readers,
                       struct ctxi_memory *memory, uint64_t hash, uint32_t number);

/* What buckets, in use and spare, and the directory take. What it gave up is not among it. */
size_t ctxi_index_bytes(const struct ctxi_index *index);

/* How much less it would take, at least, if one that is promised were the only entry. */
size_t ctxi_index_excess_bytes(const struct ctxi_index *index);

/* What the table gave up goes back after a grace (reclaim.h): when it begins, when it has ended. */
void ctxi_index_begin_wait(struct ctxi_index *index);
void ctxi_index_free_waiting(struct ctxi_index *index, struct ctxi_memory *memory);

/* ---- finding ------------------------------------------------------------------------------ */

/* [mask: 32][count: 32]. The mask has the bits that number all buckets: those of count - 1, and at least
 * one. */
static inline uint64_t ctxi_index_shape(size_t count)
{
    uint64_t mask = ~(uint64_t)0 >> __builtin_clzll((count - 1) | 1);

    return mask << 32 | count;
}

static inline size_t ctxi_index_count(uint64_t shape)
{
    return (uint32_t)shape;
}

/* The number of the bucket for a hash. */
static inline size_t ctxi_index_which(uint32_t hash, uint64_t shape)
{
    uint32_t mask = (uint32_t)(shape >> 32), i = hash & mask;

    return i < (uint32_t)shape ? i : i & (mask >> 1);
}

/* What is found where there is no bucket: nothing. Never written. */
extern struct ctxi_bucket ctxi_no_bucket __attribute__((visibility("hidden")));

/* Never NULL; but maybe ctxi_no_bucket, for who looks without the lock while the table changes its size. */
static inline struct ctxi_bucket *ctxi_index_bucket(const struct ctxi_index *index, size_t i)
{
    /* INDEX-2: acquire; partners: the release stores where the table grows. The shape was loaded
     * before: a directory is at least as new as that, though its segments may have less room. */
    const struct ctxi_directory *directory =
        atomic_load_explicit(&index->directory, memory_order_acquire);
    uintptr_t segment =
        atomic_load_explicit(&directory->segments[i >> CTXI_SEGMENT_BITS], memory_order_acquire);
    size_t place = i & (((size_t)1 << CTXI_SEGMENT_BITS) - 1);

    if (__builtin_expect(place >> (segment & CTXI_ROOM_MASK) != 0, 0))
        return &ctxi_no_bucket;
    return (struct ctxi_bucket *)(segment & ~CTXI_ROOM_MASK) + place;
}

static inline struct ctxi_bucket *ctxi_index_start(const struct ctxi_index *index, uint64_t hash)
{
    uint64_t shape = atomic_load_explicit(&index->shape, memory_order_acquire);

    return ctxi_index_bucket(index, ctxi_index_which((uint32_t)hash, shape));
}

/*
 * A bit for each slot of the bucket that has this hash. Relaxed, slot by slot: whatever they lead to is
 * compared in full. On x86-64 the seven are loaded by two instructions, in which each slot is loaded
 * whole, as the processor's manuals say of every part that is aligned; a sanitizer gets the loop.
 */
#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__) && !CTXI_FEATURE_TSAN
static inline unsigned ctxi_bucket_matches(const struct ctxi_bucket *bucket, uint32_t hash)
{
    const __m128i *hashes = (const __m128i *)(const void *)bucket->hashes;
    __m128i wanted = _mm_set1_epi32((int)hash);
    __m128i first = _mm_cmpeq_epi32(_mm_load_si128(hashes), wanted);
    __m128i last = _mm_cmpeq_epi32(_mm_load_si128(hashes + 1), wanted);
    __m128i all = _mm_packs_epi16(_mm_packs_epi32(first, last), _mm_setzero_si128());

    return (unsigned)_mm_movemask_epi8(all) & ((1u << CTXI_BUCKET_SLOTS) - 1);
}
#else
static inline unsigned ctxi_bucket_matches(const struct ctxi_bucket *bucket, uint32_t hash)
{
    unsigned matches = 0;

    for (unsigned i = CTXI_BUCKET_SLOTS; i-- > 0;)
        matches =
            2 * matches + (atomic_load_explicit(&bucket->hashes[i], memory_order_relaxed) == hash);
    return matches;
}
#endif

/* The entry that a slot leads to, its second line on its way; NULL: none, or it has just left. */
static inline struct ctxi_entry *ctxi_bucket_entry(const struct ctxi_bucket *bucket, unsigned i,
                                                   const struct ctxi_arena *arena,
                                                   uint32_t *out_number)
{
    uint32_t number = atomic_load_explicit(&bucket->numbers[i], memory_order_acquire); /* INDEX-1 */
    struct ctxi_entry *entry;

    *out_number = number;
    if (!number)
        return NULL;
    entry = ctxi_arena_at(arena, number);
    __builtin_prefetch((const unsigned char *)entry + sizeof *bucket);
    return entry;
}

/*
 * The entry that is most likely the one of this hash, asked for; NULL: the bucket has none, and if it goes on
 * elsewhere, that is asked for.
 */
static inline struct ctxi_entry *ctxi_bucket_guess(const struct ctxi_bucket *bucket,
                                                   const struct ctxi_arena *arena, uint64_t hash,
                                                   uint32_t *out_number)
{
    unsigned matches = ctxi_bucket_matches(bucket, (uint32_t)hash);
    struct ctxi_entry *entry;

    if (__builtin_expect(!matches, 0)) {
        __builtin_prefetch(atomic_load_explicit(&bucket->more, memory_order_relaxed));
        *out_number = 0;
        return NULL;
    }
    entry = ctxi_bucket_entry(bucket, (unsigned)__builtin_ctz(matches), arena, out_number);
    __builtin_prefetch(entry);
    return entry;
}

/* Where the search goes on; NULL: nowhere. */
static inline const struct ctxi_bucket *ctxi_bucket_more(const struct ctxi_bucket *bucket)
{
    return atomic_load_explicit(&bucket->more, memory_order_acquire); /* INDEX-1 */
}

/*
 * The entry whose whole key is equal, and its number; NULL: none, or, without the lock, none was seen.
 */
static inline struct ctxi_entry *ctxi_index_find(const struct ctxi_index *index,
                                                 const struct ctxi_arena *arena,
                                                 const struct ctxi_key *key, uint32_t *out_number)
{
    const struct ctxi_bucket *bucket = ctxi_index_start(index, key->hash);

    for (; bucket; bucket = ctxi_bucket_more(bucket)) {
        unsigned matches = ctxi_bucket_matches(bucket, (uint32_t)key->hash);

        for (; matches; matches &= matches - 1) {
            struct ctxi_entry *entry =
                ctxi_bucket_entry(bucket, (unsigned)__builtin_ctz(matches), arena, out_number);

            if (entry && ctxi_entry_has_key(entry, key))
                return entry;
        }
    }
    return NULL;
}

#endif
