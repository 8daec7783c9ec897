/* Gateway: the REST face of a set of rpc methods.
 *
 * Built at start-up from descriptor sets and a channel: the schema, a route for every
 * google.api.http rule with the channel's target of its method, and the options all requests share.
 * Constant afterwards, so every loop thread reads the same one; the requests themselves live on a
 * desk (gateway/desk.h). Counted by reference, so that one can be replaced while calls are in
 * flight on it: the last reference that is let go, on whatever thread, frees it.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "gateway/cors.h"
#include "gateway/dialect.h"
#include "gateway/route.h"
#include "gateway/rules.h"
#include "gateway/transcode.h"
#include "rpc/channel.h"

#include <stdatomic.h>

struct gw_admission_policy;

/* A packed google.protobuf.FileDescriptorSet. */
struct gw_descriptor_set {
    const char *name; /* what errors call it: its file; NULL for one that is compiled in */
    struct base_str bytes;
    bool yields; /* its files of which a type is there already are passed over */
};

struct gw_gateway_config {
    const struct gw_descriptor_set *descriptor_sets; /* only read at creation */
    size_t descriptor_set_count;
    const struct gw_rules *rules; /* in place of annotations; NULL: none. Only read at creation */
    struct rpc_channel *channel;  /* borrowed; must outlive the gateway */
    /* How JSON is read and written, only read at creation; its schema does not count. NULL: as
     * ProtoJSON has it, with empty fields printed. */
    const struct gw_transcode_options *json;
    const struct gw_cors *cors;       /* borrowed; NULL: nothing is said of CORS */
    const struct gw_dialect *dialect; /* borrowed; NULL: Tollgate's own */
    /* Borrowed; NULL: one stage, no limits, and nobody is asked for a key. */
    const struct gw_admission_policy *policy;
};

struct gw_gateway {
    atomic_uint refs;
    struct gw_schema *schema;
    struct gw_routes *routes; /* each route's target is the channel's struct rpc_target */
    struct rpc_channel *channel;
    const struct gw_cors *cors;
    const struct gw_admission_policy *policy;
    struct gw_transcode_options options;
    const struct gw_dialect *dialect; /* or NULL */
};

/* Returns a reference to the gateway to every method that has a rule. NULL when a set is damaged,
 * rules collide or are for no method, there is no rule at all or the channel lacks a method. */
struct gw_gateway *gw_gateway_create(const struct gw_gateway_config *config, struct base_err *err);

/* Takes one more reference, to be let go in its turn; returns the gateway. Any thread. */
struct gw_gateway *gw_gateway_ref(struct gw_gateway *gateway);

/* Lets a reference go. Accepts NULL. Any thread. */
void gw_gateway_unref(struct gw_gateway *gateway);

#endif
