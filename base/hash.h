/* Hash: FNV-1a of 64 bits, for tables whose keys no stranger can choose in number.
 *
 * Fast for short keys and without a seed, so whoever may insert as he likes can make keys collide.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The hash of nothing. */
#define BASE_HASH_START UINT64_C(0xcbf29ce484222325)

/* The hash of what `hash` is of, followed by `len` bytes. */
static inline uint64_t base_hash_add(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Folds the upper half in: the low bits alone, which a table takes, mix the worst. */
static inline size_t base_hash_fold(uint64_t hash)
{
    return (size_t)(hash ^ hash >> 32);
}

#endif
