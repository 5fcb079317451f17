#include "peers/optional/python.h"

#include <stdbool.h>

#include "die.h"

/* Isolated: whatever the environment and the user's folders say, this is the distribution's. */
static void initialize(void)
{
    PyConfig config;

    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;

    PyStatus status = PyConfig_SetString(&config, &config.program_name, L"/usr/bin/python3");

    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status))
        die("cpython: cannot start: %s", status.err_msg ? status.err_msg : "no reason given");
}

void python_start(void)
{
    static bool started;

    if (started)
        return;
    started = true;
    initialize();
    PyEval_SaveThread();
}

PyObject *python_must(PyObject *object, const char *what)
{
    if (!object) {
        PyErr_Print();
        die("cpython: %s failed", what);
    }
    return object;
}
