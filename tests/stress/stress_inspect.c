/*
 * The claim: a context that goes in and out of a thread's hands may be looked at all the while. Whoever
 * copies or inspects it is told that it is entered, or sees it as it was between two visits of its
 * owner: never half of one, and nothing that is gone.
 */
#include <ctxcache.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/barrier.h"
#include "support/check.h"
#include "support/scale.h"

enum { INSPECTORS = 2, VISITS = 3000000 };

/* The owner leaves the same number in both, as a number and as text. */
static CTX_VAR(number);
static CTX_VAR(text);

static ctx_context *context;
static struct support_barrier barrier;
static _Atomic bool ended;
static _Atomic long seen;

/* ---- the owner ----------------------------------------------------------------------------- */

static void set_both(long i)
{
    char digits[32];

    snprintf(digits, sizeof digits, "%ld", i);
    CHECK_EQ(ctx_set(number, i), CTX_OK);
    CHECK_EQ(ctx_set(text, digits), CTX_OK);
}

static void visit(long i)
{
    CHECK_EQ(ctx_enter(context), CTX_OK); /* who looks never keeps it */
    set_both(i);
    CHECK_EQ(ctx_exit(context), CTX_OK);
}

static void *own(void *unused)
{
    support_barrier_wait(&barrier);
    for (long i = scaled(VISITS); i > 0; i--)
        visit(i);
    atomic_store(&ended, true);
    return unused;
}

/* ---- those who look ------------------------------------------------------------------------ */

static bool saw(int status)
{
    CHECK(status == CTX_OK || status == CTX_ERR_ENTERED);
    if (status == CTX_OK)
        atomic_fetch_add(&seen, 1);
    return status == CTX_OK;
}

static void check_pair(ctx_value n, ctx_value t)
{
    CHECK_EQ(n.type, CTX_I64);
    CHECK_EQ(t.type, CTX_STRING);
    CHECK_EQ(n.as.i64, strtoll(t.as.string.data, NULL, 10));
}

static void look_at_copy(void)
{
    ctx_context *copy;
    ctx_value n, t;

    if (!saw(ctx_context_copy(context, &copy)))
        return;
    CHECK_EQ(ctx_context_get(copy, number, &n), CTX_OK);
    CHECK_EQ(ctx_context_get(copy, text, &t), CTX_OK);
    check_pair(n, t);
    ctx_context_unref(copy);
}

static void look_at_parts(void)
{
    size_t count;
    bool there;
    ctx_value n;

    if (saw(ctx_context_get(context, number, &n)))
        CHECK(n.type == CTX_I64 && n.as.i64 >= 0);
    if (saw(ctx_context_contains(context, text, &there)))
        CHECK(there);
    if (saw(ctx_context_count(context, &count)))
        CHECK_EQ(count, 2);
}

struct pair {
    ctx_value number, text;
};

/* The walk keeps what it walks over, so that the pair is checked before it ends. */
static int take(void *user, ctx_var *var, ctx_value value)
{
    struct pair *pair = user;

    *(var == number ? &pair->number : &pair->text) = value;
    if (pair->number.type != CTX_NULL && pair->text.type != CTX_NULL)
        check_pair(pair->number, pair->text);
    return 0;
}

static void walk(void)
{
    struct pair pair = {ctx_null(), ctx_null()};

    if (saw(ctx_context_each(context, take, &pair)))
        CHECK(pair.number.type == CTX_I64 && pair.text.type == CTX_STRING);
}

static void *inspect(void *unused)
{
    support_barrier_wait(&barrier);
    do {
        look_at_copy();
        look_at_parts();
        walk();
        sched_yield(); /* the owner gets in while nobody looks */
    } while (!atomic_load(&ended));
    return unused;
}

int main(void)
{
    pthread_t owner, inspectors[INSPECTORS];

    support_barrier_init(&barrier, INSPECTORS + 1);
    CHECK_EQ(ctx_context_new(&context), CTX_OK);
    visit(0);
    CHECK_EQ(pthread_create(&owner, NULL, own, NULL), 0);
    for (int i = 0; i < INSPECTORS; i++)
        CHECK_EQ(pthread_create(&inspectors[i], NULL, inspect, NULL), 0);
    pthread_join(owner, NULL);
    for (int i = 0; i < INSPECTORS; i++)
        pthread_join(inspectors[i], NULL);
    look_at_copy();
    CHECK(atomic_load(&seen) > 0);
    ctx_context_unref(context);
    support_barrier_fini(&barrier);
    return 0;
}
