#include "support/hash_bits.h"

#include <stdlib.h>

#include "base/hash.h"

static int kept = 64;

int hash_bits(void)
{
    return kept;
}

void hash_bits_force(int bits)
{
    kept = bits;
    ctxi_hash_force_bits(bits);
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *bits = getenv("CTX_TEST_HASH_BITS");

    if (bits && *bits)
        hash_bits_force(atoi(bits));
}
