/* Headers: HTTP headers to call metadata and back.
 *
 * In: Authorization goes on as it is; Grpc-Metadata-X as x ("-bin" values decoded from base64); the
 * permanent headers of the IANA registry as tollgate-<name>; X-Forwarded-For and -Host, to which
 * gateway/head.h adds, by their names; the rest is dropped. So is what metadata cannot carry, a
 * value with other than printable ASCII, and a Grpc-Metadata- name that would pass for gRPC's own
 * or for the gateway's word (grpc-*, tollgate-*, x-api-key*, x-forwarded-*).
 *
 * Out: metadata x-... keeps its name as a header, any other becomes grpc-metadata-<name> (in lower
 * case, as HTTP/2 wants it), and what a call answers at its end becomes grpc-trailer-<name>: an
 * answer is complete before it is sent, so trailers are headers, which every client can read,
 * whether it sends TE: trailers or not (libh2o 2.2.5 could not send trailers either).
 * www-authenticate, the challenge of a 401, keeps its name in both. "-bin" values are base64;
 * several in one header stand apart by commas. Connection and its kind, Content-Type and grpc-*
 * never cross. What Connection names crosses as if it did not: to drop it would let a client take
 * back what a proxy before the gateway has added. Pure; any thread.
 */
#ifndef GATEWAY_HEADERS_H
#define GATEWAY_HEADERS_H

#include "base/buf.h"
#include "rpc/metadata.h"

#include <stdint.h>

/* The longest timeout a client may ask for, and the one used when it asks for none. */
#define GW_TIMEOUT_MS_MAX (int64_t)(60 * 60 * 1000)
#define GW_TIMEOUT_MS_DEFAULT (int64_t)(30 * 1000)

/* Adds what header `name` (lower-case) with `value` becomes, if anything, copying into `arena`.
 * INVALID_ARGUMENT on a "-bin" value that is not base64; RESOURCE_EXHAUSTED past the limits of
 * metadata. */
bool gw_headers_to_metadata(struct base_str name, struct base_str value, struct base_arena *arena,
                            struct rpc_metadata *metadata, struct base_err *err) BASE_MUST_CHECK;

/* Gives the header that answered metadata becomes, a trailer's where `is_trailer`; name and value
 * live in `arena`, or are the entry's own. False when it does not become one, or the
 * arena is full. */
bool gw_headers_from_metadata(const struct rpc_metadata_entry *entry, bool is_trailer,
                              struct base_arena *arena, struct base_str *out_name,
                              struct base_str *out_value);

/* Parses Grpc-Timeout: at most eight digits and a unit of HMSmun (gRPC over HTTP/2).
 * INVALID_ARGUMENT otherwise. Longer than GW_TIMEOUT_MS_MAX is that. */
bool gw_headers_grpc_timeout(struct base_str value, int64_t *out_timeout_ns,
                             struct base_err *err) BASE_MUST_CHECK;

/* Parses X-Server-Timeout: seconds, whole or with a fraction. INVALID_ARGUMENT otherwise. Longer
 * than GW_TIMEOUT_MS_MAX is that. */
bool gw_headers_server_timeout(struct base_str value, int64_t *out_timeout_ns,
                               struct base_err *err) BASE_MUST_CHECK;

#endif
