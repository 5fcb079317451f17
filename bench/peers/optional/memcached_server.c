#include "peers/optional/memcached_server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "die.h"

#define PROGRAM     "/usr/bin/memcached" /* where the package puts it */
#define THREADS     "2"
#define HEADER_SIZE 48u        /* what it puts before an entry */
#define CAS_SIZE    8u         /* and the number that it gives to each version of one */
#define PAGE_SIZE   (1u << 20) /* it takes memory in pages, which it cuts into equal chunks */
#define PAGES_LEAST 2u         /* it wants no fewer */
#define ALIGNMENT   8u         /* of a chunk */
#define CHUNK_MOST  4096u
#define STEP_NS     2000000
#define STEPS_MOST  2500 /* five seconds */

struct memcached_server {
    struct memcached_server *next; /* of those that run; main thread only */
    pid_t pid;
    char folder[32];
    struct sockaddr_un address;
};

static struct memcached_server *running;

/* ---- stopping it -------------------------------------------------------------------------- */

static void end_process(const struct memcached_server *server)
{
    kill(server->pid, SIGTERM);
    while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void remove_files(const struct memcached_server *server)
{
    unlink(server->address.sun_path);
    rmdir(server->folder);
}

void memcached_server_stop(struct memcached_server *server)
{
    struct memcached_server **link = &running;

    while (*link != server)
        link = &(*link)->next;
    *link = server->next;
    remove_files(server); /* first: a worker that loses its connection ends the program, too */
    if (server->pid > 0)
        end_process(server);
    free(server);
}

/* However the program ends: die() comes here, too. */
static void stop_all(void)
{
    while (running)
        memcached_server_stop(running);
}

/* ---- starting it -------------------------------------------------------------------------- */

bool memcached_server_present(void)
{
    return access(PROGRAM, X_OK) == 0;
}

static void make_socket_path(struct memcached_server *server)
{
    strcpy(server->folder, "/tmp/ctxbench-XXXXXX");
    if (!mkdtemp(server->folder))
        die("memcached: cannot make a folder in /tmp: %s", strerror(errno));
    server->address.sun_family = AF_UNIX;
    snprintf(server->address.sun_path, sizeof server->address.sun_path, "%s/socket",
             server->folder);
}

/* In the child: only what is allowed between fork() and exec(). */
static _Noreturn void become_server(pid_t parent, const char *const *arguments)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* if this process is killed and cannot say goodbye */
    if (getppid() == parent)
        execv(PROGRAM, (char *const *)arguments);
    _exit(127);
}

struct shape {
    size_t pages, chunk;
};

/*
 * As few pages as hold all entries, cut into chunks so large that they hold no more than those: the
 * capacity is to be the one that was asked for.
 */
static struct shape choose_shape(size_t entries, size_t entry_bytes)
{
    size_t least = (HEADER_SIZE + CAS_SIZE + entry_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t enough = entries / (PAGE_SIZE / least) + 1;
    size_t pages = enough > PAGES_LEAST ? enough : PAGES_LEAST;
    size_t chunk = PAGE_SIZE / (entries / pages + 1) / ALIGNMENT * ALIGNMENT;

    return (struct shape){pages, chunk < CHUNK_MOST ? chunk : CHUNK_MOST};
}

static void start_process(struct memcached_server *server, struct shape shape)
{
    char pages[24], room[24];
    const char *const arguments[] = {PROGRAM, "-s",   server->address.sun_path,
                                     "-u",    "root", "-t",
                                     THREADS, "-m",   pages,
                                     "-n",    room,   NULL};
    pid_t parent = getpid();

    snprintf(pages, sizeof pages, "%zu", shape.pages);
    snprintf(room, sizeof room, "%zu", shape.chunk - HEADER_SIZE);
    server->pid = fork();
    if (server->pid < 0)
        die("memcached: fork: %s", strerror(errno));
    if (server->pid == 0)
        become_server(parent, arguments);
}

static bool answers(const struct memcached_server *server)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = fd >= 0 && connect(fd, (const struct sockaddr *)&server->address,
                                        sizeof server->address) == 0;

    if (fd >= 0)
        close(fd);
    return connected;
}

static void await_answer(struct memcached_server *server)
{
    const struct timespec step = {.tv_nsec = STEP_NS};

    for (int i = 0; i < STEPS_MOST; i++) {
        if (answers(server))
            return;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            die("memcached: it ended as soon as it was started");
        }
        nanosleep(&step, NULL);
    }
    die("memcached: it does not answer");
}

struct memcached_server *memcached_server_start(size_t entries, size_t entry_bytes)
{
    static bool registered;
    struct memcached_server *server = die_calloc(1, sizeof *server);

    if (!registered)
        registered = atexit(stop_all) == 0;
    make_socket_path(server);
    server->next = running;
    running = server;
    start_process(server, choose_shape(entries, entry_bytes));
    await_answer(server);
    return server;
}

const char *memcached_server_socket(const struct memcached_server *server)
{
    return server->address.sun_path;
}
