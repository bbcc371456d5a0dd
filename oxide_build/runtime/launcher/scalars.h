/* Numbers: what scalars.py converts and signature.py checks, for those that are taken without a word.

In: a number of Python's, or of a type in the tables of scalars.py. Out: its bytes, packed. Its own room because
numbers are rounded and refused by rules of their own. */

#ifndef OXIDE_SCALARS_H
#define OXIDE_SCALARS_H

#include "parameters.h"

static PyObject *integers, *reals, *booleans; /* the tables of scalars.py */

static int integer(PyObject *value, int64_t lowest, int64_t highest, size_t size, Packed *to)
{
    int overflow;
    if (!PyLong_CheckExact(value))
        return 0;
    int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow || number < lowest || number > highest)
        return 0;
    put(to, &number, size, number); /* the machines that CUDA runs on are little-endian */
    return 1;
}

static int largest_integer(PyObject *value, Packed *to)
{
    if (!PyLong_CheckExact(value))
        return 0;
    unsigned long long number = PyLong_AsUnsignedLongLong(value);
    if (number == (unsigned long long)-1 && PyErr_Occurred())
        return 0;
    put(to, &number, 8, number > INT64_MAX ? INT64_MIN : (int64_t)number); /* which contracts refuse */
    return 1;
}

static uint16_t bfloat16(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, 4);
    return (uint16_t)(number != number ? bits >> 16 : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static int half(double number, unsigned char *to)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyFloat_Pack2(number, (char *)to, 1);
#else
    return _PyFloat_Pack2(number, to, 1);
#endif
}

static int real(PyObject *value, char code, double largest, Packed *to)
{
    double number;
    if (PyFloat_CheckExact(value))
        number = PyFloat_AS_DOUBLE(value);
    else if (PyLong_CheckExact(value))
        number = PyLong_AsDouble(value);
    else
        return 0;
    if (!(-largest <= number && number <= largest) || (number == -1.0 && PyErr_Occurred()))
        return 0;
    float single = code == 'd' ? 0 : (float)number;
    uint16_t bits = code == 'g' ? bfloat16(single) : 0;
    if (code == 'e' && half(number, (unsigned char *)&bits))
        return 0;
    if (code == 'd')
        put(to, &number, 8, 0);
    else if (code == 'f')
        put(to, &single, 4, 0);
    else
        put(to, &bits, 2, 0);
    return 1;
}

static int boolean(PyObject *value, Packed *to)
{
    uint8_t byte = value == Py_True;
    if (!byte && value != Py_False)
        return 0;
    put(to, &byte, 1, byte);
    return 1;
}

static int python_scalar(PyObject *value, char code, Packed *to)
{
    switch (code) {
    case '?': return boolean(value, to);
    case 'b': return integer(value, INT8_MIN, INT8_MAX, 1, to);
    case 'h': return integer(value, INT16_MIN, INT16_MAX, 2, to);
    case 'i': return integer(value, INT32_MIN, INT32_MAX, 4, to);
    case 'q': return integer(value, INT64_MIN, INT64_MAX, 8, to);
    case 'B': return integer(value, 0, UINT8_MAX, 1, to);
    case 'H': return integer(value, 0, UINT16_MAX, 2, to);
    case 'I': return integer(value, 0, UINT32_MAX, 4, to);
    case 'Q': return largest_integer(value, to);
    case 'e': return real(value, code, 65504.0, to);
    case 'g': return real(value, code, 0x1.FEp127, to);
    case 'f': return real(value, code, 0x1.FFFFFEp127, to);
    case 'd': return real(value, code, 0x1.FFFFFFFFFFFFFp1023, to);
    }
    return 0;
}

/* A scalar of Python, or of a type that scalars.py has in its tables. */
static int scalar(PyObject *value, char code, Packed *to)
{
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyFloat_Type || type == &PyLong_Type || type == &PyBool_Type)
        return python_scalar(value, code, to);
    PyObject *table = code == '?' ? booleans : strchr("efgd", code) != NULL ? reals : integers;
    PyObject *convert = PyDict_GetItemWithError(table, (PyObject *)type);
    PyObject *number = convert == NULL ? NULL : PyObject_CallOneArg(convert, value);
    int good = number != NULL && python_scalar(number, code, to);
    Py_XDECREF(number);
    return good;
}

#endif
