/* The launch plan in C: what plan.py makes of a recipe in Python, with the same answers in a fraction of the time.

In: the recipes of launches that went well. Out: `Launcher`, a callable that launches what is like one of them, and
calls the general way for everything else, which takes it or says what is wrong. So nothing here words an error, and
nothing is changed that a refusal would have to undo. Its own room because it is optional: without a C compiler the
package is pure Python and plan.py does the same.

The parameters of a launch live on the C stack, so threads share nothing but the plans, which are read and added to
under the interpreter's lock. The lock is released around the driver's call. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <structmember.h>

#ifdef Py_GIL_DISABLED
#error "the plans are guarded by the interpreter's lock"
#endif

enum { MOST_SLOTS = 128, MOST_PARAMETERS = 64, MOST_RANK = 8, DEPTH = 32 };

/* ---- the driver ---- */

typedef int (*launch_t)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **,
                        void **);

static struct {
    launch_t launch;
    int (*current)(void **);
    int (*push)(void *);
    int (*pop)(void **);
    int (*device)(int *);
} driver;

/* ---- DLPack's exchange of tensors between C and C, as far as it is needed here (dlpack.h 1.3) ---- */

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

/* ---- what is asked of a kernel's arguments ---- */

typedef struct {
    char code; /* of a scalar as in packing.py, `g` for bf16; 0 for a view */
    char wide;
    uint8_t type, bits; /* of a view's elements, as DLPack has them */
    int rank;
    uint64_t alignment;
} Parameter;

enum { TORCH, CUPY, MEMORY }; /* the readers of plan.py */

typedef struct {
    PyTypeObject *type;
    PyObject *mark; /* of its elements: what its attribute `marked` is */
    PyObject *marked;
    int reader;
    const Exchange *exchange;
} Kind;

typedef struct Plan {
    struct Plan *next;
    int ordinal;
    void *function, *context;
    PyObject *find_stream, *number; /* the number is the ordinal's object */
    const Exchange *exchange;
    unsigned long long most_shared;
    Kind kinds[]; /* one for each view */
} Plan;

typedef struct {
    int64_t operation, operand;
} Step;

typedef struct {
    PyObject_HEAD
    Py_ssize_t count, views, steps;
    Parameter *parameters;
    Step *contracts;
    Plan *first;
} Plans;

typedef struct {
    uint64_t memory[MOST_SLOTS];
    int64_t numbers[MOST_SLOTS]; /* the same as contracts see it, of integers */
    void *pointers[MOST_SLOTS];
    int used;
} Packed;

static PyObject *data_ptr, *get_device, *is_contiguous, *dtype_, *shape_, *data_, *ptr_, *device_id, *c_contiguous,
    *address_, *device_, *mark_;

static PyObject *integers, *reals, *booleans; /* the tables of scalars.py */

/* All that follows answers 1 for yes, 0 for "not me", with or without an exception set. */

static void put(Packed *to, const void *value, size_t size, int64_t number)
{
    memcpy(&to->memory[to->used], value, size);
    to->pointers[to->used] = &to->memory[to->used];
    to->numbers[to->used++] = number;
}

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

/* ---- arrays ---- */

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

static int exchanged_view(PyObject *array, const Parameter *parameter, const Plan *plan, const Exchange *exchange,
                          Packed *to)
{
    Tensor tensor = {0};
    if (exchange->read(array, &tensor))
        return 0;
    return tensor.device.type == CUDA && tensor.device.id == plan->ordinal && tensor.ndim == parameter->rank &&
           tensor.dtype.code == parameter->type && tensor.dtype.bits == parameter->bits && tensor.dtype.lanes == 1 &&
           is_dense(&tensor) && put_view(parameter, (uint64_t)tensor.data + tensor.byte_offset, tensor.shape, to);
}

static int view(PyObject *array, const Parameter *parameter, const Plan *plan, const Kind *kind, Packed *to)
{
    uint64_t pointer;
    int64_t shape[MOST_RANK];
    if (Py_TYPE(array) != kind->type)
        return 0;
    if (kind->exchange != NULL)
        return exchanged_view(array, parameter, plan, kind->exchange, to);
    if (!is(PyObject_GetAttr(array, kind->marked), kind->mark) || !shape_of(array, parameter->rank, shape))
        return 0;
    return readers[kind->reader](array, plan->ordinal, &pointer) && put_view(parameter, pointer, shape, to);
}

/* ---- contracts: one stack machine over integers; what it cannot say for certain, it refuses ---- */

enum { NUMBER, CONSTANT, REQUIRE, NEG, NOT, ADD, SUB, MUL, FLOORDIV, MOD, EQ, NE, LT, LE, GT, GE, AND, OR };

static int divided(int64_t a, int64_t b, int64_t *quotient, int64_t *rest)
{
    if (b == 0 || (a == INT64_MIN && b == -1))
        return 0;
    *quotient = a / b, *rest = a % b;
    if (*rest != 0 && (*rest < 0) != (b < 0))
        *quotient -= 1, *rest += b;
    return 1;
}

static int in_range(int64_t a, int64_t limit)
{
    return -limit <= a && a <= limit;
}

static int binary(int64_t operation, int64_t a, int64_t b, int64_t *to)
{
    int64_t other;
    switch (operation) {
    case ADD: *to = in_range(a, INT64_MAX / 2) && in_range(b, INT64_MAX / 2) ? a + b : INT64_MIN; break;
    case SUB: *to = in_range(a, INT64_MAX / 2) && in_range(b, INT64_MAX / 2) ? a - b : INT64_MIN; break;
    case MUL: *to = in_range(a, INT32_MAX) && in_range(b, INT32_MAX) ? a * b : INT64_MIN; break;
    case FLOORDIV: return divided(a, b, to, &other);
    case MOD: return divided(a, b, &other, to);
    case EQ: *to = a == b; break;
    case NE: *to = a != b; break;
    case LT: *to = a < b; break;
    case LE: *to = a <= b; break;
    case GT: *to = a > b; break;
    case GE: *to = a >= b; break;
    case AND: *to = a && b; break;
    case OR: *to = a || b; break;
    default: return 0;
    }
    return *to != INT64_MIN;
}

static int contracts_hold(const Plans *plans, const Packed *packed)
{
    int64_t stack[DEPTH];
    int top = -1;
    for (const Step *step = plans->contracts; step < plans->contracts + plans->steps; step++) {
        switch (step->operation) {
        case NUMBER: stack[++top] = packed->numbers[step->operand]; break;
        case CONSTANT: stack[++top] = step->operand; break;
        case NEG: stack[top] = -stack[top]; break;
        case NOT: stack[top] = !stack[top]; break;
        case REQUIRE:
            if (!stack[top--])
                return 0;
            continue;
        default:
            top--;
            if (!binary(step->operation, stack[top], stack[top + 1], &stack[top]))
                return 0;
        }
        if (stack[top] == INT64_MIN)
            return 0;
    }
    return 1;
}

/* ---- plans ---- */

static int packs(const Plans *plans, const Plan *plan, PyObject *const *arguments, Packed *to)
{
    const Kind *kind = plan->kinds;
    to->used = 0;
    for (Py_ssize_t i = 0; i < plans->count; i++) {
        const Parameter *parameter = &plans->parameters[i];
        int good = parameter->code ? scalar(arguments[i], parameter->code, to)
                                   : view(arguments[i], parameter, plan, kind++, to);
        if (!good)
            return 0;
    }
    return contracts_hold(plans, to);
}

static int stream_of(const Plans *plans, const Plan *plan, void **stream)
{
    if (!plans->views)
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

/* Enter the plan's context; `entered` says whether it is to be left again. A context of the caller's own stays. */
static int enters(const Plans *plans, const Plan *plan, int *entered)
{
    void *here = NULL;
    int ordinal;
    *entered = 0;
    if (driver.current(&here))
        return 0;
    if (here == plan->context)
        return 1;
    if (!plans->views || (here != NULL && (driver.device(&ordinal) || ordinal == plan->ordinal)))
        return 0;
    return *entered = driver.push(plan->context) == 0;
}

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
    if ((!self->is_given && !stream_of(plans, plan, &stream)) || !enters(plans, plan, &entered))
        return 0;
    Py_BEGIN_ALLOW_THREADS
    result = driver.launch(plan->function, geometry[0], geometry[1], geometry[2], geometry[3], geometry[4],
                           geometry[5], (unsigned)self->shared, stream, packed.pointers, NULL);
    if (entered)
        driver.pop(&left);
    Py_END_ALLOW_THREADS
    return result == 0;
}

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

static void plans_dealloc(Plans *self)
{
    PyTypeObject *type = Py_TYPE(self);
    for (Plan *plan = self->first, *next; plan != NULL; plan = next) {
        next = plan->next;
        plan_free(plan, self->views);
    }
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
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(parameters, i), "iiiiiK", &code, &wide, &type, &bits, &to->rank,
                              &alignment))
            return 0;
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

static PyObject *plans_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
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

static int read_kinds(Plan *plan, PyObject *kinds)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(kinds); i++) {
        Kind *to = &plan->kinds[i];
        PyObject *type, *mark;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(kinds, i), "O!Oi", &PyType_Type, &type, &mark, &to->reader))
            return 0;
        Py_INCREF(type);
        Py_INCREF(mark);
        to->type = (PyTypeObject *)type, to->mark = mark;
        to->marked = to->reader == MEMORY ? mark_ : dtype_;
        to->exchange = to->reader == TORCH ? exchange_of(type) : NULL;
    }
    plan->exchange = PyTuple_GET_SIZE(kinds) ? plan->kinds[0].exchange : NULL;
    return 1;
}

static PyObject *plans_add(Plans *self, PyObject *args)
{
    PyObject *kinds, *find_stream, *number;
    unsigned long long function, context, most_shared;
    if (!PyArg_ParseTuple(args, "O!OKKOK", &PyTuple_Type, &kinds, &number, &function, &context, &find_stream,
                          &most_shared))
        return NULL;
    Plan *plan = PyMem_Calloc(1, sizeof(Plan) + self->views * sizeof(Kind));
    if (plan == NULL)
        return PyErr_NoMemory();
    Py_INCREF(number);
    Py_INCREF(find_stream);
    plan->number = number, plan->find_stream = find_stream;
    plan->function = (void *)(uintptr_t)function, plan->context = (void *)(uintptr_t)context;
    plan->most_shared = most_shared;
    plan->ordinal = (int)PyLong_AsLong(number);
    if (PyErr_Occurred() || PyTuple_GET_SIZE(kinds) != self->views || !read_kinds(plan, kinds)) {
        plan_free(plan, self->views);
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "%zd kinds", self->views);
    }
    plan->next = self->first;
    self->first = plan;
    Py_RETURN_NONE;
}

/* ---- the callable ---- */

static PyObject *launcher_call(Launcher *self, PyObject *const *arguments, size_t count, PyObject *names)
{
    if (names == NULL && PyVectorcall_NARGS(count) == self->plans->count)
        for (const Plan *plan = self->plans->first; plan != NULL; plan = plan->next) {
            if (launches(self, plan, arguments))
                Py_RETURN_NONE;
            if (PyErr_Occurred()) {
                if (!PyErr_ExceptionMatches(PyExc_Exception))
                    return NULL;
                PyErr_Clear();
            }
        }
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

static PyTypeObject *plans_type, *launcher_type;

static PyObject *launcher_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
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
    Py_INCREF(plans);
    Py_INCREF(configuration);
    self->call = (vectorcallfunc)launcher_call;
    self->plans = (Plans *)plans, self->configuration = configuration;
    memcpy(self->geometry, g, sizeof g);
    self->shared = shared;
    self->stream = handle, self->is_given = stream != Py_None;
    return (PyObject *)self;
}

/* ---- the module ---- */

/* In a forked process the plans' contexts are not there: nobody is in the middle of one, and what they hold is left. */
static PyObject *plans_forget(Plans *self, PyObject *nothing)
{
    self->first = NULL;
    Py_RETURN_NONE;
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

/* As its configuration is pickled, which says why it cannot be. */
static PyObject *launcher_reduce(Launcher *self, PyObject *nothing)
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

static PyType_Spec plans_spec = {"oxide_build.runtime._launch.Plans", sizeof(Plans), 0, Py_TPFLAGS_DEFAULT,
                                 plans_slots};
static PyType_Spec launcher_spec = {"oxide_build.runtime._launch.Launcher", sizeof(Launcher), 0,
                                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, launcher_slots};

static PyObject *connect(PyObject *module, PyObject *args)
{
    unsigned long long launch, current, push, pop, device;
    if (!PyArg_ParseTuple(args, "KKKKKO!O!O!", &launch, &current, &push, &pop, &device, &PyDict_Type, &integers,
                          &PyDict_Type, &reals, &PyDict_Type, &booleans))
        return NULL;
    Py_INCREF(integers); /* for good, as the module itself */
    Py_INCREF(reals);
    Py_INCREF(booleans);
    driver.launch = (launch_t)(uintptr_t)launch;
    driver.current = (int (*)(void **))(uintptr_t)current;
    driver.push = (int (*)(void *))(uintptr_t)push;
    driver.pop = (int (*)(void **))(uintptr_t)pop;
    driver.device = (int (*)(int *))(uintptr_t)device;
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"connect", connect, METH_VARARGS, "Take the addresses of the driver's functions, before the first plan is added."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_launch", "Launch plans in C.", -1, functions};

static int intern_names(void)
{
    return (data_ptr = PyUnicode_InternFromString("data_ptr")) && (dtype_ = PyUnicode_InternFromString("dtype")) &&
           (get_device = PyUnicode_InternFromString("get_device")) && (data_ = PyUnicode_InternFromString("data")) &&
           (is_contiguous = PyUnicode_InternFromString("is_contiguous")) &&
           (shape_ = PyUnicode_InternFromString("shape")) && (ptr_ = PyUnicode_InternFromString("ptr")) &&
           (device_id = PyUnicode_InternFromString("device_id")) &&
           (c_contiguous = PyUnicode_InternFromString("_c_contiguous")) &&
           (address_ = PyUnicode_InternFromString("address")) && (device_ = PyUnicode_InternFromString("device")) &&
           (mark_ = PyUnicode_InternFromString("mark"));
}

PyMODINIT_FUNC PyInit__launch(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || !intern_names())
        return NULL;
    plans_type = (PyTypeObject *)PyType_FromSpec(&plans_spec);
    launcher_type = (PyTypeObject *)PyType_FromSpec(&launcher_spec);
    if (plans_type == NULL || launcher_type == NULL || PyModule_AddObject(module, "Plans", (PyObject *)plans_type) ||
        PyModule_AddObject(module, "Launcher", (PyObject *)launcher_type))
        return NULL;
    return module;
}
