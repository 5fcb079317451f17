#include "traces.h"

#include <inttypes.h>
#include <string.h>

#include <ctxcache.h>

#include "clock.h"
#include "output.h"
#include "tune/whole.h"

void traces_print_formats(void)
{
    puts("\nFormats of traces:");
    for (size_t i = 0; ctxi_trace_format_name(i); i++)
        printf("  %-24s%s\n", ctxi_trace_format_name(i), ctxi_trace_format_about(i));
}

static bool is_format(const char *name)
{
    for (size_t i = 0; ctxi_trace_format_name(i); i++)
        if (strcmp(ctxi_trace_format_name(i), name) == 0)
            return true;
    return false;
}

bool traces_check(const struct trace_settings *settings, const char *command)
{
    if (!settings->path)
        return options_wrong(command, "which trace?");
    if (settings->format && !is_format(settings->format))
        return options_wrong(command, "there is no format '%s'", settings->format);
    return true;
}

/* ---- progress ----------------------------------------------------------------------------- */

#define SHOW_EVERY_NS 100000000u

struct progress {
    uint64_t start_ns, shown_ns;
};

static void show(struct progress *progress, uint64_t now, uint64_t requests, uint64_t bytes,
                 uint64_t total)
{
    double seconds = (double)(now - progress->start_ns) / 1e9;
    char line[120];
    int size = snprintf(line, sizeof line, "reading: %.1f million requests, %.1f million/s",
                        (double)requests / 1e6, (double)requests / 1e6 / seconds);

    if (total > 0 && bytes > 0 && bytes <= total)
        snprintf(line + size, sizeof line - (size_t)size, ", %.0f %%, %.0f s left",
                 100 * (double)bytes / (double)total,
                 seconds * (double)(total - bytes) / (double)bytes);
    output_progress(line);
    progress->shown_ns = now;
}

static void on_progress(void *user, uint64_t requests, uint64_t bytes, uint64_t total)
{
    struct progress *progress = user;
    uint64_t now = clock_ns();

    if (now - progress->shown_ns >= SHOW_EVERY_NS)
        show(progress, now, requests, bytes, total);
}

/* ---- what is to be known of it ------------------------------------------------------------ */

static double seconds_of(const struct ctxi_trace *trace)
{
    return trace->times_ns && trace->request_count > 0
               ? (double)trace->times_ns[trace->request_count - 1] / 1e9
               : 0;
}

bool traces_missing(const struct ctxi_trace *trace, char *out, size_t size)
{
    uint64_t lost = trace->recorded.lost;

    if (lost > 0)
        snprintf(out, size,
                 "%" PRIu64 " of %" PRIu64
                 " requests are missing: buffers were full; curves may be off",
                 lost, lost + trace->request_count);
    return lost > 0;
}

/* Where a reading ended, and what is missing before that. */
static void say_gaps(const char *command, const char *path, const struct ctxi_trace *trace)
{
    char missing[TRACES_MISSING];

    if (trace->recorded.ends_early)
        fprintf(stderr,
                "%s: %s: the recording ends early, after %zu requests and %.1f seconds: %s\n",
                command, path, trace->request_count, seconds_of(trace),
                trace->skipped > 0 ? "what comes then is cut off or damaged"
                                   : "nobody ended it, or the disk was full");
    else if (trace->skipped > 0)
        fprintf(stderr, "%s: %s: %" PRIu64 " malformed records were passed over\n", command, path,
                trace->skipped);
    if (traces_missing(trace, missing, sizeof missing))
        fprintf(stderr, "%s: %s: %s\n", command, path, missing);
}

bool traces_bytes(const struct ctxi_trace *trace, char *out, size_t size)
{
    const struct ctxi_recorded_facts *facts = &trace->recorded;

    if (facts->used_per_weight > 0)
        snprintf(out, size,
                 "bytes are what capacity_bytes counts: %.2f times what entries weigh, as in the "
                 "cache that was recorded",
                 facts->used_per_weight);
    else
        snprintf(
            out, size,
            "bytes are those of entries alone: record a cache with capacity_bytes to know what "
            "that counts besides");
    return facts->mean_weight > 0;
}

void traces_say_bytes(const char *command, const struct ctxi_trace *trace)
{
    char text[TRACES_BYTES];

    if (traces_bytes(trace, text, sizeof text))
        fprintf(stderr, "%s: %s\n", command, text);
}

/* ---- reading ------------------------------------------------------------------------------ */

int traces_load(const struct trace_settings *settings, const char *command,
                struct ctxi_trace **out_trace)
{
    struct progress progress = {clock_ns(), clock_ns()};
    struct ctxi_trace_options options = {.format = settings->format,
                                         .columns = settings->columns,
                                         .lenient = settings->lenient,
                                         .progress = on_progress,
                                         .progress_user = &progress};
    struct ctxi_problem problem = {""};
    int status = ctxi_trace_load(settings->path, &options, out_trace, &problem);

    output_progress(NULL);
    if (status != CTX_OK) {
        fprintf(stderr, "%s: %s\n", command, problem.text);
        return status == CTX_ERR_INVALID ? 2 : 1;
    }
    say_gaps(command, settings->path, *out_trace);
    if (!settings->format && strcmp((*out_trace)->format, "keys") == 0)
        fprintf(stderr, "%s: %s: read as one key in each line; --format says otherwise\n", command,
                settings->path);
    return 0;
}

void traces_say_sample(FILE *file, const struct ctxi_trace *trace, const char *command,
                       const char *what)
{
    if (ctxi_is_sample(trace->rate))
        fprintf(file, "%s%sThis trace is a sample, of one key in %.4g. %s\n",
                command ? command : "", command ? ": " : "", 1 / trace->rate, what);
}
