/*
 * Recorded request streams through the cache: its hits are exactly those of an LRU list, as counted
 * by others with their own simulators.
 *
 * The traces are no part of the project. They are looked for in the folder that CTX_TRACES names,
 * ../shared/traces by default; a test whose trace is not there is skipped, and says so.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cache_kit.h"
#include "support/hash_bits.h"
#include "support/scale.h"

static CTX_VAR(tenant);

static int load_one(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    (void)args, (void)count, (void)user;
    return ctx_cache_load_copy(load, "1", 1);
}

static CTX_CACHE_FN(request, load_one);

static ctx_cache *cache;

static void ask_for(ctx_value key)
{
    char byte;

    cr_assert_eq(ctx_cache_call_copy_v(cache, request, &key, 1, NULL, &byte, 1, NULL), CTX_OK);
}

/* Replays `trace` at each capacity and compares the hits. */
struct expected {
    uint64_t capacity, hits;
};

static void expect_hits(FILE *trace, void (*replay)(FILE *trace), struct expected expected)
{
    ctx_cache_stats s;

    cache = cache_of(expected.capacity, tenant);
    ctx_set(tenant, 0);
    replay(trace);
    s = stats_of(cache);
    cr_assert_eq(s.hits, expected.hits, "capacity %zu: %zu hits, an LRU list has %zu",
                 (size_t)expected.capacity, (size_t)s.hits, (size_t)expected.hits);
    check_equations(cache);
    ctx_cache_destroy(cache);
}

/* The path of a trace; skips the test if it is not there. */
static void find_trace(const char *name, char *path, size_t size)
{
    const char *folder = getenv("CTX_TRACES");

    snprintf(path, size, "%s/%s", folder ? folder : "../shared/traces", name);
    if (access(path, R_OK) != 0)
        cr_skip_test("%s is not there (CTX_TRACES names its folder)", path);
}

static void replay_file(const char *name, const char *unpack, void (*replay)(FILE *trace),
                        const struct expected *expected, size_t count)
{
    char path[400], command[512];

    find_trace(name, path, sizeof path);
    snprintf(command, sizeof command, "%s '%s'", unpack, path);
    for (size_t i = 0; i < count; i++) {
        /* The shell sees constants and a path of the developer's own. NOLINTNEXTLINE(cert-env33-c) */
        FILE *trace = popen(command, "r");

        cr_assert_not_null(trace);
        expect_hits(trace, replay, expected[i]);
        cr_assert_eq(pclose(trace), 0, "%s failed", command);
    }
}

#define REPLAY(name, unpack, replay, ...)                                                          \
    replay_file(name, unpack, replay, (const struct expected[]){__VA_ARGS__},                      \
                sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected))

static void skip_if_slow(void)
{
    if (hash_bits() < 16)
        cr_skip_test("millions of keys with colliding hashes take too long");
    if (scaled(10) < 10)
        cr_skip_test("millions of requests are too many for an instrumented build");
}

/* ---- formats ------------------------------------------------------------------------------ */

static void replay_numbers(FILE *trace)
{
    char line[256];

    while (fgets(line, sizeof line, trace))
        if (line[0] >= '0' && line[0] <= '9')
            ask_for(ctx_i64(strtoll(line, NULL, 10)));
}

static void replay_ranges(FILE *trace)
{
    char line[256];

    while (fgets(line, sizeof line, trace)) {
        char *end;
        long long start = strtoll(line, &end, 10), count = strtoll(end, NULL, 10);

        for (long long i = 0; i < count; i++)
            ask_for(ctx_i64(start + i));
    }
}

/* Big-endian words: five bits of tenant, 27 of key. */
static void replay_words(FILE *trace)
{
    unsigned char word[4];
    unsigned current = 0;

    while (fread(word, sizeof word, 1, trace) == 1) {
        unsigned who = word[0] >> 3;
        unsigned key = (word[0] & 7u) << 24 | (unsigned)word[1] << 16 | (unsigned)word[2] << 8;

        if (who != current)
            ctx_set(tenant, (int)who);
        current = who;
        ask_for(ctx_i64(key | word[3]));
    }
}

/* ---- comma-separated values --------------------------------------------------------------- */

enum { COLUMNS = 32, KEY_COLUMNS = 5 };

/* Splits a line at its commas, in place. */
static size_t split(char *line, char *columns[COLUMNS])
{
    size_t count = 0;

    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; at && count < COLUMNS; count++) {
        columns[count] = at;
        at = strchr(at, ',');
        if (at)
            *at++ = '\0';
    }
    return count;
}

static size_t column_of(char *const *columns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(columns[i], name) == 0)
            return i;
    cr_assert_fail("there is no column %s", name);
    return 0;
}

/* "4.0" and "4" are the same number. */
static void drop_fraction(char *text)
{
    size_t size = strlen(text);

    if (size > 2 && strcmp(text + size - 2, ".0") == 0)
        text[size - 2] = '\0';
}

static void replay_table(FILE *trace)
{
    static const char *const names[KEY_COLUMNS] = {"predict_type", "checkpoint_model_version_id",
                                                   "num_lora", "num_inference_steps",
                                                   "num_images_per_prompt"};
    char line[2048], *columns[COLUMNS];
    size_t key[KEY_COLUMNS], who, count;

    cr_assert_not_null(fgets(line, sizeof line, trace));
    count = split(line, columns);
    who = column_of(columns, count, "groupId");
    for (size_t i = 0; i < KEY_COLUMNS; i++)
        key[i] = column_of(columns, count, names[i]);
    while (fgets(line, sizeof line, trace)) {
        ctx_value args[KEY_COLUMNS];
        char byte;

        cr_assert_eq(split(line, columns), count);
        ctx_set(tenant, columns[who]);
        for (size_t i = 0; i < KEY_COLUMNS; i++) {
            drop_fraction(columns[key[i]]);
            args[i] = ctx_string(columns[key[i]]);
        }
        cr_assert_eq(ctx_cache_call_copy_v(cache, request, args, KEY_COLUMNS, NULL, &byte, 1, NULL),
                     CTX_OK);
    }
}

/* ---- tests -------------------------------------------------------------------------------- */

static void replay_loop(FILE *unused)
{
    (void)unused;
    for (int round = 0; round < 10; round++)
        for (int64_t key = 0; key < 100; key++)
            ask_for(ctx_i64(key));
}

/* Worked out by hand: LRU is at its worst one short of the loop, and perfect at its length. */
Test(traces, a_loop)
{
    expect_hits(NULL, replay_loop, (struct expected){99, 0});
    expect_hits(NULL, replay_loop, (struct expected){100, 900});
}

Test(traces, sprite, .timeout = 600)
{
    REPLAY("sprite.trace.gz", "gzip -dc", replay_numbers, {71, 22102}, {708, 115925},
           {3538, 126309});
}

Test(traces, lora_a, .timeout = 600)
{
    REPLAY("lora-a.csv.gz", "gzip -dc", replay_table, {41, 5382}, {408, 5714}, {2040, 5900});
}

Test(traces, p3, .timeout = 600)
{
    skip_if_slow();
    REPLAY("p3.lis.gz", "gzip -dc", replay_ranges, {7625, 62270}, {76254, 657527},
           {381272, 2914912});
}

Test(traces, orm_busy, .timeout = 600)
{
    skip_if_slow();
    REPLAY("orm-busy.trace.xz", "xz -dc", replay_words, {763, 3851698}, {7635, 4400401},
           {38175, 4836084});
}
