/* `Plans`: a kernel's parameters and contracts, and the plans of its launches.

In: what native.py says of the kernel, then its recipes. Out: the plans, the newest first. Its own room because a
kernel's launchers share it. */

#ifndef OXIDE_PLANS_H
#define OXIDE_PLANS_H

#include "contracts.h"
#include "plan.h"
#include "scalars.h"

typedef struct {
    PyObject_HEAD
    Py_ssize_t count, views, steps;
    Parameter *parameters;
    Step *contracts;
    Plan *first;
} Plans;

static void plans_dealloc(Plans *self)
{
    PyTypeObject *type = Py_TYPE(self);
    for (Plan *plan = self->first, *next; plan != NULL; plan = next) {
        next = plan->next;
        plan_free(plan, self->views);
    }
    for (Py_ssize_t i = 0; self->parameters != NULL && i < self->count; i++)
        Py_XDECREF(self->parameters[i].name);
    PyMem_Free(self->parameters);
    PyMem_Free(self->contracts);
    type->tp_free(self);
    Py_DECREF(type);
}

static int read_parameters(Plans *self, PyObject *parameters)
{
    self->count = PyTuple_GET_SIZE(parameters);
    self->parameters = PyMem_Calloc(self->count + 1, sizeof(Parameter));
    if (self->parameters == NULL)
        return PyErr_NoMemory(), 0;
    for (Py_ssize_t i = 0; i < self->count; i++) {
        Parameter *to = &self->parameters[i];
        int code, wide, type, bits;
        unsigned long long alignment;
        PyObject *name;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(parameters, i), "UiiiiiK", &name, &code, &wide, &type, &bits,
                              &to->rank, &alignment))
            return 0;
        to->name = Py_NewRef(name);
        PyUnicode_InternInPlace(&to->name);
        to->code = (char)code, to->wide = (char)wide, to->type = (uint8_t)type, to->bits = (uint8_t)bits;
        to->alignment = alignment;
        self->views += !code;
    }
    return 1;
}

static int read_contracts(Plans *self, PyObject *steps)
{
    self->steps = PyTuple_GET_SIZE(steps);
    self->contracts = PyMem_Calloc(self->steps + 1, sizeof(Step));
    if (self->contracts == NULL)
        return PyErr_NoMemory(), 0;
    for (Py_ssize_t i = 0; i < self->steps; i++) {
        long long operation, operand;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(steps, i), "LL", &operation, &operand))
            return 0;
        self->contracts[i] = (Step){operation, operand};
    }
    return 1;
}

static PyObject *plans_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    PyObject *parameters, *steps;
    if (!PyArg_ParseTuple(args, "O!O!", &PyTuple_Type, &parameters, &PyTuple_Type, &steps))
        return NULL;
    Plans *self = (Plans *)type->tp_alloc(type, 0);
    if (self != NULL && (!read_parameters(self, parameters) || !read_contracts(self, steps))) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static PyObject *plans_add(Plans *self, PyObject *parts)
{
    Plan *plan = plan_new(parts, self->views);
    if (plan == NULL)
        return NULL;
    plan->next = self->first;
    self->first = plan;
    Py_RETURN_NONE;
}

/* In a forked process the plans' contexts are not there: nobody is in the middle of one, and what they hold is left. */
static PyObject *plans_forget(Plans *self, PyObject *Py_UNUSED(nothing))
{
    self->first = NULL;
    Py_RETURN_NONE;
}

/* What a launch walks through, argument by argument. */
static int packs(const Plans *plans, const Plan *plan, PyObject *const *arguments, Packed *to)
{
    const Kind *kind = plan->kinds;
    to->used = 0;
    for (Py_ssize_t i = 0; i < plans->count; i++) {
        const Parameter *parameter = &plans->parameters[i];
        int good = parameter->code ? scalar(arguments[i], parameter->code, to)
                                   : view(arguments[i], parameter, plan->ordinal, kind++, to);
        if (!good)
            return 0;
    }
    return contracts_hold(plans->contracts, plans->steps, to);
}

static PyMethodDef plans_methods[] = {
    {"forget", (PyCFunction)plans_forget, METH_NOARGS, "Have no plans any more, in a process that was forked."},
    {"add", (PyCFunction)plans_add, METH_VARARGS, "Add the plan of a recipe; it is tried before the others."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot plans_slots[] = {
    {Py_tp_doc, "A kernel's parameters and contracts, and the plans of its launches."},
    {Py_tp_new, plans_new},
    {Py_tp_dealloc, plans_dealloc},
    {Py_tp_methods, plans_methods},
    {0, NULL},
};

static PyType_Spec plans_spec = {"oxide_build.runtime._launch.Plans", sizeof(Plans), 0, Py_TPFLAGS_DEFAULT,
                                 plans_slots};

static PyTypeObject *plans_type;

#endif
