#include "ctxcache/scope.h"

#include "context/thread.h"

/* In the slot of a token: the scope could not set its value, and has not ended. */
static char failed;

ctx_scope ctx_scope_begin(ctx_var *var, ctx_value value)
{
    ctx_scope scope = {var, CTX_TOKEN_NONE, CTX_OK};

    scope.status = ctx_set_v(var, value, &scope.token);
    if (scope.status != CTX_OK) {
        scope.token.slot = &failed;
        ctxi_thread.scopes_failed++;
    }
    return scope;
}

void ctx_scope_end(ctx_scope *scope)
{
    if (!scope || !scope->token.slot)
        return;
    if (scope->token.slot == &failed)
        ctxi_thread.scopes_failed--;
    else
        (void)ctx_reset(scope->var, scope->token); /* an error here means it is reset already */
    scope->token = CTX_TOKEN_NONE;
}
