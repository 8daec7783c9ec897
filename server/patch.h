/* Patch: what the patchOperations of the admin API do to a key or a plan.
 *
 * An operation is one of RFC 6902 with a text for a value; which paths there are is AWS API
 * Gateway's. Operations apply in order, all or none. "add" and "replace" mean the same where a path
 * names one value. What they hang on the message lives as long as the call. Any thread.
 *
 *     a key   /name /description /enabled /customerId
 *     a plan  /name /description /productCode
 *             /throttle/rateLimit /throttle/burstLimit; remove /throttle
 *             /quota/limit /quota/offset /quota/period; remove /quota
 *             add and remove /apiStages, the value being "API:STAGE"
 *             /apiStages/API:STAGE/throttle/PATH/METHOD/rateLimit and .../burstLimit;
 *             remove .../PATH/METHOD and .../throttle
 */
#ifndef SERVER_PATCH_H
#define SERVER_PATCH_H

#include "rpc/context.h"
#include "tollgate/access.pb-c.h"
#include "tollgate/admin.pb-c.h"

/* Operations of one request. */
#define SRV_PATCH_OPERATIONS_MAX 100

struct srv_patch {
    Tollgate__Admin__PatchOperation *const *operations;
    size_t count;
};

/* Changes `key`. INVALID_ARGUMENT, naming the operation, for one that is not understood. */
bool srv_patch_key(const struct srv_patch *patch, Tollgate__ApiKey *key,
                   struct base_err *err) BASE_MUST_CHECK;

/* Changes `plan`, and checks that the outcome keeps the rules of server/usage_plan.h. */
bool srv_patch_plan(const struct srv_patch *patch, struct rpc_context *ctx,
                    Tollgate__UsagePlan *plan, struct base_err *err) BASE_MUST_CHECK;

/* Fails where `operation` is neither add nor replace. For the paths of other messages. */
bool srv_patch_sets(const Tollgate__Admin__PatchOperation *operation,
                    struct base_err *err) BASE_MUST_CHECK;

/* Fails with INVALID_ARGUMENT: the operation's path is none that can be changed so. */
bool srv_patch_refuse(const Tollgate__Admin__PatchOperation *operation, struct base_err *err);

/* Fails past SRV_PATCH_OPERATIONS_MAX and without any. */
bool srv_patch_check(const struct srv_patch *patch, struct base_err *err) BASE_MUST_CHECK;

/* Reads the operation's value as a whole number from `min` to INT32_MAX. */
bool srv_patch_whole(const Tollgate__Admin__PatchOperation *operation, int32_t min,
                     int32_t *out_number, struct base_err *err) BASE_MUST_CHECK;

#endif
