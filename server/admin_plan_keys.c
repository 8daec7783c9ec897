#include "server/admin_private.h"
#include "server/membership.h"

#define KEY_TYPE "API_KEY"

static bool show(struct rpc_context *ctx, const Tollgate__ApiKey *key,
                 Tollgate__Admin__UsagePlanKey *out, struct base_err *err)
{
    out->id = key->id;
    out->type = KEY_TYPE;
    return srv_admin_optional(ctx, key->name, &out->name, err);
}

static bool not_in_plan(const char *key_id, const char *plan_id, struct base_err *err)
{
    return base_err_set(err, BASE_NOT_FOUND, "API key %s is not in usage plan %s", key_id, plan_id);
}

/* ---- Adding ---- */

bool srv_admin_create_usage_plan_key(void *self, struct rpc_context *ctx,
                                     const Tollgate__Admin__CreateUsagePlanKeyRequest *request,
                                     Tollgate__Admin__UsagePlanKey *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    if (strcmp(request->key_type, KEY_TYPE) != 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "keyType: expected " KEY_TYPE);
    }
    Tollgate__ApiKey *key;
    return srv_membership_join(admin->access, ctx, request->key_id, request->usage_plan_id, &key,
                               err) &&
           show(ctx, key, response, err);
}

/* ---- Reading ---- */

bool srv_admin_get_usage_plan_key(void *self, struct rpc_context *ctx,
                                  const Tollgate__Admin__GetUsagePlanKeyRequest *request,
                                  Tollgate__Admin__UsagePlanKey *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    Tollgate__UsagePlan *plan;
    Tollgate__ApiKey *key;
    if (!srv_access_get_plan(admin->access, ctx, request->usage_plan_id, &plan, err) ||
        !srv_access_get_key(admin->access, ctx, request->key_id, &key, err)) {
        return false;
    }
    return srv_access_key_has_plan(key, plan->id) ? show(ctx, key, response, err)
                                                  : not_in_plan(key->id, plan->id, err);
}

static bool wants_key(const struct srv_scan *self, const ProtobufCMessage *message)
{
    const struct srv_admin_plan_scan *wanted = (const struct srv_admin_plan_scan *)self;
    const Tollgate__ApiKey *key = (const Tollgate__ApiKey *)message;
    return srv_access_key_has_plan(key, wanted->plan_id) &&
           base_str_starts_with(base_str_of(key->name), wanted->name);
}

struct srv_admin_plan_scan srv_admin_plan_scan(const char *plan_id, const char *name)
{
    return (struct srv_admin_plan_scan){
        .scan = {.collection = &srv_access_keys, .wants = wants_key},
        .plan_id = plan_id,
        .name = base_str_of(name),
    };
}

static bool show_page(struct rpc_context *ctx, const struct srv_page *page,
                      Tollgate__Admin__UsagePlanKeys *response, struct base_err *err)
{
    response->item = rpc_context_alloc(ctx, page->count * sizeof *response->item, err);
    Tollgate__Admin__UsagePlanKey *room = rpc_context_alloc(ctx, page->count * sizeof *room, err);
    if (response->item == NULL || room == NULL) {
        return false;
    }
    for (size_t i = 0; i < page->count; i++) {
        tollgate__admin__usage_plan_key__init(&room[i]);
        response->item[i] = &room[i];
        if (!show(ctx, (const Tollgate__ApiKey *)page->documents[i].message, &room[i], err)) {
            return false;
        }
    }
    response->n_item = page->count;
    return srv_admin_position(ctx, page, &response->position, err);
}

bool srv_admin_get_usage_plan_keys(void *self, struct rpc_context *ctx,
                                   const Tollgate__Admin__GetUsagePlanKeysRequest *request,
                                   Tollgate__Admin__UsagePlanKeys *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    struct srv_admin_plan_scan wanted = srv_admin_plan_scan(request->usage_plan_id, request->name);
    Tollgate__UsagePlan *plan;
    struct srv_key after;
    struct srv_page page;
    return srv_admin_read_list(ctx, request->limit, request->position, &wanted.scan, &after, err) &&
           srv_access_get_plan(admin->access, ctx, request->usage_plan_id, &plan, err) &&
           srv_scan_run(&wanted.scan, admin->access->store, ctx, &page, err) &&
           show_page(ctx, &page, response, err);
}

/* ---- Removing ---- */

struct removal {
    struct srv_mutation mutation;
    const char *plan_id;
};

static bool apply_removal(const struct srv_mutation *self, struct rpc_context *ctx,
                          ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    const char *plan_id = ((const struct removal *)self)->plan_id;
    Tollgate__ApiKey *key = (Tollgate__ApiKey *)message;
    if (!srv_access_key_has_plan(key, plan_id)) {
        return not_in_plan(key->id, plan_id, err);
    }
    size_t kept = 0;
    for (size_t i = 0; i < key->n_usage_plan_ids; i++) {
        if (strcmp(key->usage_plan_ids[i], plan_id) != 0) {
            key->usage_plan_ids[kept++] = key->usage_plan_ids[i];
        }
    }
    key->n_usage_plan_ids = kept;
    return true;
}

bool srv_admin_delete_usage_plan_key(void *self, struct rpc_context *ctx,
                                     const Tollgate__Admin__DeleteUsagePlanKeyRequest *request,
                                     Google__Protobuf__Empty *response, struct base_err *err)
{
    (void)response;
    struct srv_admin *admin = self;
    const struct removal removal = {{apply_removal}, request->usage_plan_id};
    Tollgate__UsagePlan *plan;
    Tollgate__ApiKey *key;
    return srv_access_get_plan(admin->access, ctx, request->usage_plan_id, &plan, err) &&
           srv_access_update_key(admin->access, ctx, request->key_id, &removal.mutation, &key, err);
}
