/* Head: what a request's headers say, to the gateway itself and to the service.
 *
 * The gateway acts on Content-Type, Content-Encoding, Grpc-Timeout, X-Server-Timeout and
 * X-Api-Key; the rest becomes call metadata (gateway/headers.h), with the client's address at the
 * end of x-forwarded-for and the request's host as x-forwarded-host where the client sent none. Any
 * thread.
 */
#ifndef GATEWAY_HEAD_H
#define GATEWAY_HEAD_H

#include "rpc/metadata.h"

#include <stdint.h>

struct gw_header {
    struct base_str name; /* lower-case */
    struct base_str value;
};

/* Gives a request's headers one after another; false at the end. A front embeds it in its own
 * cursor. */
struct gw_header_source {
    bool (*next)(struct gw_header_source *self, struct gw_header *out_header);
};

/* Borrowed from the request's headers; empty when a header is missing. */
struct gw_head {
    struct base_str content_type;
    struct base_str content_encoding;
    struct base_str grpc_timeout;
    struct base_str server_timeout;
    struct base_str api_key; /* x-api-key */
};

/* Where a request came from and went to. */
struct gw_hop {
    struct base_str peer;      /* the client's IP address as text; empty when unknown */
    struct base_str authority; /* Host, or :authority; empty when unknown */
};

/* Reads all headers; `metadata` gets copies in `arena`. out_head is set even on failure:
 * INVALID_ARGUMENT for a header that cannot become metadata and for one of those in gw_head that
 * is there more than once, which is empty then; RESOURCE_EXHAUSTED past a limit. */
bool gw_head_read(struct gw_header_source *source, const struct gw_hop *hop,
                  struct base_arena *arena, struct rpc_metadata *metadata, struct gw_head *out_head,
                  struct base_err *err) BASE_MUST_CHECK;

/* Why a body under this head is not taken (static), or NULL when it is. What is to be JSON must
 * say application/json or application/...+json without charset or with utf-8, or nothing; a raw
 * body (gateway/http_body.h) may be of any type. Neither may have a Content-Encoding. */
const char *gw_head_refuses_body(const struct gw_head *head, bool is_raw);

/* How long the client wants to wait: the sooner of Grpc-Timeout and X-Server-Timeout,
 * GW_TIMEOUT_MS_DEFAULT without both. INVALID_ARGUMENT when one cannot be read. */
bool gw_head_timeout(const struct gw_head *head, int64_t *out_timeout_ns,
                     struct base_err *err) BASE_MUST_CHECK;

#endif
