#include "database.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct connection {
    sqlite3 *handle;
    sqlite3_stmt *report;
    struct connection *next; /* in the list of those that nobody uses */
};

struct database {
    pthread_mutex_t mutex;
    pthread_cond_t returned;
    struct connection *unused; /* guarded by mutex */
    int count;
    struct connection connections[];
};

/* One row: how many orders, and the report as JSON. */
static const char report_sql[] =
    "WITH quarters AS (SELECT quarter, count(*) AS orders, count(DISTINCT customer) AS customers,"
    "  count(DISTINCT product) AS products, sum(cents) AS cents FROM orders"
    "  WHERE tenant = ?1 AND year = ?3 AND (?4 = 0 OR quarter = ?4) GROUP BY quarter),"
    " rate AS (SELECT per_euro / 100 AS per_cent FROM rates WHERE currency = ?2)"
    "SELECT sum(orders), json_object('tenant', ?1, 'title', ?5, 'year', ?3, 'currency', ?2,"
    " 'orders', sum(orders), 'revenue', round(sum(cents) * per_cent, 2),"
    " 'quarters', json_group_array(json_object('quarter', quarter, 'orders', orders,"
    "  'customers', customers, 'products', products, 'revenue', round(cents * per_cent, 2))))"
    " FROM quarters, rate";

static bool open_connection(struct connection *connection, const char *path)
{
    /* No mutex of SQLite's: the pool lends a connection to one thread at a time. */
    int result = sqlite3_open_v2(path, &connection->handle,
                                 SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(connection->handle, report_sql, -1, &connection->report, NULL);
    if (result != SQLITE_OK)
        fprintf(stderr, "database: %s: %s\n", path, sqlite3_errmsg(connection->handle));
    return result == SQLITE_OK;
}

struct database *database_open(const char *path, int connections)
{
    struct database *database =
        calloc(1, sizeof *database + (size_t)connections * sizeof *database->connections);

    if (!database)
        return NULL;
    pthread_mutex_init(&database->mutex, NULL);
    pthread_cond_init(&database->returned, NULL);
    for (; database->count < connections; database->count++) {
        struct connection *connection = &database->connections[database->count];

        if (!open_connection(connection, path)) {
            database->count++;
            database_close(database);
            return NULL;
        }
        connection->next = database->unused;
        database->unused = connection;
    }
    return database;
}

void database_close(struct database *database)
{
    if (!database)
        return;
    for (int i = 0; i < database->count; i++) {
        sqlite3_finalize(database->connections[i].report);
        sqlite3_close(database->connections[i].handle);
    }
    pthread_cond_destroy(&database->returned);
    pthread_mutex_destroy(&database->mutex);
    free(database);
}

static struct connection *borrow(struct database *database)
{
    pthread_mutex_lock(&database->mutex);
    while (!database->unused)
        pthread_cond_wait(&database->returned, &database->mutex);
    struct connection *connection = database->unused;
    database->unused = connection->next;
    pthread_mutex_unlock(&database->mutex);
    return connection;
}

static void give_back(struct database *database, struct connection *connection)
{
    pthread_mutex_lock(&database->mutex);
    connection->next = database->unused;
    database->unused = connection;
    pthread_cond_signal(&database->returned);
    pthread_mutex_unlock(&database->mutex);
}

static void bind_query(sqlite3_stmt *report, const struct database_query *query)
{
    sqlite3_bind_text(report, 1, query->tenant, -1, SQLITE_STATIC);
    sqlite3_bind_text(report, 2, query->currency, -1, SQLITE_STATIC);
    sqlite3_bind_int64(report, 3, query->year);
    sqlite3_bind_int64(report, 4, query->quarter);
    sqlite3_bind_text(report, 5, query->title, -1, SQLITE_STATIC);
}

/* The answer of a statement that has been stepped once. */
static int give_row(struct connection *connection, int (*give)(void *, const char *, size_t),
                    void *user)
{
    sqlite3_stmt *report = connection->report;

    if (sqlite3_column_int64(report, 0) == 0)
        return give(user, NULL, 0);
    const char *json = (const char *)sqlite3_column_text(report, 1);
    if (!json)
        return DATABASE_FAILED;
    return give(user, json, (size_t)sqlite3_column_bytes(report, 1));
}

int database_report(struct database *database, const struct database_query *query,
                    int (*give)(void *user, const char *json, size_t size), void *user)
{
    struct connection *connection = borrow(database);
    int status = DATABASE_FAILED;

    bind_query(connection->report, query);
    if (sqlite3_step(connection->report) == SQLITE_ROW)
        status = give_row(connection, give, user);
    if (status == DATABASE_FAILED)
        fprintf(stderr, "database: %s\n", sqlite3_errmsg(connection->handle));
    sqlite3_reset(connection->report);
    sqlite3_clear_bindings(connection->report);
    give_back(database, connection);
    return status;
}
