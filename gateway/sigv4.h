/* SigV4: whether a request was signed by who knows the secret (AWS Signature Version 4).
 *
 * The Authorization header names the key, the scope and the headers that are signed; the signature
 * is an HMAC chain over a canonical form of the request and the SHA-256 of its body. Accepted is
 * what has a signed Host, every X-Amz-* header signed, and an X-Amz-Date within GW_SIGV4_SKEW_S.
 * The region and the service of the scope may be any: one server is all of them. Signatures in the
 * query are not read. Pure; any thread.
 */
#ifndef GATEWAY_SIGV4_H
#define GATEWAY_SIGV4_H

#include "base/err.h"
#include "gateway/head.h"

/* How far a request's date may lie from ours. */
#define GW_SIGV4_SKEW_S 900

/* Headers that may be signed, parameters of a query, and bytes of the canonical form. */
#define GW_SIGV4_HEADERS_MAX 64
#define GW_SIGV4_PARAMETERS_MAX 128
#define GW_SIGV4_CANONICAL_BYTES_MAX (size_t)(256 * 1024)

struct gw_sigv4_key {
    struct base_str id;
    struct base_str secret;
};

/* A request as it came in. */
struct gw_sigv4_request {
    struct base_str method;
    struct base_str raw_path;
    struct base_str raw_query;
    struct base_str authority; /* Host */
    struct base_str body;
    const struct gw_header *headers; /* lower-case names */
    size_t header_count;
};

/* Whether `authorization` is in this scheme. */
bool gw_sigv4_applies(struct base_str authorization);

/* Checks the signature in `authorization`, at `now_s` of Unix time. UNAUTHENTICATED where it cannot
 * be read or is of an unknown key, PERMISSION_DENIED where it does not fit or is out of date. */
bool gw_sigv4_verify(const struct gw_sigv4_key *key, const struct gw_sigv4_request *request,
                     struct base_str authorization, int64_t now_s,
                     struct base_err *err) BASE_MUST_CHECK;

#endif
