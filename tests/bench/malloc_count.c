/* malloc_count.so: counts what a program allocates and copies, for LD_PRELOAD.
 *
 * The file that MALLOC_COUNT_FILE names is mapped and holds four 64-bit numbers: allocations, bytes
 * allocated, calls of memcpy and memmove, bytes they copied. The reader takes two samples and
 * subtracts. What the compiler turned into plain instructions is not seen. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct counters {
    atomic_uint_fast64_t allocations;
    atomic_uint_fast64_t allocated_bytes;
    atomic_uint_fast64_t copies;
    atomic_uint_fast64_t copied_bytes;
};

/* Takes what is counted before the file is mapped. */
static struct counters early;
static struct counters *counters = &early;

/* The allocator behind malloc, by the names glibc exports it under. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void count(atomic_uint_fast64_t *calls, atomic_uint_fast64_t *bytes, size_t size)
{
    atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(bytes, size, memory_order_relaxed);
}

static void count_allocation(size_t size)
{
    count(&counters->allocations, &counters->allocated_bytes, size);
}

__attribute__((constructor)) static void map_counters(void)
{
    const char *path = getenv("MALLOC_COUNT_FILE");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *counters) != 0) {
        return;
    }
    void *map = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) {
        counters = map;
    }
    close(fd);
}

void *malloc(size_t size)
{
    count_allocation(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count_allocation(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size)
{
    count_allocation(size);
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_allocation(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    count_allocation(size);
    *out = __libc_memalign(alignment, size);
    return *out == NULL ? 12 /* ENOMEM, and errno stays as it is */ : 0;
}

/* Plain byte moves in the direction that overlap allows. Assembly and volatile keep the compiler
 * from making these loops into calls of themselves. */
static void *move(void *to, const void *from, size_t size)
{
    count(&counters->copies, &counters->copied_bytes, size);
    void *result = to;
    if ((uintptr_t)to - (uintptr_t)from >= size) {
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
        return result;
    }
    volatile unsigned char *target = to;
    const volatile unsigned char *source = from;
    while (size > 0) {
        size--;
        target[size] = source[size];
    }
    return result;
}

void *memmove(void *to, const void *from, size_t size)
{
    return move(to, from, size);
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    return move(to, from, size);
}
