/*
 * xz, by liblzma. A file may have several streams, one after the other.
 */
#include <lzma.h>
#include <string.h>

#include "base/alloc.h"
#include "ctxcache/status.h"
#include "tune/unpack.h"

#define MEMORY_MAX ((uint64_t)256 << 20) /* xz -9 needs 65 MiB */

static bool xz_matches(const unsigned char *head, size_t size)
{
    return size >= 6 && memcmp(head,
                               "\xfd"
                               "7zXZ",
                               6) == 0;
}

static int xz_open(void **out_state)
{
    static const lzma_stream fresh = LZMA_STREAM_INIT;
    lzma_stream *xz = ctxi_alloc(ctxi_process_allocator(), sizeof *xz);

    *out_state = xz;
    if (!xz)
        return CTX_ERR_NOMEM;
    *xz = fresh;
    if (lzma_stream_decoder(xz, MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK)
        return CTX_OK;
    ctxi_free(ctxi_process_allocator(), xz, sizeof *xz);
    return CTX_ERR_NOMEM;
}

static int judge(lzma_ret status, struct ctxi_flow *flow)
{
    switch (status) {
    case LZMA_OK:
    case LZMA_STREAM_END:
    case LZMA_BUF_ERROR:
        return CTX_OK;
    case LZMA_MEM_ERROR:
        return CTX_ERR_NOMEM;
    case LZMA_MEMLIMIT_ERROR:
        flow->flaw = "its dictionary is larger than 256 MiB";
        return CTX_ERR_INVALID;
    case LZMA_OPTIONS_ERROR:
        flow->flaw = "it uses a filter that is not known";
        return CTX_ERR_INVALID;
    default:
        flow->flaw = "it is no longer what was written";
        return CTX_ERR_INVALID;
    }
}

static int xz_run(void *state, struct ctxi_flow *flow)
{
    lzma_stream *xz = state;
    lzma_ret status;

    xz->next_in = flow->in;
    xz->avail_in = flow->in_left;
    xz->next_out = flow->out;
    xz->avail_out = flow->out_left;
    status = lzma_code(xz, flow->in_ended ? LZMA_FINISH : LZMA_RUN);
    flow->in = xz->next_in;
    flow->in_left = xz->avail_in;
    flow->out = xz->next_out;
    flow->out_left = xz->avail_out;
    flow->whole = status == LZMA_STREAM_END;
    return judge(status, flow);
}

static void xz_close(void *state)
{
    lzma_end(state);
    ctxi_free(ctxi_process_allocator(), state, sizeof(lzma_stream));
}

const struct ctxi_unpacker ctxi_unpack_xz = {"xz", xz_matches, xz_open, xz_run, xz_close};
