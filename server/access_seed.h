/* Access seed: the plans that an empty store gets, and the key of a demo. Blocking; any thread. */
#ifndef SERVER_ACCESS_SEED_H
#define SERVER_ACCESS_SEED_H

#include "server/access.h"

/* The value of the demo's key, which everyone can read here. */
#define SRV_ACCESS_DEMO_VALUE "tollgatedemokey0123456789"

/* Makes standard-plan and premium-plan for these stages, where their ids are not taken. */
bool srv_access_seed_plans(struct srv_store *store, struct rpc_context *ctx,
                           const char *const *stages, size_t stage_count,
                           struct base_err *err) BASE_MUST_CHECK;

/* Makes the demo's key in premium-plan, unless it is there; or sees to it that there is none. */
bool srv_access_seed_demo_key(struct srv_access *access, bool is_wanted,
                              struct base_err *err) BASE_MUST_CHECK;

#endif
