/*
 * fork() in the middle of things: the child gets a cache that works, whatever other threads of the
 * parent were doing; what they were doing simply ends there.
 */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cache_kit.h"
#include "support/check.h"
#include "support/fork_alloc.h"
#include "support/gate.h"
#include "support/scale.h"

PROBE(price);
static CTX_VAR(tenant);

static ctx_cache *cache;
static struct gate gate = GATE_INIT;

static void setup(void)
{
    support_fork_alloc_install();
    cache = cache_of(100, tenant);
    ctx_set(tenant, "acme");
}

static void teardown(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(fork, .init = setup, .fini = teardown, .timeout = 120);

/*
 * Ends a child that did well. Not by exit(): a leak checker would look at what the test runner's
 * threads had, which do not exist here.
 */
static _Noreturn void end_child(void)
{
    execlp("true", "true", (char *)NULL);
    _exit(127);
}

/* Forks; the child runs `in_child`, which fails by CHECK; a child that hangs is ended by alarm. */
static void expect_child(void (*in_child)(void))
{
    int status = 0;
    pid_t child = fork();

    cr_assert_neq(child, -1);
    if (child == 0) {
        alarm(60);
        in_child();
        end_child();
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "the child was ended by signal %d", WTERMSIG(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
}

/* Everything that a cache can do. */
static void use_everything(void)
{
    CHECK_EQ(ask(cache, price, 100).status, CTX_OK);
    CHECK_EQ(ask(cache, price, 100).info.outcome, CTX_CACHE_HIT);
    CHECK_EQ(look(cache, price, 100).status, CTX_OK);
    CHECK_EQ(peek(cache, price, 100).status, CTX_OK);
    CHECK_EQ(put_serial(cache, price, 101, 7), CTX_OK);
    CHECK_EQ(ctx_cache_invalidate(cache, price, 101), CTX_OK);
    ctx_set(tenant, "child");
    CHECK_EQ(ask(cache, price, 1).status, CTX_OK);
    CHECK_EQ(ctx_cache_invalidate_partition(cache), CTX_OK);
    CHECK_EQ(ctx_cache_retire_partition(cache), CTX_OK);
    CHECK_EQ(ctx_cache_resize(cache, 50, 0), CTX_OK);
    ctx_cache_maintain(cache, 10);
    check_equations(cache);
    CHECK_EQ(ctx_cache_clear(cache), CTX_OK);
}

static void use_and_destroy(void)
{
    struct caller caller = {0};

    CHECK_EQ(ask(cache, price, 1).serial, 1);
    use_everything();
    caller_start(&caller, cache, price, 5);
    CHECK_EQ(caller_join(&caller).status, CTX_OK);
    ctx_cache_destroy(cache);
}

Test(fork, a_child_has_the_cache_of_its_parent)
{
    ask(cache, price, 1);
    expect_child(use_and_destroy);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(stats_of(cache).entries, 1);
}

static ctx_cache *curious;

static uint64_t requests_in_curve(void)
{
    ctx_cache_curve_facts facts = CTX_CACHE_CURVE_FACTS_INIT;
    ctx_cache_curve *curve;

    CHECK_EQ(ctx_cache_curve_read(curious, &curve), CTX_OK);
    CHECK_EQ(ctx_cache_curve_describe(curve, 0, &facts), CTX_OK);
    ctx_cache_curve_free(curve);
    return facts.requests;
}

static void ask_on(void)
{
    CHECK_EQ(requests_in_curve(), 2000);
    for (int64_t i = 0; i < 1000; i++) /* lowers the threshold */
        CHECK_EQ(ask(curious, price, 1000 + i).status, CTX_OK);
    CHECK_EQ(requests_in_curve(), 3000);
    ctx_cache_destroy(curious);
}

/* With records of hits that nobody has carried out yet. */
Test(fork, a_child_has_the_curve_of_its_parent)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 100;
    config.curve_keys = 50;
    config.curve_partitions = 1;
    config.curve_rate = 1;
    curious = cache_with(&config);
    for (int64_t i = 0; i < 2000; i++)
        ask(curious, price, i < 300 ? i : 299 - i % 40);
    expect_child(ask_on);
    cr_assert_eq(requests_in_curve(), 2000);
    ctx_cache_destroy(curious);
}

static void ask_for_what_was_loading(void)
{
    struct answer a;

    price_probe.during = NULL;
    a = ask(cache, price, 1);
    CHECK_EQ(a.status, CTX_OK);
    CHECK_EQ(a.info.outcome, CTX_CACHE_MISS);
    CHECK(a.info.stored);
    CHECK_EQ(ask(cache, price, 1).serial, a.serial);
    use_everything();
}

static void start_held_load(struct caller *leader)
{
    price_probe.during = probe_pass_gate;
    price_probe.arg = &gate;
    caller_start(leader, cache, price, 1);
    gate_await(&gate, 1);
}

Test(fork, a_load_of_another_thread_does_not_hold_up_the_child)
{
    struct caller leader = {0};

    start_held_load(&leader);
    expect_child(ask_for_what_was_loading);
    gate_open(&gate);
    cr_assert_eq(caller_join(&leader).status, CTX_OK);
    cr_assert_eq(ask(cache, price, 1).serial, leader.answer.serial);
}

Test(fork, waiters_of_other_threads_do_not_hold_up_the_child)
{
    struct caller leader = {0}, waiter[3];

    memset(waiter, 0, sizeof waiter);
    start_held_load(&leader);
    for (int i = 0; i < 3; i++) {
        caller_start(&waiter[i], cache, price, 1);
        caller_await_waiting(&waiter[i]);
    }
    expect_child(ask_for_what_was_loading);
    gate_open(&gate);
    caller_join(&leader);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(caller_join(&waiter[i]).serial, leader.answer.serial);
}

static void destroy_at_once(void)
{
    ctx_cache_destroy(cache);
}

Test(fork, a_child_may_destroy_a_cache_whose_loads_were_running)
{
    struct caller leader = {0};

    start_held_load(&leader);
    expect_child(destroy_at_once);
    gate_open(&gate);
    cr_assert(caller_join(&leader).info.stored);
}

/* ---- fork inside a load ------------------------------------------------------------------- */

static pid_t forked;

static int fork_inside(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                       size_t count)
{
    (void)load, (void)args, (void)count;
    if (atomic_load(&probe->loads) == 1) {
        forked = fork();
        if (forked == 0)
            alarm(60);
    }
    return CTX_OK;
}

Test(fork, a_load_goes_on_in_parent_and_child)
{
    struct answer a;
    int status = 0;

    price_probe.during = fork_inside;
    a = ask(cache, price, 1);
    if (forked == 0) {
        CHECK_EQ(a.status, CTX_OK);
        CHECK(a.info.stored);
        CHECK_EQ(ask(cache, price, 1).info.outcome, CTX_CACHE_HIT);
        use_everything();
        end_child();
    }
    cr_assert(a.info.stored);
    cr_assert_eq(waitpid(forked, &status, 0), forked);
    cr_assert_eq(status, 0);
}

/* The load that forks has a waiter, who exists in the parent only. */
static int fork_with_waiter(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                            size_t count)
{
    static struct caller waiter;

    (void)load, (void)args, (void)count;
    if (atomic_load(&probe->loads) != 1)
        return CTX_OK;
    probe->arg = &waiter;
    gate_pass(&gate);
    forked = fork();
    if (forked == 0)
        alarm(60);
    return CTX_OK;
}

static void *lead_and_fork(void *answer)
{
    *(struct answer *)answer = ask(cache, price, 1);
    if (forked == 0) {
        struct answer *a = answer;

        CHECK_EQ(a->status, CTX_OK);
        CHECK_EQ(ask(cache, price, 1).status, CTX_OK);
        use_everything();
        end_child();
    }
    return NULL;
}

Test(fork, a_load_with_waiters_goes_on_in_the_child)
{
    struct caller waiter = {0};
    struct answer a;
    pthread_t thread;
    int status = 0;

    price_probe.during = fork_with_waiter;
    cr_assert_eq(ctx_thread_create(&thread, NULL, lead_and_fork, &a), CTX_OK);
    gate_await(&gate, 1);
    caller_start(&waiter, cache, price, 1);
    caller_await_waiting(&waiter);
    gate_open(&gate);
    pthread_join(thread, NULL);
    cr_assert_eq(caller_join(&waiter).serial, 1);
    cr_assert_eq(waitpid(forked, &status, 0), forked);
    cr_assert_eq(status, 0);
}

/* ---- fork while threads are busy ---------------------------------------------------------- */

static _Atomic bool stop;

static void *stay_busy(void *arg)
{
    int64_t n = (int64_t)(intptr_t)arg;

    while (!atomic_load(&stop)) {
        ctx_set(tenant, n % 7);
        ask(cache, price, n % 50);
        put_serial(cache, price, n % 13, 7);
        if (n % 5 == 0)
            ctx_cache_invalidate(cache, price, n % 50);
        if (n % 17 == 0)
            ctx_cache_retire_partition(cache);
        n++;
    }
    return NULL;
}

Test(fork, at_any_moment)
{
    pthread_t busy[2];

    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&busy[i], NULL, stay_busy, (void *)(intptr_t)(i * 1000)), 0);
    for (long i = 0; i < scaled(50); i++)
        expect_child(use_everything);
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(busy[i], NULL);
}
