/*
 * sessions.c: two request handlers run at the same time, each with a session record of its own that
 * helpers two calls down find without being handed it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <ctxcache.h>

struct session {
    const char *user;
    int requests;
};

struct request {
    const char *user;
    int times;
    int failures;
    char log[256];
};

static const ctx_object_class session_class = {sizeof(ctx_object_class), "session", 0, 0, 0};
static CTX_VAR(current_session);
static pthread_barrier_t both_are_inside;

/* Two calls below the handler. A pointer of another class would be CTX_ERR_TYPE. */
static int count_request(char *log, size_t size)
{
    void *found = NULL;
    int status = ctx_get_object(current_session, &session_class, &found);
    struct session *session = found;

    if (status != CTX_OK)
        return status;
    session->requests++;
    snprintf(log, size, "%s made %d request(s)", session->user, session->requests);
    return CTX_OK;
}

static int answer(struct request *request)
{
    return count_request(request->log, sizeof request->log);
}

static void *handle(void *arg)
{
    struct request *request = arg;
    struct session session = {request->user, 0};

    /* A new thread starts with nothing set: it sees no session before it has its own. */
    if (count_request(request->log, sizeof request->log) != CTX_ERR_UNSET)
        request->failures++;

    CTX_SCOPED_AS(scope, current_session, ctx_object(&session, &session_class));
    if (ctx_scope_status(&scope) != CTX_OK)
        request->failures++;
    pthread_barrier_wait(&both_are_inside);
    for (int i = 0; i < request->times; i++)
        if (answer(request) != CTX_OK)
            request->failures++;
    pthread_barrier_wait(&both_are_inside);
    if (session.requests != request->times)
        request->failures++;
    return NULL;
}

int main(void)
{
    struct request requests[2] = {{.user = "ada", .times = 1000}, {.user = "bob", .times = 2000}};
    pthread_t threads[2];
    int failures = 0;

    if (pthread_barrier_init(&both_are_inside, NULL, 2) != 0)
        return EXIT_FAILURE;
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, handle, &requests[i]) != 0)
            return EXIT_FAILURE;
    for (int i = 0; i < 2; i++) {
        if (pthread_join(threads[i], NULL) != 0)
            return EXIT_FAILURE;
        printf("%s\n", requests[i].log);
        failures += requests[i].failures;
    }
    pthread_barrier_destroy(&both_are_inside);
    printf("failures: %d\n", failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
