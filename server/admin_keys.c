#include "server/admin_private.h"
#include "server/patch.h"
#include "server/usage_plan.h"

#define NO_VALUES                                                                                  \
    "values are not kept; this server tells the value of a key only when the key is made"

/* ---- Showing ---- */

static double seconds_of(const Google__Protobuf__Timestamp *date)
{
    return date == NULL ? 0 : (double)date->seconds;
}

/* `value` is NULL where it is not shown. */
static bool show(struct rpc_context *ctx, const Tollgate__ApiKey *key, char *value,
                 Tollgate__Admin__ApiKey *out, struct base_err *err)
{
    out->id = key->id;
    out->n_tags = key->n_tags;
    out->enabled = key->enabled;
    out->created_date = seconds_of(key->created_date);
    out->last_updated_date = seconds_of(key->last_updated_date);
    return srv_admin_optional(ctx, value, &out->value, err) &&
           srv_admin_optional(ctx, key->name, &out->name, err) &&
           srv_admin_optional(ctx, key->customer_id, &out->customer_id, err) &&
           srv_admin_optional(ctx, key->description, &out->description, err) &&
           (out->tags = srv_admin_copy_tags(ctx, &tollgate__admin__api_key__tags_entry__descriptor,
                                            key->tags, key->n_tags, err)) != NULL;
}

/* Shows the value, too, where it is wanted and kept. */
static bool show_kept(struct srv_admin *admin, struct rpc_context *ctx, const Tollgate__ApiKey *key,
                      bool wants_value, Tollgate__Admin__ApiKey *out, struct base_err *err)
{
    char *value = NULL;
    return (!wants_value || srv_access_reveal(admin->access, ctx, key, &value, err)) &&
           show(ctx, key, value, out, err);
}

/* ---- Creating ---- */

static bool read_key(struct rpc_context *ctx, const Tollgate__Admin__CreateApiKeyRequest *request,
                     Tollgate__ApiKey *key, struct base_err *err)
{
    if (request->n_stage_keys > 0) {
        return base_err_set(
            err, BASE_INVALID_ARGUMENT,
            "stageKeys: give the key a usage plan that holds for the stage instead");
    }
    tollgate__api_key__init(key);
    key->name = request->name;
    key->description = request->description;
    key->customer_id = request->customer_id;
    key->enabled = request->enabled;
    key->n_tags = request->n_tags;
    return srv_access_check_text("name", key->name, SRV_ACCESS_NAME_BYTES_MAX, err) &&
           srv_access_check_text("description", key->description, SRV_ACCESS_DESCRIPTION_BYTES_MAX,
                                 err) &&
           srv_access_check_text("customerId", key->customer_id, SRV_ACCESS_NAME_BYTES_MAX, err) &&
           (key->tags = srv_admin_read_tags(ctx, &tollgate__api_key__tags_entry__descriptor,
                                            request->tags, request->n_tags, err)) != NULL;
}

bool srv_admin_create_api_key(void *self, struct rpc_context *ctx,
                              const Tollgate__Admin__CreateApiKeyRequest *request,
                              Tollgate__Admin__ApiKey *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    Tollgate__ApiKey key;
    char *value = request->value;
    if (value[0] == '\0') {
        value = rpc_context_alloc(ctx, SRV_KEY_VALUE_MADE_BYTES + 1, err);
        if (value == NULL) {
            return false;
        }
        srv_key_value_make(admin->access->random, value);
    }
    return srv_key_value_check(base_str_of(value), err) && read_key(ctx, request, &key, err) &&
           srv_access_add_key(admin->access, ctx, base_str_of(value), &key, err) &&
           show(ctx, &key, value, response, err);
}

/* ---- Reading ---- */

bool srv_admin_get_api_key(void *self, struct rpc_context *ctx,
                           const Tollgate__Admin__GetApiKeyRequest *request,
                           Tollgate__Admin__ApiKey *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    Tollgate__ApiKey *key;
    return srv_access_get_key(admin->access, ctx, request->api_key, &key, err) &&
           show_kept(admin, ctx, key, request->include_value, response, err);
}

/* A scan for the keys that a request asks for. */
struct key_scan {
    struct srv_scan scan;
    const char *name;
    size_t name_len;
    const char *customer_id;
};

static bool wants_key(const struct srv_scan *self, const ProtobufCMessage *message)
{
    const struct key_scan *wanted = (const struct key_scan *)self;
    const Tollgate__ApiKey *key = (const Tollgate__ApiKey *)message;
    return strncmp(key->name, wanted->name, wanted->name_len) == 0 &&
           (wanted->customer_id[0] == '\0' || strcmp(key->customer_id, wanted->customer_id) == 0);
}

static bool warn_of_no_values(struct rpc_context *ctx, Tollgate__Admin__ApiKeys *response,
                              struct base_err *err)
{
    response->warnings = rpc_context_alloc(ctx, sizeof *response->warnings, err);
    if (response->warnings == NULL) {
        return false;
    }
    response->warnings[0] = NO_VALUES;
    response->n_warnings = 1;
    return true;
}

static bool show_page(struct srv_admin *admin, struct rpc_context *ctx, const struct srv_page *page,
                      bool wants_values, Tollgate__Admin__ApiKeys *response, struct base_err *err)
{
    response->item = rpc_context_alloc(ctx, page->count * sizeof *response->item, err);
    Tollgate__Admin__ApiKey *room = rpc_context_alloc(ctx, page->count * sizeof *room, err);
    if (response->item == NULL || room == NULL) {
        return false;
    }
    for (size_t i = 0; i < page->count; i++) {
        const Tollgate__ApiKey *key = (const Tollgate__ApiKey *)page->documents[i].message;
        tollgate__admin__api_key__init(&room[i]);
        response->item[i] = &room[i];
        if (!show_kept(admin, ctx, key, wants_values, &room[i], err)) {
            return false;
        }
    }
    response->n_item = page->count;
    return srv_admin_position(ctx, page, &response->position, err);
}

bool srv_admin_get_api_keys(void *self, struct rpc_context *ctx,
                            const Tollgate__Admin__GetApiKeysRequest *request,
                            Tollgate__Admin__ApiKeys *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    bool filters = request->name[0] != '\0' || request->customer_id[0] != '\0';
    struct key_scan wanted = {
        .scan = {.collection = &srv_access_keys, .wants = filters ? wants_key : NULL},
        .name = request->name,
        .name_len = strlen(request->name),
        .customer_id = request->customer_id,
    };
    struct srv_key after;
    struct srv_page page;
    bool warns = request->include_values && !admin->access->keeps_values;
    return srv_admin_read_list(ctx, request->limit, request->position, &wanted.scan, &after, err) &&
           srv_scan_run(&wanted.scan, admin->access->store, ctx, &page, err) &&
           (!warns || warn_of_no_values(ctx, response, err)) &&
           show_page(admin, ctx, &page, request->include_values, response, err);
}

/* ---- Changing ---- */

struct key_patch {
    struct srv_mutation mutation;
    struct srv_patch patch;
};

static bool apply_patch(const struct srv_mutation *self, struct rpc_context *ctx,
                        ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    const struct key_patch *change = (const struct key_patch *)self;
    return srv_patch_key(&change->patch, (Tollgate__ApiKey *)message, err);
}

bool srv_admin_update_api_key(void *self, struct rpc_context *ctx,
                              const Tollgate__Admin__UpdateApiKeyRequest *request,
                              Tollgate__Admin__ApiKey *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    const struct key_patch change = {
        .mutation = {apply_patch},
        .patch = {request->patch_operations, request->n_patch_operations},
    };
    Tollgate__ApiKey *key;
    return srv_access_update_key(admin->access, ctx, request->api_key, &change.mutation, &key,
                                 err) &&
           show(ctx, key, NULL, response, err);
}

bool srv_admin_delete_api_key(void *self, struct rpc_context *ctx,
                              const Tollgate__Admin__DeleteApiKeyRequest *request,
                              Google__Protobuf__Empty *response, struct base_err *err)
{
    (void)response;
    struct srv_admin *admin = self;
    Tollgate__ApiKey *key;
    if (!srv_access_get_key(admin->access, ctx, request->api_key, &key, err) ||
        !srv_access_remove_key(admin->access, ctx, request->api_key, err)) {
        return false;
    }
    for (size_t i = 0; i < key->n_usage_plan_ids; i++) {
        srv_admin_forget_quota(admin, ctx, key->usage_plan_ids[i], key->id);
    }
    return true;
}
