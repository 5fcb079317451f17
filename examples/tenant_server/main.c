/*
 * tenant_server: an HTTP server that reports on the orders of many tenants from SQLite, memoized
 * per tenant and currency. See server.h for what it answers; report.c is where the cache is.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "database.h"
#include "lifetime.h"
#include "report.h"
#include "server.h"

struct options {
    long port, seconds, rows, threads;
    const char *path;
};

/* Where the database is; with a temporary directory both go at the end. */
struct place {
    char directory[512]; /* "" if the user gave a path */
    char path[576];
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

static bool parse_number(const char *text, long most, long *out)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (end == text || *end != '\0' || number < 0 || number > most)
        return false;
    *out = number;
    return true;
}

static bool take_option(int option, struct options *options)
{
    switch (option) {
    case 'p':
        return parse_number(optarg, 65535, &options->port);
    case 's':
        return parse_number(optarg, 86400, &options->seconds);
    case 'r':
        return parse_number(optarg, 10000000, &options->rows);
    case 't':
        return parse_number(optarg, 64, &options->threads) && options->threads > 0;
    default:
        options->path = optarg;
        return true;
    }
}

/* EXIT_SUCCESS: go on; else the exit status, with -1 for "helped". */
static int parse(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},
        {"seconds", required_argument, NULL, 's'},
        {"rows", required_argument, NULL, 'r'},
        {"threads", required_argument, NULL, 't'},
        {"path", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return -1;
        }
        if (option == '?')
            return 2;
        if (!take_option(option, options)) {
            fprintf(stderr, "tenant_server: %s: not a number that fits; see --help\n", optarg);
            return 2;
        }
    }
    if (optind == argc)
        return EXIT_SUCCESS;
    fprintf(stderr, "tenant_server: %s: not an option; see --help\n", argv[optind]);
    return 2;
}

static bool stop(void *life)
{
    return lifetime_over(life, 0);
}

static bool choose_place(struct place *place, const char *path)
{
    const char *parent = getenv("TMPDIR");
    int size;

    if (path) {
        size = snprintf(place->path, sizeof place->path, "%s", path);
        return size < (int)sizeof place->path;
    }
    size = snprintf(place->directory, sizeof place->directory, "%s/tenant_server.XXXXXX",
                    parent && *parent ? parent : "/tmp");
    if (size >= (int)sizeof place->directory || !mkdtemp(place->directory)) {
        place->directory[0] = '\0';
        return false;
    }
    snprintf(place->path, sizeof place->path, "%s/orders.db", place->directory);
    return true;
}

/* A database that was asked for by path appears whole or not at all. */
static bool make_database(const struct place *place, const struct options *options,
                          struct lifetime *life)
{
    char unfinished[sizeof place->path + 16];

    if (access(place->path, F_OK) == 0)
        return true;
    snprintf(unfinished, sizeof unfinished, "%s.unfinished", place->path);
    unlink(unfinished);
    printf("making %ld orders\n", options->rows);
    fflush(stdout);
    if (!database_create(unfinished, options->rows, stop, life))
        return false;
    if (rename(unfinished, place->path) == 0)
        return true;
    unlink(unfinished);
    return false;
}

static void leave_place(const struct place *place)
{
    if (place->directory[0] == '\0')
        return;
    unlink(place->path);
    rmdir(place->directory);
}

static bool serve(struct database *database, const struct options *options, struct lifetime *life)
{
    unsigned short port = (unsigned short)options->port;
    struct MHD_Daemon *daemon;
    int status = reports_open(database);

    if (status != CTX_OK) {
        fprintf(stderr, "tenant_server: %s\n", ctx_strerror(status));
        return false;
    }
    daemon = server_start(port, (unsigned)options->threads, &port);
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
    struct options options = {.rows = 300000, .threads = 8};
    struct lifetime life;
    struct place place = {"", ""};
    int status = parse(argc, argv, &options);

    if (status != EXIT_SUCCESS)
        return status < 0 ? EXIT_SUCCESS : status;
    lifetime_begin(&life, options.seconds);
    if (!choose_place(&place, options.path)) {
        fprintf(stderr, "tenant_server: no temporary directory, or the path is too long\n");
        return EXIT_FAILURE;
    }
    bool good = make_database(&place, &options, &life);
    struct database *database = good ? database_open(place.path, (int)options.threads) : NULL;
    good = database && serve(database, &options, &life);
    database_close(database);
    leave_place(&place);
    return good || life.over ? EXIT_SUCCESS : EXIT_FAILURE;
}
