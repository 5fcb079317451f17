/*
 * key.h: the canonical encodings: of a value, for the values of a partition and the fields of objects,
 * and of a key.
 *
 * A value is a field: [tag: 1][fixed width, or length: 4 and bytes]. It says its own length, so no two
 * different sequences of fields encode to the same bytes.
 *
 * A key is words of eight bytes, so that it is hashed and compared a word at a time:
 *
 *   [partition id: 8][function id: 4][count of arguments: 1][tags of the first six: 3]
 *   [tags of the others: 8]                            if there are more than six
 *   [payload] of each argument, in order:  none of a NULL; a word of a number; [length: 8][bytes, padded
 *                                          with zeros] of a text, and of an object its field
 *
 * with four bits for each tag. Count and tags say how to read the rest, and each payload its own length,
 * so no two different lists of arguments encode to the same bytes. Whoever compares two keys compares
 * these bytes. Ids are never reused.
 */
#ifndef CTXI_CACHE_KEY_H
#define CTXI_CACHE_KEY_H

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "ctxcache/value.h"

#define CTXI_WORD       sizeof(uint64_t)
#define CTXI_KEY_HEADER (2 * CTXI_WORD)
#define CTXI_KEY_INLINE 256
#define CTXI_KEY_HASHED CTXI_WORD /* the hash begins here: the partition's id is in its seed */
#define CTXI_TAGS_FIRST 6         /* in the header */

/* A key with its hash. The bytes are aligned as words are, and their number is a multiple of a word's. */
struct ctxi_key {
    const unsigned char *bytes;
    size_t size;
    uint64_t hash;
};

static inline size_t ctxi_pad(size_t size)
{
    return (size + CTXI_WORD - 1) / CTXI_WORD * CTXI_WORD;
}

static inline uint64_t ctxi_word_at(const unsigned char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Whether the words of two keys of one size, at least a header, are the same; the ids differ least often. */
static inline bool ctxi_words_equal(const unsigned char *a, const unsigned char *b, size_t size)
{
    for (size_t i = CTXI_KEY_HEADER; i < size; i += CTXI_WORD)
        if (ctxi_word_at(a + i) != ctxi_word_at(b + i))
            return false;
    return ctxi_word_at(a) == ctxi_word_at(b) &&
           ctxi_word_at(a + CTXI_WORD) == ctxi_word_at(b + CTXI_WORD);
}

/* The function's id is the lower half of the second word, whatever the order of bytes. */
static inline void ctxi_key_write_ids(unsigned char *bytes, uint64_t partition, uint32_t fn)
{
    uint64_t second = ctxi_word_at(bytes + CTXI_WORD) >> 32 << 32 | fn;

    memcpy(bytes, &partition, CTXI_WORD);
    memcpy(bytes + CTXI_WORD, &second, CTXI_WORD);
}

static inline uint64_t ctxi_key_partition(const unsigned char *bytes)
{
    return ctxi_word_at(bytes);
}

static inline uint32_t ctxi_key_fn(const unsigned char *bytes)
{
    return (uint32_t)ctxi_word_at(bytes + CTXI_WORD);
}

/* The seed is the partition's (partition.h). */
static inline uint64_t ctxi_key_hash(const unsigned char *bytes, size_t size, uint64_t seed)
{
    return ctxi_hash(bytes + CTXI_KEY_HASHED, size - CTXI_KEY_HASHED, seed);
}

/* ---- fields ------------------------------------------------------------------------------- */

/* The tags are part of every key: all different, for all types and for "unset". */
enum ctxi_tag {
    CTXI_TAG_UNSET = 1,
    CTXI_TAG_NULL = 2,
    CTXI_TAG_BOOL = 3,
    CTXI_TAG_I64 = 4,
    CTXI_TAG_U64 = 5,
    CTXI_TAG_F64 = 6,
    CTXI_TAG_STRING = 7,
    CTXI_TAG_BYTES = 8,
    CTXI_TAG_OBJECT = 9,
    CTXI_TAG_OBJECT_NULL = 10
};

#define CTXI_LENGTH_SIZE sizeof(uint32_t)
#define CTXI_NAN_BITS    UINT64_C(0x7ff8000000000000) /* the one key of all NaNs */

static inline uint64_t ctxi_f64_bits(double x)
{
    uint64_t bits = CTXI_NAN_BITS;

    if (x == x)
        memcpy(&bits, &x, sizeof bits);
    return bits;
}

/*
 * How long the field of a value is: for text its length is not yet known to be in bounds, nor its
 * pointer to be good. 0: an object, or no type at all.
 */
static inline size_t ctxi_field_size(const ctx_value *value)
{
    switch (value->type) {
    case CTX_NULL:
        return 1;
    case CTX_BOOL:
    case CTX_I64:
    case CTX_U64:
    case CTX_F64:
        return 1 + sizeof(uint64_t);
    case CTX_STRING: /* keeps its terminating NUL, so that it can be read back in place */
        return 1 + CTXI_LENGTH_SIZE + value->as.string.size + 1;
    case CTX_BYTES:
        return 1 + CTXI_LENGTH_SIZE + value->as.bytes.size;
    default:
        return 0;
    }
}

static inline unsigned char *ctxi_field_word(unsigned char *out, enum ctxi_tag tag, uint64_t word)
{
    *out = (unsigned char)tag;
    memcpy(out + 1, &word, sizeof word);
    return out + 1 + sizeof word;
}

static inline unsigned char *ctxi_field_text(unsigned char *out, enum ctxi_tag tag,
                                             const void *data, size_t size)
{
    uint32_t length = (uint32_t)size;

    *out++ = (unsigned char)tag;
    memcpy(out, &length, CTXI_LENGTH_SIZE);
    if (size)
        memcpy(out + CTXI_LENGTH_SIZE, data, size);
    return out + CTXI_LENGTH_SIZE + size;
}

/* Writes the field of a value whose ctxi_field_size() is not 0, and returns where it ends. */
static inline unsigned char *ctxi_field_write(unsigned char *out, const ctx_value *value)
{
    switch (value->type) {
    case CTX_BOOL:
        return ctxi_field_word(out, CTXI_TAG_BOOL, value->as.boolean ? 1 : 0);
    case CTX_I64:
        return ctxi_field_word(out, CTXI_TAG_I64, (uint64_t)value->as.i64);
    case CTX_U64:
        return ctxi_field_word(out, CTXI_TAG_U64, value->as.u64);
    case CTX_F64:
        return ctxi_field_word(out, CTXI_TAG_F64, ctxi_f64_bits(value->as.f64));
    case CTX_STRING:
        out = ctxi_field_text(out, CTXI_TAG_STRING, value->as.string.data, value->as.string.size);
        *out = 0;
        return out + 1;
    case CTX_BYTES:
        return ctxi_field_text(out, CTXI_TAG_BYTES, value->as.bytes.data, value->as.bytes.size);
    default:
        *out = CTXI_TAG_NULL;
        return out + 1;
    }
}

/* The length of a text; 0 for all else. */
static inline size_t ctxi_text_size(const ctx_value *value)
{
    if (value->type == CTX_STRING)
        return value->as.string.size;
    return value->type == CTX_BYTES ? value->as.bytes.size : 0;
}

/* Whether a text's pointer is good for its length. */
static inline bool ctxi_text_is_good(const ctx_value *value)
{
    return !ctxi_text_size(value) ||
           (value->type == CTX_STRING ? (const void *)value->as.string.data
                                      : (const void *)value->as.bytes.data);
}

/* ---- arguments ---------------------------------------------------------------------------- */

/* The tag of an argument of this type. */
static inline uint64_t ctxi_tag_of(uint32_t type)
{
    static_assert(CTXI_TAG_NULL - CTX_NULL == CTXI_TAG_BOOL - CTX_BOOL &&
                      CTXI_TAG_NULL - CTX_NULL == CTXI_TAG_I64 - CTX_I64 &&
                      CTXI_TAG_NULL - CTX_NULL == CTXI_TAG_U64 - CTX_U64 &&
                      CTXI_TAG_NULL - CTX_NULL == CTXI_TAG_F64 - CTX_F64 &&
                      CTXI_TAG_NULL - CTX_NULL == CTXI_TAG_STRING - CTX_STRING &&
                      CTXI_TAG_NULL - CTX_NULL == CTXI_TAG_BYTES - CTX_BYTES &&
                      CTXI_TAG_NULL - CTX_NULL == CTXI_TAG_OBJECT - CTX_OBJECT,
                  "tags are types, moved by two");

    return (uint64_t)type + (CTXI_TAG_NULL - CTX_NULL);
}

/* The tag of an argument in a key; 0: of no type at all. */
static inline uint64_t ctxi_arg_tag(const ctx_value *value)
{
    return value->type <= CTX_OBJECT ? ctxi_tag_of(value->type) : 0;
}

/* The words before the payloads. */
static inline size_t ctxi_args_start(size_t arg_count)
{
    return CTXI_KEY_HEADER + (arg_count > CTXI_TAGS_FIRST ? CTXI_WORD : 0);
}

/* Adds the tag of argument number `i` to the tags of a key. */
static inline void ctxi_args_tag(uint64_t tags[2], size_t i, uint64_t tag)
{
    if (i < CTXI_TAGS_FIRST)
        tags[0] |= tag << (8 + 4 * i);
    else
        tags[1] |= tag << (4 * (i - CTXI_TAGS_FIRST));
}

/* Writes all words before the payloads. */
static inline void ctxi_args_write_start(unsigned char *bytes, uint64_t partition, uint32_t fn,
                                         size_t arg_count, const uint64_t tags[2])
{
    uint64_t second = fn | (tags[0] | arg_count) << 32;

    memcpy(bytes, &partition, CTXI_WORD);
    memcpy(bytes + CTXI_WORD, &second, CTXI_WORD);
    if (arg_count > CTXI_TAGS_FIRST)
        memcpy(bytes + CTXI_KEY_HEADER, &tags[1], CTXI_WORD);
}

/* The bytes of a payload, but an object's; of a text only if its length is in bounds. */
static inline size_t ctxi_payload_size(const ctx_value *value)
{
    switch (value->type) {
    case CTX_NULL:
        return 0;
    case CTX_STRING:
    case CTX_BYTES:
        return CTXI_WORD + ctxi_pad(ctxi_text_size(value));
    default:
        return CTXI_WORD;
    }
}

static inline void ctxi_payload_write_text(unsigned char *out, const void *data, size_t size)
{
    uint64_t length = size;

    if (size) /* the padding, before what may cover it */
        memset(out + CTXI_WORD + ctxi_pad(size) - CTXI_WORD, 0, CTXI_WORD);
    memcpy(out, &length, CTXI_WORD);
    if (size)
        memcpy(out + CTXI_WORD, data, size);
}

static inline uint64_t ctxi_payload_word(const ctx_value *value)
{
    switch (value->type) {
    case CTX_BOOL:
        return value->as.boolean ? 1 : 0;
    case CTX_F64:
        return ctxi_f64_bits(value->as.f64);
    case CTX_U64:
        return value->as.u64;
    default:
        return (uint64_t)value->as.i64;
    }
}

/* Writes the payload of any value but an object, and returns where it ends. */
static inline unsigned char *ctxi_payload_write(unsigned char *out, const ctx_value *value)
{
    uint64_t word;

    switch (value->type) {
    case CTX_NULL:
        return out;
    case CTX_STRING:
        ctxi_payload_write_text(out, value->as.string.data, value->as.string.size);
        return out + ctxi_payload_size(value);
    case CTX_BYTES:
        ctxi_payload_write_text(out, value->as.bytes.data, value->as.bytes.size);
        return out + ctxi_payload_size(value);
    default:
        word = ctxi_payload_word(value);
        memcpy(out, &word, CTXI_WORD);
        return out + CTXI_WORD;
    }
}

/* ---- a buffer ----------------------------------------------------------------------------- */

/* Bytes that begin on the stack and move to the heap if they outgrow it. Not to be copied. */
struct ctxi_bytes {
    unsigned char *data;
    size_t size;     /* <= capacity */
    size_t capacity; /* of data */
    size_t limit;    /* size never exceeds it */
    const ctx_allocator *allocator;
    alignas(uint64_t) unsigned char fixed[CTXI_KEY_INLINE];
};

void ctxi_bytes_init(struct ctxi_bytes *bytes, const ctx_allocator *allocator, size_t limit);
void ctxi_bytes_fini(struct ctxi_bytes *bytes);

/* Room for `count` more bytes at the end, already counted in size. CTX_ERR_LIMIT, CTX_ERR_NOMEM;
 * then nothing changed. */
int ctxi_bytes_extend(struct ctxi_bytes *bytes, size_t count, unsigned char **out_room);

/*
 * Appends the words of a key before which the ids are still to be written (ctxi_key_write_ids()), at
 * the beginning of an empty buffer. Errors as below.
 */
int ctxi_encode_args(struct ctxi_bytes *bytes, const ctx_value *args, size_t arg_count);

/* Appends one field. CTX_ERR_LIMIT, CTX_ERR_NOMEM, CTX_ERR_INVALID (unknown type), CTX_ERR_ENCODE,
 * or whatever an object's encode() returned. */
int ctxi_encode_value(struct ctxi_bytes *bytes, const ctx_value *value);

/* Appends the field that says "unset": unlike every value. */
int ctxi_encode_unset(struct ctxi_bytes *bytes);

/*
 * Reads back the field at *cursor, which one of the two wrote, and moves past it. *out_set is false
 * for "unset". Strings and bytes are borrowed from the encoding; an object comes back as its bytes.
 */
void ctxi_decode_value(const unsigned char **cursor, ctx_value *out_value, bool *out_set);

#endif
