/*
 * fork_alloc.h: memory that a child of fork() can take whatever other threads of its parent were doing.
 * The C library's malloc promises that; the one of AddressSanitizer does not (a thread may hold the lock
 * of a size class while another forks, and the child waits for it for ever).
 */
#ifndef SUPPORT_FORK_ALLOC_H
#define SUPPORT_FORK_ALLOC_H

/* Under AddressSanitizer, lets the library allocate under a lock that is free in every child; elsewhere
 * does nothing. Before a second thread exists. */
void support_fork_alloc_install(void);

#endif
