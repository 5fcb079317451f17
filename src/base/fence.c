#include "base/fence.h"

#include <unistd.h>

#ifdef __linux__
#include <linux/membarrier.h>
#include <sys/syscall.h>

static bool membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0) == 0;
}

static bool register_process(void)
{
    return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

static bool fence_everybody(void)
{
    return membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}
#else
static bool register_process(void)
{
    return false;
}

static bool fence_everybody(void)
{
    return false;
}
#endif

bool ctxi_fence_is_asymmetric;

__attribute__((constructor)) void ctxi_fence_init(void)
{
    ctxi_fence_is_asymmetric = register_process();
}

bool ctxi_fence_rarely(void)
{
    if (ctxi_fence_is_asymmetric)
        return fence_everybody();
    atomic_thread_fence(memory_order_seq_cst);
    return true;
}
