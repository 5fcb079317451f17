#include "ctxcache/scope.h"

#include "context/enter.h"

/* In the slot of a token: the scope could not set its value, and has not ended. */
static char failed;

ctx_scope ctx_scope_begin(ctx_var *var, ctx_value value)
{
    ctx_scope scope = {var, CTX_TOKEN_NONE, CTX_OK};

    scope.status = ctxi_scope_set(var, value, &scope.token);
    if (scope.status != CTX_OK) {
        scope.token.slot = &failed;
        scope.token.stamp = ctxi_thread.current ? CTXI_FAILED_SCOPE : CTXI_FAILED_BARE;
        ctxi_thread.scopes_failed += scope.token.stamp;
    }
    return scope;
}

/* Unless it is over already: its task has ended before it. */
static void end_failed(uint64_t kind)
{
    uint64_t all = ctxi_thread.scopes_failed & ~CTXI_FAILED_LOST;

    if (kind == CTXI_FAILED_BARE ? all >= kind : (uint32_t)all > 0)
        ctxi_thread.scopes_failed -= kind;
}

void ctx_scope_end(ctx_scope *scope)
{
    if (!scope || !scope->token.slot)
        return;
    if (scope->token.slot == &failed)
        end_failed(scope->token.stamp);
    else if (!ctxi_scope_reset(scope->var, scope->token))
        ctxi_thread.scopes_failed |= CTXI_FAILED_LOST; /* nobody knows what this thread works on */
    scope->token = CTX_TOKEN_NONE;
}
