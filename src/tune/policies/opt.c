/*
 * OPT: the one that will not be used for the longest time goes. No cache can do it, for it knows the
 * future; none hits more, among those where every miss stores.
 *
 * What is stored is kept by when it will be used next: bit t of a set says that what is used at time t is
 * stored. So a use at t hits exactly if bit t is set, and who goes is the one with the highest bit. What
 * will not be used again is only counted, and goes first. A second level has one bit for each word of the
 * first that is not zero, and so on, up to one word: finding the highest is one step a level.
 */
#include "tune/policy.h"

#define LEVELS_MAX 6 /* 64^6 requests */
#define NEVER      UINT64_MAX

struct opt {
    uint64_t now;
    uint32_t capacity, count; /* of what is stored */
    uint32_t done;            /* of these, will not be used again */
    unsigned levels;
    uint64_t *bits[LEVELS_MAX]; /* the last has one word */
    uint64_t *next;             /* [request_count]: when the object of a use is used again */
};

static bool make_levels(struct opt *opt, size_t bits, struct ctxi_blocks *blocks)
{
    do {
        bits = bits / 64 + 1;
        opt->bits[opt->levels] = ctxi_blocks_take(blocks, bits, sizeof *opt->bits[0]);
        if (!opt->bits[opt->levels++])
            return false;
    } while (bits > 1);
    return true;
}

static bool is_use(const struct ctxi_stream *stream, size_t i)
{
    return ctxi_stream_op(stream, i) != CTXI_OP_DELETE;
}

/* Reads the stream backwards. Times count uses. */
static bool foresee(struct opt *opt, const struct ctxi_stream *stream, struct ctxi_blocks *blocks)
{
    uint64_t *soonest = ctxi_blocks_take(blocks, stream->object_count, sizeof *soonest), uses = 0;

    opt->next = ctxi_blocks_take(blocks, stream->request_count, sizeof *opt->next);
    if (!soonest || !opt->next)
        return false;
    for (uint32_t i = 0; i < stream->object_count; i++)
        soonest[i] = NEVER;
    for (size_t i = 0; i < stream->request_count; i++)
        uses += is_use(stream, i);
    for (size_t i = stream->request_count; i-- > 0;) {
        if (!is_use(stream, i))
            continue;
        opt->next[--uses] = soonest[stream->objects[i]];
        soonest[stream->objects[i]] = uses;
    }
    return true;
}

static void *create(const struct ctxi_stream *stream, uint32_t capacity, struct ctxi_blocks *blocks)
{
    struct opt *opt = ctxi_blocks_take(blocks, 1, sizeof *opt);

    if (!opt || !make_levels(opt, stream->request_count, blocks) || !foresee(opt, stream, blocks))
        return NULL;
    opt->capacity = capacity;
    return opt;
}

static void set(struct opt *opt, uint64_t time)
{
    for (unsigned level = 0; level < opt->levels; level++, time /= 64)
        opt->bits[level][time / 64] |= (uint64_t)1 << time % 64;
}

static void clear(struct opt *opt, uint64_t time)
{
    for (unsigned level = 0; level < opt->levels; level++, time /= 64) {
        opt->bits[level][time / 64] &= ~((uint64_t)1 << time % 64);
        if (opt->bits[level][time / 64])
            return;
    }
}

/* The highest bit; there is one. */
static uint64_t latest(const struct opt *opt)
{
    uint64_t time = 0;

    for (unsigned level = opt->levels; level-- > 0;)
        time = time * 64 + 63 - (uint64_t)__builtin_clzll(opt->bits[level][time]);
    return time;
}

static void evict(struct opt *opt)
{
    opt->count--;
    if (opt->done > 0)
        opt->done--;
    else
        clear(opt, latest(opt));
}

static bool use(void *cache, uint32_t object)
{
    struct opt *opt = cache;
    uint64_t now = opt->now++;
    bool hit = opt->bits[0][now / 64] >> now % 64 & 1;

    (void)object; /* it was foreseen */
    if (hit)
        clear(opt, now);
    else if (opt->count == opt->capacity)
        evict(opt);
    opt->count += !hit;
    if (opt->next[now] == NEVER)
        opt->done++;
    else
        set(opt, opt->next[now]);
    return hit;
}

const struct ctxi_policy ctxi_policy_opt = {
    "opt",
    "Belady, A study of replacement algorithms for a virtual-storage computer, IBM Systems Journal "
    "1966",
    create,
    use,
};
