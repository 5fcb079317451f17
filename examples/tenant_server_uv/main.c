/*
 * tenant_server_uv: the tenant server on an event loop. One thread serves all connections; queries run on
 * libuv's worker pool. pages.h says what there is to ask for, middleware.c is where headers become context
 * variables, tenant_reports/report.c is where the cache is.
 */
#include <ctxcache/uv.h>
#include <stdio.h>
#include <stdlib.h>

#include "http.h"
#include "server.h"
#include "tenant_reports/database.h"
#include "tenant_reports/log.h"
#include "tenant_reports/options.h"
#include "tenant_reports/place.h"
#include "tenant_reports/report.h"

struct settings {
    long port, seconds, rows, threads, cache, connections, patience, log;
    const char *path;
};

static const char usage[] =
    "usage: tenant_server_uv [OPTION NUMBER]... [--path FILE]\n"
    "  --port         on 127.0.0.1; 0, the default, takes a free one\n"
    "  --seconds      stop by itself after so long; 0, the default, only by a signal or when\n"
    "                 the process that started it ends\n"
    "  --rows         orders in a new database (300000)\n"
    "  --threads      that query, each with a connection to the database (4)\n"
    "  --cache        megabytes (16); 0 stores nothing\n"
    "  --connections  at the same time (1024); more clients wait\n"
    "  --patience     with a client that sends, takes or asks nothing, in ms (10000)\n"
    "  --log          1: a line on stderr for each step of a request (0)\n"
    "  --path         the database, made if it is not there and kept; else in a temporary\n"
    "                 directory that is removed at the end\n";

/* As options_parse(). */
static int parse(int argc, char **argv, struct settings *settings)
{
    const struct number_option numbers[] = {
        {"port", 0, 65535, &settings->port},
        {"seconds", 0, 86400, &settings->seconds},
        {"rows", 0, 10000000, &settings->rows},
        {"threads", 1, 64, &settings->threads},
        {"cache", 0, 4096, &settings->cache},
        {"connections", 1, 65536, &settings->connections},
        {"patience", 1, 3600000, &settings->patience},
        {"log", 0, 1, &settings->log},
    };

    return options_parse(argc, argv, numbers, sizeof numbers / sizeof *numbers, &settings->path,
                         usage);
}

static bool complain(const char *why)
{
    fprintf(stderr, "tenant_server_uv: %s\n", why);
    return false;
}

/* Runs the loop until the server has let go of it. */
static bool serve_on(uv_loop_t *loop, const struct settings *settings, struct lifetime *life)
{
    struct server server = {.life = life,
                            .connections_max = settings->connections,
                            .patience_ms = (uint64_t)settings->patience};
    unsigned short port = 0;
    int status = server_start(&server, loop, (unsigned short)settings->port, &port);

    if (status == 0) {
        printf("listening on http://127.0.0.1:%u\n", port);
        fflush(stdout);
        lifetime_release_signals(life);
    } else {
        complain(uv_strerror(status));
    }
    uv_run(loop, UV_RUN_DEFAULT);
    return status == 0;
}

static bool serve(struct database *database, const struct settings *settings, struct lifetime *life)
{
    uv_loop_t loop;
    int status = reports_open(database, (size_t)settings->cache << 20);

    if (status != CTX_OK)
        return complain(ctx_strerror(status));
    status = uv_loop_init(&loop);
    bool good = status == 0 ? serve_on(&loop, settings, life) : complain(uv_strerror(status));
    if (status == 0 && (status = ctx_uv_loop_close(&loop)) != 0)
        good = complain(uv_strerror(status));
    reports_close();
    return good;
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .rows = 300000, .threads = 4, .cache = 16, .connections = 1024, .patience = 10000};
    struct lifetime life;
    struct place place;
    char threads[8];
    int status = parse(argc, argv, &settings);

    if (status != EXIT_SUCCESS)
        return status < 0 ? EXIT_SUCCESS : status;
    snprintf(threads, sizeof threads, "%ld", settings.threads);
    setenv("UV_THREADPOOL_SIZE", threads, 1); /* as many as connections to the database */
    lifetime_begin(&life, settings.seconds);
    log_open(settings.log == 1);
    http_limit();
    if (!place_choose(&place, settings.path)) {
        complain("no temporary directory, or the path is too long");
        return EXIT_FAILURE;
    }
    bool filled = place_fill(&place, settings.rows, &life);
    struct database *database = filled ? database_open(place.path, (int)settings.threads) : NULL;
    /* that the time is up while it is being filled is no failure */
    bool good = filled ? database && serve(database, &settings, &life) : life.over;
    database_close(database);
    place_leave(&place);
    uv_library_shutdown(); /* ends the worker pool */
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
