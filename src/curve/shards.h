/*
 * shards.h: the curve of an LRU cache from a sample of its keys, in memory that is fixed at creation:
 * SHARDS (Waldspurger, Park, Garthwaite and Ahmad, FAST 2015). Included by ctxbench and by a cache
 * that keeps one of itself.
 *
 * A key is sampled if its hash is below a threshold: at rate R, a key of R in one. Of what is sampled the
 * stack distances are exact (axis.h); one of d in the sample stands for (d - 1) / R + 1 objects, and each
 * request for 1 / R requests. When one more key than there is room for comes, that with the largest hash
 * goes, and its hash becomes the threshold: the sample is then as if it had been taken at the lower
 * rate from the beginning (fixed size), but for requests counted earlier, which keep the weight of the
 * rate of their time. A threshold that is never lowered is the fixed rate.
 *
 * The sample sees too many or too few requests when it has, or has not, one of the few keys that are
 * asked for most. How many there really were the caller knows. So the misses of the sample are corrected
 * by the requests that it has too many or too few, times the slope of misses over requests: the regression
 * estimator (Cochran, Sampling Techniques, 3rd edition 1977, chapter 7), with the slope of the eight groups
 * below. It is near 1 where nearly everything misses, and 0 where keys that are asked for most do not. It
 * is taken for 0, as the adjustment of the paper always does, which adds the difference to the first
 * bucket, if the groups' correlation is not significant: one very hot key would make a slope of nothing.
 *
 * The interval, for 95 %: keys belong to one of eight groups by other bits of their hash, and misses are
 * counted for each. The groups are eight equal samples of keys, so that the spread of their misses
 * tells that of the sum (the method of random groups: Wolter, Introduction to Variance Estimation);
 * Student's t for 7 degrees of freedom. What the slope explains of that is left in: it is not so sure when
 * the keys that are asked for most are not in the sample. Who does not know how many requests there were,
 * and guesses it from the sample, is wrong in hits and requests at once; what he has is a ratio, and of the
 * misses only what the requests of a group do not explain is its error (Cochran, chapter 6). The distances
 * have an error, too: a capacity c holds c * R sampled keys, give or take sqrt(c * R * (1 - R)). So the
 * lower bound is that of a capacity smaller by 1.96 times that, and the upper bound that of one larger.
 *
 * Equal hashes are taken for one key: of 64 bits that are spread well, none are.
 */
#ifndef CTXI_CURVE_SHARDS_H
#define CTXI_CURVE_SHARDS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ctxcache/allocator.h"
#include "curve/curve.h"

/* With fewer keys than this a curve may be off by more than it is worth: no advice. */
#define CTXI_SHARDS_ENOUGH 8192

struct ctxi_shards_options {
    double rate;       /* over 0, up to 1: that of the beginning */
    uint32_t max_keys; /* sampled at once, 1 .. 2^27 */
    bool weighted;     /* capacities are sums of weights, bytes for instance */
    unsigned bits; /* of its scale (scale.h), at most 7; 0: 7. With less of them it is smaller */
    bool guessed;  /* how many requests there were will be an estimate from the same sample */
};

struct ctxi_sampled;

/* Changed by one thread at a time, as the owner sees to. */
struct ctxi_shards {
    /* Keys with a hash below it are sampled. Read by any thread, relaxed: one that sees the old one
     * offers a key that is refused. Never raised. */
    _Atomic uint64_t threshold;
    struct ctxi_sampled *sampled;
};

/* CTX_ERR_NOMEM, CTX_ERR_INVALID: then there is nothing to end. */
int ctxi_shards_init(struct ctxi_shards *shards, const struct ctxi_shards_options *options,
                     const ctx_allocator *allocator);
void ctxi_shards_fini(struct ctxi_shards *shards);

/* All memory that it has, and ever will. */
size_t ctxi_shards_bytes(const struct ctxi_shards *shards);

/* Whether requests for this key are to be counted. Any thread. */
static inline bool ctxi_shards_wants(const struct ctxi_shards *shards, uint64_t hash)
{
    return hash < atomic_load_explicit(&shards->threshold, memory_order_relaxed);
}

#define CTXI_SHARDS_NOWHERE UINT64_MAX

/* How far away the key of a request was, or nowhere: then no cache has it. */
struct ctxi_sighting {
    double requests;   /* that it stands for; 0: it is not sampled, and nothing was counted */
    uint64_t distance; /* the smallest capacity that hits it */
};

/* A request for a key that is wanted, or is not any more. Weights count only if they were asked for. */
struct ctxi_sighting ctxi_shards_count(struct ctxi_shards *shards, uint64_t hash, uint32_t weight);

/* The same without a weight: as the key had, or the mean of all if it is new. */
struct ctxi_sighting ctxi_shards_count_same(struct ctxi_shards *shards, uint64_t hash);

/* The same `times` more for the key that was counted last, of all that was told: quicker, as nothing but
 * the count changes. */
struct ctxi_sighting ctxi_shards_count_again(struct ctxi_shards *shards, uint64_t hash,
                                             uint64_t times);

/* A request that found nothing and stored nothing. A list that is long enough has the key, and there it is
 * the newest now; where none has it, none has it afterwards. */
struct ctxi_sighting ctxi_shards_count_lost(struct ctxi_shards *shards, uint64_t hash);

/* A use that is no request; and the end of what was stored: the next request finds nothing. */
void ctxi_shards_put(struct ctxi_shards *shards, uint64_t hash, uint32_t weight);
void ctxi_shards_forget(struct ctxi_shards *shards, uint64_t hash);

/* As it was when it was made, at the rate of the beginning; but if its owner is not told of keys from
 * `below` on any more, these are not sampled. */
void ctxi_shards_reset(struct ctxi_shards *shards, uint64_t below);

/* A request. What is not sampled costs one compare. */
static inline void ctxi_shards_observe(struct ctxi_shards *shards, uint64_t hash, uint32_t weight)
{
    if (__builtin_expect(ctxi_shards_wants(shards, hash), 0))
        (void)ctxi_shards_count(shards, hash, weight);
}

double ctxi_shards_rate(const struct ctxi_shards *shards);
uint32_t ctxi_shards_keys(const struct ctxi_shards *shards);

/* Whether its curve is good enough for advice: enough keys, or all there are. */
bool ctxi_shards_is_enough(const struct ctxi_shards *shards);

/* A curve and the interval around its hits, [curve.count] each. */
struct ctxi_estimate {
    struct ctxi_curve curve;
    uint64_t *low, *high;
};

/*
 * The curve of all requests so far, of which the caller says how many there were. curve.objects is
 * estimated, too. *out_estimate is the caller's to ctxi_estimate_free(). CTX_ERR_NOMEM.
 */
int ctxi_shards_estimate(const struct ctxi_shards *shards, uint64_t requests,
                         const ctx_allocator *allocator, struct ctxi_estimate **out_estimate);

/*
 * What an estimate needs of a sampler, copied at one moment so that the rest can be done later: room for a
 * copy, which is one to be estimated and ended and nothing else, and copying, which cannot fail.
 */
int ctxi_shards_copy_init(struct ctxi_shards *copy, const struct ctxi_shards *shards,
                          const ctx_allocator *allocator);
void ctxi_shards_copy(struct ctxi_shards *copy, const struct ctxi_shards *shards);

/* NULL is allowed. */
void ctxi_estimate_free(struct ctxi_estimate *estimate);

#endif
