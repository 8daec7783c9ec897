/* Admin: the listener through which keys and plans are managed.
 *
 * The admin service has an rpc server of its own, so that no other listener serves it, and the
 * gateway in front of it is one like any other, with a dialect (gateway/admin_dialect.h). Startup
 * thread.
 */
#ifndef CLI_ADMIN_H
#define CLI_ADMIN_H

#include "cli/stages.h"
#include "gateway/admin_dialect.h"
#include "gateway/front_h2o.h"
#include "server/admin.h"

struct cli_admin {
    struct cli_stage_names stages; /* that the service knows of */
    struct srv_admin service;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct gw_admin_dialect dialect;
    struct gw_gateway *gateway;
    struct gw_front *front;
};

/* Whether the options ask for the listener. */
bool cli_admin_is_wanted(const struct cli_options *options);

/* Fails with INVALID_ARGUMENT for a listener without a store, for an address that is not loopback's
 * without credentials, for half a pair of them and for an empty one. To be asked before anything is
 * opened. */
bool cli_admin_check(const struct cli_options *options, struct base_err *err) BASE_MUST_CHECK;

/* Opens the listener that the options ask for over `access`; handlers run on `pool`. Both are
 * borrowed. Where the options ask for none, nothing is opened. What was opened before a failure is
 * closed. `admin` must not move while it is open. */
bool cli_admin_open(struct cli_admin *admin, const struct cli_options *options,
                    struct srv_access *access, struct rpc_worker_pool *pool,
                    struct base_err *err) BASE_MUST_CHECK;

/* Begins what cli_admin_close does, and returns at once. Accepts an admin that is all zero. */
void cli_admin_drain(struct cli_admin *admin, int grace_ms);

/* Finishes the requests in flight, for at most the grace that cli_admin_drain was given, or none
 * without it. An admin that is all zero is closed. */
void cli_admin_close(struct cli_admin *admin);

#endif
