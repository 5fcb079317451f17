/*
 * glib.c: contexts in GLib's main loop, with ctx_bind() alone: where a callback takes a pointer,
 * ctx_bound_call() is that callback. Two requests hop through idle callbacks, timers and threads,
 * interleaved; each step finds the tenant and the user that its request began with.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxcache.h>

static CTX_VAR(tenant);
static CTX_VAR(user);

struct request {
    const char *tenant, *user;
    ctx_bound *steps[3];
    char log[256];
};

static GMainLoop *loop;
static int running;

static const char *get(ctx_var *var)
{
    const char *text;

    return ctx_get_string(var, &text) == CTX_OK ? text : "nobody";
}

/* Each step runs in a copy of its own: no later one sees what this one sets. */
static void note(struct request *request, const char *step)
{
    size_t used = strlen(request->log);

    snprintf(request->log + used, sizeof request->log - used, "  %s: %s of %s\n", step, get(user),
             get(tenant));
    ctx_set(tenant, "a value that this step has set");
}

static ctx_bound *later(struct request *request, int step, void (*fn)(void *request))
{
    if (ctx_bind(fn, request, &request->steps[step]) != CTX_OK)
        exit(EXIT_FAILURE);
    return request->steps[step];
}

static void in_timer(void *request)
{
    note(request, "timer");
    if (--running == 0)
        g_main_loop_quit(loop);
}

static void in_thread(void *request)
{
    note(request, "thread");
}

/* For a callback of another shape. */
static void *thread_main(void *bound)
{
    ctx_bound_call(bound);
    return NULL;
}

static void in_idle(void *request)
{
    g_timeout_add_once(10, ctx_bound_call, later(request, 1, in_timer));
    g_thread_join(g_thread_new("step", thread_main, later(request, 2, in_thread)));
    note(request, "idle");
}

static void begin(struct request *request)
{
    CTX_SCOPED(tenant, request->tenant);
    CTX_SCOPED(user, request->user);
    g_idle_add_once(ctx_bound_call, later(request, 0, in_idle));
    running++;
}

int main(void)
{
    static struct request requests[] = {{"acme", "ada", {0}, ""}, {"bolt", "bob", {0}, ""}};

    loop = g_main_loop_new(NULL, FALSE);
    for (int i = 0; i < 2; i++)
        begin(&requests[i]);
    g_main_loop_run(loop);
    g_main_loop_unref(loop);
    for (int i = 0; i < 2; i++) {
        printf("request of %s\n%s", requests[i].tenant, requests[i].log);
        for (int step = 0; step < 3; step++)
            ctx_bound_free(requests[i].steps[step]);
    }
    printf("the loop itself: %s of %s\n", get(user), get(tenant));
    return strcmp(get(tenant), "nobody") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
