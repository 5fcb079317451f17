/*
 * CPython's contextvars, through its C API. Values are objects that were made before; two of them
 * take turns, because setting a variable to the object that it has changes nothing.
 *
 * Each operation, done many times, takes the GIL once: of several threads one runs at a time.
 */
#include "peers/optional/python.h"

#include <stdlib.h>

#include "context_contender.h"
#include "die.h"

static PyObject *measured, *with_default;
static PyObject *values[2];

static PyObject **others;
static unsigned other_count;

static __thread PyGILState_STATE gil;
static __thread PyThreadState *thread; /* while it runs without the GIL */
static __thread PyObject *entered;

static void check(int status, const char *what)
{
    if (status != 0)
        python_must(NULL, what);
}

/* ---- contexts ----------------------------------------------------------------------------- */

static PyObject *make_variable(const char *name, PyObject *value)
{
    return python_must(PyContextVar_New(name, value), "PyContextVar_New()");
}

/* Each has a name of its own, which goes into its hash, as in a program. */
static PyObject *make_numbered(unsigned number)
{
    char name[24];

    snprintf(name, sizeof name, "other_%u", number);
    return make_variable(name, NULL);
}

static void make_statics(void)
{
    PyObject *seven = python_must(PyLong_FromLong(7), "an int");

    measured = make_variable("measured", NULL);
    with_default = make_variable("with_default", seven);
    for (long i = 0; i < 2; i++)
        values[i] = python_must(PyLong_FromLong(1000 + i), "an int");
    Py_DECREF(seven);
}

static void prepare(unsigned variables)
{
    python_start();

    PyGILState_STATE state = PyGILState_Ensure();

    if (!measured)
        make_statics();
    other_count = variables - 1;
    others = die_calloc(other_count, sizeof *others);
    for (unsigned i = 0; i < other_count; i++)
        others[i] = make_numbered(i);
    PyGILState_Release(state);
}

static void finish(void)
{
    PyGILState_STATE state = PyGILState_Ensure();

    for (unsigned i = 0; i < other_count; i++)
        Py_DECREF(others[i]);
    PyGILState_Release(state);
    free(others);
}

static PyObject *set_variable(PyObject *variable, PyObject *value)
{
    return python_must(PyContextVar_Set(variable, value), "PyContextVar_Set()");
}

static void enter(void)
{
    gil = PyGILState_Ensure();
    entered = python_must(PyContext_New(), "PyContext_New()");
    check(PyContext_Enter(entered), "PyContext_Enter()");
    Py_DECREF(set_variable(measured, values[0]));
    for (unsigned i = 0; i < other_count; i++)
        Py_DECREF(set_variable(others[i], values[0]));

    /* A variable that was set before, though it is not now, as it is in a program. */
    PyObject *token = set_variable(with_default, values[0]);

    check(PyContextVar_Reset(with_default, token), "PyContextVar_Reset()");
    Py_DECREF(token);
    thread = PyEval_SaveThread();
}

static void leave(void)
{
    PyEval_RestoreThread(thread);
    check(PyContext_Exit(entered), "PyContext_Exit()");
    Py_DECREF(entered);
    PyGILState_Release(gil);
}

/* ---- operations, with the GIL ------------------------------------------------------------- */

static void get_variable(PyObject *variable, size_t count)
{
    PyObject *value;

    for (size_t i = 0; i < count; i++) {
        check(PyContextVar_Get(variable, NULL, &value), "PyContextVar_Get()");
        __asm__ volatile("" : : "r"(value));
        Py_DECREF(value);
    }
}

static void get(size_t count)
{
    get_variable(measured, count);
}

static void get_default(size_t count)
{
    get_variable(with_default, count);
}

/* The context has values[0]. */
static void set_reset(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PyObject *token = set_variable(measured, values[1]);

        check(PyContextVar_Reset(measured, token), "PyContextVar_Reset()");
        Py_DECREF(token);
    }
}

static void set(size_t count)
{
    for (size_t i = 1; i <= count; i++)
        Py_DECREF(set_variable(measured, values[i % 2]));
}

static PyObject *copy_current(void)
{
    return python_must(PyContext_CopyCurrent(), "PyContext_CopyCurrent()");
}

static void copy(size_t count)
{
    for (size_t i = 0; i < count; i++)
        Py_DECREF(copy_current());
}

static void do_nothing(void)
{
}

static void set_measured(void)
{
    Py_DECREF(set_variable(measured, values[1]));
}

static inline void run_in(PyObject *context, void (*volatile function)(void))
{
    check(PyContext_Enter(context), "PyContext_Enter()");
    function();
    check(PyContext_Exit(context), "PyContext_Exit()");
}

static void run(size_t count)
{
    PyObject *context = copy_current();

    for (size_t i = 0; i < count; i++)
        run_in(context, do_nothing);
    Py_DECREF(context);
}

static void copy_run(size_t count, void (*function)(void))
{
    for (size_t i = 0; i < count; i++) {
        PyObject *context = copy_current();

        run_in(context, function);
        Py_DECREF(context);
    }
}

static void copy_run_set(size_t count)
{
    copy_run(count, set_measured);
}

static void bind_run(size_t count)
{
    copy_run(count, do_nothing);
}

static void switch_context(size_t count)
{
    PyObject *context = copy_current();

    for (size_t i = 0; i < count; i++) {
        check(PyContext_Enter(context), "PyContext_Enter()");
        check(PyContext_Exit(context), "PyContext_Exit()");
    }
    Py_DECREF(context);
}

/* ---- and taking it ------------------------------------------------------------------------ */

#define WITH_GIL(operation)                                                                        \
    static void operation##_with_gil(size_t count)                                                 \
    {                                                                                              \
        PyEval_RestoreThread(thread);                                                              \
        operation(count);                                                                          \
        thread = PyEval_SaveThread();                                                              \
    }

WITH_GIL(get)
WITH_GIL(get_default)
WITH_GIL(set_reset)
WITH_GIL(set)
WITH_GIL(copy)
WITH_GIL(run)
WITH_GIL(copy_run_set)
WITH_GIL(bind_run)
WITH_GIL(switch_context)

const struct context_contender context_cpython = {
    .name = "cpython",
    .about = "contextvars, called from C; one thread at a time",
    .prepare = prepare,
    .finish = finish,
    .enter = enter,
    .leave = leave,
    .operations = {[CONTEXT_GET] = get_with_gil,
                   [CONTEXT_GET_DEFAULT] = get_default_with_gil,
                   [CONTEXT_SET_RESET] = set_reset_with_gil,
                   [CONTEXT_SET] = set_with_gil,
                   [CONTEXT_COPY] = copy_with_gil,
                   [CONTEXT_RUN] = run_with_gil,
                   [CONTEXT_COPY_RUN_SET] = copy_run_set_with_gil,
                   [CONTEXT_BIND_RUN] = bind_run_with_gil,
                   [ASYNC_SWITCH] = switch_context_with_gil},
};
