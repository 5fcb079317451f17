/*
 * zstd, by libzstd. A file may have several frames, one after the other.
 */
#include <zstd.h>
#include <zstd_errors.h>

#include "ctxcache/status.h"
#include "tune/unpack.h"

/* A frame, or one that is to be skipped, with which some writers begin. */
static bool zstd_matches(const unsigned char *head, size_t size)
{
    return size >= 4 &&
           ((head[0] == 0x28 && head[1] == 0xb5 && head[2] == 0x2f && head[3] == 0xfd) ||
            ((head[0] & 0xf0) == 0x50 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18));
}

static int zstd_open(void **out_state)
{
    *out_state = ZSTD_createDStream();
    return *out_state ? CTX_OK : CTX_ERR_NOMEM;
}

static int zstd_run(void *state, struct ctxi_flow *flow)
{
    ZSTD_inBuffer in = {flow->in, flow->in_left, 0};
    ZSTD_outBuffer out = {flow->out, flow->out_left, 0};
    size_t status = ZSTD_decompressStream(state, &out, &in);

    flow->in += in.pos;
    flow->in_left -= in.pos;
    flow->out += out.pos;
    flow->out_left -= out.pos;
    flow->whole = status == 0;
    if (!ZSTD_isError(status))
        return CTX_OK;
    flow->flaw = ZSTD_getErrorName(status);
    return ZSTD_getErrorCode(status) == ZSTD_error_memory_allocation ? CTX_ERR_NOMEM
                                                                     : CTX_ERR_INVALID;
}

static void zstd_close(void *state)
{
    ZSTD_freeDStream(state);
}

const struct ctxi_unpacker ctxi_unpack_zstd = {"zstd", zstd_matches, zstd_open, zstd_run,
                                               zstd_close};
