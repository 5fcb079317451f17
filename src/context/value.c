#include "context/value.h"

static bool clean_bytes(const ctx_value *value, ctx_value *out)
{
    const void *data = value->as.bytes.data;
    size_t size = value->as.bytes.size;

    if (!data && size)
        return false;
    *out = ctx_bytes(data, size);
    return true;
}

static bool clean_string(const ctx_value *value, ctx_value *out)
{
    const char *data = value->as.string.data;
    size_t size = value->as.string.size;

    if (!data && size)
        return false;
    *out = ctx_string_n(data, size);
    return true;
}

static bool clean_object(const ctx_value *value, ctx_value *out)
{
    if (!value->as.object.kind)
        return false;
    *out = ctx_object(value->as.object.pointer, value->as.object.kind);
    return true;
}

bool ctxi_value_clean(const ctx_value *value, ctx_value *out)
{
    switch (value->type) {
    case CTX_NULL:
        *out = ctx_null();
        return true;
    case CTX_BOOL:
        *out = ctx_bool(value->as.boolean);
        return true;
    case CTX_I64:
    case CTX_U64:
    case CTX_F64:
        *out = ctx_u64(value->as.u64);
        out->type = value->type;
        return true;
    case CTX_STRING:
        return clean_string(value, out);
    case CTX_BYTES:
        return clean_bytes(value, out);
    case CTX_OBJECT:
        return clean_object(value, out);
    default:
        return false;
    }
}

void ctxi_value_retain(const ctx_value *value)
{
    if (value->type == CTX_OBJECT && value->as.object.kind->retain)
        value->as.object.kind->retain(value->as.object.pointer);
}

void ctxi_value_release(const ctx_value *value)
{
    if (value->type == CTX_OBJECT && value->as.object.kind->release)
        value->as.object.kind->release(value->as.object.pointer);
}
