/*
 * user_status.h: statuses that come from functions of the user.
 */
#ifndef CTXI_BASE_USER_STATUS_H
#define CTXI_BASE_USER_STATUS_H

#include <limits.h>

#include "ctxcache/status.h"

/* From INT_MIN + 1 on, below this, are codes that no function returns to a user. */
#define CTXI_OWN_STATUSES (INT_MIN + 16)

/* The same, but CTX_ERR_INVALID for those that say of a call that somebody has still to end it: only the
 * library can know that. */
static inline int ctxi_user_status(int status)
{
    return status == CTX_LEAD || status == CTX_JOINED ||
                   (status > INT_MIN && status < CTXI_OWN_STATUSES)
               ? CTX_ERR_INVALID
               : status;
}

#endif
