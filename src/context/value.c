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

/* Member by member, in place: a value that is put together elsewhere and copied as a whole makes the
 * processor wait until its parts have been stored. */
void ctxi_value_clean(const ctx_value *value, ctx_value *out)
{
    *out = ctx_null();
    out->type = value->type;
    switch (value->type) {
    case CTX_BOOL:
        out->as.boolean = value->as.boolean;
        break;
    case CTX_I64:
    case CTX_U64:
    case CTX_F64:
        out->as.u64 = value->as.u64;
        break;
    case CTX_STRING:
    case CTX_BYTES:
        if (value->as.bytes.data)
            out->as.bytes = value->as.bytes;
        else
            out->type = CTX_NULL;
        break;
    case CTX_OBJECT:
        out->as.object = value->as.object;
        break;
    default:
        break;
    }
}
