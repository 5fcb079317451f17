#include "cache/kept.h"

/* What a value points at that is to be copied; NULL: nothing. A string's NUL goes with it. */
static const void *content_of(const ctx_value *value, size_t *out_size)
{
    if (value->type == CTX_STRING) {
        *out_size = value->as.string.size < SIZE_MAX ? value->as.string.size + 1 : SIZE_MAX;
        return value->as.string.data;
    }
    if (value->type == CTX_BYTES) {
        *out_size = value->as.bytes.size;
        return value->as.bytes.data;
    }
    *out_size = 0;
    return NULL;
}

/* 0: more than there can be. */
static size_t bytes_for(const ctx_value *values, size_t count)
{
    size_t bytes = (count ? count : 1) * sizeof *values, size;

    for (size_t i = 0; i < count; i++) {
        content_of(&values[i], &size);
        if (size >= PTRDIFF_MAX - bytes)
            return 0;
        bytes += size;
    }
    return bytes;
}

static void keep_one(ctx_value *kept, const ctx_value *value, char **room)
{
    size_t size;
    const void *content = content_of(value, &size);

    *kept = *value;
    if (value->type == CTX_OBJECT) {
        if (value->as.object.pointer && value->as.object.kind->retain)
            value->as.object.kind->retain(value->as.object.pointer);
        return;
    }
    if (!content)
        return;
    if (value->type == CTX_STRING) { /* what is behind its end need not be a NUL */
        memcpy(*room, content, size - 1);
        (*room)[size - 1] = '\0';
        kept->as.string.data = *room;
    } else {
        memcpy(*room, content, size);
        kept->as.bytes.data = *room;
    }
    *room += size;
}

int ctxi_kept_copy(struct ctxi_kept *kept, const ctx_allocator *allocator, const ctx_value *values,
                   size_t count)
{
    size_t bytes = bytes_for(values, count);
    ctx_value *block = bytes ? ctxi_alloc(allocator, bytes) : NULL;
    char *room;

    if (!block)
        return CTX_ERR_NOMEM;
    room = (char *)(block + count);
    for (size_t i = 0; i < count; i++)
        keep_one(&block[i], &values[i], &room);
    *kept = (struct ctxi_kept){block, count, bytes};
    return CTX_OK;
}

void ctxi_kept_free(struct ctxi_kept *kept, const ctx_allocator *allocator)
{
    for (size_t i = 0; i < kept->count; i++) {
        const ctx_value *value = &kept->values[i];

        if (value->type == CTX_OBJECT && value->as.object.pointer && value->as.object.kind->release)
            value->as.object.kind->release(value->as.object.pointer);
    }
    ctxi_free(allocator, kept->values, kept->bytes);
    *kept = (struct ctxi_kept){NULL, 0, 0};
}
