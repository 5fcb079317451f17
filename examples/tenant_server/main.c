/*
 * tenant_server: an HTTP server that reports on the orders of many tenants from SQLite, memoized
 * per tenant and currency. See server.h for what it answers; tenant_reports/report.c is where the cache is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "server.h"
#include "tenant_reports/database.h"
#include "tenant_reports/lifetime.h"
#include "tenant_reports/options.h"
#include "tenant_reports/place.h"
#include "tenant_reports/report.h"

enum { CAPACITY_BYTES = 16 << 20 };

struct settings {
    long port, seconds, rows, threads;
    const char *path;
};

static const char usage[] =
    "usage: tenant_server [--port N] [--seconds N] [--rows N] [--threads N] [--path FILE]\n"
    "  --port     on 127.0.0.1; 0, the default, takes a free one\n"
    "  --seconds  stop by itself after so long; 0, the default, only by a signal or when\n"
    "             the process that started it ends\n"
    "  --rows     orders in a new database (300000)\n"
    "  --threads  that answer, each with a connection to the database (8)\n"
    "  --path     the database, made if it is not there and kept; else in a temporary\n"
    "             directory that is removed at the end\n";

/* As options_parse(). */
static int parse(int argc, char **argv, struct settings *settings)
{
    const struct number_option numbers[] = {
        {"port", 0, 65535, &settings->port},
        {"seconds", 0, 86400, &settings->seconds},
        {"rows", 0, 10000000, &settings->rows},
        {"threads", 1, 64, &settings->threads},
    };

    return options_parse(argc, argv, numbers, sizeof numbers / sizeof *numbers, &settings->path,
                         usage);
}

static bool serve(struct database *database, const struct settings *settings, struct lifetime *life)
{
    unsigned short port = (unsigned short)settings->port;
    struct MHD_Daemon *daemon;
    int status = reports_open(database, CAPACITY_BYTES);

    if (status != CTX_OK) {
        fprintf(stderr, "tenant_server: %s\n", ctx_strerror(status));
        return false;
    }
    daemon = server_start(port, (unsigned)settings->threads, &port);
    if (daemon) {
        printf("listening on http://127.0.0.1:%u\n", port);
        fflush(stdout);
        while (!lifetime_over(life, 200))
            continue;
        server_stop(daemon);
    }
    reports_close();
    return daemon != NULL;
}

int main(int argc, char **argv)
{
    struct settings settings = {.rows = 300000, .threads = 8};
    struct lifetime life;
    struct place place;
    int status = parse(argc, argv, &settings);

    if (status != EXIT_SUCCESS)
        return status < 0 ? EXIT_SUCCESS : status;
    lifetime_begin(&life, settings.seconds);
    if (!place_choose(&place, settings.path)) {
        fprintf(stderr, "tenant_server: no temporary directory, or the path is too long\n");
        return EXIT_FAILURE;
    }
    bool good = place_fill(&place, settings.rows, &life);
    struct database *database = good ? database_open(place.path, (int)settings.threads) : NULL;
    good = database && serve(database, &settings, &life);
    database_close(database);
    place_leave(&place);
    return good || life.over ? EXIT_SUCCESS : EXIT_FAILURE;
}
