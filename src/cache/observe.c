#include "cache/observe.h"

/* Everybody who looks on, one after the other; each asks whether the hash is below its own threshold. */
static void show(ctx_cache *cache, struct ctxi_reader *reader, const struct ctxi_seen *seen)
{
    (void)cache;
    (void)reader;
    (void)seen;
    /* CTXI_OBSERVER_RECORDING */
    /* CTXI_OBSERVER_CURVE */
}

void ctxi_observed(ctx_cache *cache, struct ctxi_reader *reader, const struct ctxi_seen *seen)
{
    show(cache, reader ? reader : ctxi_reader_find(cache->serial), seen);
}

void ctxi_observed_hit(ctx_cache *cache, struct ctxi_reader *reader, uint64_t hash,
                       uint64_t partition)
{
    show(cache, reader, &(struct ctxi_seen){CTXI_SEEN_HIT, hash, partition, 0, 0});
}

void ctxi_observers_set(ctx_cache *cache, enum ctxi_observer who, uint64_t threshold)
{
    struct ctxi_observers *observers = &cache->observers;
    uint64_t largest = 0;

    CTXI_ASSERT_HELD(&observers->lock);
    observers->thresholds[who] = threshold;
    for (int i = 0; i < CTXI_OBSERVER_COUNT; i++)
        if (observers->thresholds[i] > largest)
            largest = observers->thresholds[i];
    /* relaxed: a request that runs may be shown, or not */
    atomic_store_explicit(&cache->observed, largest, memory_order_relaxed);
}
