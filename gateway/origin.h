/* Origin: the web pages that may call, as an operator names them and as browsers tell them.
 *
 * A browser writes the origin of a page as scheme://host, or scheme://host:port where the port is
 * not the scheme's own: in lower case and with nothing behind. A page that has none, in a sandboxed
 * frame or from a file, is "null". A pattern is such an origin, compared byte by byte, or one whose
 * host begins with the label "*", which stands for one label of any name: *.example.com fits
 * app.example.com, neither example.com nor a.b.example.com. Pure; any thread.
 */
#ifndef GATEWAY_ORIGIN_H
#define GATEWAY_ORIGIN_H

#include "base/err.h"
#include "base/str.h"

/* Borrows from the text it was read from. */
struct gw_origin {
    bool has_wildcard;
    struct base_str before; /* the wildcard: "https://"; without one, the whole */
    struct base_str after;  /* the wildcard: ".example.com:8443" */
};

/* Reads a pattern. INVALID_ARGUMENT for what no browser sends as an origin, so that it would never
 * fit: a path, upper case, a scheme's own port; the message says what to write. */
bool gw_origin_parse(struct base_str text, struct gw_origin *out_origin,
                     struct base_err *err) BASE_MUST_CHECK;

/* Whether the value of an Origin header fits the pattern. */
bool gw_origin_matches(const struct gw_origin *pattern, struct base_str origin);

#endif
