/* Request: path captures, query and body become the request message's wire bytes.
 *
 * A pure function. The body comes first, then the query, then the path, so that by protobuf's own
 * merge the path wins; a body or a query that gives a path-bound field another value is refused.
 * Query parameters are dotted field paths in proto or JSON names, repeated for repeated fields;
 * with body "*" none are allowed. PATCH with a body field fills an unset FieldMask from the fields
 * the body sent.
 */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include "gateway/route.h"
#include "gateway/transcode.h"

/* Parameters of one query string. */
#define GW_QUERY_PARAMETERS_MAX 1000

struct gw_http_request {
    const struct gw_captures *captures;
    struct base_str raw_query; /* behind the "?", still encoded; empty when there is none */
    struct base_str body;      /* empty when there is none: an unset body, never an error */
};

/* Appends the message of `route`'s method to `out`. INVALID_ARGUMENT says which part of the request
 * is at fault and where; RESOURCE_EXHAUSTED that the message would be too large. */
bool gw_request_to_wire(const struct gw_route *route, const struct gw_http_request *request,
                        const struct gw_transcode_options *options, struct base_buf *out,
                        struct base_err *err) BASE_MUST_CHECK;

/* Appends the JSON of a response message: the whole, or its response_body field. */
bool gw_response_to_json(const struct gw_route *route, struct base_str wire,
                         const struct gw_transcode_options *options, struct base_buf *out,
                         struct base_err *err) BASE_MUST_CHECK;

#endif
