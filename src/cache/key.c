#include "cache/key.h"

#include <math.h>

/* The tags are part of every key: all different, for all types and for "unset". */
enum tag {
    TAG_UNSET = 1,
    TAG_NULL = 2,
    TAG_BOOL = 3,
    TAG_I64 = 4,
    TAG_U64 = 5,
    TAG_F64 = 6,
    TAG_STRING = 7,
    TAG_BYTES = 8,
    TAG_OBJECT = 9,
    TAG_OBJECT_NULL = 10
};

#define NAN_BITS    UINT64_C(0x7ff8000000000000) /* the one key of all NaNs */
#define DEPTH_MAX   16                           /* objects within objects */
#define LENGTH_SIZE sizeof(uint32_t)

struct ctx_encoder {
    struct ctxi_bytes *bytes;
    int status;
    int depth;
};

static int encode_field(struct ctx_encoder *encoder, const ctx_value *value);

void ctxi_bytes_init(struct ctxi_bytes *bytes, const ctx_allocator *allocator, size_t limit)
{
    bytes->data = bytes->fixed;
    bytes->size = 0;
    bytes->capacity = sizeof bytes->fixed;
    bytes->limit = limit;
    bytes->allocator = allocator;
}

void ctxi_bytes_fini(struct ctxi_bytes *bytes)
{
    if (bytes->data != bytes->fixed)
        ctxi_free(bytes->allocator, bytes->data, bytes->capacity);
    bytes->data = bytes->fixed;
}

static int grow(struct ctxi_bytes *bytes, size_t needed)
{
    size_t capacity = needed < bytes->limit / 2 ? needed * 2 : bytes->limit;
    unsigned char *data = ctxi_alloc(bytes->allocator, capacity);

    if (!data)
        return CTX_ERR_NOMEM;
    memcpy(data, bytes->data, bytes->size);
    ctxi_bytes_fini(bytes);
    bytes->data = data;
    bytes->capacity = capacity;
    return CTX_OK;
}

int ctxi_bytes_extend(struct ctxi_bytes *bytes, size_t count, unsigned char **out_room)
{
    int r = CTX_OK;

    if (count > bytes->limit - bytes->size)
        return CTX_ERR_LIMIT;
    if (count > bytes->capacity - bytes->size)
        r = grow(bytes, bytes->size + count);
    if (r == CTX_OK) {
        *out_room = bytes->data + bytes->size;
        bytes->size += count;
    }
    return r;
}

static int put_tag(struct ctxi_bytes *bytes, enum tag tag)
{
    unsigned char *room;
    int r = ctxi_bytes_extend(bytes, 1, &room);

    if (r == CTX_OK)
        *room = (unsigned char)tag;
    return r;
}

static int put_word(struct ctxi_bytes *bytes, enum tag tag, uint64_t word)
{
    unsigned char *room;
    int r = ctxi_bytes_extend(bytes, 1 + sizeof word, &room);

    if (r == CTX_OK) {
        *room = (unsigned char)tag;
        memcpy(room + 1, &word, sizeof word);
    }
    return r;
}

/* A string keeps its terminating NUL, so that it can be read back in place. */
static int put_text(struct ctxi_bytes *bytes, enum tag tag, const void *data, size_t size)
{
    size_t nul = tag == TAG_BYTES ? 0 : 1;
    uint32_t length = (uint32_t)size;
    unsigned char *room;
    int r;

    if (size && !data)
        return CTX_ERR_INVALID;
    if (size > bytes->limit) /* which fits 32 bits: the sum below cannot overflow */
        return CTX_ERR_LIMIT;
    r = ctxi_bytes_extend(bytes, 1 + LENGTH_SIZE + size + nul, &room);
    if (r != CTX_OK)
        return r;
    *room++ = (unsigned char)tag;
    memcpy(room, &length, LENGTH_SIZE);
    if (size)
        memcpy(room + LENGTH_SIZE, data, size);
    if (nul)
        room[LENGTH_SIZE + size] = 0;
    return CTX_OK;
}

static uint64_t f64_bits(double x)
{
    uint64_t bits;

    if (isnan(x))
        return NAN_BITS;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* [tag][class name][length of the fields: 4][fields], the length filled in at the end. */
static int put_object(struct ctx_encoder *encoder, void *object, const ctx_object_class *kind)
{
    struct ctxi_bytes *bytes = encoder->bytes;
    unsigned char *room;
    size_t start;
    uint32_t length;
    int r;

    if (!kind || !kind->name)
        return CTX_ERR_INVALID;
    if (!kind->encode)
        return CTX_ERR_ENCODE;
    r = put_text(bytes, object ? TAG_OBJECT : TAG_OBJECT_NULL, kind->name, strlen(kind->name));
    if (r != CTX_OK || !object)
        return r;
    if (encoder->depth == DEPTH_MAX)
        return CTX_ERR_ENCODE;
    if ((r = ctxi_bytes_extend(bytes, LENGTH_SIZE, &room)) != CTX_OK)
        return r;
    start = bytes->size;
    encoder->depth++;
    r = kind->encode(object, encoder);
    encoder->depth--;
    if (r == CTX_OK)
        r = encoder->status; /* an error that encode() did not forward */
    length = (uint32_t)(bytes->size - start);
    memcpy(bytes->data + start - LENGTH_SIZE, &length, LENGTH_SIZE);
    return r;
}

static int encode_field(struct ctx_encoder *encoder, const ctx_value *value)
{
    struct ctxi_bytes *bytes = encoder->bytes;

    switch (value->type) {
    case CTX_NULL:
        return put_tag(bytes, TAG_NULL);
    case CTX_BOOL:
        return put_word(bytes, TAG_BOOL, value->as.boolean ? 1 : 0);
    case CTX_I64:
        return put_word(bytes, TAG_I64, (uint64_t)value->as.i64);
    case CTX_U64:
        return put_word(bytes, TAG_U64, value->as.u64);
    case CTX_F64:
        return put_word(bytes, TAG_F64, f64_bits(value->as.f64));
    case CTX_STRING:
        return put_text(bytes, TAG_STRING, value->as.string.data, value->as.string.size);
    case CTX_BYTES:
        return put_text(bytes, TAG_BYTES, value->as.bytes.data, value->as.bytes.size);
    case CTX_OBJECT:
        return put_object(encoder, value->as.object.pointer, value->as.object.kind);
    default:
        return CTX_ERR_INVALID;
    }
}

int ctxi_encode_value(struct ctxi_bytes *bytes, const ctx_value *value)
{
    struct ctx_encoder encoder = {bytes, CTX_OK, 0};

    return encode_field(&encoder, value);
}

int ctx_encode(ctx_encoder *encoder, ctx_value field)
{
    if (!encoder)
        return CTX_ERR_INVALID;
    if (encoder->status == CTX_OK)
        encoder->status = encode_field(encoder, &field);
    return encoder->status;
}

int ctxi_encode_unset(struct ctxi_bytes *bytes)
{
    return put_tag(bytes, TAG_UNSET);
}

static uint64_t take_word(const unsigned char **cursor)
{
    uint64_t word;

    memcpy(&word, *cursor, sizeof word);
    *cursor += sizeof word;
    return word;
}

/* [length: 4][bytes] and, but for TAG_BYTES and an object's fields, a NUL. */
static const unsigned char *take_text(const unsigned char **cursor, size_t nul, size_t *out_size)
{
    const unsigned char *text;
    uint32_t length;

    memcpy(&length, *cursor, LENGTH_SIZE);
    text = *cursor + LENGTH_SIZE;
    *cursor = text + length + nul;
    *out_size = length;
    return text;
}

static double f64_of(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

void ctxi_decode_value(const unsigned char **cursor, ctx_value *out_value, bool *out_set)
{
    const unsigned char *start = *cursor;
    enum tag tag = *(*cursor)++;
    const unsigned char *text;
    size_t size;

    *out_set = tag != TAG_UNSET;
    *out_value = ctx_null();
    switch (tag) {
    case TAG_UNSET:
    case TAG_NULL:
        break;
    case TAG_BOOL:
        *out_value = ctx_bool(take_word(cursor) != 0);
        break;
    case TAG_I64:
        *out_value = ctx_i64((int64_t)take_word(cursor));
        break;
    case TAG_U64:
        *out_value = ctx_u64(take_word(cursor));
        break;
    case TAG_F64:
        *out_value = ctx_f64(f64_of(take_word(cursor)));
        break;
    case TAG_STRING:
        text = take_text(cursor, 1, &size);
        *out_value = ctx_string_n((const char *)text, size);
        break;
    case TAG_BYTES:
        text = take_text(cursor, 0, &size);
        *out_value = ctx_bytes(text, size);
        break;
    case TAG_OBJECT:
        take_text(cursor, 1, &size);
        take_text(cursor, 0, &size);
        *out_value = ctx_bytes(start, (size_t)(*cursor - start));
        break;
    case TAG_OBJECT_NULL:
        take_text(cursor, 1, &size);
        *out_value = ctx_bytes(start, (size_t)(*cursor - start));
        break;
    }
}
