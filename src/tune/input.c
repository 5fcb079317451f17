#include "tune/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "ctxcache/status.h"
#include "tune/problem.h"

#define RAW_BUFFER ((size_t)64 << 10)

static int system_failed(struct ctxi_input *input, struct ctxi_problem *problem)
{
    char reason[80] = "";
    int error = errno;

    strerror_r(error, reason, sizeof reason);
    ctxi_problem_say(problem, CTX_ERR_SYSTEM, "%s: cannot be read: %s", input->path, reason);
    errno = error;
    return CTX_ERR_SYSTEM;
}

/* ---- the file ----------------------------------------------------------------------------- */

static ssize_t read_some(int fd, void *out, size_t size)
{
    ssize_t got;

    do
        got = read(fd, out, size);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Puts more raw bytes behind those that are there. */
static int read_raw(struct ctxi_input *input, struct ctxi_problem *problem)
{
    struct ctxi_flow *flow = &input->flow;
    ssize_t got;

    memmove(input->raw, flow->in, flow->in_left);
    flow->in = input->raw;
    got = read_some(input->fd, input->raw + flow->in_left, RAW_BUFFER - flow->in_left);
    if (got < 0)
        return system_failed(input, problem);
    flow->in_left += (size_t)got;
    flow->in_ended = got == 0;
    input->file_read += (uint64_t)got;
    return CTX_OK;
}

/* ---- unpacking ---------------------------------------------------------------------------- */

static void copy_through(struct ctxi_flow *flow)
{
    size_t size = flow->in_left < flow->out_left ? flow->in_left : flow->out_left;

    memcpy(flow->out, flow->in, size);
    flow->in += size;
    flow->in_left -= size;
    flow->out += size;
    flow->out_left -= size;
    flow->whole = true;
}

static int damaged(const struct ctxi_input *input, int status, struct ctxi_problem *problem)
{
    if (status == CTX_ERR_NOMEM)
        return ctxi_problem_nomem(problem);
    return ctxi_problem_say(problem, status, "%s: offset %" PRIu64 ": the %s data is damaged (%s)",
                            input->path, input->file_read - input->flow.in_left,
                            input->unpacker->name, input->flow.flaw);
}

/* One step: unpacks what there is, or reads more, or finds that it has ended. */
static int step(struct ctxi_input *input, struct ctxi_problem *problem)
{
    struct ctxi_flow *flow = &input->flow;
    size_t in_before = flow->in_left, out_before = flow->out_left;
    int status = CTX_OK;

    if (flow->in_left == 0 && !flow->in_ended)
        return read_raw(input, problem);
    if (!input->unpacker)
        copy_through(flow);
    else if (!(flow->whole && flow->in_left == 0))
        status = input->unpacker->run(input->state, flow);
    if (status != CTX_OK)
        return damaged(input, status, problem);
    if (flow->in_left < in_before || flow->out_left < out_before)
        return CTX_OK;
    if (!flow->in_ended && flow->in_left < RAW_BUFFER)
        return read_raw(input, problem);
    input->ended = true;
    input->cut = !flow->whole;
    return CTX_OK;
}

int ctxi_input_more(struct ctxi_input *input, struct ctxi_problem *problem)
{
    struct ctxi_flow *flow = &input->flow;
    size_t room = CTXI_INPUT_BUFFER - input->left;
    int status = CTX_OK;

    memmove(input->buffer, input->at, input->left);
    input->at = input->buffer;
    flow->out = input->buffer + input->left;
    flow->out_left = room;
    while (status == CTX_OK && flow->out_left == room && !input->ended)
        status = step(input, problem);
    input->left += room - flow->out_left;
    return status;
}

int ctxi_input_want(struct ctxi_input *input, size_t size, struct ctxi_problem *problem)
{
    int status = CTX_OK;

    while (status == CTX_OK && input->left < size && !input->ended)
        status = ctxi_input_more(input, problem);
    return status;
}

/* ---- opening and closing ------------------------------------------------------------------ */

static const struct ctxi_unpacker *const unpackers[] = {&ctxi_unpack_gzip, &ctxi_unpack_xz,
                                                        &ctxi_unpack_zstd};

#define UNPACKER_COUNT (sizeof unpackers / sizeof *unpackers)
#define MAGIC_SIZE     6 /* the longest that an unpacker looks for */

static int choose_unpacker(struct ctxi_input *input, struct ctxi_problem *problem)
{
    int status = CTX_OK;

    while (status == CTX_OK && input->flow.in_left < MAGIC_SIZE && !input->flow.in_ended)
        status = read_raw(input, problem);
    if (status != CTX_OK)
        return status;
    for (size_t i = 0; i < UNPACKER_COUNT && !input->unpacker; i++)
        if (unpackers[i]->matches(input->raw, input->flow.in_left))
            input->unpacker = unpackers[i];
    if (!input->unpacker || input->unpacker->open(&input->state) == CTX_OK)
        return CTX_OK;
    input->unpacker = NULL;
    return ctxi_problem_nomem(problem);
}

static int open_file(struct ctxi_input *input, struct ctxi_problem *problem)
{
    struct stat about;

    input->fd =
        strcmp(input->path, "-") == 0 ? dup(STDIN_FILENO) : open(input->path, O_RDONLY | O_CLOEXEC);
    if (input->fd < 0)
        return system_failed(input, problem);
    if (fstat(input->fd, &about) == 0 && S_ISREG(about.st_mode))
        input->file_size = (uint64_t)about.st_size;
    return CTX_OK;
}

static int make_buffers(struct ctxi_input *input, struct ctxi_problem *problem)
{
    const ctx_allocator *allocator = ctxi_process_allocator();

    input->raw = ctxi_alloc(allocator, RAW_BUFFER);
    input->buffer = ctxi_alloc(allocator, CTXI_INPUT_BUFFER);
    input->at = input->buffer;
    input->flow.in = input->raw;
    return input->raw && input->buffer ? CTX_OK : ctxi_problem_nomem(problem);
}

int ctxi_input_open(struct ctxi_input *input, const char *path, struct ctxi_problem *problem)
{
    int status;

    *input = (struct ctxi_input){.path = path, .fd = -1};
    if ((status = make_buffers(input, problem)) != CTX_OK ||
        (status = open_file(input, problem)) != CTX_OK ||
        (status = choose_unpacker(input, problem)) != CTX_OK)
        ctxi_input_close(input);
    return status;
}

void ctxi_input_close(struct ctxi_input *input)
{
    int error = errno;

    if (input->unpacker)
        input->unpacker->close(input->state);
    if (input->fd >= 0)
        close(input->fd);
    ctxi_free(ctxi_process_allocator(), input->raw, RAW_BUFFER);
    ctxi_free(ctxi_process_allocator(), input->buffer, CTXI_INPUT_BUFFER);
    errno = error;
}
