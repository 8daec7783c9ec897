/* UTF-8: whether bytes are text.
 *
 * As RFC 3629 has it: no surrogates, no overlong forms, nothing past U+10FFFF. Pure; any thread.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

/* Bytes before the first that does not belong to a well-formed character; s.len when all do. */
size_t base_utf8_valid_len(struct base_str s);

static inline bool base_utf8_valid(struct base_str s)
{
    return base_utf8_valid_len(s) == s.len;
}

#endif
