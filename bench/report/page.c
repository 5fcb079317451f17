#include "report/page.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <ctxcache.h>

#include "markup.h"
#include "report/sections.h"
#include "report/style.h"
#include "report/text.h"
#include "traces.h"
#include "tune/whole.h"

#define COMMAND_MOST 4000 /* characters */
#define NS           1000000000u
#define FIRST_DATE_S                                                                               \
    631152000u /* 1990: what is less is no date, but counts from the trace's own start */
#define LAST_DATE_S 4102444800u /* 2100 */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (strcmp(path, "-") == 0)
        return "standard input";
    return slash && slash[1] ? slash + 1 : path;
}

/* ---- the head ----------------------------------------------------------------------------- */

static void put_fact(FILE *file, const char *name, const char *value)
{
    fputs("<div><dt>", file);
    markup_text(file, name);
    fputs("</dt><dd>", file);
    markup_text(file, value);
    fputs("</dd></div>\n", file);
}

static void put_number(FILE *file, const char *name, uint64_t value)
{
    char text[TEXT_NUMBER];

    put_fact(file, name, text_whole(value, text));
}

static void find_times(const struct ctxi_trace *trace, uint64_t *out_first, uint64_t *out_last)
{
    *out_first = *out_last = trace->times_ns[0];
    for (size_t i = 1; i < trace->request_count; i++) {
        *out_first = trace->times_ns[i] < *out_first ? trace->times_ns[i] : *out_first;
        *out_last = trace->times_ns[i] > *out_last ? trace->times_ns[i] : *out_last;
    }
}

static void put_date(FILE *file, const char *name, uint64_t time_ns)
{
    time_t seconds = (time_t)(time_ns / NS);
    char text[TEXT_NUMBER];
    struct tm parts;

    if (gmtime_r(&seconds, &parts) && strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts) > 0)
        put_fact(file, name, text);
}

/* From when until when, if the trace has dates; else how long, if it has times. */
static void put_times(FILE *file, const struct ctxi_trace *trace)
{
    uint64_t first, last;
    char text[TEXT_NUMBER];

    if (!trace->times_ns || trace->request_count == 0)
        return;
    find_times(trace, &first, &last);
    if (first / NS >= FIRST_DATE_S && last / NS < LAST_DATE_S) {
        put_date(file, "from", first);
        put_date(file, "to", last);
    } else {
        put_fact(file, "lasting", text_seconds((double)(last - first) / (double)NS, text));
    }
}

/* What is in the trace; of a sample, how many of all that stands for. */
static void put_counts(FILE *file, const struct findings *findings)
{
    const struct ctxi_curve *curve = &findings->advice.curves->overall;
    const struct ctxi_trace *trace = findings->trace;
    uint64_t requests = ctxi_whole_count(trace->rate, trace->request_count);
    char part[TEXT_NUMBER + 16];

    if (ctxi_is_sample(trace->rate)) {
        snprintf(part, sizeof part, "one key in %.4g", 1 / trace->rate);
        put_fact(file, "a sample of", part);
    }
    put_number(file, ctxi_is_sample(trace->rate) ? "requests, about" : "requests", requests);
    if (curve->requests != requests)
        put_number(file, "of these gets", curve->requests);
    put_number(file, ctxi_is_sample(trace->rate) ? "distinct keys, about" : "distinct keys",
               curve->objects);
    put_number(file, "tenants", trace->tenant_count);
}

/* What must be known of a sample, and of what is not whole. */
static void put_caveats(FILE *file, const struct ctxi_trace *trace)
{
    char missing[TRACES_MISSING];

    if (traces_missing(trace, missing, sizeof missing))
        fprintf(file, "<p id=\"missing\">%s.</p>\n", missing);
    if (ctxi_is_sample(trace->rate))
        fprintf(
            file,
            "<p id=\"sample\">This trace is a sample, of one key in %.4g with all its requests. "
            "Capacities, gets, hits and quotas are estimates for the whole cache; "
            "<code>ctxbench curve</code> has intervals for them. Where policies are compared, "
            "and where the trace is replayed, a cache of N entries is run over the sample with "
            "as many times fewer.</p>\n",
            1 / trace->rate);
}

static void put_header(FILE *file, const struct findings *findings, const char *command)
{
    fputs("<header>\n<h1>", file);
    markup_text(file, base_name(findings->path));
    fputs("</h1>\n<p>What caches would make of this trace</p>\n<dl>\n", file);
    put_counts(file, findings);
    put_times(file, findings->trace);
    fputs("</dl>\n<code>", file);
    markup_short(file, command, COMMAND_MOST);
    fputs("</code>\n", file);
    put_caveats(file, findings->trace);
    fputs("</header>\n", file);
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* Nothing may be loaded from anywhere, whatever a trace says. */
static void put_head(FILE *file, const struct findings *findings)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>",
          file);
    markup_text(file, base_name(findings->path));
    fputs(" - ctxbench report</title>\n<style>\n", file);
    for (const char *const *line = page_style; *line; line++)
        fprintf(file, "%s\n", *line);
    fputs("</style>\n</head>\n<body>\n", file);
}

static void put_footer(FILE *file, const struct ctxi_trace *trace)
{
    fprintf(file,
            "<footer><p>ctxbench %s. Curves are %s: the stack distances of Mattson et al. (IBM "
            "Systems Journal 1970). The knee is the point farthest above the line between the ends "
            "(Kneedle, Satopaa et al., ICDCSW 2011); quotas are by lookahead (Qureshi and Patt, "
            "MICRO 2006), floors are half of these (Memshare, Cidon et al., USENIX ATC 2017). "
            "<code>ctxbench compare --help</code> names the papers of the policies.</p></footer>\n",
            ctx_version(),
            ctxi_is_sample(trace->rate)
                ? "estimates from a sample (SHARDS, Waldspurger et al., FAST 2015)"
                : "exact");
}

void page_write(FILE *file, const struct findings *findings, const char *command)
{
    put_head(file, findings);
    fputs("<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\"><defs>"
          "<pattern id=\"hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
          "patternTransform=\"rotate(45)\"><path d=\"M0 0V7\"/></pattern></defs></svg>\n<main>\n",
          file);
    put_header(file, findings, command);
    section_curve(file, findings);
    section_tenants(file, findings);
    section_policies(file, findings);
    section_time(file, findings);
    section_quotas(file, findings);
    section_saved(file, findings);
    put_footer(file, findings->trace);
    fprintf(file,
            "</main>\n<div id=\"tip\" role=\"status\" hidden></div>\n<script>\n%s</script>\n"
            "</body>\n</html>\n",
            page_script);
}
