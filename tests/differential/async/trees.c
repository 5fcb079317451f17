/*
 * Executes a random program of trees.py, which says what there is in one. It is read from standard input, an
 * operation a line: NAME A B, and how many bodies follow, each up to `end`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "programs.h"

enum { VARS = 4 };

static ctx_var *vars[VARS];

struct run;

struct op {
    struct op *next; /* in its body */
    /* True: the run waits, and somebody will have it go on. */
    bool (*execute)(struct run *run, const struct op *op);
    int a, b;
    int body_count;
    struct op *bodies[]; /* the first operation of each; NULL: empty */
};

/* A body being executed: a task, or a callback. */
struct run {
    const struct op *at;   /* what comes next; NULL: the end */
    struct waiter *waiter; /* who awaits the end; NULL: nobody */
    ctx_context *context;  /* in which it goes on; NULL: in copies, as each callback does */
    struct waiter below;   /* while it waits: for whom */
    ctx_context *explicit; /* and the context of `within`, and the operation */
    const struct op *within;
    uv_work_t work;
};

/* ---- running ------------------------------------------------------------------------------ */

static struct run *new_run(const struct op *body, struct waiter *waiter, ctx_context *context)
{
    struct run *run = allocate(sizeof *run);

    run->at = body;
    run->waiter = waiter;
    run->context = context;
    return run;
}

static void go_on(void *arg)
{
    struct run *run = arg;

    while (run->at) {
        const struct op *op = run->at;

        run->at = op->next;
        if (op->execute(run, op))
            return;
    }
    if (run->waiter)
        ended(run->waiter);
    free(run);
}

static void show_values(int line, int (*read)(ctx_context *context, ctx_var *var, ctx_value *out),
                        ctx_context *context)
{
    char text[VARS * 24] = "";
    size_t size = 0;

    for (int i = 0; i < VARS; i++) {
        ctx_value value;
        char *at = text + size;

        if (read(context, vars[i], &value) == CTX_OK)
            size += (size_t)snprintf(at, sizeof text - size, " %lld", (long long)value.as.i64);
        else
            size += (size_t)snprintf(at, sizeof text - size, " -");
    }
    say("%d:%s", line, text);
}

static int read_current(ctx_context *unused, ctx_var *var, ctx_value *out)
{
    (void)unused;
    return ctx_get(var, out);
}

/* ---- operations --------------------------------------------------------------------------- */

static bool op_set(struct run *run, const struct op *op)
{
    (void)run;
    must(ctx_set(vars[op->a], op->b));
    return false;
}

static bool op_show(struct run *run, const struct op *op)
{
    (void)run;
    show_values(op->a, read_current, NULL);
    return false;
}

static bool op_soon(struct run *run, const struct op *op)
{
    (void)run;
    must(soon(go_on, new_run(op->bodies[0], NULL, NULL)));
    return false;
}

static bool op_later(struct run *run, const struct op *op)
{
    (void)run;
    must(later((unsigned)op->a, go_on, new_run(op->bodies[0], NULL, NULL), NULL));
    return false;
}

static bool op_sleep(struct run *run, const struct op *op)
{
    if (run->context)
        must(CTX_UV_IN(run->context, later((unsigned)op->a, go_on, run, NULL)));
    else
        must(later((unsigned)op->a, go_on, run, NULL));
    return true;
}

static bool op_gather(struct run *run, const struct op *op)
{
    await(&run->below, (size_t)op->body_count, go_on, run);
    for (int i = 0; i < op->body_count; i++)
        must(soon(go_on, new_run(op->bodies[i], &run->below, NULL)));
    return true;
}

static struct run *run_of(uv_work_t *work)
{
    return work->data;
}

static void on_work(uv_work_t *work)
{
    for (const struct op *op = run_of(work)->within->bodies[0]; op; op = op->next)
        (void)op->execute(NULL, op);
}

static void after_work(uv_work_t *work, int status)
{
    struct run *run = run_of(work);

    must(status);
    if (run->context)
        must(CTX_UV_IN(run->context, soon(go_on, run)));
    else
        go_on(run);
}

static bool op_job(struct run *run, const struct op *op)
{
    run->within = op;
    run->work.data = run;
    must(ctx_uv_queue_work(&loop, &run->work, on_work, after_work));
    return true;
}

static void after_within(void *arg)
{
    struct run *run = arg;

    show_values(run->within->a, ctx_context_get, run->explicit);
    ctx_context_unref(run->explicit);
    go_on(run);
}

static bool op_within(struct run *run, const struct op *op)
{
    run->within = op;
    must(ctx_copy(&run->explicit));
    await(&run->below, 1, after_within, run);
    must(CTX_UV_IN(run->explicit, soon(go_on, new_run(op->bodies[0], &run->below, run->explicit))));
    return true;
}

/* ---- reading ------------------------------------------------------------------------------ */

static struct op *read_body(void);

static struct op *new_op(const char *name, int a, int b, int body_count)
{
    static const struct {
        const char *name;
        bool (*execute)(struct run *run, const struct op *op);
    } ops[] = {{"set", op_set},       {"show", op_show},   {"soon", op_soon},
               {"task", op_soon},     {"later", op_later}, {"sleep", op_sleep},
               {"gather", op_gather}, {"job", op_job},     {"within", op_within}};
    struct op *op = allocate(sizeof *op + (size_t)body_count * sizeof(struct op *));

    op->a = a;
    op->b = b;
    op->body_count = body_count;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(name, ops[i].name) == 0)
            op->execute = ops[i].execute;
    must(op->execute ? 0 : UV_EINVAL);
    return op;
}

static struct op *read_body(void)
{
    struct op *first = NULL, **end = &first;
    char name[16];
    int a, b, body_count;

    while (scanf("%15s %d %d %d", name, &a, &b, &body_count) == 4 && strcmp(name, "end") != 0) {
        struct op *op = *end = new_op(name, a, b, body_count);

        for (int i = 0; i < body_count; i++)
            op->bodies[i] = read_body();
        end = &op->next;
    }
    return first;
}

void tree(void *unused)
{
    (void)unused;
    for (int i = 0; i < VARS; i++) {
        ctx_var_config config = CTX_VAR_CONFIG_INIT;

        config.name = "v";
        must(ctx_var_new(&config, &vars[i]));
    }
    go_on(new_run(read_body(), NULL, NULL));
}
