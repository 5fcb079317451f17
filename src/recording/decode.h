/*
 * decode.h: the blocks of a recording become requests again. Included by who reads recordings.
 *
 * Whatever the bytes are, nothing is read outside of them, and no more memory is taken than at first.
 */
#ifndef CTXI_RECORDING_DECODE_H
#define CTXI_RECORDING_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "ctxcache/allocator.h"
#include "recording/layout.h"

/* Whether a file begins like a recording. */
bool ctxi_is_recording(const unsigned char *bytes, size_t size);

/*
 * What a header says, of `size` bytes from its first on. How many bytes it is; 0: it is not whole, and
 * *out_problem, a constant, says why. Names are in `names`, of CTXI_RECORDING_HEADER_MAX bytes.
 */
size_t ctxi_decode_header(const unsigned char *bytes, size_t size,
                          struct ctxi_recording_about *out_about, char *names,
                          const char **out_problem);

/* What the header of a block says. */
struct ctxi_block {
    uint32_t number, size, count; /* size: of the requests, in bytes */
    uint64_t first_ns, last_ns;
    struct ctxi_recorded_state state;
    uint64_t checksum;
};

/* Of CTXI_BLOCK_HEADER bytes. False: no block has such a header. */
bool ctxi_decode_block_header(const unsigned char *bytes, struct ctxi_block *out_block);

/* Whether the CTXI_BLOCK_HEADER + block->size bytes are what was written. */
bool ctxi_block_is_sound(const unsigned char *bytes, const struct ctxi_block *block);

struct ctxi_decoder;

/* NULL: there is no memory. */
struct ctxi_decoder *ctxi_decoder_new(const ctx_allocator *allocator);

/* NULL is allowed. */
void ctxi_decoder_free(struct ctxi_decoder *decoder);

/* The requests of the next block, block->size bytes that stay. */
void ctxi_decoder_begin_block(struct ctxi_decoder *decoder, const struct ctxi_block *block,
                              const unsigned char *requests);

/* Takes the next one; false: there is none. *out_problem is then NULL, or says what is wrong with it. */
bool ctxi_decode(struct ctxi_decoder *decoder, struct ctxi_recorded *out_request,
                 const char **out_problem);

#endif
