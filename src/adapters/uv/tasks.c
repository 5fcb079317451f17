/*
 * Tasks: functions that wait for the next iteration of their loop, in the order of their spawning.
 */
#include "adapters/uv/tasks.h"

#include "adapters/uv/place.h"

struct task {
    struct task *next;
    void (*fn)(void *arg);
    void *arg;
    struct ctxi_uv_place place;
    bool ours; /* runs without a place */
};

/* There is one while tasks wait, so that a loop without any can end, and be closed. */
struct ctxi_uv_tasks {
    uv_idle_t idle; /* the first member; it has no other data */
    struct ctxi_uv_loop *kept;
    struct task *first, **end; /* oldest first; end: where the next one goes */
};

static void drop(struct task *task)
{
    ctxi_uv_place_drop(&task->place);
    ctx_release(task, sizeof *task);
}

static struct task *take_first(struct ctxi_uv_tasks *tasks)
{
    struct task *task = tasks->first;

    tasks->first = task->next;
    if (!tasks->first)
        tasks->end = &tasks->first;
    return task;
}

void ctxi_uv_tasks_drop(struct ctxi_uv_loop *kept)
{
    struct ctxi_uv_tasks *tasks = kept->tasks;

    kept->tasks = NULL;
    if (!tasks)
        return;
    while (tasks->first)
        drop(take_first(tasks));
    ctx_release(tasks, sizeof *tasks);
}

static void on_closed(uv_handle_t *idle)
{
    struct ctxi_uv_tasks *tasks = (struct ctxi_uv_tasks *)idle;

    ctxi_uv_loop_closed_one(tasks->kept);
    ctx_release(tasks, sizeof *tasks);
}

static void run_ours(struct task *task)
{
    void (*fn)(void *arg) = task->fn;
    void *arg = task->arg;

    drop(task);
    fn(arg);
}

static void run(struct ctxi_uv_loop *kept, struct task *task)
{
    struct ctxi_uv_stay stay CTXI_UV_STAY_ENDS;
    int status = ctxi_uv_stay_begin(&stay, &task->place);
    void (*fn)(void *arg) = task->fn;
    void *arg = task->arg;

    drop(task);
    if (status != CTX_OK)
        ctxi_uv_loop_failed(kept, status);
    fn(arg);
}

/* Those that are spawned meanwhile wait for the next iteration. */
static void run_all(struct ctxi_uv_tasks *tasks)
{
    struct task **last = tasks->end;
    bool more = tasks->first != NULL;

    while (more) {
        struct task *task = take_first(tasks);

        more = &task->next != last && tasks->first;
        if (task->ours)
            run_ours(task);
        else
            run(tasks->kept, task);
    }
}

/* Where a stranger closes the handle, its memory is libuv's until the loop is closed. */
static void end_if_empty(struct ctxi_uv_loop *kept)
{
    struct ctxi_uv_tasks *tasks = kept->tasks;

    if (!tasks || tasks->first || uv_is_closing((uv_handle_t *)&tasks->idle))
        return;
    kept->tasks = NULL;
    kept->closing++;
    uv_close((uv_handle_t *)&tasks->idle, on_closed);
}

static void on_idle(uv_idle_t *idle)
{
    struct ctxi_uv_tasks *tasks = (struct ctxi_uv_tasks *)idle;
    struct ctxi_uv_loop *kept = tasks->kept;

    kept->holds++;
    run_all(tasks);
    end_if_empty(kept);
    ctxi_uv_loop_release(kept);
}

/* Has libuv call us in its next iteration. UV_ENOMEM, UV_ECANCELED. */
static int make_ready(struct ctxi_uv_loop *kept)
{
    struct ctxi_uv_tasks *tasks = kept->tasks;

    if (tasks)
        return uv_is_closing((uv_handle_t *)&tasks->idle) ? UV_ECANCELED : 0;
    tasks = ctx_allocate(sizeof *tasks);
    if (!tasks)
        return UV_ENOMEM;
    (void)uv_idle_init(kept->loop, &tasks->idle);
    (void)uv_idle_start(&tasks->idle, on_idle);
    tasks->kept = kept;
    tasks->first = NULL;
    tasks->end = &tasks->first;
    kept->tasks = tasks;
    return 0;
}

/* Puts a task behind the others; it is gone if that fails. */
static int put(struct ctxi_uv_loop *kept, struct task *task)
{
    int error = make_ready(kept);

    if (error != 0) {
        drop(task);
        return error;
    }
    task->next = NULL;
    *kept->tasks->end = task;
    kept->tasks->end = &task->next;
    return 0;
}

/* NULL: no memory. */
static struct task *new_task(void (*fn)(void *arg), void *arg, bool ours)
{
    struct task *task = ctx_allocate(sizeof *task);

    if (task)
        *task = (struct task){NULL, fn, arg, {NULL, NULL, NULL}, ours};
    return task;
}

static int spawn(struct ctxi_uv_loop *kept, void (*fn)(void *arg), void *arg)
{
    struct task *task = new_task(fn, arg, false);
    int error = task ? ctxi_uv_place_take(&task->place, CTXI_UV_ONCE) : UV_ENOMEM;

    if (error == 0)
        return put(kept, task);
    ctx_release(task, sizeof *task);
    return error;
}

int ctxi_uv_tasks_add(struct ctxi_uv_loop *kept, void (*fn)(void *arg), void *arg)
{
    struct task *task = new_task(fn, arg, true);

    return task ? put(kept, task) : UV_ENOMEM;
}

void ctxi_uv_tasks_remove(struct ctxi_uv_loop *kept, const void *arg)
{
    struct task **at = kept->tasks ? &kept->tasks->first : NULL, *task;

    while (at && *at && !((*at)->ours && (*at)->arg == arg))
        at = &(*at)->next;
    if (!at || !*at)
        return;
    task = *at;
    *at = task->next;
    if (!*at)
        kept->tasks->end = at;
    drop(task);
    end_if_empty(kept);
}

bool ctxi_uv_tasks_own(const struct ctxi_uv_loop *kept, const uv_handle_t *handle)
{
    const struct task *task = kept->tasks ? kept->tasks->first : NULL;

    if (!kept->tasks || handle != (const uv_handle_t *)&kept->tasks->idle)
        return false;
    while (task && task->ours)
        task = task->next;
    return !task;
}

int ctx_uv_spawn(uv_loop_t *loop, void (*fn)(void *arg), void *arg)
{
    struct ctxi_uv_loop *kept;
    int error;

    if (!loop || !fn)
        return UV_EINVAL;
    kept = ctxi_uv_loop_hold(loop);
    if (!kept)
        return UV_ENOMEM;
    error = spawn(kept, fn, arg);
    ctxi_uv_loop_release(kept);
    return error;
}
