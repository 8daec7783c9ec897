/* Router: HTTP method and raw path to a route.
 *
 * A trie over path segments, split at "/" in the raw path before anything is decoded. A literal
 * beats "*" beats "**", whatever the order of declaration, with backtracking; behind a "**" the
 * rule with more segments wins. The HTTP method takes part in the match: the method itself, for
 * HEAD then GET, then "*" (custom). A rule with a verb is tried before those without one, the
 * longest verb first; where no rule has the verb, it is part of the value.
 *
 * "*" takes one segment that is not empty, "**" any number of any segments, and a variable never
 * captures nothing: "/notes/" is another path than "/notes", and matches no "/notes/{id}".
 *
 * Look-up allocates nothing and its cost does not grow with the number of routes: each node is
 * visited at most once for each place in the path. Built at start-up, then constant: any thread may
 * match.
 */
#ifndef GATEWAY_ROUTER_H
#define GATEWAY_ROUTER_H

#include "gateway/allow.h"
#include "gateway/template.h"

/* Segments of a request's path; a longer path matches nothing. */
#define GW_ROUTER_SEGMENTS_MAX 256

/* Bytes of the trie of one router. */
#define GW_ROUTER_BYTES_MAX (size_t)(256 * 1024 * 1024)

/* What one variable of the template captured: raw, still percent-encoded bytes of the request's
 * path. */
struct gw_captures {
    struct base_str values[GW_TEMPLATE_VARIABLES_MAX];
    size_t count;
};

enum gw_match {
    GW_MATCHED,
    GW_NO_PATH,      /* 404 */
    GW_WRONG_METHOD, /* 405: the path has routes, none for this method */
    GW_BAD_PATH,     /* 400: does not start with "/", or a bad percent escape */
};

struct gw_router;

/* Returns owned an empty router. */
struct gw_router *gw_router_create(void);
void gw_router_destroy(struct gw_router *router);

/* Adds a route; `http_method` is "GET" and so on, or "*"; `route` is the caller's and comes back
 * from a match. Template, method and route must outlive the router. ALREADY_EXISTS when a template
 * of the same shape has the method: the message names both. RESOURCE_EXHAUSTED past
 * GW_ROUTER_BYTES_MAX. */
bool gw_router_add(struct gw_router *router, struct base_str http_method,
                   const struct gw_template *template, void *route,
                   struct base_err *err) BASE_MUST_CHECK;

/* Finds the route of a raw path (without "?" and query). Sets out_route and out_captures on
 * GW_MATCHED; the captures borrow from raw_path. */
enum gw_match gw_router_match(const struct gw_router *router, struct base_str http_method,
                              struct base_str raw_path, void **out_route,
                              struct gw_captures *out_captures);

/* Writes the methods that the routes of `raw_path` have, for Allow: "GET, HEAD, OPTIONS". HEAD goes
 * with GET; OPTIONS is always there. */
void gw_router_allow(const struct gw_router *router, struct base_str raw_path,
                     char out[GW_ALLOW_SIZE]);

#endif
