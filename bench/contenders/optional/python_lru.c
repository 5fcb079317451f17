/*
 * CPython's functools.lru_cache, called from C. The function that it memoizes is written in C, too,
 * so no bytecode runs.
 *
 * What a request's calls have in common, the strs of tenant and locale, is made once for a request,
 * and the last argument for each call. A thread holds the GIL for a request; between two it lets
 * others have it.
 */
#include "peers/optional/python.h"

#include <stdlib.h>
#include <string.h>

#include "contender.h"
#include "die.h"

#define ARGUMENTS_MOST 3
#define TWIN_MOST      131072 /* entries */

struct cache {
    PyObject *memoized; /* the function in its lru_cache */
    struct cache_setup setup;
};

/* ---- the functions that are memoized ------------------------------------------------------ */

static PyObject *answer(const char *tenant, PyObject *last)
{
    const char *text = PyUnicode_Check(last) ? PyUnicode_AsUTF8(last) : NULL;
    struct value value;

    if (text)
        workload_load_text(tenant, text, &value);
    else
        workload_load(tenant, PyLong_AsLongLong(last), &value);
    return PyBytes_FromStringAndSize((const char *)&value, sizeof value);
}

/* Of one argument, or of one for any number of others, of which the last is the tenant. */
static PyObject *load(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    const char *tenant = count == 1 ? workload_tenant(0) : PyUnicode_AsUTF8(args[count - 2]);

    (void)self;
    return tenant ? answer(tenant, args[count - 1]) : NULL;
}

static PyMethodDef load_method = {"load", (PyCFunction)(void (*)(void))load, METH_FASTCALL, NULL};

/* ---- the cache ---------------------------------------------------------------------------- */

/* functools.lru_cache(maxsize=capacity)(load) */
static PyObject *memoize(size_t capacity)
{
    PyObject *size =
        capacity == CONTENDER_UNBOUNDED ? Py_NewRef(Py_None) : PyLong_FromSize_t(capacity);
    PyObject *function = python_must(PyCFunction_New(&load_method, NULL), "a function");
    PyObject *functools = python_must(PyImport_ImportModule("functools"), "import functools");
    PyObject *decorator =
        python_must(PyObject_CallMethod(functools, "lru_cache", "N", size), "lru_cache");
    PyObject *memoized = python_must(PyObject_CallOneArg(decorator, function), "the decorator");

    Py_DECREF(decorator);
    Py_DECREF(functools);
    Py_DECREF(function);
    return memoized;
}

static void *open_cache(const struct cache_setup *setup)
{
    struct cache *cache = die_calloc(1, sizeof *cache);

    python_start();

    PyGILState_STATE gil = PyGILState_Ensure();

    *cache = (struct cache){memoize(setup->capacity), *setup};
    PyGILState_Release(gil);
    return cache;
}

static void close_cache(void *opened)
{
    struct cache *cache = opened;
    PyGILState_STATE gil = PyGILState_Ensure();

    Py_DECREF(cache->memoized);
    PyGILState_Release(gil);
    free(cache);
}

/* ---- calls -------------------------------------------------------------------------------- */

/* The arguments of one call: the last is the call's own, the others are the request's. */
struct arguments {
    size_t count;
    PyObject *slots[1 + ARGUMENTS_MOST]; /* the first is for whoever is called to use */
};

static void add(struct arguments *arguments, const char *text)
{
    arguments->slots[++arguments->count] = python_must(PyUnicode_FromString(text), "a str");
}

static struct arguments request_arguments(enum key_kind kind, uint32_t tenant)
{
    struct arguments arguments = {.count = 0};

    if (kind == KEY_LOCALE)
        add(&arguments, workload_locale(tenant));
    if (kind != KEY_PLAIN)
        add(&arguments, workload_tenant(tenant));
    arguments.count++;
    return arguments;
}

static void release_arguments(struct arguments *arguments)
{
    for (size_t i = 0; i + 1 < arguments->count; i++)
        Py_DECREF(arguments->slots[i + 1]);
}

static inline PyObject *last_argument(const struct stream *stream, size_t i)
{
    return python_must(stream->kind == KEY_TENANT_TEXT
                           ? PyUnicode_FromStringAndSize(stream_text(stream, i), KEY_TEXT_SIZE)
                           : PyLong_FromLongLong(stream->args[i]),
                       "an argument");
}

static inline void call_one(PyObject *memoized, struct arguments *arguments, PyObject *last,
                            struct value *out_value)
{
    arguments->slots[arguments->count] = last;

    PyObject *bytes =
        python_must(PyObject_Vectorcall(memoized, arguments->slots + 1,
                                        arguments->count | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL),
                    "a call");

    memcpy(out_value, PyBytes_AS_STRING(bytes), sizeof *out_value);
    Py_DECREF(bytes);
    Py_DECREF(last);
}

static uint64_t serve(PyObject *memoized, const struct calls *calls, size_t request)
{
    const struct stream *stream = calls->stream;
    const struct request *requests = stream->requests;
    struct arguments arguments = request_arguments(stream->kind, requests[request].tenant);
    struct value value;
    uint64_t sum = 0;

    for (size_t i = requests[request].first; i < requests[request + 1].first; i++) {
        uint64_t start = call_begins(calls->latency, i);

        call_one(memoized, &arguments, last_argument(stream, i), &value);
        call_ended(calls->latency, start);
        use_value(&value);
        sum += value.words[0];
    }
    release_arguments(&arguments);
    return sum;
}

static uint64_t call(void *opened, const struct calls *calls)
{
    const struct cache *cache = opened;
    PyGILState_STATE gil = PyGILState_Ensure();
    uint64_t sum = 0;

    for (size_t r = calls->first; r < calls->end; r++) {
        sum += serve(cache->memoized, calls, r);
        PyEval_RestoreThread(PyEval_SaveThread());
    }
    PyGILState_Release(gil);
    return sum;
}

/* ---- memory ------------------------------------------------------------------------------- */

static Py_ssize_t entry_count(PyObject *memoized)
{
    PyObject *info = python_must(PyObject_CallMethod(memoized, "cache_info", NULL), "cache_info()");
    Py_ssize_t count = PyLong_AsSsize_t(PyTuple_GET_ITEM(info, 3));

    Py_DECREF(info);
    return count;
}

static PyObject *make_argument(enum key_kind kind, Py_ssize_t number)
{
    char text[KEY_TEXT_SIZE + 1];

    if (kind != KEY_TENANT_TEXT)
        return python_must(PyLong_FromSsize_t(number), "an int");
    snprintf(text, sizeof text, "%0*zd", KEY_TEXT_SIZE, number);
    return python_must(PyUnicode_FromString(text), "a str");
}

static void fill(PyObject *memoized, enum key_kind kind, Py_ssize_t count)
{
    struct arguments arguments = request_arguments(kind, 0);
    struct value value;

    for (Py_ssize_t i = 0; i < count; i++)
        call_one(memoized, &arguments, make_argument(kind, i), &value);
    release_arguments(&arguments);
}

/*
 * What another cache takes for each entry, as tracemalloc counts it. Where the first is large, this
 * one is smaller by a power of two: its table is as full, and tracemalloc needs memory, too.
 */
static double traced_bytes(enum key_kind kind, Py_ssize_t count)
{
    while (count > TWIN_MOST)
        count /= 2;

    PyObject *module = python_must(PyImport_ImportModule("tracemalloc"), "import tracemalloc");

    Py_DECREF(python_must(PyObject_CallMethod(module, "start", NULL), "start()"));

    PyObject *twin = memoize((size_t)count);

    fill(twin, kind, count);

    PyObject *traced =
        python_must(PyObject_CallMethod(module, "get_traced_memory", NULL), "get_traced_memory()");
    double bytes = PyLong_AsDouble(PyTuple_GET_ITEM(traced, 0)) / (double)count;

    Py_DECREF(python_must(PyObject_CallMethod(module, "stop", NULL), "stop()"));
    Py_DECREF(traced);
    Py_DECREF(twin);
    Py_DECREF(module);
    return bytes;
}

/*
 * Counting all the time would slow the cache down that is measured: so another one is filled and
 * counted, once for caches that do not differ.
 */
static double bytes_per_entry(void *opened)
{
    static struct {
        Py_ssize_t count;
        enum key_kind kind;
        double bytes;
    } known;
    const struct cache *cache = opened;
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_ssize_t count = entry_count(cache->memoized);

    if (known.count != count || known.kind != cache->setup.kind) {
        known.count = count;
        known.kind = cache->setup.kind;
        known.bytes = traced_bytes(cache->setup.kind, count);
    }
    PyGILState_Release(gil);
    return known.bytes;
}

const struct contender contender_cpython = {
    .name = "cpython",
    .about = "functools.lru_cache, called from C; one thread at a time",
    .exact_lru = true,
    .open = open_cache,
    .close = close_cache,
    .call = call,
    .bytes_per_entry = bytes_per_entry,
};
