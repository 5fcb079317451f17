/*
 * value.h: the typed values that variables hold and that arguments are boxed into.
 *
 * A ctx_value is 24 bytes, passed by value, and owns nothing: strings, bytes and objects are
 * borrowed from whoever made it. What the library keeps, it copies (strings, bytes) or retains
 * (objects); each function says so.
 */
#ifndef CTXCACHE_VALUE_H
#define CTXCACHE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "status.h"

CTX_BEGIN_DECLS

enum ctx_type {
    CTX_NULL = 0, /* a value that is there and is nothing; an unset variable has no value at all */
    CTX_BOOL = 1,
    CTX_I64 = 2,
    CTX_U64 = 3,
    CTX_F64 = 4,
    CTX_STRING = 5, /* bytes and a terminating NUL that is not counted */
    CTX_BYTES = 6,
    CTX_OBJECT = 7
};

/* Collects the fields of an object that is part of a key. Lives only while encode() runs. */
typedef struct ctx_encoder ctx_encoder;

/*
 * What the library must know of a kind of object. Define one per kind, `static const`, outliving
 * every value that points at it. The functions may be called from any thread with no lock held.
 * `release` and `retain` come in pairs; NULL for both means that objects outlive their use.
 */
typedef struct ctx_object_class {
    size_t size;      /* sizeof(ctx_object_class) */
    const char *name; /* part of every key that such an object is in */
    void (*retain)(void *object);
    void (*release)(void *object);
    /*
     * Writes, field by field with ctx_encode(), all that makes two objects differ. Returns
     * CTX_OK, or any other code, which the caller of the cache then gets. Not called for a NULL
     * object, which is a key of its own. NULL: an object of this class cannot be part of a key
     * (CTX_ERR_ENCODE).
     */
    int (*encode)(const void *object, ctx_encoder *encoder);
} ctx_object_class;

typedef struct ctx_value {
    uint32_t type; /* enum ctx_type: says which member of `as` holds */
    uint32_t reserved;
    union {
        bool boolean;
        int64_t i64;
        uint64_t u64;
        double f64;
        struct {
            const char *data;
            size_t size; /* bytes before the terminating NUL */
        } string;
        struct {
            const void *data;
            size_t size;
        } bytes;
        struct {
            void *pointer; /* may be NULL: a stored NULL is not "unset" */
            const ctx_object_class *kind;
        } object;
    } as;
} ctx_value;

/*
 * One function per type. A NULL string, or NULL bytes, becomes CTX_NULL. Each writes member by member:
 * cleared as a whole, a value would be copied by loads that are wider than the stores before them, for
 * which the processor waits.
 */
static inline ctx_value ctxi_value_of(uint32_t type)
{
    ctx_value v;
    v.type = type;
    v.reserved = 0;
    v.as.string.data = 0;
    v.as.string.size = 0;
    return v;
}

static inline ctx_value ctx_null(void)
{
    return ctxi_value_of(CTX_NULL);
}

static inline ctx_value ctx_bool(bool x)
{
    ctx_value v = ctxi_value_of(CTX_BOOL);
    v.as.boolean = x;
    return v;
}

static inline ctx_value ctx_i64(int64_t x)
{
    ctx_value v = ctxi_value_of(CTX_I64);
    v.as.i64 = x;
    return v;
}

static inline ctx_value ctx_u64(uint64_t x)
{
    ctx_value v = ctxi_value_of(CTX_U64);
    v.as.u64 = x;
    return v;
}

static inline ctx_value ctx_f64(double x)
{
    ctx_value v = ctxi_value_of(CTX_F64);
    v.as.f64 = x;
    return v;
}

static inline ctx_value ctx_string_n(const char *data, size_t size)
{
    ctx_value v = ctxi_value_of(data ? CTX_STRING : CTX_NULL);
    v.as.string.data = data;
    v.as.string.size = data ? size : 0;
    return v;
}

static inline ctx_value ctx_string(const char *text)
{
    return ctx_string_n(text, text ? strlen(text) : 0);
}

static inline ctx_value ctx_bytes(const void *data, size_t size)
{
    ctx_value v = ctxi_value_of(data ? CTX_BYTES : CTX_NULL);
    v.as.bytes.data = data;
    v.as.bytes.size = data ? size : 0;
    return v;
}

static inline ctx_value ctx_object(void *pointer, const ctx_object_class *kind)
{
    ctx_value v = ctxi_value_of(CTX_OBJECT);
    v.as.object.pointer = pointer;
    v.as.object.kind = kind;
    return v;
}

/* The same as constants, for the defaults of variables with static storage. */
#ifdef __cplusplus
#define CTX_VALUE_NULL ctx_value()
#define CTX_VALUE_BOOL(x)                                                                          \
    __extension__ ctx_value                                                                        \
    {                                                                                              \
        CTX_BOOL, 0,                                                                               \
        {                                                                                          \
            .boolean = (x)                                                                         \
        }                                                                                          \
    }
#define CTX_VALUE_I64(x)                                                                           \
    __extension__ ctx_value                                                                        \
    {                                                                                              \
        CTX_I64, 0,                                                                                \
        {                                                                                          \
            .i64 = (x)                                                                             \
        }                                                                                          \
    }
#define CTX_VALUE_U64(x)                                                                           \
    __extension__ ctx_value                                                                        \
    {                                                                                              \
        CTX_U64, 0,                                                                                \
        {                                                                                          \
            .u64 = (x)                                                                             \
        }                                                                                          \
    }
#define CTX_VALUE_F64(x)                                                                           \
    __extension__ ctx_value                                                                        \
    {                                                                                              \
        CTX_F64, 0,                                                                                \
        {                                                                                          \
            .f64 = (x)                                                                             \
        }                                                                                          \
    }
#define CTX_VALUE_STRING(text)                                                                     \
    __extension__ ctx_value                                                                        \
    {                                                                                              \
        CTX_STRING, 0,                                                                             \
        {                                                                                          \
            .string = { "" text, sizeof(text) - 1 }                                                \
        }                                                                                          \
    }
#else
#define CTX_VALUE_NULL                                                                             \
    {                                                                                              \
        CTX_NULL, 0,                                                                               \
        {                                                                                          \
            .u64 = 0                                                                               \
        }                                                                                          \
    }
#define CTX_VALUE_BOOL(x)                                                                          \
    {                                                                                              \
        CTX_BOOL, 0,                                                                               \
        {                                                                                          \
            .boolean = (x)                                                                         \
        }                                                                                          \
    }
#define CTX_VALUE_I64(x)                                                                           \
    {                                                                                              \
        CTX_I64, 0,                                                                                \
        {                                                                                          \
            .i64 = (x)                                                                             \
        }                                                                                          \
    }
#define CTX_VALUE_U64(x)                                                                           \
    {                                                                                              \
        CTX_U64, 0,                                                                                \
        {                                                                                          \
            .u64 = (x)                                                                             \
        }                                                                                          \
    }
#define CTX_VALUE_F64(x)                                                                           \
    {                                                                                              \
        CTX_F64, 0,                                                                                \
        {                                                                                          \
            .f64 = (x)                                                                             \
        }                                                                                          \
    }
#define CTX_VALUE_STRING(text)                                                                     \
    {                                                                                              \
        CTX_STRING, 0,                                                                             \
        {                                                                                          \
            .string = { "" text, sizeof(text) - 1 }                                                \
        }                                                                                          \
    }
#endif

static inline ctx_value ctxi_same(ctx_value v)
{
    return v;
}

/*
 * Boxes a native value by its type: integers by sign and _Bool, floating point, `char *`, or a
 * ctx_value as it is. Any other type does not compile, structs and pointers above all: a struct
 * enters a key field by field, through ctx_object() and its encoder. (In C, `true` is an int; say
 * (bool)true or ctx_bool(true) where the difference matters.)
 */
#ifndef __cplusplus
#define CTX_BOX(x)                                                                                 \
    _Generic((x),                                                                                  \
        bool: ctx_bool,                                                                            \
        char: ctx_i64,                                                                             \
        signed char: ctx_i64,                                                                      \
        short: ctx_i64,                                                                            \
        int: ctx_i64,                                                                              \
        long: ctx_i64,                                                                             \
        long long: ctx_i64,                                                                        \
        unsigned char: ctx_u64,                                                                    \
        unsigned short: ctx_u64,                                                                   \
        unsigned int: ctx_u64,                                                                     \
        unsigned long: ctx_u64,                                                                    \
        unsigned long long: ctx_u64,                                                               \
        float: ctx_f64,                                                                            \
        double: ctx_f64,                                                                           \
        char *: ctx_string,                                                                        \
        const char *: ctx_string,                                                                  \
        ctx_value: ctxi_same)(x)
#endif

/*
 * What encode() calls, once per field, in a fixed order. Each field is written with its type and
 * its length, so ("a","bc") and ("ab","c") differ. CTX_OK; CTX_ERR_NOMEM; CTX_ERR_LIMIT when the
 * key outgrows the cache's key_limit; CTX_ERR_ENCODE for an object without encoder, or objects
 * nested more than 16 deep. After an error the encoder stays in error, so the last return value
 * suffices.
 */
CTX_API int ctx_encode(ctx_encoder *encoder, ctx_value field);

CTX_END_DECLS

#endif
