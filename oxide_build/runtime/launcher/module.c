/* The launch plan in C: what plan.py makes of a recipe in Python, with the same answers in a fraction of the time.

In: the recipes of launches that went well. Out: `Launcher`, a callable that launches what is like one of them, and
calls the general way for everything else, which takes it or says what is wrong. So nothing here words an error, and
nothing is changed that a refusal would have to undo. Its own room because it is optional: without a C compiler the
package is pure Python and plan.py does the same.

The parameters of a launch live on the C stack, so threads share nothing but the plans, which are read and added to
under the interpreter's lock. The lock is released around the driver's call.

This is the one file that is compiled. Its parts are headers of static functions, each of which includes what it needs:
a launch goes through all of them, and only within one translation unit does every compiler inline it without being
asked to optimize at link time, which not everybody's Python is set up for.

In all parts, what answers int answers 1 for yes and 0 for "not me", with or without an exception set. */

#include "launcher.h"

#ifdef Py_GIL_DISABLED
#error "the plans are guarded by the interpreter's lock"
#endif

static PyObject *connect(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long launch, current, push, pop, device;
    if (!PyArg_ParseTuple(args, "KKKKKO!O!O!", &launch, &current, &push, &pop, &device, &PyDict_Type, &integers,
                          &PyDict_Type, &reals, &PyDict_Type, &booleans))
        return NULL;
    Py_INCREF(integers); /* for good, as the module itself */
    Py_INCREF(reals);
    Py_INCREF(booleans);
    driver.launch = (launch_t)(uintptr_t)launch;
    driver.current = (int (*)(void **))(uintptr_t)current;
    driver.push = (int (*)(void *))(uintptr_t)push;
    driver.pop = (int (*)(void **))(uintptr_t)pop;
    driver.device = (int (*)(int *))(uintptr_t)device;
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"connect", connect, METH_VARARGS, "Take the addresses of the driver's functions, before the first plan is added."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_launch", .m_doc = "Launch plans in C.", .m_size = -1, .m_methods = functions,
};

PyMODINIT_FUNC PyInit__launch(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || !intern_attributes())
        return NULL;
    plans_type = (PyTypeObject *)PyType_FromSpec(&plans_spec);
    launcher_type = (PyTypeObject *)PyType_FromSpec(&launcher_spec);
    if (plans_type == NULL || launcher_type == NULL || PyModule_AddObject(module, "Plans", (PyObject *)plans_type) ||
        PyModule_AddObject(module, "Launcher", (PyObject *)launcher_type))
        return NULL;
    return module;
}
