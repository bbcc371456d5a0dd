#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *twice(PyObject *module, PyObject *number)
{
    long value = PyLong_AsLong(number);
    return value == -1 && PyErr_Occurred() ? NULL : PyLong_FromLong(2 * value);
}

static PyMethodDef functions[] = {{"twice", twice, METH_O, "Twice a number."}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "host", "Code for the CPU.", -1, functions};

PyMODINIT_FUNC PyInit_host(void)
{
    return PyModule_Create(&definition);
}
