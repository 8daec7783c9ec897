#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define FIRST_BYTES (size_t)256

void base_buf_init(struct base_buf *buf, size_t max_bytes)
{
    *buf = (struct base_buf){.max_bytes = max_bytes};
}

void base_buf_dispose(struct base_buf *buf)
{
    base_free(buf->data);
    base_buf_init(buf, buf->max_bytes);
}

void base_buf_reset(struct base_buf *buf, size_t keep_bytes)
{
    if (buf->capacity > keep_bytes) {
        base_buf_dispose(buf);
    }
    buf->len = 0;
}

bool base_buf_grow(struct base_buf *buf, size_t more)
{
    if (more > buf->max_bytes - buf->len) {
        return false;
    }
    size_t need = buf->len + more;
    size_t capacity = buf->capacity == 0 ? FIRST_BYTES : buf->capacity;
    while (capacity < need) {
        capacity *= 2;
    }
    if (capacity > buf->max_bytes) {
        capacity = buf->max_bytes;
    }
    buf->data = base_realloc(buf->data, capacity + BASE_BUF_BLOCK); /* and vsnprintf's NUL */
    buf->capacity = capacity;
    return true;
}

/* As integers, because pointers into different objects do not compare. */
bool base_buf_reserve_around(struct base_buf *buf, size_t more, struct base_str *text)
{
    uintptr_t offset = (uintptr_t)text->data - (uintptr_t)buf->data;
    bool is_inside = buf->data != NULL && offset < buf->capacity;
    if (!base_buf_reserve(buf, more)) {
        return false;
    }
    if (is_inside) {
        text->data = buf->data + offset;
    }
    return true;
}

bool base_buf_printf(struct base_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    bool fits = len >= 0 && base_buf_reserve(buf, (size_t)len);
    if (fits && len > 0) {
        vsnprintf(base_buf_end(buf), (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    return fits;
}
