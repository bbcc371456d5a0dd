/* Arrays: torch's, CuPy's and our own views, asked by the same questions as READERS of plan.py, torch's by DLPack where
it can.

In: an array and the kind it should be of. Out: its address and extents, packed. Its own room because this is all
that knows other libraries' arrays. */

#ifndef OXIDE_ARRAYS_H
#define OXIDE_ARRAYS_H

#include "attributes.h"
#include "dlpack.h"
#include "parameters.h"

enum { TORCH, CUPY, MEMORY }; /* the readers of plan.py */

typedef struct {
    PyTypeObject *type;
    PyObject *mark; /* of its elements: what its attribute `marked` is */
    PyObject *marked;
    int reader;
    const Exchange *exchange;
} Kind;

static int address(PyObject *number, uint64_t *found)
{
    if (number == NULL)
        return 0;
    *found = PyLong_Check(number) ? PyLong_AsUnsignedLongLong(number) : 0;
    Py_DECREF(number);
    return *found != (uint64_t)-1 || !PyErr_Occurred();
}

static int is(PyObject *found, PyObject *wanted)
{
    Py_XDECREF(found); /* singletons, which live on */
    return found == wanted;
}

static int is_number(PyObject *found, int wanted)
{
    uint64_t number;
    return address(found, &number) && number == (uint64_t)wanted;
}

static int put_view(const Parameter *parameter, uint64_t pointer, const int64_t *shape, Packed *to)
{
    if (!pointer || pointer % parameter->alignment)
        return 0;
    put(to, &pointer, 8, 0);
    for (int i = 0; i < parameter->rank; i++) {
        if (!parameter->wide && shape[i] > INT32_MAX)
            return 0;
        put(to, &shape[i], parameter->wide ? 8 : 4, shape[i]);
    }
    return 1;
}

static int shape_of(PyObject *array, int rank, int64_t *shape)
{
    PyObject *found = PyObject_GetAttr(array, shape_);
    int good = found != NULL && PyTuple_Check(found) && PyTuple_GET_SIZE(found) == rank;
    for (int i = 0; good && i < rank; i++) {
        shape[i] = PyLong_AsLongLong(PyTuple_GET_ITEM(found, i));
        good = shape[i] >= 0;
    }
    Py_XDECREF(found);
    return good;
}

static int torch_view(PyObject *array, int ordinal, uint64_t *pointer)
{
    return is_number(PyObject_CallMethodNoArgs(array, get_device), ordinal) &&
           is(PyObject_CallMethodNoArgs(array, is_contiguous), Py_True) &&
           address(PyObject_CallMethodNoArgs(array, data_ptr), pointer);
}

static int cupy_view(PyObject *array, int ordinal, uint64_t *pointer)
{
    PyObject *memory = PyObject_GetAttr(array, data_);
    int good = memory != NULL && is_number(PyObject_GetAttr(memory, device_id), ordinal) &&
               address(PyObject_GetAttr(memory, ptr_), pointer) && is(PyObject_GetAttr(array, c_contiguous), Py_True);
    Py_XDECREF(memory);
    return good;
}

static int memory_view(PyObject *array, int ordinal, uint64_t *pointer)
{
    return is_number(PyObject_GetAttr(array, device_), ordinal) &&
           address(PyObject_GetAttr(array, address_), pointer);
}

static int (*const readers[])(PyObject *, int, uint64_t *) = {torch_view, cupy_view, memory_view};

static int exchanged_view(PyObject *array, const Parameter *parameter, int ordinal, const Exchange *exchange,
                          Packed *to)
{
    Tensor tensor = {0};
    if (exchange->read(array, &tensor))
        return 0;
    return tensor.device.type == CUDA && tensor.device.id == ordinal && tensor.ndim == parameter->rank &&
           tensor.dtype.code == parameter->type && tensor.dtype.bits == parameter->bits && tensor.dtype.lanes == 1 &&
           is_dense(&tensor) && put_view(parameter, (uint64_t)tensor.data + tensor.byte_offset, tensor.shape, to);
}

static int view(PyObject *array, const Parameter *parameter, int ordinal, const Kind *kind, Packed *to)
{
    uint64_t pointer;
    int64_t shape[MOST_RANK];
    if (Py_TYPE(array) != kind->type)
        return 0;
    if (kind->exchange != NULL)
        return exchanged_view(array, parameter, ordinal, kind->exchange, to);
    if (!is(PyObject_GetAttr(array, kind->marked), kind->mark) || !shape_of(array, parameter->rank, shape))
        return 0;
    return readers[kind->reader](array, ordinal, &pointer) && put_view(parameter, pointer, shape, to);
}

#endif
