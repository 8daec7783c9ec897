/* Fuzz: what every target declares, and how it says that something is wrong. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/str.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Runs the code under test on one input; returns 0. libFuzzer's own name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run, as a finding, unless `holds`. */
#define FUZZ_CHECK(holds)                                                                          \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #holds);                      \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The part before `c`, which `rest` moves behind; all of it when there is no `c`. */
static inline struct base_str fuzz_take_until(struct base_str *rest, char c)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->data, c, rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    size_t skip = end == NULL ? len : len + 1;
    struct base_str part = base_str_make(rest->data, len);
    *rest = base_str_make(rest->data + skip, rest->len - skip);
    return part;
}

#endif
