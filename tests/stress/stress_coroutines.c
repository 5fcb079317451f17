/*
 * Claim: a coroutine finds its own context again after every yield, whichever thread goes on with it
 * and however deep it is in scopes, runs, bound runs and tasks; and who resumes it stays in his own.
 *
 * Some threads resume the same coroutines, chosen at random. Each coroutine walks through calls of the
 * store that nest, yields in all of them, and checks each time what it sees; its tasks leave a value
 * behind, of which they must hear.
 */
#include <ctxcache.h>
#include <pthread.h>

#include "context/store.h"
#include "support/check.h"
#include "support/coroutine.h"
#include "support/rng.h"
#include "support/scale.h"

enum { THREADS = 4, COROUTINES = 64, DEPTH = 4 };

static CTX_VAR(who);
static CTX_VAR(left);

struct walk {
    struct coroutine *coroutine;
    struct support_rng rng;
    int64_t next; /* values that no other walk sets */
    int64_t mine; /* of `who`, now */
    int depth;
    long rounds;
    long told;
    long tasks;
};

static struct walk walks[COROUTINES];

/* Those that nobody is running. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct walk *waiting[COROUTINES];
static size_t waiting_count;
static size_t ended_count;

static int64_t seen(ctx_var *var)
{
    int64_t value = 0;
    int status = ctx_get_i64(var, &value);

    CHECK(status == CTX_OK || status == CTX_ERR_UNSET);
    return value;
}

static void yield(struct walk *walk)
{
    CHECK_EQ(seen(who), walk->mine);
    coroutine_yield(walk->coroutine);
    CHECK_EQ(seen(who), walk->mine);
}

static void go_deeper(struct walk *walk);

/* Sets another value, for as long as what it is called in lasts, and goes deeper. */
static void inside(void *arg)
{
    struct walk *walk = arg;
    int64_t before = walk->mine;

    CHECK_EQ(seen(who), before);
    walk->mine = walk->next++;
    CHECK_EQ(ctx_set(who, walk->mine), CTX_OK);
    go_deeper(walk);
    walk->mine = before;
}

static void in_scope(struct walk *walk)
{
    int64_t before = walk->mine;

    CTX_SCOPED(who, walk->next);
    walk->mine = walk->next++;
    go_deeper(walk);
    walk->mine = before;
}

static void in_failed_scope(struct walk *walk)
{
    ctx_value value;

    CTX_SCOPED(NULL, "a scope that fails");
    CHECK_EQ(ctx_get(who, &value), CTX_ERR_NOMEM);
    coroutine_yield(walk->coroutine);
    CHECK_EQ(ctx_get(who, &value), CTX_ERR_NOMEM);
}

static void in_copy(struct walk *walk)
{
    ctx_context *copy;

    CHECK_EQ(ctx_copy(&copy), CTX_OK);
    CHECK_EQ(ctx_run(copy, inside, walk), CTX_OK);
    ctx_context_unref(copy);
}

static void in_bound_run(struct walk *walk)
{
    ctx_bound *bound;

    CHECK_EQ(ctx_bind(inside, walk, &bound), CTX_OK);
    CHECK_EQ(ctx_bound_run(bound), CTX_OK);
    ctx_bound_free(bound);
}

static void leave_something(void *arg)
{
    CHECK_EQ(ctx_set(left, 7), CTX_OK);
    in_scope(arg);
}

static void count_told(void *arg, enum ctx_task_left what, ctx_var *var, ctx_value value)
{
    struct walk *walk = arg;

    CHECK(what == CTX_TASK_SET && var == left && value.as.i64 == 7);
    CHECK_EQ(seen(who), 0);
    coroutine_yield(walk->coroutine);
    CHECK_EQ(seen(who), 0);
    walk->told++;
}

/* One inside another finds what that has left there, and leaves nothing but what nobody asks for. */
static void in_task(struct walk *walk)
{
    int64_t outer = seen(left);

    if (outer == 7) {
        CHECK_EQ(ctx_run_task(inside, walk, NULL, NULL), CTX_OK);
    } else {
        walk->tasks++;
        CHECK_EQ(ctx_run_task(leave_something, walk, count_told, walk), CTX_OK);
    }
    CHECK_EQ(seen(left), outer);
}

static void go_deeper(struct walk *walk)
{
    static void (*const ways[])(struct walk * walk) = {yield,   in_scope, in_failed_scope,
                                                       in_copy, in_task,  in_bound_run};

    yield(walk);
    if (walk->depth == DEPTH)
        return;
    walk->depth++;
    for (int i = 0; i < 2; i++) {
        ways[support_rng_below(&walk->rng, sizeof ways / sizeof *ways)](walk);
        CHECK_EQ(seen(who), walk->mine);
    }
    walk->depth--;
}

static void walk_on(struct coroutine *self, void *arg)
{
    struct walk *walk = arg;

    (void)self;
    while (walk->rounds-- > 0) {
        inside(walk);
        walk->mine = seen(who); /* nothing around has taken it back */
    }
}

/* One that waits, at random; NULL: none does. */
static struct walk *take(struct support_rng *rng)
{
    struct walk *walk = NULL;

    pthread_mutex_lock(&lock);
    if (waiting_count > 0) {
        size_t i = support_rng_below(rng, waiting_count);

        walk = waiting[i];
        waiting[i] = waiting[--waiting_count];
    }
    pthread_mutex_unlock(&lock);
    return walk;
}

/* True when all have ended. */
static bool give(struct walk *walk, bool goes_on)
{
    bool all;

    pthread_mutex_lock(&lock);
    if (walk && goes_on)
        waiting[waiting_count++] = walk;
    ended_count += walk && !goes_on;
    all = ended_count == COROUTINES;
    pthread_mutex_unlock(&lock);
    return all;
}

static void *resume_them(void *seed)
{
    struct support_rng rng = support_rng_seeded(*(uint64_t *)seed);
    int64_t own = -(int64_t)(1 + *(uint64_t *)seed % 1000);
    bool done = false;

    if (*(uint64_t *)seed % 2) /* the others are in no context */
        CHECK_EQ(ctx_set(who, own), CTX_OK);
    else
        own = 0;
    while (!done) {
        struct walk *walk = take(&rng);
        bool goes_on = false;
        ctx_context *current = ctxi_current();

        if (walk)
            goes_on = coroutine_resume(walk->coroutine);
        CHECK(ctxi_current() == current);
        CHECK_EQ(seen(who), own);
        done = give(walk, goes_on);
    }
    return NULL;
}

int main(void)
{
    uint64_t seed = support_seed("stress_coroutines"), seeds[THREADS];
    pthread_t threads[THREADS];
    long told = 0;

    for (size_t i = 0; i < COROUTINES; i++) {
        walks[i].rng = support_rng_seeded(seed + i);
        walks[i].next = 1 + ((int64_t)i << 40);
        walks[i].rounds = scaled(200);
        walks[i].coroutine = coroutine_new(walk_on, &walks[i]);
        waiting[waiting_count++] = &walks[i];
    }
    for (size_t i = 0; i < THREADS; i++) {
        seeds[i] = seed * 2 + i;
        CHECK_EQ(pthread_create(&threads[i], NULL, resume_them, &seeds[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < COROUTINES; i++) {
        CHECK_EQ(walks[i].told, walks[i].tasks);
        told += walks[i].told;
        coroutine_free(walks[i].coroutine);
    }
    CHECK(told > 0);
    printf("%ld tasks told what they left\n", told);
    return 0;
}
