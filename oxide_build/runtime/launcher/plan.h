/* A plan: what one recipe of plan.py says of the launches like it.

In: a recipe's parts. Out: the plan, and the stream of a launch that follows it. Its own room because a recipe is of one
GPU and one choice of libraries, whatever the kernel. */

#ifndef OXIDE_PLAN_H
#define OXIDE_PLAN_H

#include "arrays.h"

typedef struct Plan {
    struct Plan *next;
    int ordinal;
    void *function, *context;
    PyObject *find_stream, *number; /* the number is the ordinal's object */
    const Exchange *exchange;
    unsigned long long most_shared;
    Kind kinds[]; /* one for each view */
} Plan;

static void plan_free(Plan *plan, Py_ssize_t views)
{
    for (Py_ssize_t i = 0; i < views; i++) {
        Py_XDECREF(plan->kinds[i].type);
        Py_XDECREF(plan->kinds[i].mark);
    }
    Py_XDECREF(plan->find_stream);
    Py_XDECREF(plan->number);
    PyMem_Free(plan);
}

static int read_kinds(Plan *plan, PyObject *kinds)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(kinds); i++) {
        Kind *to = &plan->kinds[i];
        PyObject *type, *mark;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(kinds, i), "O!Oi", &PyType_Type, &type, &mark, &to->reader))
            return 0;
        to->type = (PyTypeObject *)Py_NewRef(type), to->mark = Py_NewRef(mark);
        to->marked = to->reader == MEMORY ? mark_ : dtype_;
        to->exchange = to->reader == TORCH ? exchange_of(type) : NULL;
    }
    plan->exchange = PyTuple_GET_SIZE(kinds) ? plan->kinds[0].exchange : NULL;
    return 1;
}

/* NULL with an exception set where these are no parts of a recipe for so many views. */
static Plan *plan_new(PyObject *parts, Py_ssize_t views)
{
    PyObject *kinds, *find_stream, *number;
    unsigned long long function, context, most_shared;
    if (!PyArg_ParseTuple(parts, "O!OKKOK", &PyTuple_Type, &kinds, &number, &function, &context, &find_stream,
                          &most_shared))
        return NULL;
    Plan *plan = PyMem_Calloc(1, sizeof(Plan) + views * sizeof(Kind));
    if (plan == NULL)
        return PyErr_NoMemory(), NULL;
    plan->number = Py_NewRef(number), plan->find_stream = Py_NewRef(find_stream);
    plan->function = (void *)(uintptr_t)function, plan->context = (void *)(uintptr_t)context;
    plan->most_shared = most_shared;
    plan->ordinal = (int)PyLong_AsLong(number);
    if (!PyErr_Occurred() && PyTuple_GET_SIZE(kinds) != views)
        PyErr_Format(PyExc_ValueError, "%zd kinds", views);
    if (!PyErr_Occurred() && read_kinds(plan, kinds))
        return plan;
    return plan_free(plan, views), NULL;
}

/* The stream that a launch without one goes to. */
static int stream_of(const Plan *plan, Py_ssize_t views, void **stream)
{
    if (!views)
        return *stream = NULL, 1;
    if (plan->find_stream == Py_None)
        return 0;
    if (plan->exchange != NULL)
        return plan->exchange->current_stream(CUDA, plan->ordinal, stream) == 0;
    PyObject *found = PyObject_CallOneArg(plan->find_stream, plan->number);
    if (found != NULL && !PyLong_Check(found))
        Py_SETREF(found, PyObject_GetAttr(found, ptr_));
    return address(found, (uint64_t *)stream);
}

#endif
