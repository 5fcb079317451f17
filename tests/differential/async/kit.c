#include "kit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Errors of libuv are above, ours below. */
#define FIRST_OF_OURS (-30000)

uv_loop_t loop;

void must(int status)
{
    if (status == 0)
        return;
    fprintf(stderr, "async: %s\n",
            status > FIRST_OF_OURS ? uv_strerror(status) : ctx_strerror(status));
    exit(2);
}

void *allocate(size_t bytes)
{
    void *block = calloc(1, bytes);

    if (!block)
        must(UV_ENOMEM);
    return block;
}

void say(const char *format, ...)
{
    va_list list;

    flockfile(stdout);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    puts("");
    funlockfile(stdout);
}

const char *text_of(ctx_var *var)
{
    const char *text = "-";

    (void)ctx_get_string(var, &text);
    return text;
}

int64_t number_of(ctx_var *var)
{
    int64_t number = 0;

    (void)ctx_get_i64(var, &number);
    return number;
}

/* ---- asyncio's words ---------------------------------------------------------------------- */

struct later {
    uv_timer_t timer; /* the first member */
    void (*fn)(void *arg);
    void *arg;
};

static void free_later(uv_handle_t *timer)
{
    free(timer);
}

void cancel_later(struct later *waiting)
{
    must(ctx_uv_close((uv_handle_t *)&waiting->timer, free_later));
}

static void on_time(uv_timer_t *timer)
{
    struct later *due = (struct later *)timer;

    due->fn(due->arg);
    cancel_later(due);
}

int later(unsigned milliseconds, void (*fn)(void *arg), void *arg, struct later **out_later)
{
    struct later *waiting = allocate(sizeof *waiting);

    waiting->fn = fn;
    waiting->arg = arg;
    if (out_later)
        *out_later = waiting;
    must(uv_timer_init(&loop, &waiting->timer));
    return ctx_uv_timer_start(&waiting->timer, on_time, milliseconds, 0);
}

void await(struct waiter *waiter, size_t many, void (*go_on)(void *arg), void *arg)
{
    waiter->left = many;
    waiter->go_on = go_on;
    waiter->arg = arg;
    must(ctx_current(&waiter->context));
}

void ended(struct waiter *waiter)
{
    if (--waiter->left > 0)
        return;
    must(CTX_UV_IN(waiter->context, soon(waiter->go_on, waiter->arg)));
    ctx_context_unref(waiter->context);
}
