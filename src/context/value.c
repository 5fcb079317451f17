#include "context/value.h"

bool ctxi_value_valid(const ctx_value *value)
{
    switch (value->type) {
    case CTX_NULL:
    case CTX_BOOL:
    case CTX_I64:
    case CTX_U64:
    case CTX_F64:
        return true;
    case CTX_STRING:
        return value->as.string.data || !value->as.string.size;
    case CTX_BYTES:
        return value->as.bytes.data || !value->as.bytes.size;
    case CTX_OBJECT:
        return value->as.object.kind != NULL;
    default:
        return false;
    }
}

void ctxi_value_clean(const ctx_value *value, ctx_value *out)
{
    switch (value->type) {
    case CTX_BOOL:
        *out = ctx_bool(value->as.boolean);
        break;
    case CTX_I64:
        *out = ctx_i64(value->as.i64);
        break;
    case CTX_U64:
        *out = ctx_u64(value->as.u64);
        break;
    case CTX_F64:
        *out = ctx_f64(value->as.f64);
        break;
    case CTX_STRING:
        *out = ctx_string_n(value->as.string.data, value->as.string.size);
        break;
    case CTX_BYTES:
        *out = ctx_bytes(value->as.bytes.data, value->as.bytes.size);
        break;
    case CTX_OBJECT:
        *out = ctx_object(value->as.object.pointer, value->as.object.kind);
        break;
    default:
        *out = ctx_null();
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
