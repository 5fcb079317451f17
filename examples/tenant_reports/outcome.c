#include "outcome.h"

#include <stdio.h>

void outcome_describe(const ctx_cache_info *info, int status, char *out, size_t size)
{
    static const char *const outcomes[] = {"?", "hit", "miss", "joined", "bypass", "refused"};
    static const char *const reasons[] = {"",        "unset",    "key-too-long",
                                          "failed",  "no-store", "undeclared",
                                          "changed", "fenced",   "too-large"};
    const char *reason =
        info->reason < sizeof reasons / sizeof *reasons ? reasons[info->reason] : "?";

    if (status == CTX_ERR_UNSET)
        reason = "unset";
    else if (*reason == '\0' && info->negative)
        reason = "negative";
    snprintf(out, size, "%s%s%s%s%s",
             info->outcome < sizeof outcomes / sizeof *outcomes ? outcomes[info->outcome] : "?",
             *reason ? "/" : "", reason, *info->variable ? ":" : "", info->variable);
}

unsigned outcome_code(int status)
{
    switch (status) {
    case CTX_ABSENT:
        return 404;
    case CTX_ERR_UNSET:
        return 400;
    case CTX_ERR_TIMEOUT:
        return 503;
    default:
        return 500;
    }
}

size_t outcome_body(int status, const ctx_cache_info *info, char *out, size_t size)
{
    const char *name = ctx_status_name(status);
    int written =
        snprintf(out, size, "{\"status\":\"%s\",\"variable\":\"%s\",\"reason\":\"%s\"}\n",
                 name ? name : "DATABASE_FAILED", info ? info->variable : "", ctx_strerror(status));

    return (size_t)written < size ? (size_t)written : size - 1;
}
