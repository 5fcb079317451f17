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
        ctxi_thread.scopes_failed++;
    }
    return scope;
}

void ctx_scope_end(ctx_scope *scope)
{
    if (!scope || !scope->token.slot)
        return;
    if (scope->token.slot == &failed)
        ctxi_thread.scopes_failed -= ctxi_thread.scopes_failed > 0; /* not after its task's end */
    else if (!ctxi_scope_reset(scope->var, scope->token))
        ctxi_thread.scopes_failed++; /* for good: nobody knows any more what this thread works on */
    scope->token = CTX_TOKEN_NONE;
}
