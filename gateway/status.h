/* Status: how a failure looks over HTTP.
 *
 * One table from gRPC code to HTTP status (google/rpc/code.proto; CANCELLED is 499 as proxies have
 * it, FAILED_PRECONDITION 400), and the body {"code":5,"message":"note 42 not found","details":[]}.
 */
#ifndef GATEWAY_STATUS_H
#define GATEWAY_STATUS_H

#include "base/buf.h"
#include "base/err.h"
#include "gateway/transcode.h"

/* The HTTP status of a code; 500 for a number that is none. */
int gw_status_http(enum base_code code);

/* The reason phrase of an HTTP status (RFC 9110); "Unknown" when there is none. Static. */
const char *gw_status_reason(int http_status);

/* Appends the JSON error body. `details` is a packed google.rpc.Status, or empty. Its details are
 * shown as ProtoJSON shows an Any; one that cannot be, since the schema does not have its type or
 * its bytes are damaged, as {"@type":"type.googleapis.com/a.B","value":"CgNhYmM="} with the bytes
 * in base64, so that who knows the type can read it. What is no Any is left out: the error matters
 * more. Bytes of the message that are not UTF-8 become U+FFFD. Where the buffer cannot take all of
 * it, the message and the details are left out. */
void gw_status_to_json(enum base_code code, struct base_str message, struct base_str details,
                       const struct gw_transcode_options *options, struct base_buf *out);

/* Appends `message` as the inside of a JSON string; bytes that are not UTF-8 become U+FFFD. False
 * where the buffer cannot take it. */
bool gw_status_append_message(struct base_str message, struct base_buf *out) BASE_MUST_CHECK;

#endif
