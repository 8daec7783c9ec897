/* Memory: the only place malloc is called.
 *
 * Running out of memory aborts, as h2o, libbson and gRPC core do; every buffer, queue and count in
 * Tollgate has a maximum, which keeps that out of reach of anything a client sends. Any thread.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Returns owned `size` bytes, uninitialised; free with base_free. A size of 0 gives a valid
 * pointer. */
void *base_alloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));

/* Returns owned `count * size` zeroed bytes. Aborts if the product overflows. */
void *base_calloc(size_t count, size_t size)
    __attribute__((malloc, returns_nonnull, alloc_size(1, 2)));

/* Resizes `block` (or allocates, when NULL) and returns it owned; the old pointer is gone. */
void *base_realloc(void *block, size_t size) __attribute__((returns_nonnull, alloc_size(2)));

/* Frees what the functions above returned. Accepts NULL. */
void base_free(void *block);

/* Gives memory that is free to the system. Takes milliseconds: for when much has become free. */
void base_give_back(void);

#endif
