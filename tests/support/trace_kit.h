/*
 * trace_kit.h: traces for tests: written to a file that nobody else sees, and read in one go.
 */
#ifndef SUPPORT_TRACE_KIT_H
#define SUPPORT_TRACE_KIT_H

#include "tune/trace.h"

/*
 * The path of a file with these bytes. It is gone when the process is; a test that writes many gives
 * each back by trace_file_close(). What cannot be written ends the program.
 */
const char *trace_file(const void *bytes, size_t size);
void trace_file_close(const char *path);

/* Everything that was read, and how it ended. */
struct reading {
    int status; /* of opening or reading */
    size_t count;
    struct ctxi_request *requests;
    uint64_t skipped;
    unsigned has;
    char format[24]; /* that it was read as, "" if it could not be opened */
    struct ctxi_problem problem;
    uint32_t tenant_count;
    char tenants[8][32]; /* the names of the first ones, cut off if need be */
};

#define READING_MAX                                                                                \
    100000 /* requests, after which a reading stops: short traces may have billions */

/* Reads with batches of this size, and closes. To be given to reading_free(). */
struct reading read_path(const char *path, const struct ctxi_trace_options *options, size_t batch);
struct reading read_bytes(const void *bytes, size_t size, const struct ctxi_trace_options *options);
void reading_free(struct reading *reading);

/* Whether both have the same requests. */
bool readings_equal(const struct reading *left, const struct reading *right);

#endif
