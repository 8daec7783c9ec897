/* Arena: memory with one lifetime, released all at once, with a cap.
 *
 * A call's decoded messages, metadata and scratch live in one arena and go when the call ends. Past
 * its cap it gives NULL, which the caller answers as RESOURCE_EXHAUSTED. Under AddressSanitizer
 * what is not handed out is poisoned. One thread at a time; hand over with the call.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

/* What a reset keeps for the next use; blocks beyond it go back to the heap. */
#define BASE_ARENA_KEEP_BYTES (size_t)(16 * 1024)

struct base_arena_block;

struct base_arena {
    char *next;                    /* first free byte of the newest block */
    char *end;                     /* one past its last byte */
    struct base_arena_block *last; /* newest block, linked back to the oldest */
    size_t used_bytes;             /* handed out and padding, over all blocks */
    size_t cap_bytes;
};

/* Starts an empty arena that hands out at most `cap_bytes`; allocates nothing yet. */
void base_arena_init(struct base_arena *arena, size_t cap_bytes);

/* Frees everything; the arena may be used again after another init. */
void base_arena_dispose(struct base_arena *arena);

/* Ends the lifetime of everything handed out, keeping a block of
 * BASE_ARENA_KEEP_BYTES for reuse. */
void base_arena_reset(struct base_arena *arena);

/* Returns `size` uninitialised bytes, aligned for any type, that live until reset or dispose; NULL
 * past the cap. */
void *base_arena_alloc(struct base_arena *arena, size_t size);

/* As base_arena_alloc, zeroed. */
void *base_arena_calloc(struct base_arena *arena, size_t size);

/* Copies `text` into the arena with a NUL behind it; out_copy is set only on success. */
bool base_arena_copy(struct base_arena *arena, struct base_str text, struct base_str *out_copy);

#endif
