/* Strings: a borrowed run of bytes with a length.
 *
 * A base_str owns nothing and need not end in NUL; whoever hands one out says how long it lives.
 * All functions are pure and may be called from any thread.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct base_str {
    const char *data;
    size_t len;
};

/* The base_str of a string literal. */
#define BASE_STR(literal) ((struct base_str){"" literal, sizeof(literal) - 1})

/* The two arguments of a printf "%.*s". */
#define BASE_STR_ARGS(s) (int)(s).len, (s).data

/* Borrows `len` bytes at `data`. */
static inline struct base_str base_str_make(const char *data, size_t len)
{
    return (struct base_str){data, len};
}

/* Borrows a NUL-terminated string; NULL gives the empty string. */
static inline struct base_str base_str_of(const char *text)
{
    return (struct base_str){text, text == NULL ? 0 : strlen(text)};
}

static inline bool base_str_eq(struct base_str a, struct base_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ASCII case does not count, as HTTP header names want it (RFC 9110 section 5.1). */
static inline bool base_str_eq_nocase(struct base_str a, struct base_str b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

/* Without the spaces and tabs at both ends: HTTP's optional whitespace (RFC 9110 section 5.6.3). */
static inline struct base_str base_str_trim(struct base_str s)
{
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s = base_str_make(s.data + 1, s.len - 1);
    }
    while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

static inline bool base_str_starts_with(struct base_str s, struct base_str prefix)
{
    return s.len >= prefix.len && base_str_eq(base_str_make(s.data, prefix.len), prefix);
}

static inline bool base_str_ends_with(struct base_str s, struct base_str suffix)
{
    return s.len >= suffix.len &&
           base_str_eq(base_str_make(s.data + (s.len - suffix.len), suffix.len), suffix);
}

#endif
