/* Percent: the escapes of paths and queries (RFC 3986 section 2.1).
 *
 * Look-ups compare and hash raw text as if it were decoded, so that routing copies nothing. Pure;
 * any thread.
 */
#ifndef GATEWAY_PERCENT_H
#define GATEWAY_PERCENT_H

#include "base/str.h"

#include <stdint.h>

enum gw_percent_mode {
    GW_PERCENT_ALL,        /* every escape: a capture of one segment */
    GW_PERCENT_KEEP_SLASH, /* every escape but %2F, which stays as written: of several segments */
    GW_PERCENT_FORM,       /* every escape, and "+" is a space: a query */
};

/* Bytes before the first "%" that two hexadecimal digits do not follow; raw.len when all do. */
size_t gw_percent_valid_len(struct base_str raw);

static inline bool gw_percent_valid(struct base_str raw)
{
    return gw_percent_valid_len(raw) == raw.len;
}

/* Decodes valid `raw` to `out`, which has room for raw.len bytes and may be raw.data itself;
 * returns the bytes written. */
size_t gw_percent_decode(struct base_str raw, enum gw_percent_mode mode, char *out);

/* A hash of what valid `raw` decodes to (GW_PERCENT_ALL). */
uint32_t gw_percent_hash(struct base_str raw);

/* The same hash of text that is decoded already. */
uint32_t gw_percent_hash_decoded(struct base_str decoded);

/* Whether valid `raw` decodes to `decoded` (GW_PERCENT_ALL). */
bool gw_percent_eq(struct base_str raw, struct base_str decoded);

#endif
