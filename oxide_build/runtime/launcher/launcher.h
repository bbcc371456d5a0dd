/* `Launcher`: the callable that launches what is like one of its plans, and calls the general way for all the rest.

In: the plans of a kernel, its grid, block and stream; then a call's arguments. Out: the kernel queued. Its own room
because it is the whole of a launch, on one page. */

#ifndef OXIDE_LAUNCHER_H
#define OXIDE_LAUNCHER_H

#include "driver.h"
#include "names.h"
#include "plans.h"

#include <structmember.h>

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    Plans *plans;
    PyObject *configuration;
    unsigned geometry[6];
    unsigned long long shared;
    void *stream;
    int is_given;
} Launcher;

static int launches(const Launcher *self, const Plan *plan, PyObject *const *arguments)
{
    Packed packed;
    const Plans *plans = self->plans;
    const unsigned *geometry = self->geometry;
    void *stream = self->stream, *left;
    int entered, result;
    if (self->shared > plan->most_shared || !packs(plans, plan, arguments, &packed))
        return 0;
    if ((!self->is_given && !stream_of(plan, plans->views, &stream)) ||
        !enters(plan->context, plan->ordinal, !plans->views, &entered))
        return 0;
    Py_BEGIN_ALLOW_THREADS
    result = driver.launch(plan->function, geometry[0], geometry[1], geometry[2], geometry[3], geometry[4],
                           geometry[5], (unsigned)self->shared, stream, packed.pointers, NULL);
    if (entered)
        driver.pop(&left);
    Py_END_ALLOW_THREADS
    return result == 0;
}

/* Whether a plan has launched this; -1 where an exception is to go on, such as KeyboardInterrupt. */
static int by_plan(const Launcher *self, PyObject *const *arguments)
{
    for (const Plan *plan = self->plans->first; plan != NULL; plan = plan->next) {
        if (launches(self, plan, arguments))
            return 1;
        if (PyErr_Occurred()) {
            if (!PyErr_ExceptionMatches(PyExc_Exception))
                return -1;
            PyErr_Clear();
        }
    }
    return 0;
}

static PyObject *launcher_call(Launcher *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    const Plans *plans = self->plans;
    Py_ssize_t placed = PyVectorcall_NARGS(count);
    PyObject *in_order[MOST_PARAMETERS];
    int done = 0;
    if (names == NULL && placed == plans->count)
        done = by_plan(self, arguments);
    else if (names != NULL && places(plans->parameters, plans->count, arguments, placed, names, in_order))
        done = by_plan(self, in_order);
    if (done)
        return done < 0 ? NULL : Py_NewRef(Py_None);
    return PyObject_Vectorcall(self->configuration, arguments, count & ~PY_VECTORCALL_ARGUMENTS_OFFSET, names);
}

static void launcher_dealloc(Launcher *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(self->plans);
    Py_XDECREF(self->configuration);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *launcher_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    PyObject *plans, *configuration, *stream;
    unsigned g[6];
    unsigned long long shared;
    if (!PyArg_ParseTuple(args, "O!O(IIIIIIK)O", plans_type, &plans, &configuration, g, g + 1, g + 2, g + 3, g + 4,
                          g + 5, &shared, &stream))
        return NULL;
    void *handle = stream == Py_None ? NULL : PyLong_AsVoidPtr(stream);
    if (PyErr_Occurred())
        return NULL;
    Launcher *self = (Launcher *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->call = (vectorcallfunc)launcher_call;
    self->plans = (Plans *)Py_NewRef(plans), self->configuration = Py_NewRef(configuration);
    memcpy(self->geometry, g, sizeof g);
    self->shared = shared;
    self->stream = handle, self->is_given = stream != Py_None;
    return (PyObject *)self;
}

/* As its configuration is pickled, which says why it cannot be. */
static PyObject *launcher_reduce(Launcher *self, PyObject *Py_UNUSED(nothing))
{
    return Py_BuildValue("(O(O))", (PyObject *)Py_TYPE(self), self->configuration);
}

static PyMethodDef launcher_methods[] = {
    {"__reduce__", (PyCFunction)launcher_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef launcher_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Launcher, call), READONLY, NULL},
    {"configuration", T_OBJECT_EX, offsetof(Launcher, configuration), READONLY, "What is called for all the rest."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot launcher_slots[] = {
    {Py_tp_doc, "A launch to call: by a plan where one fits, else by its configuration."},
    {Py_tp_new, launcher_new},
    {Py_tp_dealloc, launcher_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, launcher_members},
    {Py_tp_methods, launcher_methods},
    {0, NULL},
};

static PyType_Spec launcher_spec = {"oxide_build.runtime._launch.Launcher", sizeof(Launcher), 0,
                                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, launcher_slots};

static PyTypeObject *launcher_type;

#endif
