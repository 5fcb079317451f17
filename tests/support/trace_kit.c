#include "support/trace_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctxcache/status.h"

/* Asked for from the kernel by number: glibc has no name for it in this dialect. */
#include <sys/syscall.h>

static void must(bool done, const char *what)
{
    if (done)
        return;
    perror(what);
    abort();
}

const char *trace_file(const void *bytes, size_t size)
{
    static char paths[8][32];
    static int next;
    char *path = paths[next++ % 8];
    int fd = (int)syscall(SYS_memfd_create, "trace", 0);

    must(fd >= 0, "memfd_create");
    must(write(fd, bytes, size) == (ssize_t)size, "write");
    snprintf(path, sizeof paths[0], "/proc/self/fd/%d", fd);
    return path;
}

void trace_file_close(const char *path)
{
    close(atoi(strrchr(path, '/') + 1));
}

/* Reads to the end, the first error, or READING_MAX. */
static void read_all(struct ctxi_trace_reader *reader, struct reading *out, size_t batch)
{
    size_t got = batch, room = 0;

    while (got == batch && out->status == CTX_OK && out->count < READING_MAX) {
        if (out->count + batch > room) {
            room = 2 * (out->count + batch);
            out->requests = realloc(out->requests, room * sizeof *out->requests);
            must(out->requests != NULL, "realloc");
        }
        out->status =
            ctxi_trace_read(reader, out->requests + out->count, batch, &got, &out->problem);
        out->count += got;
    }
}

static void note_tenants(const struct ctxi_tenants *tenants, struct reading *out)
{
    out->tenant_count = ctxi_tenants_count(tenants);
    for (uint32_t i = 0; i < out->tenant_count && i < 8; i++)
        snprintf(out->tenants[i], sizeof out->tenants[i], "%s", ctxi_tenants_name(tenants, i));
}

struct reading read_path(const char *path, const struct ctxi_trace_options *options, size_t batch)
{
    struct reading out = {.count = 0};
    struct ctxi_trace_reader *reader;

    out.status = ctxi_trace_open(path, options, &reader, &out.problem);
    if (out.status != CTX_OK)
        return out;
    snprintf(out.format, sizeof out.format, "%s", ctxi_trace_reader_format(reader));
    read_all(reader, &out, batch);
    out.skipped = ctxi_trace_reader_skipped(reader);
    out.has = ctxi_trace_reader_has(reader);
    note_tenants(ctxi_trace_reader_tenants(reader), &out);
    ctxi_trace_close(reader);
    return out;
}

struct reading read_bytes(const void *bytes, size_t size, const struct ctxi_trace_options *options)
{
    const char *path = trace_file(bytes, size);
    struct reading out = read_path(path, options, 3);

    trace_file_close(path);
    return out;
}

void reading_free(struct reading *reading)
{
    free(reading->requests);
    reading->requests = NULL;
}

static bool equal(const struct ctxi_request *a, const struct ctxi_request *b)
{
    return a->key == b->key && a->tenant == b->tenant && a->tenant_number == b->tenant_number &&
           a->time_ns == b->time_ns && a->load_ns == b->load_ns && a->size == b->size &&
           a->op == b->op;
}

bool readings_equal(const struct reading *left, const struct reading *right)
{
    if (left->count != right->count)
        return false;
    for (size_t i = 0; i < left->count; i++)
        if (!equal(&left->requests[i], &right->requests[i]))
            return false;
    return true;
}
