/*
 * key.h: the canonical encoding of typed values, and the byte buffer that it goes into.
 *
 * A key is the bytes [partition id: 8][function id: 4][arguments], the arguments being one field
 * after the other, each [tag: 1][fixed width, or length: 4 and bytes]. A field says its own length,
 * so no two different sequences of fields encode to the same bytes, and whoever compares two keys
 * compares these bytes. Ids are never reused.
 */
#ifndef CTXI_CACHE_KEY_H
#define CTXI_CACHE_KEY_H

#include <string.h>

#include "base/alloc.h"
#include "ctxcache/value.h"

#define CTXI_KEY_HEADER 12 /* the two ids */
#define CTXI_KEY_INLINE 240

/* A key with its hash. */
struct ctxi_key {
    const unsigned char *bytes;
    size_t size;
    uint64_t hash;
};

static inline void ctxi_key_write_ids(unsigned char *bytes, uint64_t partition, uint32_t fn)
{
    memcpy(bytes, &partition, sizeof partition);
    memcpy(bytes + sizeof partition, &fn, sizeof fn);
}

static inline uint64_t ctxi_key_partition(const unsigned char *bytes)
{
    uint64_t partition;

    memcpy(&partition, bytes, sizeof partition);
    return partition;
}

static inline uint32_t ctxi_key_fn(const unsigned char *bytes)
{
    uint32_t fn;

    memcpy(&fn, bytes + sizeof(uint64_t), sizeof fn);
    return fn;
}

/* Bytes that begin on the stack and move to the heap if they outgrow it. Not to be copied. */
struct ctxi_bytes {
    unsigned char *data;
    size_t size;     /* <= capacity */
    size_t capacity; /* of data */
    size_t limit;    /* size never exceeds it */
    const ctx_allocator *allocator;
    unsigned char fixed[CTXI_KEY_INLINE];
};

void ctxi_bytes_init(struct ctxi_bytes *bytes, const ctx_allocator *allocator, size_t limit);
void ctxi_bytes_fini(struct ctxi_bytes *bytes);

/* Room for `count` more bytes at the end, already counted in size. CTX_ERR_LIMIT, CTX_ERR_NOMEM;
 * then nothing changed. */
int ctxi_bytes_extend(struct ctxi_bytes *bytes, size_t count, unsigned char **out_room);

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
