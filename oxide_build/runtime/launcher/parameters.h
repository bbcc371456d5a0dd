/* A kernel's parameters, and the memory where a launch's are packed.

In: a parameter's value and what contracts see of it. Out: what the driver reads. Its own room because numbers and
arrays both write there, and contracts read it. */

#ifndef OXIDE_PARAMETERS_H
#define OXIDE_PARAMETERS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { MOST_SLOTS = 128, MOST_PARAMETERS = 64, MOST_RANK = 8 }; /* as in native.py */

typedef struct {
    PyObject *name; /* interned */
    char code; /* of a scalar as in packing.py, `g` for bf16; 0 for a view */
    char wide;
    uint8_t type, bits; /* of a view's elements, as DLPack has them */
    int rank;
    uint64_t alignment;
} Parameter;

typedef struct {
    uint64_t memory[MOST_SLOTS];
    int64_t numbers[MOST_SLOTS]; /* the same as contracts see it, of integers */
    void *pointers[MOST_SLOTS];
    int used;
} Packed;

static void put(Packed *to, const void *value, size_t size, int64_t number)
{
    memcpy(&to->memory[to->used], value, size);
    to->pointers[to->used] = &to->memory[to->used];
    to->numbers[to->used++] = number;
}

#endif
