/*
 * scoped.c: tokens and scopes in middleware. Whatever a layer sets, the layer around it gets its
 * own value back: at the end of the block, at an early return, and where nothing was set before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxcache.h>

static CTX_VAR(user);
static CTX_VAR_STRICT(transaction);

static void expect(const char *what, const char *is, const char *wanted)
{
    printf("%s: %s\n", what, is ? is : "NULL");
    if (is && strcmp(is, wanted) == 0)
        return;
    fprintf(stderr, "%s: not %s\n", what, wanted);
    exit(EXIT_FAILURE);
}

static void expect_status(const char *what, int status, int wanted)
{
    expect(what, ctx_status_name(status), ctx_status_name(wanted));
}

static const char *current_user(void)
{
    const char *name = "(unset)";
    int status = ctx_get_string(user, &name);
    return status == CTX_OK || status == CTX_ERR_UNSET ? name : ctx_strerror(status);
}

/* A layer that acts as somebody else, and leaves early. */
static int as_admin(int refuse)
{
    CTX_SCOPED(user, "admin");

    expect("as admin", current_user(), "admin");
    if (refuse)
        return -1;
    CTX_SCOPED(user, "root");
    expect("deeper", current_user(), "root");
    return 0;
}

/* The two halves of a middleware with hooks before and after: the token goes from one to the
 * other. */
static ctx_token before_request(const char *name)
{
    ctx_token token;
    expect_status("before", ctx_set(user, name, &token), CTX_OK);
    return token;
}

static void after_request(ctx_token token)
{
    expect_status("after", ctx_reset(user, token), CTX_OK);
}

static void mistakes_are_detected(void)
{
    ctx_token outer, inner;

    expect_status("begin", ctx_set(transaction, 1, &outer), CTX_OK);
    expect_status("begin inner", ctx_set(transaction, 2, &inner), CTX_OK);
    expect_status("end in the wrong order", ctx_reset(transaction, outer), CTX_ERR_ORDER);
    expect_status("end of another variable", ctx_reset(user, inner), CTX_ERR_TOKEN_VAR);
    expect_status("end inner", ctx_reset(transaction, inner), CTX_OK);
    expect_status("end inner again", ctx_reset(transaction, inner), CTX_ERR_TOKEN_USED);
    expect_status("end", ctx_reset(transaction, outer), CTX_OK);
}

int main(void)
{
    ctx_token token = before_request("ada");

    expect("in the request", current_user(), "ada");
    if (as_admin(1) != -1)
        return EXIT_FAILURE;
    expect("after an early return", current_user(), "ada");
    if (as_admin(0) != 0)
        return EXIT_FAILURE;
    expect("after nested scopes", current_user(), "ada");
    after_request(token);
    expect("after the request", current_user(), "(unset)");
    mistakes_are_detected();
    return EXIT_SUCCESS;
}
