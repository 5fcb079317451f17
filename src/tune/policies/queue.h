/*
 * queue.h: lists of objects, by their numbers. Included by policies.
 *
 * The links are in an array with one item for each object, which may serve several queues, as long as
 * an object is in one of them at a time. Who is in which, the owner knows.
 */
#ifndef CTXI_TUNE_POLICIES_QUEUE_H
#define CTXI_TUNE_POLICIES_QUEUE_H

#include <stdint.h>

#define CTXI_NOBODY UINT32_MAX

struct ctxi_links {
    uint32_t newer, older; /* CTXI_NOBODY at the ends */
};

struct ctxi_queue {
    struct ctxi_links *links;
    uint32_t newest, oldest; /* CTXI_NOBODY: it is empty */
    uint32_t count;
};

static inline struct ctxi_queue ctxi_queue_of(struct ctxi_links *links)
{
    return (struct ctxi_queue){links, CTXI_NOBODY, CTXI_NOBODY, 0};
}

/* Puts an object that is in no queue in front of all others. */
static inline void ctxi_queue_add(struct ctxi_queue *queue, uint32_t object)
{
    queue->links[object] = (struct ctxi_links){CTXI_NOBODY, queue->newest};
    if (queue->newest == CTXI_NOBODY)
        queue->oldest = object;
    else
        queue->links[queue->newest].newer = object;
    queue->newest = object;
    queue->count++;
}

static inline void ctxi_queue_remove(struct ctxi_queue *queue, uint32_t object)
{
    struct ctxi_links links = queue->links[object];

    if (links.newer == CTXI_NOBODY)
        queue->newest = links.older;
    else
        queue->links[links.newer].older = links.older;
    if (links.older == CTXI_NOBODY)
        queue->oldest = links.newer;
    else
        queue->links[links.older].newer = links.newer;
    queue->count--;
}

/* Takes the oldest out; there is one. */
static inline uint32_t ctxi_queue_take(struct ctxi_queue *queue)
{
    uint32_t object = queue->oldest;

    ctxi_queue_remove(queue, object);
    return object;
}

static inline void ctxi_queue_renew(struct ctxi_queue *queue, uint32_t object)
{
    ctxi_queue_remove(queue, object);
    ctxi_queue_add(queue, object);
}

#endif
