#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *or_abort(void *block)
{
    if (block == NULL) {
        fputs("tollgate: out of memory\n", stderr);
        abort();
    }
    return block;
}

void *base_alloc(size_t size)
{
    return or_abort(malloc(size > 0 ? size : 1));
}

void *base_calloc(size_t count, size_t size)
{
    return or_abort(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *base_realloc(void *block, size_t size)
{
    return or_abort(realloc(block, size > 0 ? size : 1));
}

void base_free(void *block)
{
    free(block);
}

void base_give_back(void)
{
    malloc_trim(0);
}
