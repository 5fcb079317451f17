/*
 * basics.c: a variable, its value, and a context that is changed without changing ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxcache.h>

static CTX_VAR(answer);
static CTX_VAR_DEFAULT(region, CTX_VALUE_STRING("eu"));

#define MUST(call) must(call, #call)

static void must(int status, const char *call)
{
    if (status == CTX_OK)
        return;
    fprintf(stderr, "%s: %s\n", call, ctx_strerror(status));
    exit(EXIT_FAILURE);
}

static void expect(const char *what, int64_t is, int64_t wanted)
{
    printf("%s: %lld\n", what, (long long)is);
    if (is == wanted)
        return;
    fprintf(stderr, "%s: not %lld\n", what, (long long)wanted);
    exit(EXIT_FAILURE);
}

static int64_t current_answer(void)
{
    int64_t value = 0;
    MUST(ctx_get_i64(answer, &value));
    return value;
}

static void change_it(void *unused)
{
    (void)unused;
    expect("inside, before", current_answer(), 42);
    MUST(ctx_set(answer, 100));
    expect("inside, after", current_answer(), 100);
}

static void nothing_is_set(void)
{
    ctx_value value;
    const char *text = NULL;

    int status = ctx_get(answer, &value);
    printf("before any set: %s\n", ctx_status_name(status));
    if (status != CTX_ERR_UNSET)
        exit(EXIT_FAILURE);
    MUST(ctx_get_string(region, &text));
    printf("a default: %s\n", text);
    if (strcmp(text, "eu") != 0)
        exit(EXIT_FAILURE);
}

int main(void)
{
    ctx_context *copy = NULL;
    ctx_value kept;
    size_t count = 0;

    nothing_is_set();

    MUST(ctx_set(answer, 42));
    expect("outside, before", current_answer(), 42);

    MUST(ctx_copy(&copy));
    MUST(ctx_run(copy, change_it, NULL));
    expect("outside, after", current_answer(), 42);

    MUST(ctx_context_get(copy, answer, &kept));
    expect("in the copy, kept", kept.as.i64, 100);
    MUST(ctx_context_count(copy, &count));
    expect("variables in it", (int64_t)count, 1);
    ctx_context_unref(copy);
    return EXIT_SUCCESS;
}
