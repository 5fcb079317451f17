/*
 * unpack.h: what a format of compressed files has to offer. Included by input.c and the unpack_*.c,
 * each of which alone sees its library.
 */
#ifndef CTXI_TUNE_UNPACK_H
#define CTXI_TUNE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes on their way: what is still to unpack, and where the unpacked go. */
struct ctxi_flow {
    const unsigned char *in;
    size_t in_left;
    bool in_ended; /* nothing comes after these */
    unsigned char *out;
    size_t out_left;
    bool whole;       /* what was unpacked so far may end here */
    const char *flaw; /* of damaged data, in the words of its library */
};

struct ctxi_unpacker {
    const char *name;
    bool (*matches)(const unsigned char *head, size_t size);
    /* CTX_ERR_NOMEM. */
    int (*open)(void **out_state);
    /* As far as it gets. CTX_ERR_INVALID (see `flaw`), CTX_ERR_NOMEM. */
    int (*run)(void *state, struct ctxi_flow *flow);
    void (*close)(void *state);
};

extern const struct ctxi_unpacker ctxi_unpack_gzip, ctxi_unpack_xz, ctxi_unpack_zstd;

#endif
