/*
 * The numbers of calls that have begun: whoever has one may come too late, and must find nothing then.
 */
#include "cache/begin.h"
#include "cache/hashtable.h"

/* One that has not ended. */
struct ctxi_numbered {
    uint64_t id;
    struct ctxi_begun *begun;
    UT_hash_handle hh;
};

/* Guards what follows. A leaf: nothing is taken under it. */
static struct ctxi_lock numbers_lock = CTXI_LOCK_INIT;
static struct ctxi_numbered *numbers;
static uint64_t last_id; /* none is given out twice */
static struct ctxi_memory numbers_memory;
static uint32_t forks; /* written by the child of one, while it has one thread */

void ctxi_begun_fork_prepare(void)
{
    ctxi_lock_acquire(&numbers_lock);
}

void ctxi_begun_fork_done(void)
{
    ctxi_lock_release(&numbers_lock);
}

void ctxi_begun_after_fork(void)
{
    forks++;
}

bool ctxi_begun_is_inherited(const struct ctxi_begun *begun)
{
    return begun->forks != forks;
}

static struct ctxi_memory *numbers_allocator(void)
{
    numbers_memory.allocator = ctxi_process_allocator();
    return &numbers_memory;
}

static bool add(struct ctxi_numbered *number)
{
    struct ctxi_memory *table_memory;
    bool table_full = false;

    ctxi_lock_acquire(&numbers_lock);
    table_memory = numbers_allocator();
    number->id = ++last_id;
    HASH_ADD(hh, numbers, id, sizeof number->id, number);
    ctxi_lock_release(&numbers_lock);
    return !table_full;
}

int ctxi_begun_number(struct ctxi_begun *begun)
{
    struct ctxi_numbered *number = ctxi_alloc(ctxi_process_allocator(), sizeof *number);

    if (!number)
        return CTX_ERR_NOMEM;
    number->begun = begun;
    if (!add(number)) {
        ctxi_free(ctxi_process_allocator(), number, sizeof *number);
        return CTX_ERR_NOMEM;
    }
    begun->number = number;
    begun->id = number->id;
    begun->forks = forks;
    return CTX_OK;
}

struct ctxi_begun *ctxi_begun_find(uint64_t id)
{
    struct ctxi_numbered *found;
    struct ctxi_begun *begun = NULL;

    ctxi_lock_acquire(&numbers_lock);
    HASH_FIND(hh, numbers, &id, sizeof id, found);
    if (found)
        begun = ctxi_begun_ref(found->begun);
    ctxi_lock_release(&numbers_lock);
    return begun;
}

void ctxi_begun_end(struct ctxi_begun *begun)
{
    struct ctxi_numbered *number = begun->number;
    struct ctxi_memory *table_memory;

    begun->number = NULL;
    if (number) {
        ctxi_lock_acquire(&numbers_lock);
        table_memory = numbers_allocator();
        HASH_DELETE(hh, numbers, number);
        ctxi_lock_release(&numbers_lock);
        ctxi_free(ctxi_process_allocator(), number, sizeof *number);
    }
    ctxi_begun_unref(begun);
}
