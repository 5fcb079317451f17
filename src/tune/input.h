/*
 * input.h: the bytes of a file, unpacked if it is compressed, through one buffer. Included by
 * reader.c and the formats.
 */
#ifndef CTXI_TUNE_INPUT_H
#define CTXI_TUNE_INPUT_H

#include "tune/trace.h"
#include "tune/unpack.h"

#define CTXI_INPUT_BUFFER ((size_t)256 << 10) /* so many unpacked bytes can be looked at together */

struct ctxi_input {
    /* Unpacked and not yet taken. Whoever looks at them takes them by ctxi_input_take(). */
    const unsigned char *at;
    size_t left;
    uint64_t offset; /* of `at` in what is unpacked */
    bool ended;      /* nothing comes after these */
    bool cut;        /* and that is because the compressed data ends in the middle */

    /* The rest belongs to input.c. */
    const char *path;
    int fd;
    const struct ctxi_unpacker *unpacker; /* NULL: the file is not compressed */
    void *state;                          /* of the unpacker */
    struct ctxi_flow flow;                /* [in, in + in_left) of `raw` is read and not unpacked */
    unsigned char *raw, *buffer;
    uint64_t file_read, file_size; /* bytes; a size of 0 is not known */
};

/*
 * "-" is the standard input. `path` must stay. To be closed if it was opened. CTX_ERR_NOMEM,
 * CTX_ERR_SYSTEM (errno says why), CTX_ERR_INVALID (compressed, and damaged).
 */
int ctxi_input_open(struct ctxi_input *input, const char *path, struct ctxi_problem *problem);
void ctxi_input_close(struct ctxi_input *input);

/* Adds at least a byte to what may be looked at, unless it has ended. Not if the buffer is full. The
 * address `at` changes. Errors as when it is opened. */
int ctxi_input_more(struct ctxi_input *input, struct ctxi_problem *problem);

/* Adds until there are `size` bytes, which fit the buffer, or it has ended. */
int ctxi_input_want(struct ctxi_input *input, size_t size, struct ctxi_problem *problem);

static inline void ctxi_input_take(struct ctxi_input *input, size_t size)
{
    input->at += size;
    input->left -= size;
    input->offset += size;
}

#endif
