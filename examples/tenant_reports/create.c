/*
 * create.c: database_create(): a few hundred thousand orders from a seeded generator.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "database.h"

enum {
    TENANTS = 50,
    LARGE_TENANTS = 4,
    PRODUCTS = 400,
    CUSTOMERS = 2000,
    FIRST_YEAR = 2023,
    YEARS = 3
};

static const char *const large_tenants[LARGE_TENANTS] = {"acme", "globex", "initech", "umbrella"};

static const char schema[] =
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, year INTEGER NOT NULL,"
    " quarter INTEGER NOT NULL, customer INTEGER NOT NULL, product INTEGER NOT NULL,"
    " cents INTEGER NOT NULL);"
    "CREATE TABLE rates (currency TEXT PRIMARY KEY, per_euro REAL NOT NULL);"
    "INSERT INTO rates VALUES ('EUR', 1.0), ('USD', 1.08), ('GBP', 0.85), ('JPY', 163.0);"
    "BEGIN";

static const char finish[] = "COMMIT; CREATE INDEX orders_of_tenant ON orders (tenant, year)";

bool database_knows_currency(const char *currency)
{
    static const char *const known[] = {"EUR", "USD", "GBP", "JPY"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(currency, known[i]) == 0)
            return true;
    return false;
}

/* splitmix64: the same orders on every machine. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int below(uint64_t *state, int limit)
{
    return (int)(next_random(state) % (uint64_t)limit);
}

/* Half of the orders belong to the few large tenants. */
static void pick_tenant(uint64_t *state, char name[24])
{
    if (below(state, 2) == 0)
        snprintf(name, 24, "%s", large_tenants[below(state, LARGE_TENANTS)]);
    else
        snprintf(name, 24, "tenant-%02d", LARGE_TENANTS + below(state, TENANTS - LARGE_TENANTS));
}

static int insert_order(sqlite3_stmt *insert, uint64_t *state)
{
    char tenant[24];

    pick_tenant(state, tenant);
    sqlite3_bind_text(insert, 1, tenant, -1, SQLITE_STATIC);
    sqlite3_bind_int(insert, 2, FIRST_YEAR + below(state, YEARS));
    sqlite3_bind_int(insert, 3, 1 + below(state, 4));
    sqlite3_bind_int(insert, 4, below(state, CUSTOMERS));
    sqlite3_bind_int(insert, 5, below(state, PRODUCTS));
    sqlite3_bind_int(insert, 6, 100 + below(state, 50000));
    int result = sqlite3_step(insert);
    sqlite3_reset(insert);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

static int insert_orders(sqlite3 *db, long rows)
{
    uint64_t state = 20250101;
    sqlite3_stmt *insert = NULL;
    int result = sqlite3_prepare_v2(db,
                                    "INSERT INTO orders (tenant, year, quarter, customer, product,"
                                    " cents) VALUES (?, ?, ?, ?, ?, ?)",
                                    -1, &insert, NULL);

    for (long i = 0; i < rows && result == SQLITE_OK; i++)
        result = insert_order(insert, &state);
    sqlite3_finalize(insert);
    return result;
}

struct stopper {
    bool (*stop)(void *user);
    void *user;
};

static int interrupted(void *arg)
{
    const struct stopper *stopper = arg;
    return stopper->stop(stopper->user);
}

bool database_create(const char *path, long rows, bool (*stop)(void *user), void *user)
{
    struct stopper stopper = {stop, user};
    sqlite3 *db = NULL;
    int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

    if (result == SQLITE_OK) {
        sqlite3_progress_handler(db, 20000, interrupted, &stopper);
        result = sqlite3_exec(db, schema, NULL, NULL, NULL);
    }
    if (result == SQLITE_OK)
        result = insert_orders(db, rows);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, finish, NULL, NULL, NULL);
    if (result != SQLITE_OK && result != SQLITE_INTERRUPT)
        fprintf(stderr, "database: %s: %s\n", path, sqlite3_errmsg(db));
    sqlite3_close(db);
    if (result != SQLITE_OK)
        unlink(path);
    return result == SQLITE_OK;
}
