#include "cache/key.h"

#include "base/user_status.h"
#define DEPTH_MAX 16 /* objects within objects */

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

static int put_tag(struct ctxi_bytes *bytes, enum ctxi_tag tag)
{
    unsigned char *room;
    int r = ctxi_bytes_extend(bytes, 1, &room);

    if (r == CTX_OK)
        *room = (unsigned char)tag;
    return r;
}

static int put_text(struct ctxi_bytes *bytes, enum ctxi_tag tag, const char *text)
{
    size_t size = strlen(text);
    unsigned char *room;
    int r;

    if (size > bytes->limit) /* which fits 32 bits: the sum below cannot overflow */
        return CTX_ERR_LIMIT;
    r = ctxi_bytes_extend(bytes, 1 + CTXI_LENGTH_SIZE + size + 1, &room);
    if (r == CTX_OK)
        *ctxi_field_text(room, tag, text, size) = 0;
    return r;
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
    r = put_text(bytes, object ? CTXI_TAG_OBJECT : CTXI_TAG_OBJECT_NULL, kind->name);
    if (r != CTX_OK || !object)
        return r;
    if (encoder->depth == DEPTH_MAX)
        return CTX_ERR_ENCODE;
    if ((r = ctxi_bytes_extend(bytes, CTXI_LENGTH_SIZE, &room)) != CTX_OK)
        return r;
    start = bytes->size;
    encoder->depth++;
    r = ctxi_user_status(kind->encode(object, encoder));
    encoder->depth--;
    if (r == CTX_OK)
        r = encoder->status; /* an error that encode() did not forward */
    length = (uint32_t)(bytes->size - start);
    memcpy(bytes->data + start - CTXI_LENGTH_SIZE, &length, CTXI_LENGTH_SIZE);
    return r;
}

static int encode_field(struct ctx_encoder *encoder, const ctx_value *value)
{
    struct ctxi_bytes *bytes = encoder->bytes;
    size_t size = ctxi_field_size(value);
    unsigned char *room;
    int r;

    if (value->type == CTX_OBJECT)
        return put_object(encoder, value->as.object.pointer, value->as.object.kind);
    if (!size || !ctxi_text_is_good(value))
        return CTX_ERR_INVALID;
    if (ctxi_text_size(value) > bytes->limit) /* so that `size` has not overflowed */
        return CTX_ERR_LIMIT;
    r = ctxi_bytes_extend(bytes, size, &room);
    if (r == CTX_OK)
        ctxi_field_write(room, value);
    return r;
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

/* [length: 8][field][zeros] */
static int append_object(struct ctxi_bytes *bytes, const ctx_value *value)
{
    size_t start = bytes->size;
    unsigned char *room;
    uint64_t length;
    int r = ctxi_bytes_extend(bytes, CTXI_WORD, &room);

    if (r == CTX_OK)
        r = ctxi_encode_value(bytes, value);
    if (r != CTX_OK)
        return r;
    length = bytes->size - start - CTXI_WORD;
    memcpy(bytes->data + start, &length, CTXI_WORD);
    r = ctxi_bytes_extend(bytes, ctxi_pad(length) - length, &room);
    if (r == CTX_OK)
        memset(room, 0, ctxi_pad(length) - length);
    return r;
}

static int append_payload(struct ctxi_bytes *bytes, const ctx_value *value)
{
    unsigned char *room;
    int r;

    if (!ctxi_arg_tag(value) || !ctxi_text_is_good(value))
        return CTX_ERR_INVALID;
    if (value->type == CTX_OBJECT)
        return append_object(bytes, value);
    if (ctxi_text_size(value) > bytes->limit) /* so that its padded size does not overflow */
        return CTX_ERR_LIMIT;
    r = ctxi_bytes_extend(bytes, ctxi_payload_size(value), &room);
    if (r == CTX_OK)
        ctxi_payload_write(room, value);
    return r;
}

int ctxi_encode_args(struct ctxi_bytes *bytes, const ctx_value *args, size_t arg_count)
{
    uint64_t tags[2] = {0, 0};
    unsigned char *room;
    int r = ctxi_bytes_extend(bytes, ctxi_args_start(arg_count), &room);

    for (size_t i = 0; r == CTX_OK && i < arg_count; i++) {
        ctxi_args_tag(tags, i, ctxi_arg_tag(&args[i]));
        r = append_payload(bytes, &args[i]);
    }
    if (r == CTX_OK)
        ctxi_args_write_start(bytes->data, 0, 0, arg_count, tags);
    return r;
}

int ctxi_encode_unset(struct ctxi_bytes *bytes)
{
    return put_tag(bytes, CTXI_TAG_UNSET);
}

static uint64_t take_word(const unsigned char **cursor)
{
    uint64_t word;

    memcpy(&word, *cursor, sizeof word);
    *cursor += sizeof word;
    return word;
}

/* [length: 4][bytes] and, but for CTXI_TAG_BYTES and an object's fields, a NUL. */
static const unsigned char *take_text(const unsigned char **cursor, size_t nul, size_t *out_size)
{
    const unsigned char *text;
    uint32_t length;

    memcpy(&length, *cursor, CTXI_LENGTH_SIZE);
    text = *cursor + CTXI_LENGTH_SIZE;
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
    enum ctxi_tag tag = *(*cursor)++;
    const unsigned char *text;
    size_t size;

    *out_set = tag != CTXI_TAG_UNSET;
    *out_value = ctx_null();
    switch (tag) {
    case CTXI_TAG_UNSET:
    case CTXI_TAG_NULL:
        break;
    case CTXI_TAG_BOOL:
        *out_value = ctx_bool(take_word(cursor) != 0);
        break;
    case CTXI_TAG_I64:
        *out_value = ctx_i64((int64_t)take_word(cursor));
        break;
    case CTXI_TAG_U64:
        *out_value = ctx_u64(take_word(cursor));
        break;
    case CTXI_TAG_F64:
        *out_value = ctx_f64(f64_of(take_word(cursor)));
        break;
    case CTXI_TAG_STRING:
        text = take_text(cursor, 1, &size);
        *out_value = ctx_string_n((const char *)text, size);
        break;
    case CTXI_TAG_BYTES:
        text = take_text(cursor, 0, &size);
        *out_value = ctx_bytes(text, size);
        break;
    case CTXI_TAG_OBJECT:
        take_text(cursor, 1, &size);
        take_text(cursor, 0, &size);
        *out_value = ctx_bytes(start, (size_t)(*cursor - start));
        break;
    case CTXI_TAG_OBJECT_NULL:
        take_text(cursor, 1, &size);
        *out_value = ctx_bytes(start, (size_t)(*cursor - start));
        break;
    }
}
