/*
 * gzip, by zlib. A file may have several members, one after the other.
 */
#include <limits.h>
#include <zlib.h>

#include "base/alloc.h"
#include "ctxcache/status.h"
#include "tune/unpack.h"

#define WINDOW_OF_GZIP (15 + 16) /* zlib's way to say: the largest window, and gzip's header */

static bool gzip_matches(const unsigned char *head, size_t size)
{
    return size >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == Z_DEFLATED;
}

static int gzip_open(void **out_state)
{
    z_stream *z = ctxi_zalloc(ctxi_process_allocator(), sizeof *z);

    *out_state = z;
    if (!z)
        return CTX_ERR_NOMEM;
    if (inflateInit2(z, WINDOW_OF_GZIP) == Z_OK)
        return CTX_OK;
    ctxi_free(ctxi_process_allocator(), z, sizeof *z);
    return CTX_ERR_NOMEM;
}

static uInt at_most(size_t size)
{
    return size < UINT_MAX ? (uInt)size : UINT_MAX;
}

static int gzip_run(void *state, struct ctxi_flow *flow)
{
    z_stream *z = state;
    uInt in = at_most(flow->in_left), out = at_most(flow->out_left);
    int status;

    if (flow->whole && in > 0)
        inflateReset(z);
    z->next_in = (z_const Bytef *)flow->in;
    z->avail_in = in;
    z->next_out = flow->out;
    z->avail_out = out;
    status = inflate(z, Z_NO_FLUSH);
    flow->in += in - z->avail_in;
    flow->in_left -= in - z->avail_in;
    flow->out += out - z->avail_out;
    flow->out_left -= out - z->avail_out;
    flow->whole = status == Z_STREAM_END;
    if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR)
        return CTX_OK;
    flow->flaw = z->msg ? z->msg : "it needs a dictionary";
    return status == Z_MEM_ERROR ? CTX_ERR_NOMEM : CTX_ERR_INVALID;
}

static void gzip_close(void *state)
{
    inflateEnd(state);
    ctxi_free(ctxi_process_allocator(), state, sizeof(z_stream));
}

const struct ctxi_unpacker ctxi_unpack_gzip = {"gzip", gzip_matches, gzip_open, gzip_run,
                                               gzip_close};
