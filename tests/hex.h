/* Bytes as tests write them: two hexadecimal digits each. */
#ifndef HEX_H
#define HEX_H

#include "base/str.h"

/* Writes `bytes` as lower-case hex and a NUL into `out`, whose `size` must suffice. */
void to_hex(struct base_str bytes, char *out, size_t size);

/* Reads hex, spaces ignored; returns what stands in `storage`, whose `size` must suffice. */
struct base_str from_hex(const char *hex, char *storage, size_t size);

#endif
