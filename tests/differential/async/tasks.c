/*
 * Tasks, alone and in crowds. What goes on after an `await` is a function of its own.
 */
#include "programs.h"

#include <stdio.h>

/* ---- the two that everybody knows --------------------------------------------------------- */

static void inside(void *unused)
{
    (void)unused;
    must(ctx_set(number, 100));
    say("inside: %lld", (long long)number_of(number));
}

void classic(void *unused)
{
    ctx_context *copy;

    (void)unused;
    must(ctx_set(number, 42));
    say("before: %lld", (long long)number_of(number));
    must(ctx_copy(&copy));
    must(ctx_run(copy, inside, NULL));
    ctx_context_unref(copy);
    say("after: %lld", (long long)number_of(number));
}

static CTX_VAR(session);

/* What a handler hands on is how far it is, never who it serves. */
struct request {
    const char *user;
    int64_t session;
    enum { BEGUN, ENDED } phase;
};

static struct waiter all_handled;

static void handle_phase(void *request);

static void log_phase(void *arg)
{
    struct request *request = arg;

    say("%s: %s in session %lld", request->phase == BEGUN ? "begun" : "ended", text_of(user),
        (long long)number_of(session));
    if (request->phase == ENDED) {
        ended(&all_handled);
        return;
    }
    request->phase = ENDED;
    handle_phase(request);
}

static void helper(void *request)
{
    must(later(1, log_phase, request, NULL));
}

static void handle_phase(void *request)
{
    must(later(1, helper, request, NULL));
}

static void handle(void *arg)
{
    const struct request *request = arg;

    must(ctx_set(user, request->user));
    must(ctx_set(session, request->session));
    handle_phase(arg);
}

static void handlers_end(void *unused)
{
    (void)unused;
    say("main: %s in session %lld", text_of(user), (long long)number_of(session));
}

void handlers(void *unused)
{
    static struct request requests[] = {{"ann", 11, BEGUN}, {"bob", 22, BEGUN}};

    (void)unused;
    await(&all_handled, 2, handlers_end, NULL);
    must(soon(handle, &requests[0]));
    must(soon(handle, &requests[1]));
}

/* ---- create_task -------------------------------------------------------------------------- */

static struct waiter children;

static void child_goes_on(void *name)
{
    say("%s goes on as %s", (const char *)name, text_of(user));
    ended(&children);
}

static void child(void *name)
{
    say("%s begins as %s", (const char *)name, text_of(user));
    must(ctx_set(user, (const char *)name));
    must(soon(child_goes_on, name));
}

static void create_task_ends(void *unused)
{
    (void)unused;
    say("main ends as %s", text_of(user));
}

void create_task(void *unused)
{
    (void)unused;
    must(ctx_set(user, "main"));
    must(soon(child, (void *)"ann"));
    must(soon(child, (void *)"bob"));
    must(soon(child, (void *)"cid"));
    must(ctx_set(user, "changed"));
    say("main goes on as %s", text_of(user));
    await(&children, 3, create_task_ends, NULL);
}

/* ---- gather ------------------------------------------------------------------------------- */

/* The places are the results; how far one is from the first is its factor. */
static int64_t results[3];

static void times_ends(void *result)
{
    *(int64_t *)result = number_of(number);
    ended(&children);
}

static void times(void *result)
{
    int64_t factor = 1 + ((int64_t *)result - results);

    must(ctx_set(number, number_of(number) * factor));
    must(later((unsigned)(4 - factor), times_ends, result, NULL));
}

static void gather_ends(void *unused)
{
    (void)unused;
    say("results: [%lld, %lld, %lld]", (long long)results[0], (long long)results[1],
        (long long)results[2]);
    say("main: %lld", (long long)number_of(number));
}

void gather(void *unused)
{
    (void)unused;
    must(ctx_set(number, 7));
    for (int i = 0; i < 3; i++)
        must(soon(times, &results[i]));
    await(&children, 3, gather_ends, NULL);
}

/* ---- nested ------------------------------------------------------------------------------- */

#define DEEPEST 4

struct node {
    char path[DEEPEST + 1];
    struct waiter below;
    struct waiter *above; /* NULL: the root, which main awaits without a task */
};

static void descend(void *arg);

static void climb(void *arg)
{
    struct node *node = arg;

    say("%s: still %s", node->path, text_of(user));
    if (node->above)
        ended(node->above);
    else
        say("main: %s", text_of(user));
}

static void start_below(struct node *node, const char *turn)
{
    struct node *below = allocate(sizeof *below);

    snprintf(below->path, sizeof below->path, "%.3s%s", node->path, turn);
    below->above = &node->below;
    must(soon(descend, below));
}

static void descend(void *arg)
{
    struct node *node = arg;

    say("%s: from %s", node->path, text_of(user));
    must(ctx_set(user, node->path));
    if (strlen(node->path) == DEEPEST) {
        climb(node);
        return;
    }
    await(&node->below, 2, climb, node);
    start_below(node, "l");
    start_below(node, "r");
}

void nested(void *unused)
{
    static struct node root = {.path = "t"};

    (void)unused;
    descend(&root);
}

/* ---- a token across an await -------------------------------------------------------------- */

static ctx_token set_before;

static void token_goes_on(void *unused)
{
    (void)unused;
    say("set: %s", text_of(user));
    must(ctx_reset(user, set_before));
    say("reset: %s", text_of(user));
}

/* A token is of one context: this task goes on in its own, not in a copy. */
void token(void *unused)
{
    ctx_context *own;

    (void)unused;
    must(ctx_set(user, "ann", &set_before));
    must(ctx_current(&own));
    must(CTX_UV_IN(own, later(1, token_goes_on, NULL, NULL)));
    ctx_context_unref(own);
}
