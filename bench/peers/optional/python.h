/*
 * python.h: a CPython interpreter in this process.
 */
#ifndef BENCH_PEERS_PYTHON_H
#define BENCH_PEERS_PYTHON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Starts it at the first call, which the main thread makes, and leaves the GIL free. */
void python_start(void);

/* The object itself; if it is NULL, ends the program with Python's own words. The GIL is held. */
PyObject *python_must(PyObject *object, const char *what);

#endif
