/* HTTP/1 head: what RFC 9112 asks of a request's head and the HTTP library lets pass.
 *
 * Where two servers read one request differently, a client can smuggle a second request through the
 * first of them. So a head that leaves doubt about where a line, a header or the body ends is
 * refused: LF without CR, folded lines, Content-Length beside Transfer-Encoding, either of them
 * twice, a transfer coding other than chunked, and, for HTTP/1.1, a Host that is missing or there
 * twice. Pure; any thread.
 */
#ifndef GATEWAY_HTTP1_HEAD_H
#define GATEWAY_HTTP1_HEAD_H

#include "base/err.h"
#include "base/str.h"

/* Checks the head at the start of `input`, which a parser has found complete. INVALID_ARGUMENT says
 * what is wrong. */
bool gw_http1_head_check(struct base_str input, struct base_err *err) BASE_MUST_CHECK;

#endif
