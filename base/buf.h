/* Buffer: bytes that grow at the end, up to a maximum.
 *
 * What the transcoder writes into. Growth doubles; past `max_bytes` an append fails and the buffer
 * is as it was. Writers that know a bound call base_buf_reserve once and then store through
 * base_buf_end directly; those that store in blocks may run over what they reserved by less than
 * BASE_BUF_BLOCK bytes. One thread at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

/* Bytes of the largest block that is stored at once. */
#define BASE_BUF_BLOCK (size_t)16

struct base_buf {
    char *data; /* owned; NULL until the first append */
    size_t len;
    size_t capacity;
    size_t max_bytes;
};

/* Starts an empty buffer that never holds more than `max_bytes`; allocates nothing yet. */
void base_buf_init(struct base_buf *buf, size_t max_bytes);

/* Frees the bytes and leaves the buffer empty, ready for use. */
void base_buf_dispose(struct base_buf *buf);

/* Empties the buffer; what it has allocated beyond `keep_bytes` goes back to the heap. */
void base_buf_reset(struct base_buf *buf, size_t keep_bytes);

/* Slow half of base_buf_reserve. */
bool base_buf_grow(struct base_buf *buf, size_t more);

/* Makes room for `more` bytes behind the end; false when that would pass the maximum. */
static inline bool base_buf_reserve(struct base_buf *buf, size_t more)
{
    return more <= buf->capacity - buf->len || base_buf_grow(buf, more);
}

/* As base_buf_reserve; `text` that stands in the buffer's own memory, its spare room too, stays
 * what it is when that moves. */
bool base_buf_reserve_around(struct base_buf *buf, size_t more, struct base_str *text);

/* Where the next byte goes; valid until the next reserve or append. */
static inline char *base_buf_end(struct base_buf *buf)
{
    return buf->data + buf->len;
}

/* Appends a copy of `len` bytes; false when that would pass the maximum. */
static inline bool base_buf_append(struct base_buf *buf, const void *data, size_t len)
{
    if (!base_buf_reserve(buf, len)) {
        return false;
    }
    if (len > 0) {
        memcpy(base_buf_end(buf), data, len);
        buf->len += len;
    }
    return true;
}

static inline bool base_buf_append_str(struct base_buf *buf, struct base_str s)
{
    return base_buf_append(buf, s.data, s.len);
}

static inline bool base_buf_append_char(struct base_buf *buf, char c)
{
    return base_buf_append(buf, &c, 1);
}

/* Appends formatted text; false when that would pass the maximum. */
bool base_buf_printf(struct base_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Borrows the contents; valid until the buffer changes. */
static inline struct base_str base_buf_str(const struct base_buf *buf)
{
    return (struct base_str){buf->data, buf->len};
}

#endif
