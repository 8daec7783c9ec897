/* HTTP body: google.api.HttpBody, whose bytes are an HTTP body as it is, not JSON.
 *
 * Which bodies are such a message is the route's matter (gateway/route.h); this is what they look
 * like on the wire. Each way the data is copied once, from the one buffer to the other. Pure; any
 * thread.
 */
#ifndef GATEWAY_HTTP_BODY_H
#define GATEWAY_HTTP_BODY_H

#include "base/buf.h"
#include "gateway/schema.h"

/* Bytes of a content type that a service answers; a longer one is not used. */
#define GW_HTTP_BODY_TYPE_BYTES_MAX 1024

struct gw_http_body {
    struct base_str content_type;
    struct base_str data;
};

/* Whether a message is google.api.HttpBody: its name, and the fields that are used here. */
bool gw_http_body_is(const struct gw_message *type);

/* Appends the message's wire bytes; of a `field` with its tag and length, as they stand inside its
 * parent, of NULL bare. INVALID_ARGUMENT when the content type is not UTF-8; RESOURCE_EXHAUSTED
 * past the buffer's maximum. `out` is as it was then. */
bool gw_http_body_to_wire(const struct gw_field *field, const struct gw_http_body *body,
                          struct base_buf *out, struct base_err *err) BASE_MUST_CHECK;

/* Reads a message's wire bytes, or those of its `field` out of its parent's; what is not there is
 * empty. The result borrows from `wire`. A content type that is empty, too long or no header's
 * value is given as application/octet-stream. INTERNAL when the bytes are damaged. */
bool gw_http_body_from_wire(const struct gw_field *field, struct base_str wire,
                            struct gw_http_body *out_body, struct base_err *err) BASE_MUST_CHECK;

#endif
