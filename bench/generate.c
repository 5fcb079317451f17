/*
 * ctxbench generate: a synthetic trace, in a format that everything here reads.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "die.h"
#include "options.h"
#include "output.h"
#include "result.h"
#include "synthetic.h"

#define GENERATE_COMMAND "ctxbench generate"
#define SHOW_EVERY       ((uint64_t)1 << 20) /* requests */

struct settings {
    struct synthetic_plan plan;
    const char *kind, *format;
    const char *output; /* NULL: standard output */
    bool help;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct option options[] = {
    {"--kind", "NAME", "zipf, scan, loop or mixed (mixed)", OPTION_TEXT, FIELD(kind), 0, 0},
    {"--requests", "N", "how many (1000000)", OPTION_WHOLE, FIELD(plan.requests), 1, 1e12},
    {"--objects", "N", "of all tenants, each of which has as many as the others (100000)",
     OPTION_WHOLE, FIELD(plan.objects), 1, 1e9},
    {"--zipf", "S", "exponent for the objects of a tenant (0.9); 0: all alike", OPTION_NUMBER,
     FIELD(plan.zipf), 0, 10},
    {"--tenants", "N", "how many (20)", OPTION_WHOLE, FIELD(plan.tenants), 1, 1e8},
    {"--tenant-skew", "S", "exponent for the tenants (1); 0: all ask equally often", OPTION_NUMBER,
     FIELD(plan.tenant_skew), 0, 10},
    {"--seed", "N", "the same seed gives the same trace (1)", OPTION_WHOLE, FIELD(plan.seed), 0,
     9007199254740992.0},
    {"--format", "NAME",
     "csv (time, tenant, key, size, load time), keys (one per line) or\n"
     "oracleGeneral (csv); the latter takes 32 bytes of memory a request",
     OPTION_TEXT, FIELD(format), 0, 0},
    {"--output", "FILE", "write the trace there, not to stdout", OPTION_TEXT, FIELD(output), 0, 0},
    {"--help", NULL, "print this", OPTION_FLAG, FIELD(help), 0, 0},
};

#define OPTION_COUNT (sizeof options / sizeof *options)

/* ---- writing requests --------------------------------------------------------------------- */

static void show_progress(const struct settings *settings, uint64_t done)
{
    char line[80];

    if (done % SHOW_EVERY != 0)
        return;
    snprintf(line, sizeof line, "generating: %.0f %%",
             100 * (double)done / (double)settings->plan.requests);
    output_progress(line);
}

static void write_csv_row(FILE *file, uint64_t number, const struct synthetic_request *request)
{
    fprintf(file, "%" PRIu64 ",t%" PRIu32 ",k%" PRIu64 ",%" PRIu32 ",%" PRIu32 "\n", number,
            request->tenant, request->object, request->size, request->load_us);
}

static void write_key(FILE *file, uint64_t number, const struct synthetic_request *request)
{
    (void)number;
    fprintf(file, "t%" PRIu32 "/k%" PRIu64 "\n", request->tenant, request->object);
}

static void write_rows(FILE *file, const struct settings *settings, struct synthetic *synthetic,
                       void (*write)(FILE *file, uint64_t number,
                                     const struct synthetic_request *request))
{
    for (uint64_t i = 0; i < settings->plan.requests && !ferror(file); i++) {
        struct synthetic_request request;

        synthetic_next(synthetic, &request);
        write(file, i, &request);
        show_progress(settings, i + 1);
    }
}

static void write_csv(FILE *file, const struct settings *settings, struct synthetic *synthetic)
{
    fputs("time_ms,tenant,key,size,load_us\n", file);
    write_rows(file, settings, synthetic, write_csv_row);
}

static void write_keys(FILE *file, const struct settings *settings, struct synthetic *synthetic)
{
    write_rows(file, settings, synthetic, write_key);
}

/* ---- oracleGeneral ------------------------------------------------------------------------ */

/* What is asked for, and when the same is asked for again, counted from 1; -1: never. */
struct foreseen {
    struct synthetic_request request;
    int64_t next;
};

static void foresee(struct foreseen *all, size_t count, size_t object_count)
{
    int64_t *next = die_calloc(object_count, sizeof *next);

    for (size_t i = count; i-- > 0;) {
        uint64_t object = all[i].request.object;

        all[i].next = next[object] ? next[object] : -1;
        next[object] = (int64_t)i + 1;
    }
    free(next);
}

static void put_le(unsigned char *out, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)(number >> 8 * i);
}

static void write_record(FILE *file, size_t number, const struct foreseen *one)
{
    unsigned char record[24];

    put_le(record, number / 1000, 4);
    put_le(record + 4, one->request.object, 8);
    put_le(record + 12, one->request.size, 4);
    put_le(record + 16, (uint64_t)one->next, 8);
    fwrite(record, sizeof record, 1, file);
}

static void write_oracle(FILE *file, const struct settings *settings, struct synthetic *synthetic)
{
    size_t count = (size_t)settings->plan.requests;
    struct foreseen *all = die_calloc(count, sizeof *all);
    size_t regular = synthetic->objects.count * synthetic->tenants.count;

    for (size_t i = 0; i < count; i++)
        synthetic_next(synthetic, &all[i].request);
    foresee(all, count, regular + (size_t)synthetic->scanned);
    for (size_t i = 0; i < count && !ferror(file); i++) {
        write_record(file, i, &all[i]);
        show_progress(settings, i + 1);
    }
    free(all);
}

/* ---- the command -------------------------------------------------------------------------- */

static const struct form {
    const char *name;
    void (*write)(FILE *file, const struct settings *settings, struct synthetic *synthetic);
} forms[] = {
    {"csv", write_csv},
    {"keys", write_keys},
    {"oracleGeneral", write_oracle},
};

static const struct form *find_form(const char *name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

static bool read_kind(const char *name, enum synthetic_kind *out)
{
    static const char *const names[] = {[SYNTHETIC_ZIPF] = "zipf",
                                        [SYNTHETIC_SCAN] = "scan",
                                        [SYNTHETIC_LOOP] = "loop",
                                        [SYNTHETIC_MIXED] = "mixed"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (enum synthetic_kind)i;
            return true;
        }
    return false;
}

static int print_help(void)
{
    puts("Usage: " GENERATE_COMMAND " [options]\n\n"
         "Makes a trace up, so that nobody needs a recorded one to start.\n\nOptions:");
    options_print(options, OPTION_COUNT);
    return 0;
}

static bool check_settings(struct settings *settings)
{
    if (!read_kind(settings->kind, &settings->plan.kind))
        return options_wrong(GENERATE_COMMAND, "there is no --kind '%s'", settings->kind);
    if (!find_form(settings->format))
        return options_wrong(GENERATE_COMMAND, "--format is csv, keys or oracleGeneral, not '%s'",
                             settings->format);
    return true;
}

static int run(const struct settings *settings)
{
    FILE *file = result_open(GENERATE_COMMAND, settings->output);
    struct synthetic synthetic;

    if (!file)
        return 1;
    if (!result_begin(file))
        return result_failed(GENERATE_COMMAND, settings->output);
    synthetic_init(&synthetic, &settings->plan);
    find_form(settings->format)->write(file, settings, &synthetic);
    synthetic_fini(&synthetic);
    output_progress(NULL);
    return result_end(GENERATE_COMMAND, settings->output, file);
}

int command_generate(int argc, char **argv)
{
    struct settings settings = {.plan = {.requests = 1000000,
                                         .objects = 100000,
                                         .tenants = 20,
                                         .seed = 1,
                                         .zipf = 0.9,
                                         .tenant_skew = 1},
                                .kind = "mixed",
                                .format = "csv"};

    if (!options_read(options, OPTION_COUNT, GENERATE_COMMAND, argc, argv, 1, &settings))
        return 2;
    if (settings.help)
        return print_help();
    return check_settings(&settings) ? run(&settings) : 2;
}
