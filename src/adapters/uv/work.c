/*
 * Work on the threads of libuv's pool. Workers know no loop, so what was captured is found in one table
 * for all of them, under the lock.
 */
#include "adapters/uv/lock.h"
#include "adapters/uv/loop.h"
#include "adapters/uv/place.h"

struct work {
    struct ctxi_uv_link link;
    struct ctxi_uv_loop *kept; /* held while the request is open */
    uv_work_cb work;
    uv_after_work_cb after; /* or NULL */
    /* The worker's, and then the loop's: libuv hands the request from one to the other. */
    struct ctxi_uv_place place, place_after;
    int status; /* of entering, on the worker */
};

/* Under the lock. */
static struct ctxi_uv_table works = CTXI_UV_TABLE_INIT(works);

static void put(struct work *work)
{
    ctxi_uv_lock();
    (void)ctxi_uv_table_put(&works, &work->link);
    ctxi_uv_unlock();
}

static struct work *find(const uv_work_t *request)
{
    struct ctxi_uv_link *link;

    ctxi_uv_lock();
    link = ctxi_uv_table_find(&works, request);
    ctxi_uv_unlock();
    return (struct work *)link; /* its first member */
}

static struct work *take(const uv_work_t *request)
{
    struct ctxi_uv_link *link;

    ctxi_uv_lock();
    link = ctxi_uv_table_take(&works, request);
    ctxi_uv_unlock();
    return (struct work *)link; /* its first member */
}

/* NULL: no memory, or no context, which `*error` says. */
static struct work *new_work(uv_loop_t *loop, int *error)
{
    struct work *work = ctx_allocate(sizeof *work);

    *error = UV_ENOMEM;
    if (!work)
        return NULL;
    work->kept = ctxi_uv_loop_hold(loop);
    if (work->kept && (*error = ctxi_uv_place_take(&work->place, CTXI_UV_ONCE)) == 0) {
        if ((*error = ctxi_uv_place_take_beside(&work->place_after, &work->place)) == 0)
            return work;
        ctxi_uv_place_drop(&work->place);
    }
    if (work->kept)
        ctxi_uv_loop_release(work->kept);
    ctx_release(work, sizeof *work);
    return NULL;
}

static void end(struct work *work)
{
    ctxi_uv_place_drop(&work->place);
    ctxi_uv_place_drop(&work->place_after);
    ctxi_uv_loop_release(work->kept);
    ctx_release(work, sizeof *work);
}

static void on_work(uv_work_t *request)
{
    struct work *work = find(request);
    __attribute__((cleanup(ctxi_uv_come_back), unused)) ctx_context *before = ctxi_uv_set_aside();
    struct ctxi_uv_stay stay CTXI_UV_STAY_ENDS;

    work->status = ctxi_uv_stay_begin(&stay, &work->place);
    work->work(request);
}

static void run_after(struct work *work, uv_work_t *request, int status)
{
    struct ctxi_uv_stay stay CTXI_UV_STAY_ENDS;
    int entered = ctxi_uv_stay_begin(&stay, &work->place_after);

    if (work->status != CTX_OK)
        ctxi_uv_loop_failed(work->kept, work->status);
    if (entered != CTX_OK)
        ctxi_uv_loop_failed(work->kept, entered);
    if (work->after)
        work->after(request, status);
}

static void end_work(struct work **work)
{
    end(*work);
}

static void on_after_work(uv_work_t *request, int status)
{
    __attribute__((cleanup(end_work))) struct work *work = take(request);

    run_after(work, request, status);
}

int ctx_uv_queue_work(uv_loop_t *loop, uv_work_t *request, uv_work_cb work,
                      uv_after_work_cb after_work)
{
    struct work *queued;
    int error;

    if (!loop || !request || !work)
        return UV_EINVAL;
    queued = new_work(loop, &error);
    if (!queued)
        return error;
    queued->link.object = request;
    queued->work = work;
    queued->after = after_work;
    queued->status = CTX_OK;
    put(queued); /* the worker may be faster than libuv's answer */
    error = uv_queue_work(loop, request, on_work, on_after_work);
    if (error != 0)
        end(take(request));
    return error;
}
