/*
 * Recordings of live caches: what is in them is what the cache was asked for and what it answered, by the
 * simplest LRU cache that there is; nothing more is in them; and how they begin and end.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/tape.h"
#include "support/cache_kit.h"
#include "support/clock.h"
#include "support/hash_bits.h"
#include "support/record_kit.h"
#include "support/rng.h"
#include "support/scale.h"
#include "support/trace_kit.h"
#include "tune/distances.h"

static CTX_VAR(tenant);
PROBE(price);
PROBE(broken);

static int fail(struct probe *probe, ctx_cache_load *load, const ctx_value *args, size_t count)
{
    (void)probe, (void)load, (void)args, (void)count;
    return 99;
}

static void setup(void)
{
    broken_probe.during = fail;
}

TestSuite(record, .init = setup, .timeout = 120);

/* Keys are known by their hashes alone. */
static void need_hashes(void)
{
    if (hash_bits() < 64)
        cr_skip_test("keys with equal hashes are one key in a recording");
}

/* ---- a live cache and a model of it ------------------------------------------------------- */

enum { TENANTS = 5, KEYS = 30, MANY = 20 };

static void call_many(ctx_cache *cache, struct support_rng *rng)
{
    ctx_value args[MANY];
    int64_t serials[MANY];

    for (int i = 0; i < MANY; i++)
        args[i] = ctx_i64((int64_t)support_rng_below(rng, KEYS));
    cr_assert_eq(ctx_cache_call_many_copy_v(cache, price, args, 1, MANY, NULL, serials,
                                            sizeof *serials, NULL),
                 CTX_OK);
}

/* Requests that leave a key there or not, whatever the capacity is; `loose`: and those that do not. */
static void make_request(ctx_cache *cache, struct support_rng *rng, bool loose)
{
    int64_t key = (int64_t)support_rng_below(rng, KEYS);

    cr_assert_eq(ctx_set(tenant, (int64_t)support_rng_below(rng, TENANTS)), CTX_OK);
    switch (support_rng_below(rng, loose ? 9 : 7)) {
    case 0:
        call_many(cache, rng);
        break;
    case 1:
        put_serial(cache, price, key, 7);
        break;
    case 2:
        ctx_cache_invalidate(cache, price, key);
        break;
    case 7:
        look(cache, price, key);
        break;
    case 8:
        ask(cache, broken, key);
        peek(cache, price, key);
        break;
    default:
        ask(cache, price, key, "and", key);
        break;
    }
}

static void make_requests(ctx_cache *cache, uint64_t seed, bool loose)
{
    struct support_rng rng = support_rng_seeded(seed);

    for (long i = 0; i < scaled(20000); i++)
        make_request(cache, &rng, loose);
}

static bool is_hit(const struct ctxi_recorded *request)
{
    return request->what == CTXI_RECORDED_HIT;
}

static bool is_asked(const struct ctxi_recorded *request)
{
    return request->what != CTXI_RECORDED_PUT && request->what != CTXI_RECORDED_DELETE;
}

/* Each request of the file is what the model says; how many hits they are. */
static uint64_t check_model(const struct recorded_file *file, size_t capacity)
{
    struct lru_model model;
    uint64_t hits = 0;

    lru_model_init(&model, capacity);
    for (size_t i = 0; i < file->count; i++) {
        const struct ctxi_recorded *request = &file->requests[i];
        bool was_there = lru_model_see(&model, request);

        if (is_asked(request))
            cr_assert_eq(is_hit(request), was_there, "request %zu", i);
        hits += is_hit(request);
    }
    lru_model_fini(&model);
    return hits;
}

Test(record, a_model_has_the_hits_of_the_live_cache)
{
    uint64_t seed = support_seed("test_record");

    need_hashes();
    for (size_t capacity = 1; capacity < 200; capacity = capacity * 3 + 1) {
        ctx_cache *cache = cache_of(capacity, tenant);
        const char *path = record_to_file(cache, 0, 0);
        ctx_cache_record_stats stats;
        struct recorded_file file;

        make_requests(cache, seed, true);
        stats = record_end(cache, path);
        file = recorded_read(path);
        cr_assert(file.is_whole);
        cr_assert_eq(stats.recorded, file.count);
        cr_assert_eq(stats.dropped, file.state.dropped);
        cr_assert_eq(stats.dropped, 0);
        cr_assert_eq(file.about.max_entries, capacity);
        cr_assert_eq(check_model(&file, capacity), stats_of(cache).hits);
        recorded_free(&file);
        ctx_cache_destroy(cache);
    }
}

static void load_trace(const char *path, struct ctxi_trace **out_trace)
{
    struct ctxi_problem problem;

    cr_assert_eq(ctxi_trace_load(path, NULL, out_trace, &problem), CTX_OK, "%s", problem.text);
}

/* A recording of a cache of one capacity says what the others would hit, to a request. */
Test(record, the_curve_of_a_recording_is_what_other_capacities_hit)
{
    static const size_t capacities[] = {1, 5, 17, 40, 90, 200};
    uint64_t seed = support_seed("test_record curve");
    ctx_cache *cache = cache_of(40, tenant);
    const char *path = record_to_file(cache, 0, 0);
    struct ctxi_curves *curves;
    struct ctxi_trace *trace;

    need_hashes();
    make_requests(cache, seed, false);
    record_end(cache, path);
    load_trace(path, &trace);
    cr_assert_eq(trace->tenant_count, TENANTS);
    struct ctxi_stream stream = ctxi_stream_of(trace);
    cr_assert_eq(ctxi_curves_compute(&stream, 0, 0, ctxi_process_allocator(), &curves), CTX_OK);
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        ctx_cache *other = cache_of(capacities[i], tenant);

        make_requests(other, seed, false);
        cr_assert_eq(ctxi_curve_hits(&curves->overall, capacities[i]), stats_of(other).hits,
                     "capacity %zu", capacities[i]);
        ctx_cache_destroy(other);
    }
    ctxi_curves_free(curves);
    ctxi_trace_free(trace);
    ctx_cache_destroy(cache);
}

/* ---- in bytes ----------------------------------------------------------------------------- */

enum { BYTES_TENANTS = 50, BYTES_KEYS = 300, BYTES_CALLS = 400000 };

/* Values of 8 to 200 bytes: a mean of some 150 for each entry, so index and partitions count. */
static int load_some(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    void *buffer;

    (void)count, (void)user;
    return ctx_cache_load_reserve(load, 8 + (size_t)(args[0].as.u64 * 37 % 193), &buffer);
}

static CTX_CACHE_FN_VERSION(some, 1, load_some, NULL);

static ctx_cache *cache_of_bytes(size_t bytes)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_bytes = bytes;
    config.vary = (ctx_var *[]){tenant};
    config.vary_count = 1;
    return cache_with(&config);
}

/* Keys and tenants by the squares of uniform numbers, so that no capacity has all that is to be had. */
static void ask_in_bytes(ctx_cache *cache, uint64_t seed, long calls)
{
    struct support_rng rng = support_rng_seeded(seed);

    for (long i = 0; i < calls; i++) {
        uint64_t key = support_rng_below(&rng, BYTES_KEYS),
                 who = support_rng_below(&rng, BYTES_TENANTS);
        ctx_cache_ref ref = CTX_CACHE_REF_INIT;

        cr_assert_eq(ctx_set(tenant, (int64_t)(who * who / BYTES_TENANTS)), CTX_OK);
        cr_assert_eq(ctx_cache_call(cache, some, &ref, (int64_t)(key * key / BYTES_KEYS)), CTX_OK);
        ctx_cache_ref_release(&ref);
    }
}

/* What a cache of so many bytes hits of the same calls. */
static double ratio_of_bytes(size_t bytes, uint64_t seed, long calls)
{
    ctx_cache *cache = cache_of_bytes(bytes);
    uint64_t hits;

    ask_in_bytes(cache, seed, calls);
    hits = stats_of(cache).hits;
    ctx_cache_destroy(cache);
    return (double)hits / (double)calls;
}

static struct ctxi_curves *curves_in_bytes(const char *path, double *out_scale)
{
    struct ctxi_curves *curves;
    struct ctxi_trace *trace;
    struct ctxi_stream stream;

    load_trace(path, &trace);
    *out_scale = trace->recorded.used_per_weight;
    stream = ctxi_stream_of(trace);
    cr_assert_eq(ctxi_curves_compute(&stream, CTXI_CURVES_BYTES, 0, ctxi_process_allocator(),
                                     &curves),
                 CTX_OK);
    ctxi_trace_free(trace);
    return curves;
}

/* The recording begins when the cache has been used. */
static struct ctxi_curves *record_in_bytes(size_t capacity, uint64_t seed, long calls,
                                           double *out_scale)
{
    ctx_cache *cache = cache_of_bytes(capacity);
    struct ctxi_curves *curves;
    const char *path;

    ask_in_bytes(cache, seed + 1, calls);
    path = record_to_file(cache, 0, (size_t)16 << 20);
    ask_in_bytes(cache, seed, calls);
    cr_assert_eq(record_end(cache, path).dropped, 0);
    curves = curves_in_bytes(path, out_scale);
    ctx_cache_destroy(cache);
    return curves;
}

/*
 * A curve in bytes foretells what caches with a capacity in bytes hit, of half, the same and twice what the
 * recorded one had, to three points of the hit ratio; of a large one, too, where nearly all are hits, of
 * which a recording has no weights.
 */
Test(record, the_curve_in_bytes_is_what_capacities_in_bytes_hit)
{
    static const size_t capacities[] = {512 << 10, 1 << 20, 2 << 20, 4 << 20};
    const long calls = scaled(BYTES_CALLS);
    uint64_t seed = support_seed("test_record bytes");

    need_hashes();
    for (size_t recorded = 1; recorded < 4; recorded++) {
        double scale;
        struct ctxi_curves *curves = record_in_bytes(capacities[recorded], seed, calls, &scale);

        for (size_t i = recorded - 1; i < 4 && i <= recorded + 1; i++) {
            double promised =
                       (double)ctxi_curve_hits(&curves->overall, capacities[i]) / (double)calls,
                   live = ratio_of_bytes(capacities[i], seed, calls);

            fprintf(stderr,
                    "%zu bytes: promised %.2f %%, live %.2f %%; by one of %zu bytes, weights times "
                    "%.3f\n",
                    capacities[i], 100 * promised, 100 * live, capacities[recorded], scale);
            cr_expect_float_eq(promised, live, 0.03, "%.4f is promised at %zu bytes, live %.4f",
                               promised, capacities[i], live);
        }
        ctxi_curves_free(curves);
    }
}

/* ---- what else it tells ------------------------------------------------------------------- */

/* Files are as long as a test: the first `count` requests are these. */
static void expect(const struct recorded_file *file, const enum ctxi_recorded_what *what,
                   size_t count)
{
    cr_assert(file->is_whole);
    cr_assert_eq(file->count, count, "%zu requests", file->count);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(file->requests[i].what, what[i], "request %zu is %d", i,
                     file->requests[i].what);
}

Test(record, what_expires_is_deleted)
{
    const enum ctxi_recorded_what what[] = {CTXI_RECORDED_MISS,   CTXI_RECORDED_HIT,
                                            CTXI_RECORDED_DELETE, CTXI_RECORDED_MISS,
                                            CTXI_RECORDED_DELETE, CTXI_RECORDED_LOST};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    struct fake_clock clock = {1};
    struct recorded_file file;
    const char *path;
    ctx_cache *cache;

    config.capacity_entries = 10;
    config.ttl_ns = 50;
    config.clock = fake_clock_read;
    config.clock_user = &clock;
    cache = cache_with(&config);
    path = record_to_file(cache, 0, 0);
    ask(cache, price, 6);
    ask(cache, price, 6);
    fake_clock_advance(&clock, 100);
    ask(cache, price, 6);
    fake_clock_advance(&clock, 100);
    look(cache, price, 6);
    record_end(cache, path);
    file = recorded_read(path);
    expect(&file, what, sizeof what / sizeof *what);
    for (size_t i = 1; i < file.count; i++)
        cr_assert_eq(file.requests[i].key, file.requests[0].key);
    recorded_free(&file);
    ctx_cache_destroy(cache);
}

static int load_long(ctx_cache_load *load, const ctx_value *args, size_t count, void *clock)
{
    void *buffer;

    (void)count;
    fake_clock_advance(clock, args[0].as.u64);
    return ctx_cache_load_reserve(load, (size_t)args[0].as.u64 / 100, &buffer);
}

Test(record, weights_and_loads_are_told)
{
    static struct fake_clock clock;
    static CTX_CACHE_FN_VERSION(slow, 1, load_long, &clock);
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache_ref ref = CTX_CACHE_REF_INIT;
    struct recorded_file file;
    const char *path;
    ctx_cache *cache;

    config.capacity_bytes = 1 << 20;
    config.clock = fake_clock_read;
    config.clock_user = &clock;
    cache = cache_with(&config);
    path = record_to_file(cache, 0, 0);
    for (int64_t load = 1000; load < 1000000; load *= 10) {
        cr_assert_eq(ctx_cache_call(cache, slow, &ref, load), CTX_OK);
        ctx_cache_ref_release(&ref);
    }
    cr_assert_eq(ctx_cache_call(cache, slow, &ref, (int64_t)1000), CTX_OK);
    ctx_cache_ref_release(&ref);
    record_end(cache, path);
    file = recorded_read(path);
    cr_assert_eq(file.count, 4);
    cr_assert_eq(file.about.max_bytes, 1 << 20);
    cr_assert_eq(file.requests[0].load_ns, 1000);
    for (size_t i = 0, load = 1000; i < 3; i++, load *= 10) {
        cr_assert_leq(file.requests[i].load_ns, load);
        cr_assert_geq(file.requests[i].load_ns, load - load / 512);
        cr_assert_gt(file.requests[i].weight, load / 100);
        cr_assert_lt(file.requests[i].weight, load / 100 + 300);
    }
    cr_assert_eq(file.requests[3].what, CTXI_RECORDED_HIT);
    if (hash_bits() == 64)
        cr_assert_eq(file.requests[3].weight, file.requests[0].weight);
    recorded_free(&file);
    ctx_cache_destroy(cache);
}

/* Of a partition the recording has as many requests as its statistics. */
static int find_in_recording(void *user, const ctx_cache_partition *partition)
{
    const struct ctxi_trace *trace = user;
    uint64_t requests = 0;
    char name[24];

    snprintf(name, sizeof name, "%" PRIu64, partition->id);
    for (size_t i = 0; i < trace->request_count; i++)
        requests += !strcmp(ctxi_tenants_name(trace->tenants, trace->request_tenants[i]), name);
    cr_assert_eq(requests, partition->stats->hits + partition->stats->misses, "partition %s", name);
    return 0;
}

/* Who has the cache knows which tenant is which. */
Test(record, tenants_have_the_numbers_of_their_partitions)
{
    enum { MOST = 40 };
    ctx_cache *cache = cache_of(1000, tenant);
    struct ctxi_trace *trace;
    const char *path;

    need_hashes();
    for (int64_t i = 0; i < 10; i++) {
        ctx_set(tenant, i + 1000); /* so that numbers are not those of the order in the file */
        ctx_cache_invalidate_partition(cache);
    }
    path = record_to_file(cache, 0, 0);
    for (int64_t i = 0; i < MOST; i++)
        for (int64_t j = 0; j < i + 1; j++) {
            ctx_set(tenant, MOST - i);
            ask(cache, price, j % 7);
        }
    record_end(cache, path);
    load_trace(path, &trace);
    cr_assert_eq(trace->tenant_count, MOST);
    cr_assert_eq(ctx_cache_each_partition(cache, find_in_recording, trace), CTX_OK);
    ctxi_trace_free(trace);
    ctx_cache_destroy(cache);
}

/* Equal keys of different tenants are different keys, and a tenant keeps its number when it is dropped. */
Test(record, a_tenant_is_the_same_after_it_was_dropped)
{
    ctx_cache *cache = cache_of(100, tenant);
    const char *path = record_to_file(cache, 0, 0);
    struct recorded_file file;

    need_hashes();
    for (int64_t i = 0; i < 6; i++) {
        ctx_set(tenant, i % 2);
        ask(cache, price, 1);
        if (i % 2 == 1)
            ctx_cache_invalidate_partition(cache);
    }
    record_end(cache, path);
    file = recorded_read(path);
    cr_assert_eq(file.count, 6);
    cr_assert_neq(file.requests[0].tenant, file.requests[1].tenant);
    cr_assert_neq(file.requests[0].key, file.requests[1].key);
    for (size_t i = 2; i < file.count; i++)
        cr_assert_eq(file.requests[i].tenant, file.requests[i - 2].tenant);
    cr_assert_eq(file.requests[2].what, CTXI_RECORDED_HIT);
    cr_assert_eq(file.requests[3].what, CTXI_RECORDED_MISS);
    recorded_free(&file);
    ctx_cache_destroy(cache);
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static size_t count_tenants(const struct recorded_file *file)
{
    uint64_t *tenants = calloc(file->count + 1, sizeof *tenants);
    size_t count = 0;

    for (size_t i = 0; i < file->count; i++)
        tenants[i] = file->requests[i].tenant;
    qsort(tenants, file->count, sizeof *tenants, compare_numbers);
    for (size_t i = 0; i < file->count; i++)
        count += i == 0 || tenants[i] != tenants[i - 1];
    free(tenants);
    return count;
}

/* They come back under other ids, sooner than the writer can ask whose the old ones were. */
Test(record, tenants_that_are_forgotten_do_not_become_others)
{
    enum { TENANTS_FORGOTTEN = 1500 };
    ctx_cache *cache = cache_of(10, tenant);
    const char *path = record_to_file(cache, 0, 0);
    struct recorded_file file;

    need_hashes();
    for (int64_t i = 0; i < 4 * TENANTS_FORGOTTEN; i++) {
        ctx_set(tenant, i % TENANTS_FORGOTTEN);
        ask(cache, price, 1);
    }
    record_end(cache, path);
    file = recorded_read(path);
    cr_assert_leq(count_tenants(&file), TENANTS_FORGOTTEN + 1); /* and those that are gone */
    recorded_free(&file);
    ctx_cache_destroy(cache);
}

/* ---- what it does not tell ---------------------------------------------------------------- */

static bool has_bytes(const unsigned char *bytes, size_t size, const void *what, size_t what_size)
{
    for (size_t i = 0; i + what_size <= size; i++)
        if (memcmp(bytes + i, what, what_size) == 0)
            return true;
    return false;
}

Test(record, no_key_and_no_value_is_in_the_file)
{
    static const char secret_tenant[] = "Xq7-acme-kj", secret_key[] = "Zw9-margin-op";
    static const int64_t number = 0x1122334455667788, value = 0x21436587a9cbed0f;
    ctx_cache *cache = cache_of(100, tenant);
    const char *path = record_to_file(cache, 0, 0);
    unsigned char *bytes;
    size_t size;

    ctx_set(tenant, secret_tenant);
    ask(cache, price, secret_key, number);
    ask(cache, price, secret_key, number);
    ctx_cache_put(cache, price, &value, sizeof value, secret_key);
    ctx_cache_invalidate(cache, price, secret_key);
    cr_assert_eq(record_end(cache, path).recorded, 4);
    bytes = file_bytes(path, &size);
    cr_assert(has_bytes(bytes, size, "tenant", 6), "the name of the variable is there");
    cr_assert(!has_bytes(bytes, size, secret_tenant, 6));
    cr_assert(!has_bytes(bytes, size, secret_key, 6));
    cr_assert(!has_bytes(bytes, size, secret_key + 6, 6));
    cr_assert(!has_bytes(bytes, size, &number, sizeof number));
    cr_assert(!has_bytes(bytes, size, &value, sizeof value));
    free(bytes);
    ctx_cache_destroy(cache);
}

/* Two recordings of the same requests know keys and tenants by other numbers. */
Test(record, two_recordings_have_nothing_in_common)
{
    ctx_cache *cache = cache_of(100, tenant);
    struct recorded_file files[2];

    ctx_set(tenant, 5);
    for (int i = 0; i < 2; i++) {
        const char *path = record_to_file(cache, 0, 0);

        ask(cache, price, 7);
        record_end(cache, path);
        files[i] = recorded_read(path);
        cr_assert_eq(files[i].count, 1);
    }
    cr_assert_neq(files[0].requests[0].key, files[1].requests[0].key);
    cr_assert_neq(files[0].requests[0].tenant, files[1].requests[0].tenant);
    recorded_free(&files[0]);
    recorded_free(&files[1]);
    ctx_cache_destroy(cache);
}

/* ---- samples ------------------------------------------------------------------------------ */

enum { SAMPLED_KEYS = 3000 };

struct sampled {
    uint64_t key;
    size_t times;
};

static int by_key(const void *left, const void *right)
{
    const uint64_t a = ((const struct sampled *)left)->key,
                   b = ((const struct sampled *)right)->key;

    return (a > b) - (a < b);
}

/* How often each key is in the file; returns how many keys there are. */
static size_t count_keys(const struct recorded_file *file, struct sampled *sampled)
{
    size_t keys = 0;

    for (size_t i = 0; i < file->count; i++)
        sampled[i] = (struct sampled){file->requests[i].key, 1};
    qsort(sampled, file->count, sizeof *sampled, by_key);
    for (size_t i = 0; i < file->count; i++)
        if (keys && sampled[keys - 1].key == sampled[i].key)
            sampled[keys - 1].times++;
        else
            sampled[keys++] = sampled[i];
    return keys;
}

/* Key number k is asked for k % 7 + 1 times: a key is there with all its requests, or not at all. */
static void check_sample(double rate)
{
    ctx_cache *cache = cache_of(SAMPLED_KEYS, NULL);
    const char *path = record_to_file(cache, rate, 0);
    struct recorded_file file;
    struct sampled *sampled;
    size_t keys, by_times[8] = {0};

    for (int64_t key = 0; key < SAMPLED_KEYS; key++)
        for (int64_t i = 0; i <= key % 7; i++)
            ask(cache, price, key);
    record_end(cache, path);
    file = recorded_read(path);
    cr_assert_float_eq((double)file.about.threshold / 18446744073709551616.0, rate, 1e-9);
    sampled = calloc(file.count + 1, sizeof *sampled);
    keys = count_keys(&file, sampled);
    for (size_t i = 0; i < keys; i++) {
        cr_assert_leq(sampled[i].times, 7);
        by_times[sampled[i].times]++;
    }
    /* binomial: six standard deviations */
    for (size_t times = 1; times <= 7; times++)
        cr_assert_float_eq((double)by_times[times], rate * SAMPLED_KEYS / 7,
                           1 + 6 * sqrt(rate * SAMPLED_KEYS / 7));
    free(sampled);
    recorded_free(&file);
    ctx_cache_destroy(cache);
}

Test(record, a_sample_has_keys_with_all_their_requests)
{
    need_hashes();
    check_sample(0.5);
    check_sample(0.1);
    check_sample(1);
}

/* The keys of a sample are those whose hashes are below the threshold, no other. */
Test(record, a_sample_is_what_is_below_its_threshold)
{
    enum { SEEN = 1000 };
    struct support_rng rng = support_rng_seeded(support_seed("test_record sample"));
    ctx_cache *cache = cache_of(10, NULL);
    const char *path;
    uint64_t below = 0;

    ask(cache, price, 1); /* this thread has a reader */
    path = record_to_file(cache, 0.25, 0);
    for (int i = 0; i < SEEN; i++) {
        struct ctxi_seen seen = {CTXI_SEEN_HIT, support_rng_next(&rng), 5, 0, 0};

        ctxi_lock_acquire(&cache->lock);
        ctxi_observed(cache, &seen);
        ctxi_lock_release(&cache->lock);
        ctxi_observed_hit(cache, ctxi_reader_find(cache->serial), seen.hash, 5);
        below += seen.hash < UINT64_C(1) << 62 ? 2 : 0;
    }
    cr_assert_eq(record_end(cache, path).recorded, below);
    ctx_cache_destroy(cache);
}

/* ---- what is lost ------------------------------------------------------------------------- */

static bool are_equal(const struct ctxi_seen *left, const struct ctxi_seen *right)
{
    return left->what == right->what && left->hash == right->hash &&
           left->partition == right->partition && left->weight == right->weight &&
           left->load_ns == right->load_ns;
}

Test(record, a_full_tape_drops_and_counts)
{
    enum { WORDS = 512, SEEN = 2000 };
    struct support_rng rng = support_rng_seeded(support_seed("test_record tape"));
    struct ctxi_tape *tape = ctxi_tape_new(WORDS, UINT64_MAX);
    struct ctxi_seen written[SEEN], seen;
    size_t kept = 0, taken = 0;

    for (size_t i = 0; i < SEEN; i++) {
        uint64_t before = atomic_load(&tape->dropped);

        seen = (struct ctxi_seen){CTXI_SEEN_HIT, support_rng_next(&rng) & ~CTXI_TAPE_KIND,
                                  support_rng_below(&rng, 3) + 1, 0, 0};
        if (support_rng_below(&rng, 4) == 0)
            seen = (struct ctxi_seen){CTXI_SEEN_MISS, seen.hash, seen.partition, i, i * 3};
        if (seen.what != CTXI_SEEN_HIT || !ctxi_tape_write_hit(tape, seen.hash, seen.partition))
            ctxi_tape_write(tape, &seen);
        if (atomic_load(&tape->dropped) == before)
            written[kept++] = seen;
        if (i == SEEN / 2) /* room again for the half of it */
            for (ctxi_tape_look(tape); taken < 100;) {
                ctxi_tape_begin_segment(tape);
                while (taken < 100 && ctxi_tape_take(tape, &seen))
                    cr_assert(are_equal(&seen, &written[taken++]));
                ctxi_tape_give_room(tape);
            }
    }
    cr_assert_gt(kept, 100);
    cr_assert_eq(kept + atomic_load(&tape->dropped), SEEN);
    while (ctxi_tape_look(tape)) {
        ctxi_tape_begin_segment(tape);
        while (ctxi_tape_take(tape, &seen))
            cr_assert(are_equal(&seen, &written[taken++]), "request %zu", taken);
        ctxi_tape_give_room(tape);
    }
    cr_assert_eq(taken, kept);
    ctxi_tape_unref(tape);
}

Test(record, what_is_not_recorded_is_dropped)
{
    const long calls = scaled(200000);
    ctx_cache *cache = cache_of(10, NULL);
    const char *path = record_to_file(cache, 1, CTX_CACHE_RECORD_BUFFER_MIN);
    ctx_cache_record_stats stats, now = CTX_CACHE_RECORD_STATS_INIT;
    struct recorded_file file;

    for (long i = 0; i < calls; i++)
        ask(cache, price, i % 5);
    cr_assert_eq(ctx_cache_record_stats_read(cache, &now), CTX_OK);
    cr_assert_leq(now.recorded + now.dropped, (uint64_t)calls);
    stats = record_end(cache, path);
    cr_assert_eq(stats.recorded + stats.dropped, (uint64_t)calls);
    file = recorded_read(path);
    cr_assert_eq(file.count, stats.recorded);
    cr_assert_eq(file.state.dropped, stats.dropped);
    recorded_free(&file);
    ctx_cache_destroy(cache);
}

/* ---- beginnings and ends ------------------------------------------------------------------ */

static int start(ctx_cache *cache, const char *path, double rate, size_t buffer, uint32_t flags)
{
    ctx_cache_record_options options = CTX_CACHE_RECORD_OPTIONS_INIT;

    options.path = path;
    options.rate = rate;
    options.buffer_bytes = buffer;
    options.flags = flags;
    return ctx_cache_record_start(cache, &options);
}

Test(record, wrong_arguments_are_refused)
{
    const char *path = trace_file("", 0);
    ctx_cache *cache = cache_of(10, NULL);
    ctx_cache_record_options options = CTX_CACHE_RECORD_OPTIONS_INIT;
    ctx_cache_record_stats stats = CTX_CACHE_RECORD_STATS_INIT;

    cr_assert_eq(ctx_cache_record_start(cache, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_record_start(cache, &options), CTX_ERR_INVALID, "no path");
    options.path = path;
    cr_assert_eq(ctx_cache_record_start(NULL, &options), CTX_ERR_INVALID);
    options.reserved = 1;
    cr_assert_eq(ctx_cache_record_start(cache, &options), CTX_ERR_INVALID);
    options.reserved = 0;
    options.size = 1;
    cr_assert_eq(ctx_cache_record_start(cache, &options), CTX_ERR_INVALID);
    cr_assert_eq(start(cache, path, -0.1, 0, 0), CTX_ERR_INVALID);
    cr_assert_eq(start(cache, path, 1.1, 0, 0), CTX_ERR_INVALID);
    cr_assert_eq(start(cache, path, (double)NAN, 0, 0), CTX_ERR_INVALID);
    cr_assert_eq(start(cache, path, 0, CTX_CACHE_RECORD_BUFFER_MIN - 1, 0), CTX_ERR_INVALID);
    cr_assert_eq(start(cache, path, 0, CTX_CACHE_RECORD_BUFFER_MAX + 1, 0), CTX_ERR_INVALID);
    cr_assert_eq(start(cache, path, 0, 0, 2), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_record_stop(NULL, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_record_stop(cache, NULL), CTX_ABSENT);
    cr_assert_eq(ctx_cache_record_stats_read(cache, &stats), CTX_ABSENT);
    stats.size = 1;
    cr_assert_eq(ctx_cache_record_stop(cache, &stats), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_record_stats_read(cache, &stats), CTX_ERR_INVALID);
    cr_assert_eq(ctx_cache_record_stats_read(cache, NULL), CTX_ERR_INVALID);
    ctx_cache_destroy(cache);
}

/* The problem with the options begins with the name of the field; NULL: there is none. */
static void expect_problem(const ctx_cache_record_options *options, const char *field)
{
    const char *problem = ctx_cache_record_problem(options);
    ctx_cache *cache = cache_of(10, NULL);

    cr_assert_eq(!problem, !field, "%s", field);
    if (field) {
        cr_assert_eq(strncmp(problem, field, strlen(field)), 0, "'%s', not %s", problem, field);
        cr_assert_eq(problem[strlen(field)], ':');
        cr_assert_eq(ctx_cache_record_start(cache, options), CTX_ERR_INVALID);
    }
    ctx_cache_destroy(cache);
}

Test(record, the_problem_names_the_field)
{
    const ctx_cache_record_options good = {.size = sizeof good, .path = "/dev/null", .rate = 0.5};
    ctx_cache_record_options options = good;

    expect_problem(NULL, "options");
    expect_problem(&good, NULL);
    options.size = 1;
    expect_problem(&options, "size");
    options = good;
    options.path = NULL;
    expect_problem(&options, "path");
    options = good;
    options.rate = 1.5;
    expect_problem(&options, "rate");
    options.rate = (double)NAN;
    expect_problem(&options, "rate");
    options = good;
    options.buffer_bytes = 1;
    expect_problem(&options, "buffer_bytes");
    options = good;
    options.flags = 2;
    expect_problem(&options, "flags");
    options = good;
    options.reserved = 1;
    expect_problem(&options, "reserved");
}

Test(record, a_file_is_ours_alone_and_none_is_overwritten)
{
    char folder[] = "/tmp/ctxrec-XXXXXX", path[64];
    ctx_cache *cache = cache_of(10, NULL);
    struct stat file;

    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    cr_assert_eq(start(cache, path, 0, 0, 0), CTX_OK);
    cr_assert_eq(start(cache, path, 0, 0, 0), CTX_ERR_BUSY, "one at a time");
    cr_assert_eq(stat(path, &file), 0);
    cr_assert_eq(file.st_mode & 0777, 0600);
    cr_assert_eq(ctx_cache_record_stop(cache, NULL), CTX_OK);
    cr_assert_eq(start(cache, path, 0, 0, 0), CTX_ERR_SYSTEM);
    cr_assert_eq(errno, EEXIST);
    cr_assert_eq(start(cache, path, 0, 0, CTX_CACHE_RECORD_OVERWRITE), CTX_OK);
    ctx_cache_destroy(cache);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(folder), 0);
}

Test(record, a_full_disk_is_told)
{
    ctx_cache *cache = cache_of(10, NULL);

    cr_assert_eq(start(cache, "/dev/full", 0, 0, CTX_CACHE_RECORD_OVERWRITE), CTX_ERR_SYSTEM);
    cr_assert_eq(errno, ENOSPC);
    cr_assert_eq(start(cache, "/no/such/folder/file", 0, 0, 0), CTX_ERR_SYSTEM);
    cr_assert_eq(errno, ENOENT);
    cr_assert_eq(ctx_cache_record_stop(cache, NULL), CTX_ABSENT);
    ctx_cache_destroy(cache);
}

/* Calls go on, the recording does not, and what is in the file is good. */
Test(record, a_disk_that_becomes_full_ends_it)
{
    const struct rlimit limit = {100000, 100000};
    const long calls = scaled(400000);
    ctx_cache *cache = cache_of(10, NULL);
    const char *path = record_to_file(cache, 0, (size_t)64 << 20);
    ctx_cache_record_stats stats = CTX_CACHE_RECORD_STATS_INIT;
    struct recorded_file file;
    struct ctxi_trace *trace;
    struct stat state;

    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (long i = 0; i < calls; i++)
        cr_assert_eq(ask(cache, price, i % 5).status, CTX_OK);
    cr_assert_eq(ctx_cache_record_stop(cache, &stats), CTX_ERR_SYSTEM);
    cr_assert_eq(errno, EFBIG);
    cr_assert_eq(stats.error, EFBIG);
    cr_assert_gt(stats.recorded, 0);
    file = recorded_read(path);
    cr_assert_eq(file.count, stats.recorded);
    cr_assert(!file.is_whole);
    recorded_free(&file);
    cr_assert_eq(stat(path, &state), 0);
    cr_assert_eq((uint64_t)state.st_size, stats.bytes, "nothing of the block that did not fit");
    load_trace(path, &trace);
    cr_assert_eq(trace->request_count, stats.recorded);
    cr_assert(trace->recorded.ends_early);
    ctxi_trace_free(trace);
    ctx_cache_destroy(cache);
}

static void *ask_some(void *cache)
{
    for (int i = 0; i < 1000; i++)
        ask((ctx_cache *)cache, price, i);
    return NULL;
}

Test(record, threads_that_have_ended_are_in_it)
{
    enum { THREADS = 10 };
    ctx_cache *cache = cache_of(10, NULL);
    const char *path = record_to_file(cache, 0, 0);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, ask_some, cache), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ask_some(cache);
    cr_assert_eq(record_end(cache, path).recorded, (THREADS + 1) * 1000);
    ctx_cache_destroy(cache);
}

Test(record, a_thread_that_only_puts_is_in_it)
{
    ctx_cache *cache = cache_of(10, NULL);
    const char *path = record_to_file(cache, 0, 0);
    ctx_cache_record_stats stats;

    put_serial(cache, price, 1, 1);
    ctx_cache_invalidate(cache, price, 1);
    stats = record_end(cache, path);
    cr_assert_eq(stats.recorded, 2);
    ctx_cache_destroy(cache);
}

/* A thread goes on from one recording to the next. */
Test(record, one_after_another)
{
    ctx_cache *cache = cache_of(10, NULL);

    for (int i = 0; i < 20; i++) {
        const char *path = record_to_file(cache, 0, 0);

        for (int j = 0; j < i; j++)
            ask(cache, price, j % 3);
        cr_assert_eq(record_end(cache, path).recorded, (uint64_t)i);
        ask(cache, price, 1);
        trace_file_close(path);
    }
    ctx_cache_destroy(cache);
}

Test(record, a_child_does_not_record)
{
    ctx_cache *cache = cache_of(10, NULL);
    const char *path = record_to_file(cache, 0, 0);
    int status = 1;
    pid_t child;

    ask(cache, price, 1);
    child = fork();
    if (child == 0) {
        ask(cache, price, 1);
        _exit(ctx_cache_record_stop(cache, NULL) != CTX_ABSENT);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    ask(cache, price, 1);
    cr_assert_eq(record_end(cache, path).recorded, 2);
    ctx_cache_destroy(cache);
}

static void *stop_recording(void *cache)
{
    ctx_cache_record_stop(cache, NULL);
    return NULL;
}

static bool is_ending(ctx_cache *cache)
{
    bool is_ending;

    ctxi_lock_acquire(&cache->observers.lock);
    is_ending = cache->observers.ending != NULL;
    ctxi_lock_release(&cache->observers.lock);
    return is_ending;
}

/* Descriptors that are open to this file. */
static int count_open(const struct stat *file)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++) {
        struct stat other;

        count += fstat(fd, &other) == 0 && other.st_ino == file->st_ino && S_ISFIFO(other.st_mode);
    }
    return count;
}

/* The pipe is full, so that stopping takes as long as nobody reads. */
Test(record, a_child_forked_while_it_is_stopped_does_not_keep_the_file)
{
    ctx_cache *cache = cache_of(10, NULL);
    ctx_cache_record_options options = CTX_CACHE_RECORD_OPTIONS_INIT;
    char folder[] = "/tmp/ctxcache-record-XXXXXX", path[64], drained[4096];
    pthread_t stopper;
    struct stat file;
    int status = 1, pipe_end;
    pid_t child;

    cr_assert_neq(mkdtemp(folder), NULL);
    snprintf(path, sizeof path, "%s/pipe", folder);
    cr_assert_eq(mkfifo(path, 0600), 0);
    pipe_end = open(path, O_RDWR | O_NONBLOCK);
    cr_assert_eq(fstat(pipe_end, &file), 0);
    options.path = path;
    options.flags = CTX_CACHE_RECORD_OVERWRITE;
    cr_assert_eq(ctx_cache_record_start(cache, &options), CTX_OK);
    for (int64_t i = 0; i < 60000; i++)
        ask(cache, price, i % 5);
    cr_assert_eq(pthread_create(&stopper, NULL, stop_recording, cache), 0);
    while (!is_ending(cache))
        sched_yield();
    child = fork();
    if (child == 0)
        _exit(count_open(&file) != 1); /* ours to read from it */
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    while (is_ending(cache))
        if (read(pipe_end, drained, sizeof drained) < 0)
            sched_yield();
    pthread_join(stopper, NULL);
    close(pipe_end);
    unlink(path);
    rmdir(folder);
    ctx_cache_destroy(cache);
}

static int take_a_while(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                        size_t count)
{
    const struct timespec a_while = {0, args[0].as.i64 * 1000000};

    (void)probe, (void)load, (void)count;
    return nanosleep(&a_while, NULL);
}

/* Also of what was there when the recording began: what it takes later, or the mean. */
Test(record, a_hit_saves_what_its_load_took)
{
    ctx_cache *cache = cache_of(10, NULL);
    struct ctxi_trace *trace;
    const char *path;

    need_hashes();
    price_probe.during = take_a_while;
    ask(cache, price, 3);
    ask(cache, price, 4);
    path = record_to_file(cache, 0, 0);
    ask(cache, price, 2);
    ask(cache, price, 2);
    ask(cache, price, 3);
    ask(cache, price, 4);
    ctx_cache_invalidate(cache, price, 4);
    ask(cache, price, 4);
    record_end(cache, path);
    cr_assert_eq(ctxi_trace_load(path, NULL, &trace, NULL), CTX_OK);
    cr_assert_eq(trace->request_count, 6);
    cr_assert_geq(trace->loads_ns[0], 1900000); /* as exact as the layout is */
    cr_assert_eq(trace->loads_ns[1], trace->loads_ns[0]);
    cr_assert_eq(trace->loads_ns[2], (trace->loads_ns[0] + trace->loads_ns[5]) / 2);
    cr_assert_eq(trace->loads_ns[3], trace->loads_ns[5]);
    cr_assert_eq(trace->loads_ns[4], 0); /* the invalidation */
    ctxi_trace_free(trace);
    trace_file_close(path);
    ctx_cache_destroy(cache);
}

static ctx_cache_record_stats stopped_inside;

static int stop_inside(struct probe *probe, ctx_cache_load *load, const ctx_value *args,
                       size_t count)
{
    (void)load, (void)args, (void)count;
    stopped_inside = (ctx_cache_record_stats)CTX_CACHE_RECORD_STATS_INIT;
    return ctx_cache_record_stop(probe->arg, &stopped_inside);
}

Test(record, a_loader_may_stop_it)
{
    ctx_cache *cache = cache_of(10, NULL);
    const char *path = record_to_file(cache, 0, 0);

    ask(cache, price, 1);
    price_probe.during = stop_inside;
    price_probe.arg = cache;
    cr_assert_eq(ask(cache, price, 2).status, CTX_OK);
    cr_assert_eq(stopped_inside.recorded, 1);
    cr_assert_eq(ctx_cache_record_stop(cache, NULL), CTX_ABSENT);
    trace_file_close(path);
    ctx_cache_destroy(cache);
}

Test(record, the_file_is_closed_by_exec)
{
    ctx_cache *cache = cache_of(10, NULL);
    const char *path = record_to_file(cache, 0, 0);
    struct stat file;
    int open_ones = 0;

    cr_assert_eq(stat(path, &file), 0);
    for (int fd = 0; fd < 256; fd++) {
        struct stat other;

        if (fstat(fd, &other) || other.st_ino != file.st_ino || other.st_dev != file.st_dev ||
            (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY) /* the test's own reads, too */
            continue;
        open_ones++;
        cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    }
    cr_assert_geq(open_ones, 1);
    record_end(cache, path);
    ctx_cache_destroy(cache);
}

/* Two requests, so far apart that a round of the writer is little beside it. */
Test(record, it_says_when_requests_were)
{
    const struct timespec apart = {0, 100000000};
    ctx_cache *cache = cache_of(10, NULL);
    uint64_t began = ctxi_monotonic_ns(NULL), took;
    const char *path = record_to_file(cache, 0, 0);
    struct recorded_file file;

    ask(cache, price, 1);
    nanosleep(&apart, NULL);
    ask(cache, price, 1);
    record_end(cache, path);
    took = ctxi_monotonic_ns(NULL) - began;
    file = recorded_read(path);
    cr_assert_eq(file.count, 2);
    cr_assert_geq(file.requests[1].time_ns - file.requests[0].time_ns, 50000000);
    cr_assert_leq(file.requests[1].time_ns, took);
    recorded_free(&file);
    ctx_cache_destroy(cache);
}

struct canceled {
    ctx_cache *cache;
    ctx_cache_record_options options; /* not on the stack that goes: ASan knows nothing of that */
    int started, stopped;
};

static void *start_and_stop(void *user)
{
    struct canceled *canceled = user;

    pthread_cancel(pthread_self());
    canceled->started = ctx_cache_record_start(canceled->cache, &canceled->options);
    canceled->stopped = ctx_cache_record_stop(canceled->cache, NULL);
    pthread_testcancel();
    return NULL;
}

/* Both open and close files. */
Test(record, who_is_canceled_starts_and_stops_in_full)
{
    struct canceled canceled = {cache_of(10, NULL), CTX_CACHE_RECORD_OPTIONS_INIT, 1, 1};
    pthread_t thread;
    void *result;

    canceled.options.path = trace_file("", 0);
    canceled.options.flags = CTX_CACHE_RECORD_OVERWRITE;
    cr_assert_eq(pthread_create(&thread, NULL, start_and_stop, &canceled), 0);
    cr_assert_eq(pthread_join(thread, &result), 0);
    cr_assert_eq(result, PTHREAD_CANCELED);
    cr_assert_eq(canceled.started, CTX_OK);
    cr_assert_eq(canceled.stopped, CTX_OK);
    trace_file_close(canceled.options.path);
    ctx_cache_destroy(canceled.cache);
}

Test(record, a_cache_that_is_destroyed_ends_its_recording)
{
    ctx_cache *cache = cache_of(10, NULL);
    const char *path = record_to_file(cache, 0, 0);
    struct recorded_file file;

    ask(cache, price, 1);
    ctx_cache_destroy(cache);
    file = recorded_read(path);
    cr_assert(file.is_whole);
    cr_assert_eq(file.count, 1);
    cr_assert_str_eq(file.name, "cache");
    recorded_free(&file);
}
