/*
 * memcached_server.h: a memcached of our own, which listens on a socket in a folder of its own and
 * lives no longer than this process.
 */
#ifndef BENCH_PEERS_MEMCACHED_SERVER_H
#define BENCH_PEERS_MEMCACHED_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the program is installed. */
bool memcached_server_present(void);

struct memcached_server;

/*
 * With room for so many entries, of which none takes more than `entry_bytes` with its key and
 * value. Returns when it answers; where it cannot, says why and ends the program. On the main
 * thread: the server ends when the thread that started it does.
 */
struct memcached_server *memcached_server_start(size_t entries, size_t entry_bytes);

/* The path of its socket. */
const char *memcached_server_socket(const struct memcached_server *server);

void memcached_server_stop(struct memcached_server *server);

#endif
