/*
 * The claim: contexts keep their promises with many threads at once. Of threads that race for a
 * context one gets it; copies of one idle context are independent; a token works in its own context
 * alone; whatever ends a thread leaves what it entered; variables come, go and reuse ids; and a
 * child of fork() can go on.
 */
#include <ctxcache.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "context/store.h"
#include "support/barrier.h"
#include "support/check.h"
#include "support/object.h"
#include "support/rng.h"
#include "support/scale.h"

enum { THREADS = 4, MANY = 100 };

static CTX_VAR(a);
static CTX_VAR(b);
static ctx_var many[MANY];
static uint64_t seed;

struct worker {
    pthread_t thread;
    int index;
    struct support_rng rng;
};

static struct worker workers[THREADS];

/* Runs fn in all threads, until all are done. */
static void in_threads(void *(*fn)(void *worker))
{
    for (int i = 0; i < THREADS; i++) {
        workers[i].index = i;
        workers[i].rng = support_rng_seeded(seed + (uint64_t)i);
        CHECK_EQ(pthread_create(&workers[i].thread, NULL, fn, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(workers[i].thread, NULL), 0);
}

static int64_t number(ctx_var *var)
{
    int64_t value = -1;

    CHECK_EQ(ctx_get_i64(var, &value), CTX_OK);
    return value;
}

/* ---- of threads that race for a context exactly one wins ----------------------------------- */

static struct support_barrier barrier;
static ctx_context *contested;
static _Atomic int winners;

enum { RACERS = 2 };

/* Waits for the others without sleeping, so that all go on within a few instructions. */
static void start_together(long round)
{
    static _Atomic long arrived;
    long all = RACERS * (round + 1);

    atomic_fetch_add(&arrived, 1);
    for (int spins = 1; atomic_load(&arrived) < all; spins++)
        if (spins % 1000 == 0)
            sched_yield();
}

static void race_once(long round)
{
    int status;

    start_together(round);
    status = ctx_enter(contested);
    CHECK(status == CTX_OK || status == CTX_ERR_ENTERED);
    if (status == CTX_OK)
        atomic_fetch_add(&winners, 1);
    support_barrier_wait(&barrier);
    CHECK_EQ(atomic_load(&winners), 1);
    support_barrier_wait(&barrier);
    if (status == CTX_OK) {
        atomic_store(&winners, 0);
        CHECK_EQ(ctx_exit(contested), CTX_OK);
    }
    support_barrier_wait(&barrier);
}

static void *race(void *arg)
{
    struct worker *worker = arg;

    for (long i = 0; i < scaled(50000) && worker->index < RACERS; i++)
        race_once(i);
    return NULL;
}

static void exactly_one_wins(void)
{
    support_barrier_init(&barrier, RACERS);
    CHECK_EQ(ctx_context_new(&contested), CTX_OK);
    in_threads(race);
    ctx_context_unref(contested);
    support_barrier_fini(&barrier);
}

/* ---- who has entered a context has it alone ------------------------------------------------ */

static _Atomic int64_t entries;

static void *count_entries(void *unused)
{
    for (long i = scaled(200000); i > 0; i--) {
        if (ctx_enter(contested) != CTX_OK)
            continue;
        CHECK_EQ(ctx_set(a, number(a) + 1), CTX_OK);
        atomic_fetch_add(&entries, 1);
        CHECK_EQ(ctx_exit(contested), CTX_OK);
    }
    return unused;
}

static void set_zero(void *unused)
{
    (void)unused;
    CHECK_EQ(ctx_set(a, 0), CTX_OK);
}

static void entered_alone(void)
{
    ctx_value value;

    CHECK_EQ(ctx_context_new(&contested), CTX_OK);
    CHECK_EQ(ctx_run(contested, set_zero, NULL), CTX_OK);
    in_threads(count_entries);
    CHECK_EQ(ctx_context_get(contested, a, &value), CTX_OK);
    CHECK_EQ(value.as.i64, atomic_load(&entries));
    ctx_context_unref(contested);
}

/* ---- copies of one idle context are independent -------------------------------------------- */

static struct counted object;
static ctx_context *origin;

static void fill(void *unused)
{
    (void)unused;
    for (int i = 0; i < MANY; i++) {
        many[i].name = "many";
        CHECK_EQ(ctx_set_v(&many[i], i % 10 ? ctx_i64(i) : counted_value(&object), NULL), CTX_OK);
    }
}

static void change_copy(struct worker *worker)
{
    bool changed[MANY] = {false};

    for (int n = 0; n < 20; n++) {
        size_t i = support_rng_below(&worker->rng, MANY);

        CHECK_EQ(ctx_set(&many[i], -1 - worker->index), CTX_OK);
        changed[i] = true;
    }
    for (int i = 0; i < MANY; i++) {
        ctx_value value;

        CHECK_EQ(ctx_get(&many[i], &value), CTX_OK);
        if (changed[i])
            CHECK_EQ(value.as.i64, -1 - worker->index);
        else if (i % 10)
            CHECK_EQ(value.as.i64, i);
        else
            CHECK(value.as.object.pointer == &object);
    }
}

static void *copy_and_change(void *arg)
{
    for (long i = scaled(5000); i > 0; i--) {
        ctx_context *copy;

        CHECK_EQ(ctx_context_copy(origin, &copy), CTX_OK);
        CHECK_EQ(ctx_enter(copy), CTX_OK);
        change_copy(arg);
        CHECK_EQ(ctx_exit(copy), CTX_OK);
        ctx_context_unref(copy);
    }
    return NULL;
}

static void copies_are_independent(void)
{
    ctx_value value;

    CHECK_EQ(ctx_context_new(&origin), CTX_OK);
    CHECK_EQ(ctx_run(origin, fill, NULL), CTX_OK);
    in_threads(copy_and_change);
    for (int i = 0; i < MANY; i++) {
        CHECK_EQ(ctx_context_get(origin, &many[i], &value), CTX_OK);
        if (i % 10)
            CHECK_EQ(value.as.i64, i);
    }
    CHECK_EQ(counted_held(&object), MANY / 10);
    ctx_context_unref(origin);
    CHECK_EQ(counted_held(&object), 0);
}

/* ---- a token works in its own context alone ------------------------------------------------ */

enum { PUBLISHED = 64 };

static pthread_mutex_t publish = PTHREAD_MUTEX_INITIALIZER;
static struct {
    ctx_token token;
    int owner;
} published[PUBLISHED];

static void publish_own(struct worker *worker, ctx_token token)
{
    size_t i = support_rng_below(&worker->rng, PUBLISHED);

    pthread_mutex_lock(&publish);
    published[i].token = token;
    published[i].owner = worker->index;
    pthread_mutex_unlock(&publish);
}

/* Tries a token of another thread, which may use it or end its context meanwhile. */
static void try_foreign(struct worker *worker)
{
    size_t i = support_rng_below(&worker->rng, PUBLISHED);
    ctx_token token;
    int owner, status;

    pthread_mutex_lock(&publish);
    token = published[i].token;
    owner = published[i].owner;
    pthread_mutex_unlock(&publish);
    if (!token.slot || owner == worker->index)
        return;
    status = ctx_reset(a, token);
    CHECK(status == CTX_ERR_TOKEN_CONTEXT || status == CTX_ERR_TOKEN_USED);
    status = ctx_reset(b, token);
    CHECK(status == CTX_ERR_TOKEN_VAR || status == CTX_ERR_TOKEN_USED);
}

static void set_and_reset(struct worker *worker)
{
    ctx_token outer, inner;

    CHECK_EQ(ctx_set(a, worker->index, &outer), CTX_OK);
    publish_own(worker, outer);
    CHECK_EQ(ctx_set(a, -1, &inner), CTX_OK);
    publish_own(worker, inner);
    try_foreign(worker);
    CHECK_EQ(ctx_reset(a, inner), CTX_OK);
    CHECK_EQ(number(a), worker->index);
    if (support_rng_below(&worker->rng, 2)) /* else it goes with the context */
        CHECK_EQ(ctx_reset(a, outer), CTX_OK);
}

static void *use_tokens(void *arg)
{
    for (long i = scaled(50000); i > 0; i--) {
        ctx_context *context;

        CHECK_EQ(ctx_context_new(&context), CTX_OK);
        CHECK_EQ(ctx_enter(context), CTX_OK);
        set_and_reset(arg);
        CHECK_EQ(ctx_exit(context), CTX_OK);
        ctx_context_unref(context);
    }
    return NULL;
}

static void tokens_work_at_home(void)
{
    in_threads(use_tokens);
}

/* ---- bound functions, and threads that start threads --------------------------------------- */

static ctx_bound *bound;
static _Atomic long runs;

static void check_captured(void *unused)
{
    (void)unused;
    CHECK_EQ(number(a), 42);
    CHECK_EQ(ctx_set(a, 43), CTX_OK);
    CHECK_EQ(ctx_set(b, 44), CTX_OK);
    atomic_fetch_add(&runs, 1);
}

static void *run_bound(void *unused)
{
    for (long i = scaled(100000); i > 0; i--)
        CHECK_EQ(ctx_bound_run(bound), CTX_OK);
    return unused;
}

static void *start_chain(void *depth)
{
    ctx_value value;
    pthread_t thread;

    CHECK_EQ(number(a), 42);
    CHECK_EQ(ctx_get(b, &value), CTX_ERR_UNSET);
    if (depth) {
        CHECK_EQ(ctx_thread_create(&thread, NULL, start_chain, (char *)depth - 1), CTX_OK);
        CHECK_EQ(ctx_set(a, -1), CTX_OK); /* what the thread started with is its own */
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
    return NULL;
}

static void handed_on(void)
{
    ctx_token token;

    CHECK_EQ(ctx_set(a, 42, &token), CTX_OK);
    CHECK_EQ(ctx_bind(check_captured, NULL, &bound), CTX_OK);
    start_chain((void *)(size_t)scaled(200));
    CHECK_EQ(ctx_reset(a, token), CTX_OK);
    in_threads(run_bound);
    CHECK_EQ(atomic_load(&runs), THREADS * scaled(100000));
    ctx_bound_free(bound);
}

/* Runs that overlap, and are under way when the bound context is freed: by one of them, in turn. */
static void *run_what_is_freed(void *arg)
{
    struct worker *worker = arg;

    for (long i = scaled(20000); i > 0; i--) {
        ctx_bound_entry entry;

        if (worker->index == 0) {
            CHECK_EQ(ctx_set_v(b, counted_value(&object), NULL), CTX_OK);
            CHECK_EQ(ctx_capture(&bound), CTX_OK);
            CHECK_EQ(ctx_set(b, 0), CTX_OK);
        }
        support_barrier_wait(&barrier);
        CHECK_EQ(ctx_bound_enter(bound, &entry), CTX_OK);
        if (support_rng_below(&worker->rng, 2))
            CHECK_EQ(ctx_set(a, 1), CTX_OK);
        support_barrier_wait(&barrier); /* all have begun */
        if (worker->index == i % THREADS)
            ctx_bound_free(bound);
        ctx_bound_exit(&entry);
        support_barrier_wait(&barrier);
        if (worker->index == 0)
            CHECK_EQ(counted_held(&object), 0);
    }
    return NULL;
}

static void freed_while_running(void)
{
    support_barrier_init(&barrier, THREADS);
    in_threads(run_what_is_freed);
    support_barrier_fini(&barrier);
}

/* ---- whatever ends a thread leaves what it entered ----------------------------------------- */

static void end_thread(void *by_cancel)
{
    CTX_SCOPED(a, 1);
    CHECK_EQ(ctx_set_v(b, counted_value(&object), NULL), CTX_OK);
    if (!by_cancel)
        pthread_exit(NULL);
    pthread_cancel(pthread_self());
    pthread_testcancel();
}

struct ending {
    ctx_context *context;
    bool by_cancel;
};

static void *run_and_end(void *arg)
{
    struct ending *ending = arg;

    CTX_SCOPED(a, 2);
    ctx_run(ending->context, end_thread, ending->by_cancel ? arg : NULL);
    return NULL;
}

static void *end_threads(void *arg)
{
    struct worker *worker = arg;

    for (long i = scaled(1000); i > 0; i--) {
        struct ending ending = {NULL, support_rng_below(&worker->rng, 2)};
        pthread_t thread;
        bool there;

        CHECK_EQ(ctx_context_new(&ending.context), CTX_OK);
        CHECK_EQ(pthread_create(&thread, NULL, run_and_end, &ending), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(ctx_context_contains(ending.context, a, &there), CTX_OK);
        CHECK(!there);
        CHECK_EQ(ctx_context_contains(ending.context, b, &there), CTX_OK);
        CHECK(there);
        CHECK_EQ(ctx_enter(ending.context), CTX_OK);
        CHECK_EQ(ctx_exit(ending.context), CTX_OK);
        ctx_context_unref(ending.context);
    }
    return NULL;
}

static void ends_leave(void)
{
    in_threads(end_threads);
    CHECK_EQ(counted_held(&object), 0);
}

/* ---- variables come and go ----------------------------------------------------------------- */

/* Makes a variable, uses it, and frees it while contexts still hold it. */
static void make_and_free(struct worker *worker)
{
    ctx_var_config config = CTX_VAR_CONFIG_INIT;
    char name[CTX_NAME_MAX + 1];
    ctx_context *copy;
    ctx_token token;
    ctx_var *var;

    config.name = "dynamic";
    CHECK_EQ(ctx_var_new(&config, &var), CTX_OK);
    CHECK_EQ(ctx_set(var, worker->index, &token), CTX_OK);
    CHECK_EQ(ctx_copy(&copy), CTX_OK);
    CHECK_EQ(number(var), worker->index);
    ctxi_var_name_of((uint32_t)support_rng_below(&worker->rng, 200), name);
    ctx_var_free(var);
    ctx_context_unref(copy);
    if (support_rng_below(&worker->rng, 8) == 0) { /* let the context go, and with it the ids */
        ctx_context *old;

        CHECK_EQ(ctx_swap(NULL, &old), CTX_OK);
        ctx_context_unref(old);
    }
}

static void *make_and_free_often(void *worker)
{
    for (long i = scaled(30000); i > 0; i--)
        make_and_free(worker);
    return NULL;
}

static void variables_come_and_go(void)
{
    in_threads(make_and_free_often);
}

/* ---- watchers come and go ------------------------------------------------------------------ */

static void watch(void *user, enum ctx_watch_event event, ctx_context *context)
{
    CHECK(event == CTX_WATCH_ENTER || event == CTX_WATCH_EXIT);
    CHECK(context != NULL);
    atomic_fetch_add((_Atomic int *)user, 1);
}

static void *watch_and_enter(void *unused)
{
    _Atomic int heard = 0;

    for (long i = scaled(20000); i > 0; i--) {
        ctx_context *context;
        int id;

        CHECK_EQ(ctx_context_new(&context), CTX_OK);
        CHECK_EQ(ctx_watch(watch, &heard, &id), CTX_OK);
        atomic_store(&heard, 0);
        CHECK_EQ(ctx_enter(context), CTX_OK);
        CHECK_EQ(ctx_exit(context), CTX_OK);
        CHECK(atomic_load(&heard) >= 2);
        CHECK_EQ(ctx_unwatch(id), CTX_OK);
        ctx_context_unref(context);
    }
    /* `heard` must outlive the calls of other threads that are under way. */
    support_barrier_wait(&barrier);
    return unused;
}

static void watchers_come_and_go(void)
{
    support_barrier_init(&barrier, THREADS);
    in_threads(watch_and_enter);
    support_barrier_fini(&barrier);
}

/* ---- a record of reads is shared ----------------------------------------------------------- */

static struct ctxi_reads *reads;

static void *read_some(void *arg)
{
    struct worker *worker = arg;
    ctx_context *context;
    ctx_value value;

    CHECK_EQ(ctxi_current_make(&context), CTX_OK);
    ctxi_reads_unref(ctxi_reads_attach(context, reads));
    for (int i = worker->index; i < MANY; i += THREADS)
        CHECK_EQ(ctx_get(&many[i], &value), CTX_ERR_UNSET);
    return NULL;
}

static void count_read(void *user, uint32_t id)
{
    (void)id;
    ++*(int *)user;
}

static void reads_are_shared(void)
{
    int count = 0;

    reads = ctxi_reads_new(NULL);
    CHECK(reads != NULL);
    ctxi_reads_ref(reads); /* as the load's context has one, besides those of other threads */
    in_threads(read_some);
    ctxi_reads_each(reads, count_read, &count);
    CHECK_EQ(count, MANY);
    ctxi_reads_unref(reads);
    ctxi_reads_unref(reads);
}

/* ---- a child of fork() goes on ------------------------------------------------------------- */

static _Atomic bool stop;

static void child(void)
{
    ctx_var_config config = CTX_VAR_CONFIG_INIT;
    ctx_token token;
    ctx_var *var;
    int id;

    config.name = "in the child";
    CHECK_EQ(number(a), 42);
    CHECK_EQ(ctx_var_new(&config, &var), CTX_OK);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(ctx_set(var, i, &token), CTX_OK);
    CHECK_EQ(ctx_reset(var, token), CTX_OK);
    CHECK_EQ(ctx_watch(watch, &winners, &id), CTX_OK);
    _exit(0);
}

static void *fork_often(void *arg)
{
    struct worker *worker = arg;

    if (worker->index > 0) {
        while (!atomic_load(&stop))
            make_and_free(worker);
        return NULL;
    }
    CHECK_EQ(ctx_set(a, 42), CTX_OK);
    for (long i = scaled(200); i > 0; i--) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0)
            child();
        CHECK(pid > 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK_EQ(status, 0);
    }
    atomic_store(&stop, true);
    return NULL;
}

/* The run-time library of a sanitizer has locks of its own, which other threads may hold at fork(). */
static void child_goes_on(void)
{
    if (SUPPORT_ASAN || SUPPORT_TSAN)
        printf("stress_context: fork() among busy threads: skipped, a sanitizer does not survive "
               "it\n");
    else
        in_threads(fork_often);
}

/* ---- who looked into a context when the process forked does not keep the child out ---------- */

static void *look_into(void *unused)
{
    size_t count;

    while (!atomic_load(&stop))
        CHECK_EQ(ctx_context_count(contested, &count), CTX_OK);
    return unused;
}

/* Allocates nothing, so a sanitizer survives it; the alarm ends a child that hangs. */
static void enter_in_child(void)
{
    alarm(60);
    CHECK_EQ(ctx_enter(contested), CTX_OK);
    CHECK_EQ(ctx_exit(contested), CTX_OK);
    _exit(0);
}

static void child_enters_what_was_looked_into(void)
{
    pthread_t thread;

    atomic_store(&stop, false);
    CHECK_EQ(ctx_context_new(&contested), CTX_OK);
    CHECK_EQ(ctx_enter(contested), CTX_OK); /* what a thread needs for it is there from now on */
    CHECK_EQ(ctx_exit(contested), CTX_OK);
    CHECK_EQ(pthread_create(&thread, NULL, look_into, NULL), 0);
    for (long i = scaled(500); i > 0; i--) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0)
            enter_in_child();
        CHECK(pid > 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK_EQ(status, 0);
    }
    atomic_store(&stop, true);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    ctx_context_unref(contested);
}

int main(void)
{
    seed = support_seed("stress_context");
    exactly_one_wins();
    entered_alone();
    copies_are_independent();
    tokens_work_at_home();
    handed_on();
    freed_while_running();
    ends_leave();
    variables_come_and_go();
    watchers_come_and_go();
    reads_are_shared();
    child_goes_on();
    child_enters_what_was_looked_into();
    return 0;
}
