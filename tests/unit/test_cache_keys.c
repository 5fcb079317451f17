/*
 * What makes two keys equal, and everything that must not.
 */
#include <criterion/criterion.h>
#include <math.h>

#include "support/cache_kit.h"
#include "support/hash_bits.h"

PROBE(price);

static ctx_cache *cache;

static void setup(void)
{
    cache = cache_of(1000, NULL);
}

static void teardown(void)
{
    check_equations(cache);
    ctx_cache_destroy(cache);
}

TestSuite(keys, .init = setup, .fini = teardown);

/* ---- objects ------------------------------------------------------------------------------ */

static int some_object; /* encode() is not called for a NULL one */

/* A struct with padding after both chars. */
struct padded {
    char kind;
    int64_t id;
    char tail;
};

static int encode_padded(const void *object, ctx_encoder *encoder)
{
    const struct padded *p = object;

    ctx_encode(encoder, CTX_BOX(p->kind));
    ctx_encode(encoder, CTX_BOX(p->id));
    return ctx_encode(encoder, CTX_BOX(p->tail));
}

static const ctx_object_class padded_class = {sizeof(ctx_object_class), "padded", NULL, NULL,
                                              encode_padded};

/* A list of fields, objects among them. */
struct fields {
    size_t count;
    ctx_value field[4];
    int status; /* what encode() returns when all went well */
};

static int encode_fields(const void *object, ctx_encoder *encoder)
{
    const struct fields *f = object;
    int status = CTX_OK;

    for (size_t i = 0; f && i < f->count && status == CTX_OK; i++)
        status = ctx_encode(encoder, f->field[i]);
    return status == CTX_OK && f ? f->status : status;
}

static const ctx_object_class fields_class = {sizeof(ctx_object_class), "fields", NULL, NULL,
                                              encode_fields};
static const ctx_object_class other_class = {sizeof(ctx_object_class), "other", NULL, NULL,
                                             encode_fields};
static const ctx_object_class opaque_class = {sizeof(ctx_object_class), "opaque", NULL, NULL, NULL};

#define FIELDS(...)                                                                                \
    ctx_object(&(struct fields){COUNT_OF(__VA_ARGS__), {__VA_ARGS__}, CTX_OK}, &fields_class)
#define COUNT_OF(...) sizeof((ctx_value[]){__VA_ARGS__}) / sizeof(ctx_value)
#define NO_FIELDS     ctx_object(&(struct fields){0}, &fields_class)

/* ---- pairs of argument lists -------------------------------------------------------------- */

struct list {
    size_t count;
    ctx_value arg[4];
};

#define LIST(...)                                                                                  \
    {                                                                                              \
        COUNT_OF(__VA_ARGS__),                                                                     \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* Each list is a miss of its own, and afterwards each finds exactly its own answer. */
static void expect_all_different(const struct list *lists, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct answer a = ask_v(cache, price, lists[i].arg, lists[i].count);

        cr_assert_eq(a.status, CTX_OK, "list %zu: %s", i, ctx_strerror(a.status));
        cr_assert_eq(a.info.outcome, CTX_CACHE_MISS, "list %zu took another's answer", i);
        cr_assert_eq(a.serial, (int64_t)i + 1);
    }
    for (size_t i = 0; i < count; i++) {
        struct answer a = ask_v(cache, price, lists[i].arg, lists[i].count);

        cr_assert_eq(a.info.outcome, CTX_CACHE_HIT, "list %zu", i);
        cr_assert_eq(a.serial, (int64_t)i + 1, "list %zu took another's answer", i);
    }
}

#define EXPECT_ALL_DIFFERENT(lists) expect_all_different(lists, sizeof(lists) / sizeof *(lists))

static void expect_same(ctx_value a, ctx_value b)
{
    int64_t first = ask(cache, price, a).serial;
    struct answer second = ask(cache, price, b);

    cr_assert_eq(second.info.outcome, CTX_CACHE_HIT);
    cr_assert_eq(second.serial, first);
}

Test(keys, one_in_six_types_is_six_keys)
{
    const struct list lists[] = {
        LIST(ctx_i64(1)),     LIST(ctx_u64(1)),      LIST(ctx_f64(1.0)),
        LIST(ctx_bool(true)), LIST(ctx_string("1")), LIST(ctx_bytes("1", 1)),
    };

    EXPECT_ALL_DIFFERENT(lists);
}

Test(keys, nothing_in_every_type_is_a_key_of_its_own)
{
    const struct list lists[] = {
        {0, {ctx_null()}},    LIST(ctx_null()),         LIST(ctx_null(), ctx_null()),
        LIST(ctx_string("")), LIST(ctx_bytes("", 0)),   LIST(ctx_i64(0)),
        LIST(ctx_u64(0)),     LIST(ctx_f64(0.0)),       LIST(ctx_bool(false)),
        LIST(NO_FIELDS),      LIST(FIELDS(ctx_null())),
    };

    EXPECT_ALL_DIFFERENT(lists);
}

Test(keys, a_null_object_is_not_a_null)
{
    ask(cache, price, ctx_null());
    cr_assert_eq(ask(cache, price, ctx_object(NULL, &fields_class)).info.outcome, CTX_CACHE_MISS);
}

Test(keys, where_one_argument_ends_matters)
{
    const struct list lists[] = {
        LIST(ctx_string("a"), ctx_string("bc")),
        LIST(ctx_string("ab"), ctx_string("c")),
        LIST(ctx_string("abc"), ctx_string("")),
        LIST(ctx_string(""), ctx_string("abc")),
        LIST(ctx_string("abc")),
        LIST(ctx_bytes("a", 1), ctx_bytes("bc", 2)),
        LIST(ctx_bytes("ab", 2), ctx_bytes("c", 1)),
    };

    EXPECT_ALL_DIFFERENT(lists);
}

Test(keys, a_nul_inside_a_string_counts)
{
    const struct list lists[] = {
        LIST(ctx_string_n("a", 1)),
        LIST(ctx_string_n("a\0", 2)),
        LIST(ctx_string_n("a\0b", 3)),
        LIST(ctx_string_n("a\0c", 3)),
        LIST(ctx_string_n("a", 1), ctx_string_n("b", 1)),
        LIST(ctx_string_n("\0", 1), ctx_string_n("", 0)),
        LIST(ctx_string_n("", 0), ctx_string_n("\0", 1)),
    };

    EXPECT_ALL_DIFFERENT(lists);
}

Test(keys, the_order_and_number_of_arguments_matter)
{
    const struct list lists[] = {
        LIST(ctx_i64(1), ctx_i64(2)),
        LIST(ctx_i64(2), ctx_i64(1)),
        LIST(ctx_i64(1)),
        LIST(ctx_i64(1), ctx_i64(2), ctx_null()),
        LIST(ctx_i64(1), ctx_null(), ctx_i64(2)),
        LIST(ctx_null(), ctx_i64(1), ctx_i64(2)),
    };

    EXPECT_ALL_DIFFERENT(lists);
}

Test(keys, bytes_that_look_like_an_encoding_are_only_bytes)
{
    /* Lengths and tags in the data itself, in both byte orders. */
    static const char forged[] = "\1\0\0\0\0\0\0\0a\5\1\0\0\0\0\0\0\0b";
    const struct list lists[] = {
        LIST(ctx_string_n("a", 1), ctx_string_n("b", 1)),
        LIST(ctx_string_n(forged, sizeof forged - 1)),
        LIST(ctx_bytes(forged, sizeof forged - 1)),
        LIST(ctx_string_n("a\5\1\0\0\0\0\0\0\0b", 11)),
        LIST(ctx_string_n("a\5\1\0\0\0b", 7)),
        LIST(ctx_string_n("a\5\1b", 4)),
    };

    EXPECT_ALL_DIFFERENT(lists);
}

Test(keys, integers_keep_all_their_bits)
{
    const struct list lists[] = {
        LIST(ctx_i64(INT64_MIN)),
        LIST(ctx_i64(INT64_MAX)),
        LIST(ctx_i64(-1)),
        LIST(ctx_u64(UINT64_MAX)),
        LIST(ctx_u64((uint64_t)INT64_MAX)),
        LIST(ctx_u64((uint64_t)1 << 63)),
        LIST(ctx_i64((int64_t)1 << 32)),
        LIST(ctx_i64(0)),
        LIST(ctx_i64(256)),
        LIST(ctx_i64(65536)),
    };

    EXPECT_ALL_DIFFERENT(lists);
}

static double nan_of(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

Test(keys, all_nans_are_one_key)
{
    expect_same(ctx_f64(NAN), ctx_f64(-NAN));
    expect_same(ctx_f64(NAN), ctx_f64(nan_of(0x7ff8000000000123)));
    expect_same(ctx_f64(NAN), ctx_f64(nan_of(0x7ff0000000000001)));
    expect_same(ctx_f64(NAN), ctx_f64(nan_of(0xfff0000000000abc)));
    cr_assert_eq(atomic_load(&price_probe.loads), 1);
}

Test(keys, the_two_zeros_are_two_keys_and_infinities_are_not_nan)
{
    const struct list lists[] = {
        LIST(ctx_f64(0.0)),      LIST(ctx_f64(-0.0)),      LIST(ctx_f64(NAN)),
        LIST(ctx_f64(INFINITY)), LIST(ctx_f64(-INFINITY)), LIST(ctx_f64(5e-324)),
        LIST(ctx_f64(-5e-324)),
    };

    EXPECT_ALL_DIFFERENT(lists);
}

Test(keys, rubbish_around_a_value_does_not_enter)
{
    ctx_value clean = ctx_bool(true), dirty;

    memset(&dirty, 0xff, sizeof dirty);
    dirty.type = CTX_BOOL;
    dirty.as.boolean = true;
    expect_same(clean, dirty);
    memset(&dirty, 0x5a, sizeof dirty);
    dirty.type = CTX_NULL;
    expect_same(ctx_null(), dirty);
    memset(&dirty, 0x5a, sizeof dirty);
    dirty.type = CTX_I64;
    dirty.as.i64 = 7;
    expect_same(ctx_i64(7), dirty);
}

Test(keys, equal_text_at_another_address_is_the_same_key)
{
    char a[] = "region", b[] = "region";

    expect_same(ctx_string(a), ctx_string(b));
    b[0] = 'R';
    cr_assert_eq(ask(cache, price, ctx_string(b)).info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(ask(cache, price, ctx_string(a)).serial, 1);
}

Test(keys, arguments_are_copied_before_the_call_returns)
{
    char text[] = "eu";

    ask(cache, price, ctx_string(text));
    memcpy(text, "us", 3);
    cr_assert_eq(ask(cache, price, "us").info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(ask(cache, price, "eu").info.outcome, CTX_CACHE_HIT);
}

static struct padded *padded_over(unsigned char rubbish, struct padded *p)
{
    memset(p, rubbish, sizeof *p);
    p->kind = 1;
    p->id = 2;
    p->tail = 3;
    return p;
}

Test(keys, padding_of_a_struct_does_not_enter)
{
    struct padded a, b;

    expect_same(ctx_object(padded_over(0x00, &a), &padded_class),
                ctx_object(padded_over(0xff, &b), &padded_class));
    b.tail = 4;
    cr_assert_eq(ask(cache, price, ctx_object(&b, &padded_class)).info.outcome, CTX_CACHE_MISS);
}

Test(keys, where_an_inner_object_ends_matters)
{
    const struct list lists[] = {
        LIST(FIELDS(ctx_i64(1), ctx_i64(2))),
        LIST(FIELDS(ctx_i64(1)), ctx_i64(2)),
        LIST(ctx_i64(1), ctx_i64(2)),
        LIST(FIELDS(FIELDS(ctx_i64(1)), ctx_i64(2))),
        LIST(FIELDS(FIELDS(ctx_i64(1), ctx_i64(2)))),
        LIST(FIELDS(NO_FIELDS, ctx_i64(1), ctx_i64(2))),
        LIST(FIELDS(ctx_i64(1), FIELDS(ctx_i64(2)))),
        LIST(FIELDS(ctx_i64(1), ctx_i64(2), NO_FIELDS)),
        LIST(NO_FIELDS, FIELDS(ctx_i64(1), ctx_i64(2))),
        LIST(FIELDS(ctx_i64(1), ctx_i64(2)), NO_FIELDS),
        LIST(FIELDS(NO_FIELDS, NO_FIELDS)),
        LIST(FIELDS(FIELDS(NO_FIELDS))),
    };

    EXPECT_ALL_DIFFERENT(lists);
}

Test(keys, the_class_of_an_object_is_part_of_the_key)
{
    struct fields same = {1, {ctx_i64(1)}, CTX_OK};
    const struct list lists[] = {
        LIST(ctx_object(&same, &fields_class)),
        LIST(ctx_object(&same, &other_class)),
        LIST(ctx_i64(1)),
        LIST(ctx_string("fields"), ctx_i64(1)),
        LIST(ctx_string("other"), ctx_i64(1)),
    };

    EXPECT_ALL_DIFFERENT(lists);
}

/* ---- encoders that fail ------------------------------------------------------------------- */

static void expect_refused(struct answer a, int status)
{
    cr_assert_eq(a.status, status, "%d: %s", a.status, ctx_strerror(a.status));
    cr_assert_eq(a.info.outcome, CTX_CACHE_REFUSED);
    cr_assert_not(a.info.stored);
    cr_assert_eq(atomic_load(&price_probe.loads), 0);
    cr_assert_eq(stats_of(cache).refused, stats_of(cache).calls);
}

Test(keys, an_encoders_own_code_comes_back_unchanged)
{
    struct fields failing = {1, {ctx_i64(1)}, 42};

    expect_refused(ask(cache, price, ctx_object(&failing, &fields_class)), 42);
    failing.status = -7;
    expect_refused(ask(cache, price, ctx_object(&failing, &fields_class)), -7);
}

Test(keys, an_object_without_encoder_is_refused)
{
    int thing = 0;

    expect_refused(ask(cache, price, ctx_object(&thing, &opaque_class)), CTX_ERR_ENCODE);
    expect_refused(ask(cache, price, FIELDS(ctx_object(&thing, &opaque_class))), CTX_ERR_ENCODE);
}

static int encode_and_ignore(const void *object, ctx_encoder *encoder)
{
    static char long_text[100000];

    (void)object;
    ctx_encode(encoder, ctx_bytes(long_text, sizeof long_text));
    return CTX_OK;
}

Test(keys, an_encoder_that_ignores_an_error_cannot_truncate_the_key)
{
    static const ctx_object_class careless = {sizeof careless, "careless", NULL, NULL,
                                              encode_and_ignore};

    expect_refused(ask(cache, price, ctx_object(&some_object, &careless)), CTX_ERR_LIMIT);
}

static int encode_opaque_and_ignore(const void *object, ctx_encoder *encoder)
{
    ctx_encode(encoder, ctx_object((void *)(uintptr_t)object, &opaque_class));
    ctx_encode(encoder, ctx_i64(1));
    return CTX_OK;
}

Test(keys, an_encoder_stays_in_error)
{
    static const ctx_object_class careless = {sizeof careless, "careless", NULL, NULL,
                                              encode_opaque_and_ignore};

    expect_refused(ask(cache, price, ctx_object(&some_object, &careless)), CTX_ERR_ENCODE);
}

/* Object 1 inside object 2 inside ... object `depth`. */
static struct answer ask_nested(size_t depth)
{
    struct fields level[32];

    level[0] = (struct fields){1, {ctx_i64(1)}, CTX_OK};
    for (size_t i = 1; i < depth; i++)
        level[i] = (struct fields){1, {ctx_object(&level[i - 1], &fields_class)}, CTX_OK};
    return ask(cache, price, ctx_object(&level[depth - 1], &fields_class));
}

Test(keys, objects_nest_sixteen_deep_and_no_deeper)
{
    cr_assert_eq(ask_nested(16).status, CTX_OK);
    cr_assert_eq(ask_nested(15).info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(ask_nested(17).status, CTX_ERR_ENCODE);
    cr_assert_eq(ask_nested(31).status, CTX_ERR_ENCODE);
    cr_assert_eq(ask_nested(16).info.outcome, CTX_CACHE_HIT);
}

static int encode_self(const void *object, ctx_encoder *encoder)
{
    static const ctx_object_class endless = {sizeof endless, "endless", NULL, NULL, encode_self};

    return ctx_encode(encoder, ctx_object((void *)(uintptr_t)object, &endless));
}

Test(keys, an_object_inside_itself_is_refused)
{
    static const ctx_object_class endless = {sizeof endless, "endless", NULL, NULL, encode_self};

    expect_refused(ask(cache, price, ctx_object(&some_object, &endless)), CTX_ERR_ENCODE);
}

static int encode_by_calling(const void *object, ctx_encoder *encoder)
{
    (void)object;
    return ctx_encode(encoder, ctx_i64(ask(cache, price, "inner").serial));
}

Test(keys, an_encoder_may_call_the_cache)
{
    static const ctx_object_class calling = {sizeof calling, "calling", NULL, NULL,
                                             encode_by_calling};
    struct answer first = ask(cache, price, ctx_object(&some_object, &calling), "outer");

    cr_assert_eq(first.status, CTX_OK);
    cr_assert_eq(first.serial, 2);
    cr_assert_eq(ask(cache, price, ctx_object(&some_object, &calling), "outer").serial, 2);
    cr_assert_eq(ask(cache, price, "inner").serial, 1);
}

/* ---- limits and bad values ---------------------------------------------------------------- */

Test(keys, sixteen_arguments_are_a_key_and_seventeen_are_not)
{
    ctx_value args[17];
    struct answer first;

    for (int i = 0; i < 17; i++)
        args[i] = ctx_i64(i);
    first = ask_v(cache, price, args, 16);
    cr_assert_eq(first.status, CTX_OK);
    args[15] = ctx_i64(99);
    cr_assert_eq(ask_v(cache, price, args, 16).info.outcome, CTX_CACHE_MISS);
    cr_assert_eq(ask_v(cache, price, args, 17).status, CTX_ERR_LIMIT);
    cr_assert_eq(look_v(cache, price, args, 17).status, CTX_ERR_LIMIT);
    cr_assert_eq(peek_v(cache, price, args, 17).status, CTX_ERR_LIMIT);
    cr_assert_eq(ctx_cache_put_v(cache, price, args, 17, "", 0, 0), CTX_ERR_LIMIT);
    cr_assert_eq(ctx_cache_invalidate_v(cache, price, args, 17), CTX_ERR_LIMIT);
    cr_assert_eq(ask_v(cache, price, args, SIZE_MAX).status, CTX_ERR_LIMIT);
}

Test(keys, a_value_of_unknown_type_is_invalid)
{
    ctx_value strange = ctx_i64(1);

    strange.type = 8;
    expect_refused(ask(cache, price, strange), CTX_ERR_INVALID);
    expect_refused(ask(cache, price, FIELDS(strange)), CTX_ERR_INVALID);
    strange.type = UINT32_MAX;
    expect_refused(ask(cache, price, strange), CTX_ERR_INVALID);
}

Test(keys, a_value_that_points_nowhere_is_invalid)
{
    ctx_value strange = ctx_string("x");

    strange.as.string.data = NULL;
    expect_refused(ask(cache, price, strange), CTX_ERR_INVALID);
    strange.type = CTX_BYTES;
    expect_refused(ask(cache, price, strange), CTX_ERR_INVALID);
    expect_refused(ask(cache, price, ctx_object("x", NULL)), CTX_ERR_INVALID);
}

/* Keys of growing length until the first is refused; returns its length. */
static size_t first_refused_length(ctx_cache *limited, size_t limit)
{
    static char text[4096];

    memset(text, 'x', sizeof text);
    for (size_t n = 0; n <= limit; n++) {
        struct answer a = ask(limited, price, ctx_string_n(text, n));

        if (a.status == CTX_ERR_LIMIT)
            return n;
        cr_assert_eq(a.status, CTX_OK);
        cr_assert_eq(a.info.outcome, CTX_CACHE_MISS, "length %zu took another's answer", n);
    }
    return 0;
}

static ctx_cache *cache_of_keys_up_to(uint64_t limit, uint32_t flags)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 1000;
    config.key_limit = limit;
    config.flags = flags;
    return cache_with(&config);
}

Test(keys, a_key_over_the_limit_is_refused_never_cut)
{
    ctx_cache *limited = cache_of_keys_up_to(200, 0);
    char text[200];
    size_t refused = first_refused_length(limited, 200);

    cr_assert_gt(refused, 100);
    memset(text, 'x', sizeof text);
    for (size_t n = 0; n < refused; n++)
        cr_assert_eq(ask(limited, price, ctx_string_n(text, n)).serial, (int64_t)n + 1);
    text[refused - 2] = 'y'; /* the last byte of the longest key counts */
    cr_assert_eq(ask(limited, price, ctx_string_n(text, refused - 1)).info.outcome, CTX_CACHE_MISS);
    for (size_t n = refused; n < sizeof text; n++)
        cr_assert_eq(ask(limited, price, ctx_string_n(text, n)).status, CTX_ERR_LIMIT);
    check_equations(limited);
    ctx_cache_destroy(limited);
}

Test(keys, a_long_key_is_bypassed_if_configured)
{
    ctx_cache *limited = cache_of_keys_up_to(64, CTX_CACHE_BYPASS_LONG_KEYS);
    char text[100];

    memset(text, 'x', sizeof text);
    for (int i = 1; i <= 3; i++) {
        struct answer a = ask(limited, price, ctx_string_n(text, sizeof text));

        cr_assert_eq(a.status, CTX_OK);
        cr_assert_eq(a.serial, i);
        cr_assert_eq(a.info.outcome, CTX_CACHE_BYPASS);
        cr_assert_eq(a.info.reason, CTX_CACHE_KEY_LONG);
        cr_assert_not(a.info.stored);
    }
    cr_assert_eq(stats_of(limited).bypass_key, 3);
    cr_assert_eq(stats_of(limited).entries, 0);
    check_equations(limited);
    ctx_cache_destroy(limited);
}

Test(keys, the_default_limit_is_64_kib)
{
    static char text[70000];

    cr_assert_eq(ask(cache, price, ctx_bytes(text, 65536 - 200)).status, CTX_OK);
    cr_assert_eq(ask(cache, price, ctx_bytes(text, 65537)).status, CTX_ERR_LIMIT);
    cr_assert_eq(ask(cache, price, ctx_bytes(text, SIZE_MAX)).status, CTX_ERR_LIMIT);
}

/* ---- the identity of the function --------------------------------------------------------- */

static int load_other(ctx_cache_load *load, const ctx_value *args, size_t count, void *user)
{
    int64_t serial = -1;

    (void)args, (void)count, (void)user;
    return ctx_cache_load_copy(load, &serial, sizeof serial);
}

Test(keys, two_functions_never_share_an_answer)
{
    static struct probe probe;
    static ctx_cache_fn f[] = {
        {"f", 1, 0, probe_load, &probe, 0, 0},   {"f", 2, 0, probe_load, &probe, 0, 0},
        {"f1", 2, 0, probe_load, &probe, 0, 0},  {"f", 12, 0, probe_load, &probe, 0, 0},
        {"f12", 1, 0, probe_load, &probe, 0, 0},
    };

    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof f / sizeof *f; i++)
            cr_assert_eq(ask(cache, &f[i], 1).serial, (int64_t)i + 1);
}

Test(keys, one_function_in_two_places_is_one_function)
{
    static ctx_cache_fn elsewhere[] = {{"price", 1, 0, probe_load, &price_probe, 0, 0}};
    ctx_cache_fn copy;

    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(ask(cache, elsewhere, 1).serial, 1);
    copy = price[0];
    cr_assert_eq(ask(cache, &copy, 1).serial, 1);
}

Test(keys, another_loader_under_the_same_name_is_a_conflict)
{
    static struct probe other_probe;
    static ctx_cache_fn thief[] = {{"price", 1, 0, load_other, &price_probe, 0, 0}};
    static ctx_cache_fn user[] = {{"price", 1, 0, probe_load, &other_probe, 0, 0}};

    ask(cache, price, 1);
    cr_assert_eq(ask(cache, thief, 1).status, CTX_ERR_CONFLICT);
    cr_assert_eq(ask(cache, user, 1).status, CTX_ERR_CONFLICT);
    cr_assert_eq(look(cache, thief, 1).status, CTX_ERR_CONFLICT);
    cr_assert_eq(peek(cache, thief, 1).status, CTX_ERR_CONFLICT);
    cr_assert_eq(ctx_cache_put(cache, thief, "", 0, 1), CTX_ERR_CONFLICT);
    cr_assert_eq(ctx_cache_invalidate(cache, thief, 1), CTX_ERR_CONFLICT);
    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(stats_of(cache).entries, 1);
}

Test(keys, a_function_without_name_or_loader_is_invalid)
{
    ctx_cache_fn bad = {"bad", 1, 0, NULL, NULL, 0, 0};

    expect_refused(ask(cache, &bad, 1), CTX_ERR_INVALID);
    bad = (ctx_cache_fn){NULL, 1, 0, probe_load, &price_probe, 0, 0};
    expect_refused(ask(cache, &bad, 1), CTX_ERR_INVALID);
    bad.name = "";
    expect_refused(ask(cache, &bad, 1), CTX_ERR_INVALID);
}

Test(keys, a_function_name_has_up_to_63_bytes)
{
    char name[65];
    ctx_cache_fn named = {name, 1, 0, probe_load, &price_probe, 0, 0};

    memset(name, 'n', sizeof name);
    name[64] = 0;
    expect_refused(ask(cache, &named, 1), CTX_ERR_LIMIT);
    name[63] = 0;
    cr_assert_eq(ask(cache, &named, 1).status, CTX_OK);
}

Test(keys, a_retired_function_is_never_found_again)
{
    ctx_cache_fn elsewhere = {"price", 1, 0, probe_load, &price_probe, 0, 0};

    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(ask(cache, &elsewhere, 1).serial, 1);
    ctx_cache_fn_retire(price);
    cr_assert_eq(look(cache, price, 1).status, CTX_ABSENT);
    cr_assert_eq(ask(cache, price, 1).serial, 2);
    cr_assert_eq(ask(cache, &elsewhere, 1).serial, 2, "the other place found the retired answer");
}

Test(keys, a_function_may_be_retired_from_any_place)
{
    static ctx_cache_fn elsewhere[] = {{"price", 1, 0, probe_load, &price_probe, 0, 0}};
    static ctx_cache_fn successor[] = {{"price", 1, 0, load_other, NULL, 0, 0}};

    cr_assert_eq(ask(cache, price, 1).serial, 1);
    cr_assert_eq(ask(cache, elsewhere, 1).serial, 1);
    ctx_cache_fn_retire(elsewhere);
    cr_assert_eq(ask(cache, price, 1).serial, 2, "its answers were found again");
    ctx_cache_fn_retire(elsewhere);
    cr_assert_eq(ask(cache, successor, 1).serial, -1, "the name was not free");
}

Test(keys, a_retired_name_is_free_for_another_function)
{
    static ctx_cache_fn successor[] = {{"price", 1, 0, load_other, NULL, 0, 0}};

    ask(cache, price, 1);
    cr_assert_eq(ask(cache, successor, 1).status, CTX_ERR_CONFLICT);
    ctx_cache_fn_retire(price);
    cr_assert_eq(ask(cache, successor, 1).serial, -1);
    cr_assert_eq(ask(cache, price, 1).status, CTX_ERR_CONFLICT);
}

Test(keys, retiring_nothing_is_allowed)
{
    ctx_cache_fn never = {"never", 1, 0, probe_load, &price_probe, 0, 0};

    ctx_cache_fn_retire(NULL);
    ctx_cache_fn_retire(&never);
    cr_assert_eq(ask(cache, &never, 1).status, CTX_OK);
}

/* ---- the same under hashes that are all equal --------------------------------------------- */

Test(keys, colliding_hashes_share_no_answer)
{
    hash_bits_force(0);
    for (int round = 0; round < 2; round++)
        for (int64_t i = 1; i <= 500; i++)
            cr_assert_eq(ask(cache, price, i).serial, i);
    for (int64_t i = 1; i <= 500; i += 2)
        cr_assert_eq(ctx_cache_invalidate(cache, price, i), CTX_OK);
    for (int64_t i = 1; i <= 500; i++)
        cr_assert_eq(look(cache, price, i).serial, i % 2 ? 0 : i);
}

Test(keys, a_seed_of_the_callers_changes_no_answer)
{
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.capacity_entries = 100;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        ctx_cache *seeded;

        config.seed = seed;
        seeded = cache_with(&config);
        for (int i = 0; i < 50; i++) {
            int64_t loaded = ask(seeded, price, i).serial;
            cr_assert_eq(ask(seeded, price, i).serial, loaded);
        }
        cr_assert_eq(stats_of(seeded).hits, 50);
        ctx_cache_destroy(seeded);
    }
}
