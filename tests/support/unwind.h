/*
 * unwind.h: AddressSanitizer and threads that are cancelled.
 *
 * It takes the guards around a function's locals away when the function returns or calls something
 * that never does. Cancellation unwinds frames without either, and the guards that stay behind are
 * then mistaken for a bug of whoever uses that stack next. Code that may be cancelled says so first.
 */
#ifndef SUPPORT_UNWIND_H
#define SUPPORT_UNWIND_H

#include "support/scale.h"

#if SUPPORT_ASAN
void __asan_handle_no_return(void);
#endif

static inline void may_unwind_here(void)
{
#if SUPPORT_ASAN
    __asan_handle_no_return();
#endif
}

#endif
