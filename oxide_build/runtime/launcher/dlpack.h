/* DLPack's exchange of tensors between C and C, as far as it is needed here (dlpack.h 1.3).

In: the type of an array. Out: its library's functions that read a tensor and tell the current stream, where there are
some of a version known here. Its own room because the layout is DLPack's. */

#ifndef OXIDE_DLPACK_H
#define OXIDE_DLPACK_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

typedef struct {
    void *data;
    struct { int32_t type, id; } device;
    int32_t ndim;
    struct { uint8_t code, bits; uint16_t lanes; } dtype;
    int64_t *shape, *strides;
    uint64_t byte_offset;
} Tensor;

typedef struct {
    struct { uint32_t major, minor; } version;
    void *previous, *allocate, *managed_from_python, *managed_to_python;
    int (*read)(void *, Tensor *);
    int (*current_stream)(int32_t, int32_t, void **);
} Exchange;

enum { CUDA = 2 };

/* The exchange of an array's type; NULL where it has none of a version known here. */
static const Exchange *exchange_of(PyObject *type)
{
    PyObject *capsule = PyObject_GetAttrString(type, "__dlpack_c_exchange_api__");
    const Exchange *found = NULL;
    if (capsule != NULL && PyCapsule_IsValid(capsule, "dlpack_exchange_api"))
        found = PyCapsule_GetPointer(capsule, "dlpack_exchange_api"); /* lives as long as its library */
    Py_XDECREF(capsule);
    PyErr_Clear();
    return found && found->version.major == 1 && found->read && found->current_stream ? found : NULL;
}

static int is_dense(const Tensor *tensor)
{
    int64_t expected = 1;
    for (int i = tensor->ndim; tensor->strides != NULL && i-- > 0;) {
        if (tensor->shape[i] != 1 && tensor->strides[i] != expected)
            return 0;
        expected *= tensor->shape[i];
    }
    return 1;
}

#endif
