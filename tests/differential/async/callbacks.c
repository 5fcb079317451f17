/*
 * Callbacks: what was current when they were handed over, whatever changed since.
 */
#include "programs.h"

#include <signal.h>
#include <unistd.h>

static struct waiter done;

static void say_number(void *unused)
{
    (void)unused;
    say("main: %lld", (long long)number_of(number));
}

static void say_user(void *unused)
{
    (void)unused;
    say("main: %s", text_of(user));
}

/* ---- call_soon ---------------------------------------------------------------------------- */

static void show_and_set(void *what)
{
    say("handed over at %s: %lld", (const char *)what, (long long)number_of(number));
    must(ctx_set(number, 0));
}

void call_soon(void *unused)
{
    static const char *const at[] = {"1", "2", "3"};

    (void)unused;
    for (int i = 0; i < 3; i++) {
        must(ctx_set(number, i + 1));
        must(soon(show_and_set, (void *)at[i]));
    }
    must(ctx_set(number, 4));
    must(soon(say_number, NULL));
}

/* ---- call_later --------------------------------------------------------------------------- */

static void show(void *what)
{
    say("%s: %lld", (const char *)what, (long long)number_of(number));
    ended(&done);
}

void call_later(void *unused)
{
    struct later *never;

    (void)unused;
    must(ctx_set(number, 3));
    must(later(3, show, (void *)"late", NULL));
    must(ctx_set(number, 1));
    must(later(1, show, (void *)"early", NULL));
    must(ctx_set(number, 2));
    must(later(2, show, (void *)"between", NULL));
    must(ctx_set(number, 4));
    must(later(1, show, (void *)"never", &never));
    cancel_later(never);
    must(ctx_set(number, 5));
    await(&done, 3, say_number, NULL);
}

/* ---- one callback, many times ------------------------------------------------------------- */

static void tick(uv_timer_t *timer)
{
    say("tick: %lld", (long long)number_of(number));
    must(ctx_set(number, number_of(number) + 1));
    if (done.left == 1)
        must(ctx_uv_close((uv_handle_t *)timer, NULL));
    ended(&done);
}

/* What asyncio has to hand over three times is here one timer, each of whose runs has a copy. */
void repeated(void *unused)
{
    static uv_timer_t timer;

    (void)unused;
    must(ctx_set(number, 5));
    must(uv_timer_init(&loop, &timer));
    must(ctx_uv_timer_start(&timer, tick, 0, 1));
    must(ctx_set(number, 9));
    await(&done, 3, say_number, NULL);
}

/* ---- add_reader --------------------------------------------------------------------------- */

static int pipe_ends[2];

static void reader_ends(void *unused)
{
    (void)unused;
    say("main: %s, %lld", text_of(user), (long long)number_of(number));
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    char byte = '?';

    (void)events;
    must(status);
    must(read(pipe_ends[0], &byte, 1) == 1 ? 0 : UV_EIO);
    must(ctx_set(number, number_of(number) + 1));
    say("%c: %s, %lld", byte, text_of(user), (long long)number_of(number));
    if (byte != 'c')
        return;
    must(ctx_uv_close((uv_handle_t *)poll, NULL));
    ended(&done);
}

/* asyncio runs a reader in one context, where a run sees what the one before has set. Here that context is
 * named; the twin would give each run a copy. */
void reader(void *unused)
{
    static uv_poll_t poll;
    ctx_context *copy;

    (void)unused;
    must(pipe(pipe_ends));
    must(uv_poll_init(&loop, &poll, pipe_ends[0]));
    must(ctx_set(user, "ann"));
    must(ctx_copy(&copy));
    must(CTX_UV_IN(copy, ctx_uv_poll_start(&poll, UV_READABLE, on_readable)));
    ctx_context_unref(copy);
    must(ctx_set(user, "bob"));
    must(write(pipe_ends[1], "abc", 3) == 3 ? 0 : UV_EIO);
    await(&done, 1, reader_ends, NULL);
}

/* ---- add_signal_handler ------------------------------------------------------------------- */

static void on_signal(uv_signal_t *handle, int number_of_signal)
{
    (void)number_of_signal;
    say("signal: %s", text_of(user));
    must(ctx_uv_close((uv_handle_t *)handle, NULL));
    ended(&done);
}

void signals(void *unused)
{
    static uv_signal_t handle;

    (void)unused;
    must(ctx_set(user, "ann"));
    must(uv_signal_init(&loop, &handle));
    must(ctx_uv_signal_start(&handle, on_signal, SIGUSR1));
    must(ctx_set(user, "bob"));
    must(kill(getpid(), SIGUSR1));
    await(&done, 1, say_user, NULL);
}
