/* SigV4 canonical: the one spelling of a request that both ends sign. Private to sigv4.
 *
 * Path: dot segments and doubled slashes removed, then each byte of what was sent escaped (again,
 * where it was an escape). Query: parameters sorted by name and value as escaped. Headers: those
 * signed, values trimmed and inner spaces single. Each appends to `out`; false past its maximum.
 */
#ifndef GATEWAY_SIGV4_CANONICAL_H
#define GATEWAY_SIGV4_CANONICAL_H

#include "base/buf.h"
#include "gateway/sigv4.h"

/* Names of signed headers, in the order of the Authorization header. */
struct gw_sigv4_names {
    struct base_str names[GW_SIGV4_HEADERS_MAX];
    size_t count;
};

bool gw_sigv4_append_path(struct base_str raw_path, struct base_buf *out);
bool gw_sigv4_append_query(struct base_str raw_query, struct base_buf *out);
bool gw_sigv4_append_headers(const struct gw_sigv4_request *request,
                             const struct gw_sigv4_names *names, struct base_buf *out);

/* Appends `len` bytes in lower-case hexadecimal. */
bool gw_sigv4_append_hex(const uint8_t *bytes, size_t len, struct base_buf *out);

#endif
