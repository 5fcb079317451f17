/*
 * C++ exceptions on their way through the C of the store: whatever was entered is left, whatever
 * was set for a block is reset, and nothing leaks.
 */
#include <ctxcache.hpp>

#include <stdexcept>
#include <string>
#include <thread>

#include "support/check.h"
#include "support/scoped_call.h"

static CTX_VAR(tenant);
static CTX_VAR(other);

static std::string now()
{
    const char *text = nullptr;

    return ctx_get_string(tenant, &text) == CTX_OK && text ? text : "unset";
}

/* True if the call ended by the exception that throw_now() throws. */
template <class F> static bool thrown(F &&f)
{
    try {
        f();
    } catch (const std::runtime_error &error) {
        return error.what() == std::string("thrown on purpose");
    }
    return false;
}

extern "C" {
static void throw_now(void *)
{
    CHECK_EQ(ctx_set_v(other, ctx_string("set before the throw"), nullptr), CTX_OK);
    throw std::runtime_error("thrown on purpose");
}

static int throw_from_visit(void *, ctx_var *, ctx_value)
{
    CHECK_EQ(ctx_set_v(other, ctx_string("makes the walk's map its own"), nullptr), CTX_OK);
    throw std::runtime_error("thrown on purpose");
}

static int throw_from_factory(void *, ctx_value *)
{
    throw std::runtime_error("thrown on purpose");
}

static void enter_and_throw(void *context)
{
    CHECK_EQ(ctx_enter(static_cast<ctx_context *>(context)), CTX_OK);
    throw_now(nullptr);
}
}

extern "C" {
static void count_left(void *left, enum ctx_task_left, ctx_var *, ctx_value)
{
    ++*static_cast<int *>(left);
}

static void throw_from_report(void *left, enum ctx_task_left what, ctx_var *var, ctx_value value)
{
    count_left(left, what, var, value);
    CHECK(now() == "unset");
    throw_now(nullptr);
}

static void leave_two(void *)
{
    CHECK_EQ(ctx_set_v(tenant, ctx_string("left"), nullptr), CTX_OK);
    CHECK_EQ(ctx_set_v(other, ctx_string("left"), nullptr), CTX_OK);
}
}

static CTX_VAR_FACTORY(throwing, throw_from_factory, nullptr);

static ctx_context *copy_current()
{
    ctx_context *copy = nullptr;

    CHECK_EQ(ctx_copy(&copy), CTX_OK);
    return copy;
}

static bool enterable(ctx_context *context)
{
    return ctx_enter(context) == CTX_OK && ctx_exit(context) == CTX_OK;
}

static void run_is_left()
{
    ctx_context *copy = copy_current();

    CHECK(thrown([&] { (ctx_run)(copy, throw_now, nullptr); }));
    CHECK(now() == "acme");
    CHECK(enterable(copy));
    ctx_context_unref(copy);
}

static void run_leaves_what_was_entered_inside()
{
    ctx_context *outer = copy_current(), *inner = copy_current();

    CHECK(thrown([&] { (ctx_run)(outer, enter_and_throw, inner); }));
    CHECK(enterable(outer));
    CHECK(enterable(inner));
    ctx_context_unref(outer);
    ctx_context_unref(inner);
}

static void bound_run_is_left_and_can_run_again()
{
    ctx_bound *bound = nullptr;

    CHECK_EQ((ctx_bind)(throw_now, nullptr, &bound), CTX_OK);
    for (int i = 0; i < 3; i++) {
        CHECK(thrown([&] { ctx_bound_run(bound); }));
        CHECK(thrown([&] { ctx_bound_call(bound); }));
        CHECK(now() == "acme");
    }
    ctx_bound_free(bound);
}

static void task_is_told_and_dropped()
{
    ctx_bound *bound = nullptr;
    const char *text = nullptr;
    int left = 0;

    CHECK(thrown([&] { (ctx_run_task)(throw_now, nullptr, count_left, &left); }));
    CHECK_EQ(left, 1);
    CHECK_EQ((ctx_bind)(throw_now, nullptr, &bound), CTX_OK);
    for (int i = 0; i < 3; i++)
        CHECK(thrown([&] { ctx_bound_run_task(bound, count_left, &left); }));
    CHECK_EQ(left, 4);
    CHECK_EQ(ctx_get_string(other, &text), CTX_ERR_UNSET);
    CHECK(now() == "acme");
    ctx_bound_free(bound);
}

static void task_is_dropped_if_the_report_throws()
{
    const char *text = nullptr;
    int left = 0;

    CHECK(thrown([&] { (ctx_run_task)(leave_two, nullptr, throw_from_report, &left); }));
    CHECK_EQ(left, 1);
    CHECK_EQ(ctx_get_string(other, &text), CTX_ERR_UNSET);
    CHECK(now() == "acme");
}

static void task_of_a_lambda()
{
    bool ran = false;
    int left = 0;

    CHECK_EQ(ctx_run_task([&] { ran = now() == "acme"; }), CTX_OK);
    CHECK(ran);
    CHECK(thrown([&] { ctx_run_task([&] { throw_now(nullptr); }, count_left, &left); }));
    CHECK_EQ(left, 1);
    ctxcache::bound later;
    CHECK_EQ(later.run_task(count_left, &left), CTX_ERR_INVALID);
    CHECK_EQ(ctx_bind([] { throw_now(nullptr); }, &later), CTX_OK);
    CHECK(thrown([&] { later.run_task(count_left, &left); }));
    CHECK_EQ(left, 2);
    CHECK(now() == "acme");
}

static void scope_of_c_ends()
{
    int64_t number = 0;

    CHECK(thrown([] { support_call_scoped(tenant, 7, throw_now, nullptr); }));
    CHECK_EQ(ctx_get_i64(tenant, &number), CTX_ERR_TYPE);
    CHECK(now() == "acme");
}

static void scope_of_cpp_ends()
{
    CHECK(thrown([] {
        CTX_SCOPED(tenant, "inner");
        CHECK(now() == "inner");
        throw_now(nullptr);
    }));
    CHECK(now() == "acme");
}

static void failed_scope_ends()
{
    CHECK(thrown([] {
        CTX_SCOPED(nullptr, "inner");
        CHECK(now() == "unset");
        throw_now(nullptr);
    }));
    CHECK(now() == "acme");
}

static void walk_lets_go()
{
    ctx_context *current = nullptr;

    CHECK_EQ(ctx_current(&current), CTX_OK);
    CHECK(thrown([&] { ctx_context_each(current, throw_from_visit, nullptr); }));
    ctx_context_unref(current);
    CHECK(now() == "acme");
}

static void factory_keeps_nothing()
{
    ctx_value value = ctx_null();

    CHECK(thrown([&] { ctx_get(throwing, &value); }));
    CHECK(thrown([&] { ctx_get(throwing, &value); }));
    CHECK(now() == "acme");
}

int main()
{
    void (*const scenarios[])() = {run_is_left,
                                   run_leaves_what_was_entered_inside,
                                   bound_run_is_left_and_can_run_again,
                                   task_is_told_and_dropped,
                                   task_is_dropped_if_the_report_throws,
                                   task_of_a_lambda,
                                   scope_of_c_ends,
                                   scope_of_cpp_ends,
                                   failed_scope_ends,
                                   walk_lets_go,
                                   factory_keeps_nothing};

    for (auto scenario : scenarios) {
        std::thread thread([scenario] {
            CHECK_EQ(ctx_set_v(tenant, ctx_string("acme"), nullptr), CTX_OK);
            scenario();
        });
        thread.join();
    }
    return 0;
}
