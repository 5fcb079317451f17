/*
 * The reader of recordings: whatever bytes it is given, and whatever is in blocks whose checksums are right,
 * which a fuzzer would not find. The first byte says which. Of blocks, each begins with two bytes for its
 * size and one for how many requests it says that it has.
 */
#include <string.h>

#include "base/byte_order.h"
#include "base/hash.h"
#include "recording/encode.h"
#include "support/trace_fuzz.h"

enum { FILE_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t put_header(unsigned char *out)
{
    const struct ctxi_recording_about about = {.threshold = UINT64_MAX,
                                               .name = "fuzz",
                                               .variables = {"tenant"},
                                               .variable_count = 1};

    return ctxi_encode_header(out, &about);
}

static size_t put_block(unsigned char *out, uint32_t number, uint32_t count, const uint8_t *bytes,
                        size_t size)
{
    memset(out, 0, CTXI_BLOCK_HEADER);
    ctxi_put_le(out + 8, number, 4);
    ctxi_put_le(out + 12, size, 4);
    ctxi_put_le(out + 16, count, 4);
    memcpy(out + CTXI_BLOCK_HEADER, bytes, size);
    ctxi_put_le(out, ctxi_digest(out + 8, CTXI_BLOCK_HEADER - 8 + size), 8);
    return CTXI_BLOCK_HEADER + size;
}

/* A whole file around the blocks. */
static int fuzz_blocks(const uint8_t *bytes, size_t size)
{
    static unsigned char file[FILE_MAX];
    size_t end = put_header(file);
    uint32_t blocks = 0;

    while (size > 3 && end + 2 * CTXI_BLOCK_HEADER + size < sizeof file) {
        size_t in_block = (size_t)bytes[0] | (size_t)bytes[1] << 8;

        if (in_block > size - 3)
            in_block = size - 3;
        end += put_block(file + end, blocks++, bytes[2], bytes + 3, in_block);
        bytes += 3 + in_block;
        size -= 3 + in_block;
    }
    end += put_block(file + end, blocks, 0, bytes, 0);
    return trace_fuzz(file, end, "recorded", NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    return bytes[0] % 2 ? fuzz_blocks(bytes + 1, size - 1)
                        : trace_fuzz(bytes + 1, size - 1, "recorded", NULL);
}
