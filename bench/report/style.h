/*
 * style.h: how a page looks, and what moves in it.
 */
#ifndef BENCH_REPORT_STYLE_H
#define BENCH_REPORT_STYLE_H

extern const char *const page_style[]; /* lines; NULL at the end */

/* Shows what the pointer is over, and opens all tables to be printed. Without it browsers show the same
 * as titles. */
extern const char page_script[];

#endif
