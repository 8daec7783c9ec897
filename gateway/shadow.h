/* Shadow: whether a router can ever reach a route, or another takes every request it could match.
 *
 * Only "**" makes this possible: of two rules the one with more segments behind a "**" wins, so a
 * rule that ends in a variable of "**" gets nothing beside one where another "*" follows. Two rules
 * of one shape are another matter; gw_router_add refuses the second. Pure; any thread.
 */
#ifndef GATEWAY_SHADOW_H
#define GATEWAY_SHADOW_H

#include "gateway/router.h"

/* The route that takes what `route`, added to `router` with this method and template, could match,
 * or one of those that do together; NULL when some requests reach `route`. Paths with empty
 * segments do not count. */
void *gw_shadow_find(const struct gw_router *router, struct base_str http_method,
                     const struct gw_template *template, const void *route);

#endif
