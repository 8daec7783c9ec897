/* Admin, inside: what the files of the admin service share. Private to server/admin*. */
#ifndef SERVER_ADMIN_PRIVATE_H
#define SERVER_ADMIN_PRIVATE_H

#include "google/protobuf/wrappers.pb-c.h"
#include "server/admin.h"

/* A text that may be absent: NULL, and success, for NULL and for "". */
bool srv_admin_optional(struct rpc_context *ctx, char *text, Google__Protobuf__StringValue **out,
                        struct base_err *err) BASE_MUST_CHECK;

/* Reads `limit` and `position` of a list into `scan` and its `after`. */
bool srv_admin_read_list(struct rpc_context *ctx, int32_t limit, const char *position,
                         struct srv_scan *scan, struct srv_key *after,
                         struct base_err *err) BASE_MUST_CHECK;

/* The position of the page behind `page`; NULL when it is the last. */
bool srv_admin_position(struct rpc_context *ctx, const struct srv_page *page,
                        Google__Protobuf__StringValue **out_position,
                        struct base_err *err) BASE_MUST_CHECK;

/* Copies tags from one message's list into another's, which has entries of type `type`; gives the
 * list, and NULL with RESOURCE_EXHAUSTED. protoc makes of each map a type of its own, all of one
 * layout. */
void *srv_admin_copy_tags(struct rpc_context *ctx, const ProtobufCMessageDescriptor *type,
                          const void *tags, size_t count, struct base_err *err) BASE_MUST_CHECK;

/* The same of tags that a request brings: INVALID_ARGUMENT where they are none. */
void *srv_admin_read_tags(struct rpc_context *ctx, const ProtobufCMessageDescriptor *type,
                          const void *tags, size_t count, struct base_err *err) BASE_MUST_CHECK;

/* Removes what was set of the quota of a key under a plan, which is gone; of all keys where
 * `key_id` is "". As far as that can be done: what stays behind holds nothing. */
void srv_admin_forget_quota(struct srv_admin *admin, struct rpc_context *ctx, const char *plan_id,
                            const char *key_id);

/* ---- Keys: admin_keys.c, admin_import.c ---- */

bool srv_admin_create_api_key(void *self, struct rpc_context *ctx,
                              const Tollgate__Admin__CreateApiKeyRequest *request,
                              Tollgate__Admin__ApiKey *response, struct base_err *err);
bool srv_admin_import_api_keys(void *self, struct rpc_context *ctx,
                               const Tollgate__Admin__ImportApiKeysRequest *request,
                               Tollgate__Admin__ApiKeyIds *response, struct base_err *err);
bool srv_admin_get_api_key(void *self, struct rpc_context *ctx,
                           const Tollgate__Admin__GetApiKeyRequest *request,
                           Tollgate__Admin__ApiKey *response, struct base_err *err);
bool srv_admin_get_api_keys(void *self, struct rpc_context *ctx,
                            const Tollgate__Admin__GetApiKeysRequest *request,
                            Tollgate__Admin__ApiKeys *response, struct base_err *err);
bool srv_admin_update_api_key(void *self, struct rpc_context *ctx,
                              const Tollgate__Admin__UpdateApiKeyRequest *request,
                              Tollgate__Admin__ApiKey *response, struct base_err *err);
bool srv_admin_delete_api_key(void *self, struct rpc_context *ctx,
                              const Tollgate__Admin__DeleteApiKeyRequest *request,
                              Google__Protobuf__Empty *response, struct base_err *err);

/* ---- Plans: admin_plans.c ---- */

bool srv_admin_create_usage_plan(void *self, struct rpc_context *ctx,
                                 const Tollgate__Admin__CreateUsagePlanRequest *request,
                                 Tollgate__Admin__UsagePlan *response, struct base_err *err);
bool srv_admin_get_usage_plan(void *self, struct rpc_context *ctx,
                              const Tollgate__Admin__GetUsagePlanRequest *request,
                              Tollgate__Admin__UsagePlan *response, struct base_err *err);
bool srv_admin_get_usage_plans(void *self, struct rpc_context *ctx,
                               const Tollgate__Admin__GetUsagePlansRequest *request,
                               Tollgate__Admin__UsagePlans *response, struct base_err *err);
bool srv_admin_update_usage_plan(void *self, struct rpc_context *ctx,
                                 const Tollgate__Admin__UpdateUsagePlanRequest *request,
                                 Tollgate__Admin__UsagePlan *response, struct base_err *err);
bool srv_admin_delete_usage_plan(void *self, struct rpc_context *ctx,
                                 const Tollgate__Admin__DeleteUsagePlanRequest *request,
                                 Google__Protobuf__Empty *response, struct base_err *err);

/* ---- The keys of plans: admin_plan_keys.c ---- */

bool srv_admin_create_usage_plan_key(void *self, struct rpc_context *ctx,
                                     const Tollgate__Admin__CreateUsagePlanKeyRequest *request,
                                     Tollgate__Admin__UsagePlanKey *response, struct base_err *err);
bool srv_admin_get_usage_plan_key(void *self, struct rpc_context *ctx,
                                  const Tollgate__Admin__GetUsagePlanKeyRequest *request,
                                  Tollgate__Admin__UsagePlanKey *response, struct base_err *err);
bool srv_admin_get_usage_plan_keys(void *self, struct rpc_context *ctx,
                                   const Tollgate__Admin__GetUsagePlanKeysRequest *request,
                                   Tollgate__Admin__UsagePlanKeys *response, struct base_err *err);
bool srv_admin_delete_usage_plan_key(void *self, struct rpc_context *ctx,
                                     const Tollgate__Admin__DeleteUsagePlanKeyRequest *request,
                                     Google__Protobuf__Empty *response, struct base_err *err);

/* A scan for the keys of a plan whose names begin with `name`. Borrows both. */
struct srv_admin_plan_scan {
    struct srv_scan scan;
    const char *plan_id;
    struct base_str name;
};
struct srv_admin_plan_scan srv_admin_plan_scan(const char *plan_id, const char *name);

/* ---- Usage: admin_usage.c ---- */

bool srv_admin_get_usage(void *self, struct rpc_context *ctx,
                         const Tollgate__Admin__GetUsageRequest *request,
                         Tollgate__Admin__Usage *response, struct base_err *err);
bool srv_admin_update_usage(void *self, struct rpc_context *ctx,
                            const Tollgate__Admin__UpdateUsageRequest *request,
                            Tollgate__Admin__Usage *response, struct base_err *err);

#endif
