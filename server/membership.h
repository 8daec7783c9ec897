/* Membership: which keys are in which plans, so that no two plans of a key hold for one stage.
 *
 * Which plans a key is in stands in the key, for which stages a plan holds stands in the plan, so
 * the rule spans documents; whoever might break it notes that as an intent first (server/intent.h).
 * A key's first plan and all that takes something away cannot break it, and need none. Plans that
 * are gone stand in keys until the next plan is added. Blocking; any thread.
 */
#ifndef SERVER_MEMBERSHIP_H
#define SERVER_MEMBERSHIP_H

#include "server/access.h"

/* Puts a key into a plan, and gives the key. NOT_FOUND without one of them; ALREADY_EXISTS where
 * the key is in the plan, or in another one for one of its stages; RESOURCE_EXHAUSTED past
 * SRV_ACCESS_PLANS_PER_KEY_MAX; ABORTED where others keep changing what belongs to it. */
bool srv_membership_join(struct srv_access *access, struct rpc_context *ctx, const char *key_id,
                         const char *plan_id, Tollgate__ApiKey **out_key,
                         struct base_err *err) BASE_MUST_CHECK;

/* Keeps a new key as srv_access_add_key does, in the plans it names. Errors as those two have
 * them; where this fails there is no such key, unless its maker died half-way: it is then in no
 * plan. */
bool srv_membership_add_key(struct srv_access *access, struct rpc_context *ctx,
                            struct base_str value, Tollgate__ApiKey *key,
                            struct base_err *err) BASE_MUST_CHECK;

/* Changes a plan by `mutation`, which makes it hold for `stages`, too, and gives the plan. Besides
 * what srv_access_update_plan and the mutation say: ALREADY_EXISTS where a key of the plan is in
 * another one for one of the stages; ABORTED as above. Reads every key there is. */
bool srv_membership_extend(struct srv_access *access, struct rpc_context *ctx, const char *plan_id,
                           char *const *stages, size_t stage_count,
                           const struct srv_mutation *mutation, Tollgate__UsagePlan **out_plan,
                           struct base_err *err) BASE_MUST_CHECK;

#endif
