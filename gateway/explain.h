/* Explain: what a gateway makes of one request, without calling anything.
 *
 * A gateway over a channel of its own, which takes a call's message and ends the call, and a desk
 * for one call. So what is explained went the way of a request that is served: through the same
 * desk, router and transcoder, under the same limits. One thread, which takes the role of a loop.
 */
#ifndef GATEWAY_EXPLAIN_H
#define GATEWAY_EXPLAIN_H

#include "gateway/desk.h"

/* Lives until the explainer's next run, and no longer than the request's raw path. */
struct gw_explanation {
    const struct gw_route *route;   /* NULL when the request finds none */
    struct gw_captures captures;    /* of the route, still percent-encoded */
    bool is_called;                 /* the rpc would be called with `message`; else see `answer` */
    struct base_str message;        /* ProtoJSON, without the fields that are not set */
    const struct gw_answer *answer; /* what the gateway answers by itself; NULL if is_called */
};

struct gw_explainer;

/* Returns owned an explainer of the gateway that `config` makes, whose channel is not looked at.
 * Fails as gw_gateway_create does. */
struct gw_explainer *gw_explainer_create(const struct gw_gateway_config *config,
                                         struct base_err *err);

/* Accepts NULL. */
void gw_explainer_destroy(struct gw_explainer *explainer);

/* Explains one request. */
struct gw_explanation gw_explainer_run(struct gw_explainer *explainer,
                                       const struct gw_exchange *exchange);

#endif
