#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static void system_fill(const struct base_random *self, void *out, size_t len)
{
    (void)self;
    char *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            perror("tollgate: getrandom");
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}

const struct base_random base_random_system = {.fill = system_fill};
