#include "support/scoped_call.h"

void support_call_scoped(ctx_var *var, int64_t value, void (*fn)(void *arg), void *arg)
{
    CTX_SCOPED(var, value);
    fn(arg);
}
