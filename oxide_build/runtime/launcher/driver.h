/* The driver's functions that a launch calls, and the context that it calls them in.

In: the functions' addresses, once. Out: the plan's context entered, where a launch may. Its own room because nothing
else knows that contexts are a stack for each thread. */

#ifndef OXIDE_DRIVER_H
#define OXIDE_DRIVER_H

#include <stddef.h>

typedef int (*launch_t)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **,
                        void **);

static struct {
    launch_t launch;
    int (*current)(void **);
    int (*push)(void *);
    int (*pop)(void **);
    int (*device)(int *);
} driver;

/* Enter this context of GPU `ordinal`; `entered` says whether it is to be left again. Where another one is current, that
is "not me" if the context `is_fixed`, or the other one is the caller's own on that GPU. */
static int enters(void *context, int ordinal, int is_fixed, int *entered)
{
    void *here = NULL;
    int current;
    *entered = 0;
    if (driver.current(&here))
        return 0;
    if (here == context)
        return 1;
    if (is_fixed || (here != NULL && (driver.device(&current) || current == ordinal)))
        return 0;
    return *entered = driver.push(context) == 0;
}

#endif
