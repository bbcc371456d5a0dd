/* Arguments by name, put where they belong.

In: a kernel's parameters and a call's arguments, some of them with names. Out: the arguments in the parameters' order.
Its own room because everything after it knows arguments by their place alone. */

#ifndef OXIDE_NAMES_H
#define OXIDE_NAMES_H

#include "parameters.h"

/* The place of the parameter of that name, or -1. Names written in a call are interned, those in a `**` need not be. */
static Py_ssize_t place_of(const Parameter *parameters, Py_ssize_t count, PyObject *name)
{
    for (Py_ssize_t i = 0; i < count; i++)
        if (parameters[i].name == name)
            return i;
    for (Py_ssize_t i = 0; i < count && PyUnicode_CheckExact(name); i++)
        if (PyUnicode_Compare(parameters[i].name, name) == 0)
            return i;
    return -1;
}

/* The first `placed` of the arguments have no name. What is unknown, doubled or missing is for the general way. */
static int places(const Parameter *parameters, Py_ssize_t count, PyObject *const *arguments, Py_ssize_t placed,
                  PyObject *names, PyObject **in_order)
{
    if (placed + PyTuple_GET_SIZE(names) != count)
        return 0;
    for (Py_ssize_t i = 0; i < count; i++)
        in_order[i] = i < placed ? arguments[i] : NULL;
    for (Py_ssize_t i = placed; i < count; i++) {
        Py_ssize_t place = place_of(parameters, count, PyTuple_GET_ITEM(names, i - placed));
        if (place < 0 || in_order[place] != NULL)
            return 0;
        in_order[place] = arguments[i];
    }
    return 1;
}

#endif
