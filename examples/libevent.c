/*
 * libevent.c: contexts in libevent's loop, with ctx_bind() alone: a callback that takes a pointer takes
 * what was bound. Each callback finds the tenant and the number of its own request, of two at a time.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ctxcache.h>

static CTX_VAR(tenant);
static CTX_VAR(number);

struct request {
    int pipe[2];
    ctx_bound *on_readable, *on_timer;
    char log[256];
};

static struct event_base *loop;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(EXIT_FAILURE);
}

/* libevent's callbacks have two parameters more. */
static void call_bound(evutil_socket_t file, short what, void *bound)
{
    (void)file, (void)what;
    ctx_bound_call(bound);
}

/* Is not told whose line it writes. */
static void write_line(char *log, size_t size, const char *what)
{
    const char *name = "nobody";
    int64_t current = 0;

    ctx_get_string(tenant, &name);
    ctx_get_i64(number, &current);
    snprintf(log + strlen(log), size - strlen(log), "request %d of %s %s\n", (int)current, name,
             what);
}

static void answer(void *arg)
{
    struct request *request = arg;

    write_line(request->log, sizeof request->log, "is answered");
}

static void readable(void *arg)
{
    struct request *request = arg;
    struct timeval soon = {0, 10000};
    char question[32];

    must(read(request->pipe[0], question, sizeof question) > 0, "read");
    write_line(request->log, sizeof request->log, question);
    must(ctx_bind(answer, request, &request->on_timer) == CTX_OK, "ctx_bind");
    event_base_once(loop, -1, EV_TIMEOUT, call_bound, request->on_timer, &soon);
    ctx_set(tenant, "what no other callback sees");
}

static void accept_one(struct request *request, const char *name, int its_number)
{
    CTX_SCOPED(tenant, name);
    CTX_SCOPED(number, its_number);
    must(pipe(request->pipe) == 0, "pipe");
    must(write(request->pipe[1], "asks for a price", 17) == 17, "write");
    must(ctx_bind(readable, request, &request->on_readable) == CTX_OK, "ctx_bind");
    event_base_once(loop, request->pipe[0], EV_READ, call_bound, request->on_readable, NULL);
}

int main(void)
{
    static struct request requests[2];
    char line[64] = "";

    must((loop = event_base_new()) != NULL, "event_base_new");
    accept_one(&requests[0], "acme", 1);
    accept_one(&requests[1], "bolt", 2);
    event_base_dispatch(loop); /* until nothing is left to wait for */
    write_line(line, sizeof line, "would be the loop's own");
    for (int i = 0; i < 2; i++) {
        fputs(requests[i].log, stdout);
        ctx_bound_free(requests[i].on_readable);
        ctx_bound_free(requests[i].on_timer);
    }
    event_base_free(loop);
    fputs(line, stdout);
    return strcmp(line, "request 0 of nobody would be the loop's own\n") ? EXIT_FAILURE : 0;
}
