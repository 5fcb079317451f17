/* A C++ program that knows only the installed library; prints its version. */
#include <ctxcache.hpp>

#include <cstdio>

static CTX_VAR(tenant);

int main()
{
    ctx_value value{};
    {
        CTX_SCOPED(tenant, "acme");
        if (ctx_get(tenant, &value) != CTX_OK || value.type != CTX_STRING)
            return 1;
    }
    if (ctx_get(tenant, &value) != CTX_ERR_UNSET)
        return 1;
    std::puts(ctx_version());
    return 0;
}
