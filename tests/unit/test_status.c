/*
 * Every status has a name and a sentence of its own; a code that is not ours is said to be so.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>
#include <string.h>

static const int ours[] = {
    CTX_OK,
    CTX_ABSENT,
    CTX_LEAD,
    CTX_JOINED,
    CTX_ERR_NOMEM,
    CTX_ERR_INVALID,
    CTX_ERR_LIMIT,
    CTX_ERR_TYPE,
    CTX_ERR_UNSET,
    CTX_ERR_TOKEN_USED,
    CTX_ERR_TOKEN_VAR,
    CTX_ERR_TOKEN_CONTEXT,
    CTX_ERR_ORDER,
    CTX_ERR_ENTERED,
    CTX_ERR_NOT_CURRENT,
    CTX_ERR_ENCODE,
    CTX_ERR_CONFLICT,
    CTX_ERR_RECURSION,
    CTX_ERR_DEADLOCK,
    CTX_ERR_TIMEOUT,
    CTX_ERR_ABANDONED,
    CTX_ERR_NO_VALUE,
    CTX_ERR_SYSTEM,
    CTX_ERR_BUSY,
    CTX_ERR_FLIGHT,
};
#define COUNT (sizeof ours / sizeof *ours)

Test(status, each_has_a_name_and_a_sentence_of_its_own)
{
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_not_null(ctx_status_name(ours[i]), "%d", ours[i]);
        cr_assert_gt(strlen(ctx_strerror(ours[i])), 3, "%d", ours[i]);
        for (size_t j = 0; j < i; j++) {
            cr_assert_str_neq(ctx_status_name(ours[i]), ctx_status_name(ours[j]));
            cr_assert_str_neq(ctx_strerror(ours[i]), ctx_strerror(ours[j]));
        }
    }
    cr_assert_str_eq(ctx_status_name(CTX_ERR_UNSET), "CTX_ERR_UNSET");
    cr_assert_str_eq(ctx_status_name(CTX_OK), "CTX_OK");
}

Test(status, the_last_one_listed_here_is_the_last_there_is)
{
    cr_assert_null(ctx_status_name(CTX_ERR_FLIGHT - 1));
    cr_assert_null(ctx_status_name(CTX_JOINED + 1));
}

Test(status, a_code_that_is_not_ours_is_said_to_be_so)
{
    const char *said = ctx_strerror(77);

    cr_assert_null(ctx_status_name(77));
    cr_assert_str_eq(ctx_strerror(-1), said);
    for (size_t i = 0; i < COUNT; i++)
        cr_assert_str_neq(ctx_strerror(ours[i]), said);
}

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

Test(status, the_library_is_of_the_version_of_its_headers)
{
    cr_assert_str_eq(ctx_version(), TEXT(CTX_VERSION_MAJOR) "." TEXT(CTX_VERSION_MINOR) "." TEXT(
                                        CTX_VERSION_PATCH));
}
