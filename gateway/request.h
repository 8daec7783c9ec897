/* Request: path captures, query and body become the request message's wire bytes.
 *
 * A pure function. The body comes first, then the query, then the path, so that by protobuf's own
 * merge the path wins; a body or a query that gives a path-bound field another value is refused.
 * What the query may name is said in gateway/query.h; a field inside the body's field is the body's
 * alone. PATCH with a body field fills an unset or empty FieldMask from the fields the body sent
 * (gateway/patch_mask.h). A message that several parts of the request add to stands in the bytes
 * once. Where the body, or the answer's, is a google.api.HttpBody, its bytes are passed on as they
 * are, with their content type. Any thread.
 */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include "gateway/query.h"
#include "gateway/route.h"
#include "gateway/transcode.h"

struct gw_http_request {
    const struct gw_captures *captures;
    struct base_str raw_query;    /* behind the "?", still encoded; empty when there is none */
    struct base_str body;         /* empty when there is none: an unset body, never an error */
    struct base_str content_type; /* of a raw body, which is set when there is one of the two */
};

/* Appends the message of `route`'s method to `out`, which stays as it was on failure.
 * INVALID_ARGUMENT says which part of the request is at fault and where; RESOURCE_EXHAUSTED that
 * the message would be too large. */
bool gw_request_to_wire(const struct gw_route *route, const struct gw_http_request *request,
                        const struct gw_transcode_options *options, struct base_buf *out,
                        struct base_err *err) BASE_MUST_CHECK;

/* Appends the body of an answer, the whole response message or its response_body field: JSON, or
 * the bytes of a HttpBody. out_content_type is static or borrows from `wire`. */
bool gw_response_to_body(const struct gw_route *route, struct base_str wire,
                         const struct gw_transcode_options *options, struct base_buf *out,
                         struct base_str *out_content_type, struct base_err *err) BASE_MUST_CHECK;

#endif
