/* Randomness, injectable like the clock. Any thread. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

struct base_random {
    /* Fills `len` bytes at `out`. */
    void (*fill)(const struct base_random *self, void *out, size_t len);
};

/* The kernel's generator (getrandom(2)), fit for keys. */
extern const struct base_random base_random_system;

#endif
