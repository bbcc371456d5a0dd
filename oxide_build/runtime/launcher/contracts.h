/* Contracts: one stack machine over integers; what it cannot say for certain, it refuses.

In: the steps that native.py makes of a kernel's contracts, and a launch's packed parameters. Out: whether they hold.
Its own room because it is a machine of its own. */

#ifndef OXIDE_CONTRACTS_H
#define OXIDE_CONTRACTS_H

#include "parameters.h"

enum { DEPTH = 32 }; /* of the stack, as in native.py */

enum { NUMBER, CONSTANT, REQUIRE, NEG, NOT, ADD, SUB, MUL, FLOORDIV, MOD, EQ, NE, LT, LE, GT, GE, AND, OR };

typedef struct {
    int64_t operation, operand;
} Step;

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

static int contracts_hold(const Step *steps, Py_ssize_t count, const Packed *packed)
{
    int64_t stack[DEPTH];
    int top = -1;
    for (const Step *step = steps; step < steps + count; step++) {
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

#endif
