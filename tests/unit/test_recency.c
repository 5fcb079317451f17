/*
 * Records of hits whose times are wrong, as from a processor whose counter is ahead: they may spoil the
 * order, but all that was recorded is carried out before memory is used again.
 */
#include <criterion/criterion.h>

#include "cache/cache.h"
#include "support/barrier.h"
#include "support/cache_kit.h"

PROBE(price);

static ctx_cache *cache;
static struct support_barrier here, over;

static void *hit_and_stay(void *unused)
{
    (void)unused;
    look(cache, price, 1);
    support_barrier_wait(&here);
    support_barrier_wait(&over);
    return NULL;
}

static uint32_t waiting_of(const struct ctxi_reader *reader)
{
    return atomic_load(&reader->head) - atomic_load(&reader->tail);
}

/* A hit of this thread, which bears a time in the future. */
static struct ctxi_reader *hit_in_the_future(void)
{
    struct ctxi_reader *reader = ctxi_reader_of(cache, cache->serial);
    uint32_t head;

    atomic_store(&cache->readers.recorder, CTXI_ID_MANY);
    cr_assert_eq(look(cache, price, 1).info.outcome, CTX_CACHE_HIT);
    head = atomic_load(&reader->head);
    cr_assert_gt(waiting_of(reader), 0);
    reader->ring[(head - 1) / CTXI_RING_BLOCK * CTXI_RING_BLOCK % CTXI_RING].stamp = UINT64_MAX - 1;
    return reader;
}

Test(recency, what_is_in_the_future_is_carried_out_before_memory_is_used_again)
{
    struct ctxi_reader *reader;
    pthread_t other;

    cache = cache_of(10, NULL);
    ask(cache, price, 1);
    support_barrier_init(&here, 2);
    support_barrier_init(&over, 2);
    cr_assert_eq(pthread_create(&other, NULL, hit_and_stay, NULL), 0);
    support_barrier_wait(&here);
    reader = hit_in_the_future();
    ctxi_lock_acquire(&cache->lock);
    ctxi_recency_drain(cache);
    cr_assert_gt(waiting_of(reader), 0);
    ctxi_recency_drain_whole(cache);
    cr_assert_eq(waiting_of(reader), 0);
    ctxi_lock_release(&cache->lock);
    support_barrier_wait(&over);
    pthread_join(other, NULL);
    ctx_cache_destroy(cache);
}

Test(recency, a_thread_that_is_alone_waits_for_nobody)
{
    struct ctxi_reader *reader;

    cache = cache_of(10, NULL);
    ask(cache, price, 1);
    reader = hit_in_the_future();
    ctxi_cache_lock(cache);
    cr_assert_eq(waiting_of(reader), 0);
    ctxi_cache_unlock(cache);
    ctx_cache_destroy(cache);
}
