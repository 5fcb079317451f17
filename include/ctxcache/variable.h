/*
 * variable.h: context variables.
 *
 * A variable is a name and perhaps a default; its values live in contexts (context.h). Define one
 * once, with static storage, and pass it around as a pointer: CTX_VAR(tenant) defines an array of
 * one, so `tenant` is the pointer. Variables made at run time come from ctx_var_new().
 */
#ifndef CTXCACHE_VARIABLE_H
#define CTXCACHE_VARIABLE_H

#include "value.h"

CTX_BEGIN_DECLS

#define CTX_NAME_MAX 63 /* bytes in the name of a variable, a function or a cache */

enum ctx_var_flags {
    CTX_VAR_STRICT_FLAG = 1 /* tokens must be reset newest first, else CTX_ERR_ORDER */
};

/*
 * Makes a default value: called by the first get in a context that has no value, so that no two
 * contexts that ask separately share a mutable default. The value is copied or retained into the
 * context as ctx_set() does; an object that the factory created is then released once through its
 * class. It does not count as set: ctx_context_contains() is false, and no cache partitions on it
 * unless configured to count defaults. Any code but CTX_OK becomes the result of the get.
 */
typedef int ctx_default_factory(void *user, ctx_value *out_value);

/* Fill nothing in here yourself: use the macros below, or ctx_var_new(). */
typedef struct ctx_var {
    const char *name;
    ctx_value fallback; /* the default, when has_default is 1 */
    ctx_default_factory *factory;
    void *factory_user;
    uint32_t flags; /* enum ctx_var_flags */
    uint32_t has_default;
    /* The library's: 0 until first set, then a dense id that is not reused while a context holds
     * it. */
    uint32_t id;
    uint32_t state;
    void *owner;
    uint64_t self; /* its own address: a copy of a variable in use is refused (CTX_ERR_INVALID) */
} ctx_var;

#define CTXI_VAR_DEFINE(name, fallback, factory, user, flags, has_default)                         \
    ctx_var name[1] = {{#name, fallback, factory, user, flags, has_default, 0, 0, 0, 0}}

/* CTX_VAR(tenant);  Put `static` before it to keep it to one file. */
#ifdef __cplusplus
#define CTXI_NO_VALUE ctx_value() /* a constant: nothing runs before main() */
#else
#define CTXI_NO_VALUE                                                                              \
    {                                                                                              \
        CTX_NULL, 0,                                                                               \
        {                                                                                          \
            .u64 = 0                                                                               \
        }                                                                                          \
    }
#endif
#define CTX_VAR(name) CTXI_VAR_DEFINE(name, CTXI_NO_VALUE, 0, 0, 0, 0)
/* CTX_VAR_STRICT(transaction);  resets must come newest first. */
#define CTX_VAR_STRICT(name) CTXI_VAR_DEFINE(name, CTXI_NO_VALUE, 0, 0, CTX_VAR_STRICT_FLAG, 0)
/* CTX_VAR_FACTORY(session, make_session, NULL); */
#define CTX_VAR_FACTORY(name, make, user) CTXI_VAR_DEFINE(name, CTXI_NO_VALUE, make, user, 0, 0)
/* CTX_VAR_DEFAULT(currency, CTX_VALUE_STRING("EUR"));  (variadic: constants contain commas) */
#define CTX_VAR_DEFAULT(name, ...) ctx_var name[1] = {{#name, __VA_ARGS__, 0, 0, 0, 1, 0, 0, 0, 0}}
/* In a header: CTX_VAR_DECLARE(tenant); */
#define CTX_VAR_DECLARE(name) extern ctx_var name[1]

/* For ctx_var_new(). Start from CTX_VAR_CONFIG_INIT; zero means the default everywhere. */
typedef struct ctx_var_config {
    size_t size;                  /* sizeof(ctx_var_config) */
    const char *name;             /* copied; 1..CTX_NAME_MAX bytes */
    const ctx_value *fallback;    /* the default, copied or retained; NULL: none */
    ctx_default_factory *factory; /* or a factory; not both */
    void *factory_user;
    uint32_t flags; /* enum ctx_var_flags */
    uint32_t reserved;
} ctx_var_config;

#define CTX_VAR_CONFIG_INIT                                                                        \
    {                                                                                              \
        sizeof(ctx_var_config), 0, 0, 0, 0, 0, 0                                                   \
    }

/*
 * Makes a variable at run time. Any thread. On CTX_OK *out_var is the caller's to give to
 * ctx_var_free(); on any error it is NULL.
 *
 * CTX_ERR_INVALID  no name, both defaults, an unknown flag, or a size this version cannot read
 * CTX_ERR_LIMIT    the name is longer than CTX_NAME_MAX, or 2^20 variables exist
 * CTX_ERR_NOMEM
 */
CTX_API int ctx_var_new(const ctx_var_config *config, ctx_var **out_var);

/*
 * Gives a variable from ctx_var_new() back. NULL is allowed. Contexts and caches that still hold it
 * keep it alive, and its id unused, until they let go; the caller must not use the pointer again.
 */
CTX_API void ctx_var_free(ctx_var *var);

/* The variable's name, valid as long as the variable. */
static inline const char *ctx_var_name(const ctx_var *var)
{
    return var->name;
}

CTX_END_DECLS

#endif
