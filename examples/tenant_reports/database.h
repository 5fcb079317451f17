/*
 * database.h: the orders of many tenants in one SQLite file, and a pool of connections to it.
 */
#ifndef DATABASE_H
#define DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;

/* What database_report() returns besides 0 and what `give` returns. */
enum { DATABASE_FAILED = 1 };

struct database_query {
    const char *tenant;
    const char *currency;
    const char *title;
    int64_t year;
    int64_t quarter; /* 1..4; 0: the whole year */
};

/*
 * Writes a new database of `rows` orders to `path`, the same ones each time, all in one
 * transaction. stop(user) is asked now and then; when it says true, or on an error (told on
 * stderr), the unfinished file is removed and the answer is false.
 */
bool database_create(const char *path, long rows, bool (*stop)(void *user), void *user);

/* Opens `connections` read-only connections, each with its statement prepared. NULL after telling
 * stderr why. */
struct database *database_open(const char *path, int connections);
void database_close(struct database *database);

/*
 * Runs the aggregate query on a connection of the pool and hands its answer, a JSON object, to
 * give(user, json, size); `json` is NULL if the tenant has no such orders. Returns what give()
 * returns, or DATABASE_FAILED.
 */
int database_report(struct database *database, const struct database_query *query,
                    int (*give)(void *user, const char *json, size_t size), void *user);

/* Whether there is an exchange rate for it. */
bool database_knows_currency(const char *currency);

#endif
