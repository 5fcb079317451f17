#include "aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"

/* Where the file is, or will be: behind links. To be freed. */
static char *target_of(const char *name)
{
    char *target = realpath(name, NULL);

    if (!target && errno == ENOENT)
        target = strdup(name);
    return target;
}

static bool is_special(const char *target)
{
    struct stat about;

    return stat(target, &about) == 0 && !S_ISREG(about.st_mode);
}

/* What is there and may not be written to, stays; a folder could not be replaced either way. */
static bool may_write(const char *target)
{
    struct stat about;

    if (stat(target, &about) != 0)
        return errno == ENOENT;
    if (S_ISDIR(about.st_mode))
        errno = EISDIR;
    return !S_ISDIR(about.st_mode) && access(target, W_OK) == 0;
}

static char *aside_name(const char *target)
{
    size_t size = strlen(target) + 32;
    char *name = die_calloc(size, 1);

    snprintf(name, size, "%s.%ld.part", target, (long)getpid());
    return name;
}

static bool write_all(int file, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t got = write(file, text, size);

        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0) {
            text += got;
            size -= (size_t)got;
        }
    }
    return true;
}

/* Opens, writes, closes; a file of this name is there afterwards if it could be opened. */
static bool put(const char *name, int flags, const char *text, size_t size)
{
    int file = open(name, O_WRONLY | O_CLOEXEC | flags, 0666);
    bool written = file >= 0 && write_all(file, text, size);
    int why = errno;

    if (file >= 0 && close(file) != 0 && written) {
        written = false;
        why = errno;
    }
    errno = why;
    return written;
}

/* Nothing of the file aside is left if anything fails. */
static bool replace(const char *target, const char *text, size_t size, bool keep)
{
    char *aside = aside_name(target);
    bool done = put(aside, O_CREAT | O_EXCL, text, size) && (!keep || rename(aside, target) == 0);
    int why = errno;

    if (!done || !keep)
        unlink(aside);
    free(aside);
    errno = why;
    return done;
}

static bool write_to(const char *name, const char *text, size_t size, bool keep)
{
    char *target = target_of(name);
    bool done;
    int why;

    if (!target)
        return false;
    if (!may_write(target))
        done = false;
    else if (is_special(target)) /* a pipe opened to look would have ended */
        done = !keep || put(target, 0, text, size);
    else
        done = replace(target, text, size, keep);
    why = errno;
    free(target);
    errno = why;
    return done;
}

bool aside_check(const char *name)
{
    return write_to(name, "", 0, false);
}

bool aside_write(const char *name, const char *text, size_t size)
{
    return write_to(name, text, size, true);
}
