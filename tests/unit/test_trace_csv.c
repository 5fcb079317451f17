/*
 * Tables: which column is what, quotes, numbers, times, operations, and what is said of rows that are
 * wrong.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "ctxcache/status.h"
#include "support/trace_kit.h"

static struct reading read_table(const char *text, const char *columns, bool lenient)
{
    struct ctxi_trace_options options = {.columns = columns, .lenient = lenient};

    return read_bytes(text, strlen(text), &options);
}

static struct reading read_good(const char *text, const char *columns, size_t count)
{
    struct reading r = read_table(text, columns, false);

    cr_assert_eq(r.status, CTX_OK, "%s", r.problem.text);
    cr_assert_str_eq(r.format, "csv");
    cr_assert_eq(r.count, count, "%zu requests, not %zu", r.count, count);
    return r;
}

static uint64_t digest(const char *text)
{
    return ctxi_digest(text, strlen(text));
}

/* ---- what the columns are ----------------------------------------------------------------- */

Test(trace_csv, the_first_line_names_the_columns)
{
    struct reading r = read_good("time,tenant,key,size,op,load\n"
                                 "1.5,acme,k1,100,get,0.25\n"
                                 "2,beta,k1,0,put,0\n"
                                 "3,acme,k2,4294967295,delete,1e-3\n",
                                 NULL, 3);
    const struct ctxi_request *q = r.requests;

    cr_assert_eq(r.has, (unsigned)(CTXI_TRACE_TENANTS | CTXI_TRACE_TIMES | CTXI_TRACE_SIZES |
                                   CTXI_TRACE_LOADS | CTXI_TRACE_OPS));
    cr_assert_eq(q[0].key, digest("k1"));
    cr_assert_eq(q[0].key, q[1].key);
    cr_assert_eq(q[0].tenant, digest("acme"));
    cr_assert(q[0].tenant_number == 0 && q[1].tenant_number == 1 && q[2].tenant_number == 0);
    cr_assert(q[0].time_ns == 1500000000u && q[1].time_ns == 2000000000u);
    cr_assert(q[0].size == 100 && q[1].size == 0 && q[2].size == UINT32_MAX);
    cr_assert(q[0].op == CTXI_OP_GET && q[1].op == CTXI_OP_PUT && q[2].op == CTXI_OP_DELETE);
    cr_assert(q[0].load_ns == 250000000u && q[1].load_ns == 0 && q[2].load_ns == 1000000u);
    cr_assert_eq(r.tenant_count, 2);
    cr_assert_str_eq(r.tenants[0], "acme");
    cr_assert_str_eq(r.tenants[1], "beta");
    reading_free(&r);
}

Test(trace_csv, other_names_and_other_columns)
{
    struct reading r =
        read_good("Obj_ID,colour,Timestamp,BYTES,time_zone\na,red,7,8,9\nb,blue,8,9,10\n", NULL, 2);

    cr_assert_eq(r.has, (unsigned)(CTXI_TRACE_TIMES | CTXI_TRACE_SIZES));
    cr_assert(r.requests[1].key == digest("b") && r.requests[1].size == 9 &&
              r.requests[1].time_ns == 8000000000u);
    reading_free(&r);
}

Test(trace_csv, columns_in_their_order)
{
    const char *bare = "5,x,k1,10\n6,x,k2,20\n";
    struct reading r = read_good(bare, "time,-,key,size", 2);
    struct reading shorter = read_good(bare, "time_ms,,key", 2);

    cr_assert(r.requests[0].time_ns == 5000000000u && r.requests[0].size == 10);
    cr_assert(shorter.requests[0].time_ns == 5000000u && shorter.requests[0].size == 1);
    cr_assert_eq(r.requests[1].key, digest("k2"));
    reading_free(&r);
    reading_free(&shorter);
}

Test(trace_csv, a_header_above_columns_in_their_order_is_no_request)
{
    struct reading named = read_good("id,when\na,1\n", "key,time", 1);
    struct reading numbers = read_good("what,when\na,1\n", "key,time", 1);
    struct reading none = read_good("a,1\nb,2\n", "key,time", 2);
    struct reading text = read_good("what,who\na,b\n", "key,tenant", 2); /* nobody can tell */

    reading_free(&named);
    reading_free(&numbers);
    reading_free(&none);
    reading_free(&text);
}

Test(trace_csv, columns_by_name_and_number)
{
    const char *text = "when,shop,type,id\n1,acme,book,7\n2,acme,bo,ok7\n";
    struct reading r = read_good(text, "tenant=shop,key=type+id,time_us=1", 2);
    struct reading numbers = read_good("1,acme,book,7\n", "tenant=2,key=3+4,time=1", 1);

    cr_assert(r.requests[0].key == digest("book\x1f"
                                          "7"));
    cr_assert_neq(r.requests[0].key, r.requests[1].key);
    cr_assert_eq(r.requests[0].time_ns, 1000);
    cr_assert_eq(numbers.requests[0].key, r.requests[0].key);
    reading_free(&r);
    reading_free(&numbers);
}

Test(trace_csv, a_tenant_of_several_columns_has_a_readable_name)
{
    struct reading r = read_good("a,b,key\nx,y,1\n", "tenant=a+b,key=key", 1);

    cr_assert_str_eq(r.tenants[0], "x|y");
    reading_free(&r);
}

static void expect_columns_refused(const char *text, const char *columns, const char *said)
{
    struct reading r = read_table(text, columns, false);

    cr_assert_eq(r.status, CTX_ERR_INVALID);
    cr_assert(strstr(r.problem.text, said), "'%s' is not in '%s'", said, r.problem.text);
    cr_assert(strstr(r.problem.text, ":1: "), "no line in '%s'", r.problem.text);
}

Test(trace_csv, columns_that_cannot_be)
{
    expect_columns_refused("a,b\n1,2\n", NULL, "a first line that names a column 'key'");
    expect_columns_refused("a,b\n1,2\n", "key,colour", "not 'colour'");
    expect_columns_refused("a,b\n1,2\n", "time,size", "which of them is the key");
    expect_columns_refused("a,b\n1,2\n", "-,-,key", "the first line has no column for 'key'");
    expect_columns_refused("a,b\n1,2\n", "key=c", "the first line has no column 'c'");
    expect_columns_refused("a,b\n1,2\n", "key=3", "the first line has no column '3'");
    expect_columns_refused("a,b\n1,2\n", "key=0", "the first line has no column '0'");
    expect_columns_refused("a,b\n1,2\n", "key=", "was expected, not 'key='");
    expect_columns_refused("a,b\n1,2\n", "tenant=a", "which of them is the key");
    expect_columns_refused("a,b\n1,2\n", "key=a,b", "was expected, not 'b'");
    expect_columns_refused("a,b\n1,2\n", "key=a+a", "twice the same column: 'a'");
    expect_columns_refused("a,b\n1,2\n", "key=a,size=b,size=a", "one column fewer");
    expect_columns_refused("a,b\n1,2\n", "time,time", "one column fewer");
    expect_columns_refused("\"a,b\n1,2\n", "key", "a closing quote was expected");
}

/* ---- rows --------------------------------------------------------------------------------- */

Test(trace_csv, separators_ends_and_marks_do_not_matter)
{
    struct reading comma = read_good("key,tenant\na,x\nb,y\n", NULL, 2);
    struct reading tab = read_good("key\ttenant\na\tx\nb\ty\n", NULL, 2);
    struct reading dos = read_good("key,tenant\r\na,x\r\nb,y\r\n", NULL, 2);
    struct reading marked = read_good("\xef\xbb\xbfkey,tenant\na,x\n\nb,y", NULL, 2);
    struct reading quoted = read_good("\"key\",tenant\n\"a\",\"x\"\nb,y\n", NULL, 2);

    cr_assert(readings_equal(&comma, &tab));
    cr_assert(readings_equal(&comma, &dos));
    cr_assert(readings_equal(&comma, &marked));
    cr_assert(readings_equal(&comma, &quoted));
    reading_free(&comma);
    reading_free(&tab);
    reading_free(&dos);
    reading_free(&marked);
    reading_free(&quoted);
}

Test(trace_csv, quotes)
{
    struct reading r =
        read_good("key,size\n\"a,b\",1\n\"say \"\"hi\"\"\",2\n\"\",3\nplain\"q,4\n,5\n", NULL, 5);

    cr_assert_eq(r.requests[0].key, digest("a,b"));
    cr_assert_eq(r.requests[1].key, digest("say \"hi\""));
    cr_assert_eq(r.requests[2].key, digest(""));
    cr_assert_eq(r.requests[3].key, digest("plain\"q"));
    cr_assert_eq(r.requests[4].key, digest(""));
    reading_free(&r);
}

/* The second row of three is wrong. */
static void expect_row_refused(const char *header, const char *row, const char *said)
{
    char text[512];
    const char *good = strchr(header, 'o') ? "1,k,get,1,0" : "1,k";
    struct reading r;

    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n", header, good, row, good);
    r = read_table(text, NULL, false);
    cr_assert_eq(r.status, CTX_ERR_INVALID, "'%s' was taken", row);
    cr_assert_eq(r.count, 1);
    cr_assert(strstr(r.problem.text, said), "'%s' is not in '%s'", said, r.problem.text);
    cr_assert(strstr(r.problem.text, ":3: "), "the wrong line: '%s'", r.problem.text);
    reading_free(&r);
    r = read_table(text, NULL, true);
    cr_assert_eq(r.status, CTX_OK, "%s", r.problem.text);
    cr_assert(r.count == 2 && r.skipped == 1);
    reading_free(&r);
}

Test(trace_csv, rows_that_are_wrong)
{
    const char *all = "time,key,op,size,load";

    expect_row_refused("size,key", "1", "2 columns were expected, not 1");
    expect_row_refused("size,key", "1,2,3", "2 columns were expected, not 3");
    expect_row_refused("size,key", "1,\"k", "a closing quote was expected");
    expect_row_refused("size,key", "1,\"k\"k", "a separator was expected after a closing quote");
    expect_row_refused("size,key", ",k", "a size in bytes below 2^32 was expected, not ''");
    expect_row_refused("size,key", "4294967296,k", "not '4294967296'");
    expect_row_refused("size,key", "-1,k", "not '-1'");
    expect_row_refused("size,key", "1.0,k", "not '1.0'");
    expect_row_refused(all, "x,k,get,1,0", "a time below 2^64 ns was expected, not 'x'");
    expect_row_refused(all, "99999999999,k,get,1,0", "a time below 2^64 ns");
    expect_row_refused(all, "1,k,fetch,1,0", "get, put or delete was expected, not 'fetch'");
    expect_row_refused(all, "1,k,get,1,soon", "a load time below 2^64 ns was expected, not 'soon'");
    expect_row_refused(all, "1,k,get,1,-1", "not '-1'");
    expect_row_refused(all, "1,k,get,1,1e99", "not '1e99'");
    expect_row_refused(all, "1,k,get,1,1ex", "not '1ex'");
}

Test(trace_csv, a_row_has_at_most_256_columns)
{
    char text[2048] = "key";

    for (int i = 1; i < 256; i++)
        strcat(text, ",c");
    strcat(text, "\nk");
    for (int i = 1; i < 256; i++)
        strcat(text, ",1");
    struct reading r = read_good(text, NULL, 1);

    reading_free(&r);
    strcat(text, ",1\n");
    r = read_table(text, NULL, false);
    cr_assert_eq(r.status, CTX_ERR_INVALID);
    cr_assert(strstr(r.problem.text, ":2: at most 256 columns were expected"));
    reading_free(&r);
}

Test(trace_csv, a_first_line_that_is_too_long)
{
    char *text = malloc(300001);
    struct ctxi_trace_options options = {.columns = "key"};
    struct reading r;

    memset(text, 'k', 300000);
    text[300000] = '\n';
    r = read_bytes(text, 300001, &options);
    cr_assert_eq(r.status, CTX_ERR_INVALID);
    cr_assert(strstr(r.problem.text, ":1: a line of at most 65536 bytes was expected"));
    free(text);
}

Test(trace_csv, a_header_alone_is_no_trace)
{
    struct reading r = read_table("key,size\n", NULL, false);

    cr_assert_eq(r.status, CTX_ERR_INVALID);
    cr_assert(strstr(r.problem.text, "a request was expected before the end"));
    reading_free(&r);
}

/* ---- times -------------------------------------------------------------------------------- */

static void expect_time(const char *role, const char *text, uint64_t ns)
{
    char table[128];
    struct reading r;

    snprintf(table, sizeof table, "%s,key\n%s,k\n", role, text);
    r = read_good(table, NULL, 1);
    cr_assert_eq(r.requests[0].time_ns, ns, "%s %s: %zu", role, text,
                 (size_t)r.requests[0].time_ns);
    reading_free(&r);
}

Test(trace_csv, times_in_units_and_as_dates)
{
    expect_time("time", "18446744073.709551615", UINT64_MAX);
    expect_time("time_s", "0.000000001", 1);
    expect_time("time_ms", "1.5", 1500000);
    expect_time("time_us", "2.0019", 2001);
    expect_time("time_ns", "3.9", 3);
    expect_time("time", "1.5e3", 1500000000000u);
    expect_time("time", "1970-01-01 00:00:00", 0);
    expect_time("time", "1970-01-02T00:00:01Z", 86401000000000u);
    expect_time("time", "2000-02-29 12:00:00.5", 951825600500000000u);
    expect_time("time", "2024-11-15 16:57:50", 1731689870000000000u);
    expect_time("time", "2100-03-01 00:00:00", 4107542400000000000u);
    expect_row_refused("time,key,op,size,load", "2024-11-15,k,get,1,0", "not '2024-11-15'");
    expect_row_refused("time,key,op,size,load", "2024-13-15 00:00:00,k,get,1,0", "a time");
    expect_row_refused("time,key,op,size,load", "2024-11-15 24:00:00,k,get,1,0", "a time");
    expect_row_refused("time,key,op,size,load", "2024-11-15 16:57:50+01,k,get,1,0", "a time");
    expect_row_refused("time,key,op,size,load", "1969-11-15 16:57:50,k,get,1,0", "a time");
}
