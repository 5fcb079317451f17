/*
 * kit.h: what the programs on libuv need to say what asyncio's `await` says. Included by all of them.
 */
#ifndef DIFFERENTIAL_ASYNC_KIT_H
#define DIFFERENTIAL_ASYNC_KIT_H

#include <ctxcache.h>
#include <ctxcache/uv.h>

/* Each program has a process for itself, and runs on this loop. */
extern uv_loop_t loop;

/* Ends the process if it is an error, of libuv or ours. */
void must(int status);

void *allocate(size_t bytes);

/* Prints a line, whole, from any thread. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a variable has in the current context as text, "-" if it is unset. Good until it changes. */
const char *text_of(ctx_var *var);
/* The same of an integer; 0 if it is unset. */
int64_t number_of(ctx_var *var);

/* ---- asyncio's words ---------------------------------------------------------------------- */

/* create_task() and call_soon(). */
#define soon(fn, arg) ctx_uv_spawn(&loop, fn, arg)

/* call_later(); and cancel() of what that returns, which *out_later is (NULL: nobody will). It is gone when
 * fn was called. */
struct later;
int later(unsigned milliseconds, void (*fn)(void *arg), void *arg, struct later **out_later);
void cancel_later(struct later *waiting);

/*
 * Who awaits others, and goes on when they have ended: in its own context, as a task of asyncio does, so
 * that a token is still good. The struct stays until then.
 */
struct waiter {
    size_t left; /* how many have not ended */
    ctx_context *context;
    void (*go_on)(void *arg);
    void *arg;
};

void await(struct waiter *waiter, size_t many, void (*go_on)(void *arg), void *arg);

/* One of them has ended. */
void ended(struct waiter *waiter);

#endif
