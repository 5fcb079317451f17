/*
 * driver.c: plays call streams that run.py writes, and says after every call what came of it.
 *
 *   stream <maxsize> <kind>     a new cache; maxsize -1: unbounded
 *   call <arg>...               prints "<answer> <hits> <misses> <currsize>"
 *   clear                       prints the same with the answer "cleared"
 *
 * An argument is a letter for its type and its value: i-5, f<16 hex digits>, s<hex>, b<hex>, T, F,
 * N. An answer is v<number> or e<code>. run.py has the same three functions in Python.
 */
#include <ctxcache.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

enum { LINE_MAX_BYTES = 4096, ARGS_MAX = 8 };

enum kind { PLAIN, RAISING, RECURSIVE };

static ctx_cache *cache;
static enum kind kind;
static int64_t serial; /* loads begun in this stream */
static uint64_t hits_before, misses_before;

/* ---- the functions ------------------------------------------------------------------------ */

static int load(ctx_cache_load *l, const ctx_value *args, size_t count, void *user);
static CTX_CACHE_FN(memoized, load);

/* The recursive one: f(n) = serial + f(n-1) + f(n-2), and failures on the way come through. */
static int add_recursive(int64_t n, int64_t *sum)
{
    for (int64_t below = 1; below <= 2 && n >= below; below++) {
        ctx_cache_ref ref = CTX_CACHE_REF_INIT;
        int status = ctx_cache_call(cache, memoized, &ref, n - below);

        if (status != CTX_OK)
            return status;
        *sum += *(const int64_t *)ref.data;
        ctx_cache_ref_release(&ref);
    }
    return CTX_OK;
}

static int load(ctx_cache_load *l, const ctx_value *args, size_t count, void *user)
{
    int64_t mine = ++serial, value = mine;
    int status = CTX_OK;

    (void)user;
    if (kind == RAISING && mine % 3 == 0)
        return (int)(100 + mine % 5);
    if (kind == RECURSIVE && count == 1 && args[0].type == CTX_I64) {
        if (mine % 7 == 0)
            return 200;
        status = add_recursive(args[0].as.i64, &value);
    }
    value %= 1000000007;
    return status == CTX_OK ? ctx_cache_load_copy(l, &value, sizeof value) : status;
}

/* ---- arguments ---------------------------------------------------------------------------- */

static unsigned char *unhex(const char *hex, size_t *out_size)
{
    size_t size = strlen(hex) / 2;
    unsigned char *bytes = malloc(size + 1);

    CHECK(bytes);
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        bytes[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    bytes[size] = 0;
    *out_size = size;
    return bytes;
}

static ctx_value parse_double(const char *hex)
{
    uint64_t bits = strtoull(hex, NULL, 16);
    double x;

    memcpy(&x, &bits, sizeof x);
    return ctx_f64(x);
}

/* Memory of a string or of bytes is the caller's to free. */
static ctx_value parse_arg(const char *text, unsigned char **out_memory)
{
    size_t size;

    *out_memory = NULL;
    switch (*text) {
    case 'i':
        return ctx_i64(strtoll(text + 1, NULL, 10));
    case 'f':
        return parse_double(text + 1);
    case 's':
        *out_memory = unhex(text + 1, &size);
        return ctx_string_n((const char *)*out_memory, size);
    case 'b':
        *out_memory = unhex(text + 1, &size);
        return ctx_bytes(*out_memory, size);
    case 'T':
        return ctx_bool(true);
    case 'F':
        return ctx_bool(false);
    default:
        CHECK(*text == 'N');
        return ctx_null();
    }
}

/* ---- the stream --------------------------------------------------------------------------- */

static void begin(const char *maxsize, const char *which)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    long long size = strtoll(maxsize, NULL, 10);

    ctx_cache_destroy(cache);
    config.capacity_entries = size < 0 ? CTX_CACHE_UNBOUNDED : (uint64_t)size;
    CHECK_EQ(ctx_cache_new(&config, &cache), CTX_OK);
    kind = (enum kind)strtol(which, NULL, 10);
    serial = 0;
    hits_before = misses_before = 0;
}

static ctx_cache_stats read_stats(void)
{
    ctx_cache_stats stats = CTX_CACHE_STATS_INIT;

    CHECK_EQ(ctx_cache_stats_read(cache, &stats), CTX_OK);
    return stats;
}

static void print_stats(void)
{
    ctx_cache_stats s = read_stats();

    printf(" %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", s.hits - hits_before, s.misses - misses_before,
           s.entries);
}

static void call(char *rest)
{
    unsigned char *memory[ARGS_MAX];
    ctx_value args[ARGS_MAX];
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    size_t count = 0;
    char *save = NULL;
    int status;

    for (char *word = strtok_r(rest, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
        CHECK(count < ARGS_MAX);
        args[count] = parse_arg(word, &memory[count]);
        count++;
    }
    status = ctx_cache_call_v(cache, memoized, args, count, NULL, &ref, NULL);
    if (status == CTX_OK)
        printf("v%" PRId64, *(const int64_t *)ref.data);
    else
        printf("e%d", status);
    ctx_cache_ref_release(&ref);
    while (count)
        free(memory[--count]);
    print_stats();
}

/* cache_clear() sets Python's counters back as well. */
static void clear(void)
{
    ctx_cache_stats s = read_stats();

    CHECK_EQ(ctx_cache_clear(cache), CTX_OK);
    hits_before = s.hits;
    misses_before = s.misses;
    printf("cleared");
    print_stats();
}

static void play(char *line)
{
    char *save = NULL, *word = strtok_r(line, " \n", &save);

    if (!word)
        return;
    if (strcmp(word, "stream") == 0) {
        const char *maxsize = strtok_r(NULL, " \n", &save);

        begin(maxsize, strtok_r(NULL, " \n", &save));
    } else if (strcmp(word, "call") == 0) {
        call(save);
    } else {
        CHECK(strcmp(word, "clear") == 0);
        clear();
    }
}

int main(void)
{
    static char line[LINE_MAX_BYTES];

    while (fgets(line, sizeof line, stdin))
        play(line);
    ctx_cache_destroy(cache);
    return 0;
}
