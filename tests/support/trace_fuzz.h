/*
 * trace_fuzz.h: what must hold whatever bytes a trace has. Included by the fuzzers of readers.
 */
#ifndef SUPPORT_TRACE_FUZZ_H
#define SUPPORT_TRACE_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads the bytes as this format (NULL: found out) with these columns (NULL: by the first line). A batch
 * may be of any size; a lenient reader reads all that a strict one does, in the same order, and passes
 * over something exactly if the strict one fails; what is said is one line. Anything else ends the
 * process. Returns 0, what a fuzzer has to.
 */
int trace_fuzz(const uint8_t *bytes, size_t size, const char *format, const char *columns);

#endif
