#include "cache/observe.h"

#include "cache/live.h"
#include "cache/recording.h"

/* Everybody who looks on, one after the other; each asks whether the hash is below its own threshold. */

void ctxi_observed(ctx_cache *cache, const struct ctxi_seen *seen)
{
    CTXI_ASSERT_HELD(&cache->lock);
    ctxi_recording_see(cache, ctxi_reader_find(cache->serial), seen);
    ctxi_live_see(cache, seen);
}

/* What hits seldom need, out of the way of those that do not. */
static __attribute__((noinline)) void observe_other(ctx_cache *cache, struct ctxi_reader *reader,
                                                    uint64_t hash, uint64_t partition)
{
    ctxi_recording_see(cache, reader, &(struct ctxi_seen){CTXI_SEEN_HIT, hash, partition, 0, 0});
}

void ctxi_observed_hit(ctx_cache *cache, struct ctxi_reader *reader, uint64_t hash,
                       uint64_t partition)
{
    if (__builtin_expect(!ctxi_recording_see_hit(reader, hash, partition), 0))
        observe_other(cache, reader, hash, partition);
    /* the curve hears of it when its record is carried out (live.h) */
}

void ctxi_observers_set(ctx_cache *cache, enum ctxi_observer who, uint64_t threshold)
{
    struct ctxi_observers *observers = &cache->observers;
    uint64_t largest = 0;

    CTXI_ASSERT_HELD(&observers->lock);
    /* relaxed: a request that runs may be shown, or not */
    atomic_store_explicit(&observers->thresholds[who], threshold, memory_order_relaxed);
    for (int i = 0; i < CTXI_OBSERVER_COUNT; i++) {
        uint64_t one = atomic_load_explicit(&observers->thresholds[i], memory_order_relaxed);

        if (one > largest)
            largest = one;
    }
    atomic_store_explicit(&cache->observed, largest, memory_order_relaxed);
}
