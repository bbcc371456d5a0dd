/* The names of the attributes that arrays are asked for.

In: nothing. Out: each name as the one string that attributes are looked up by. Its own room because it is made before
anything is asked. */

#ifndef OXIDE_ATTRIBUTES_H
#define OXIDE_ATTRIBUTES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *data_ptr, *get_device, *is_contiguous, *dtype_, *shape_, *data_, *ptr_, *device_id, *c_contiguous,
    *address_, *device_, *mark_;

static const struct {
    PyObject **name;
    const char *text;
} attributes[] = {
    {&data_ptr, "data_ptr"}, {&get_device, "get_device"}, {&is_contiguous, "is_contiguous"}, {&dtype_, "dtype"},
    {&shape_, "shape"}, {&data_, "data"}, {&ptr_, "ptr"}, {&device_id, "device_id"},
    {&c_contiguous, "_c_contiguous"}, {&address_, "address"}, {&device_, "device"}, {&mark_, "mark"},
};

static int intern_attributes(void)
{
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if ((*attributes[i].name = PyUnicode_InternFromString(attributes[i].text)) == NULL)
            return 0;
    return 1;
}

#endif
