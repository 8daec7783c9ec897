/* A chain of blocks, each bumped from front to back. The first block is BASE_ARENA_KEEP_BYTES,
 * later ones double up to 256 KiB or fit the request; reset keeps the first block only, so a thread
 * that reuses its arenas reaches a steady state without the heap and without remembering a large
 * call. */
#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
/* A gap after each allocation, so that running off its end is seen. */
#define REDZONE_BYTES 16
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define REDZONE_BYTES 0
#endif

#define BLOCK_BYTES_MAX (size_t)(256 * 1024)

struct base_arena_block {
    struct base_arena_block *previous;
    size_t size; /* of data */
    alignas(max_align_t) char data[];
};

static void open_block(struct base_arena *arena, struct base_arena_block *block)
{
    arena->last = block;
    arena->next = block->data;
    arena->end = block->data + block->size;
    ASAN_POISON_MEMORY_REGION(block->data, block->size);
}

static void free_block(struct base_arena_block *block)
{
    ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
    base_free(block);
}

static void add_block(struct base_arena *arena, size_t need)
{
    size_t size = arena->last == NULL ? BASE_ARENA_KEEP_BYTES : arena->last->size * 2;
    if (size > BLOCK_BYTES_MAX) {
        size = BLOCK_BYTES_MAX;
    }
    if (size < need) {
        size = need;
    }
    struct base_arena_block *block = base_alloc(sizeof *block + size);
    block->previous = arena->last;
    block->size = size;
    open_block(arena, block);
}

void base_arena_init(struct base_arena *arena, size_t cap_bytes)
{
    *arena = (struct base_arena){.cap_bytes = cap_bytes};
}

void base_arena_dispose(struct base_arena *arena)
{
    for (struct base_arena_block *block = arena->last, *previous; block != NULL; block = previous) {
        previous = block->previous;
        free_block(block);
    }
    base_arena_init(arena, arena->cap_bytes);
}

void base_arena_reset(struct base_arena *arena)
{
    if (arena->last == NULL) {
        return;
    }
    while (arena->last->previous != NULL) {
        struct base_arena_block *block = arena->last;
        arena->last = block->previous;
        free_block(block);
    }
    arena->used_bytes = 0;
    if (arena->last->size > BASE_ARENA_KEEP_BYTES) {
        free_block(arena->last);
        base_arena_init(arena, arena->cap_bytes);
    } else {
        open_block(arena, arena->last);
    }
}

/* What `size` takes, its padding included. */
static size_t need_of(size_t size)
{
    return (size + REDZONE_BYTES + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static void *take(struct base_arena *arena, size_t size, size_t need)
{
    void *out = arena->next;
    arena->next += need;
    arena->used_bytes += need;
    ASAN_UNPOISON_MEMORY_REGION(out, size);
    return out;
}

/* Apart, so that the usual way saves no registers for it. */
static __attribute__((noinline)) void *alloc_in_new_block(struct base_arena *arena, size_t size)
{
    add_block(arena, need_of(size));
    return take(arena, size, need_of(size));
}

void *base_arena_alloc(struct base_arena *arena, size_t size)
{
    if (size > arena->cap_bytes) {
        return NULL;
    }
    size += size == 0; /* every allocation has an address of its own; NULL means the cap */
    size_t need = need_of(size);
    if (need > arena->cap_bytes - arena->used_bytes) {
        return NULL;
    }
    return need <= (size_t)(arena->end - arena->next) ? take(arena, size, need)
                                                      : alloc_in_new_block(arena, size);
}

void *base_arena_calloc(struct base_arena *arena, size_t size)
{
    void *out = base_arena_alloc(arena, size);
    return out == NULL ? NULL : memset(out, 0, size);
}

bool base_arena_copy(struct base_arena *arena, struct base_str text, struct base_str *out_copy)
{
    char *copy = base_arena_alloc(arena, text.len + 1);
    if (copy == NULL) {
        return false;
    }
    if (text.len > 0) {
        memcpy(copy, text.data, text.len);
    }
    copy[text.len] = '\0';
    *out_copy = base_str_make(copy, text.len);
    return true;
}
