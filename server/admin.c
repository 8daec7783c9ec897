#include "server/admin.h"

#include "server/admin_private.h"
#include "server/page.h"
#include "server/usage_plan.h"

#include <inttypes.h>

bool srv_admin_optional(struct rpc_context *ctx, char *text, Google__Protobuf__StringValue **out,
                        struct base_err *err)
{
    *out = NULL;
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    Google__Protobuf__StringValue *value = rpc_context_alloc(ctx, sizeof *value, err);
    if (value == NULL) {
        return false;
    }
    google__protobuf__string_value__init(value);
    value->value = text;
    *out = value;
    return true;
}

/* What protoc makes of an entry of map<string, string>. */
struct tag {
    ProtobufCMessage base;
    char *key;
    char *value;
};

_Static_assert(sizeof(struct tag) == sizeof(Tollgate__ApiKey__TagsEntry) &&
                   offsetof(struct tag, key) == offsetof(Tollgate__ApiKey__TagsEntry, key) &&
                   offsetof(struct tag, value) == offsetof(Tollgate__ApiKey__TagsEntry, value),
               "entries have one layout");

void *srv_admin_copy_tags(struct rpc_context *ctx, const ProtobufCMessageDescriptor *type,
                          const void *tags, size_t count, struct base_err *err)
{
    struct tag *const *from = tags;
    struct tag **list = rpc_context_alloc(ctx, count * sizeof *list, err);
    struct tag *room = rpc_context_alloc(ctx, count * sizeof *room, err);
    if (list == NULL || room == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        protobuf_c_message_init(type, &room[i].base);
        room[i].key = from[i]->key;
        room[i].value = from[i]->value;
        list[i] = &room[i];
    }
    return list;
}

void *srv_admin_read_tags(struct rpc_context *ctx, const ProtobufCMessageDescriptor *type,
                          const void *tags, size_t count, struct base_err *err)
{
    struct tag *const *from = tags;
    if (!srv_access_check_tag_count(count, err)) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (!srv_access_check_tag(from[i]->key, from[i]->value, err)) {
            return NULL;
        }
    }
    return srv_admin_copy_tags(ctx, type, tags, count, err);
}

bool srv_admin_read_list(struct rpc_context *ctx, int32_t limit, const char *position,
                         struct srv_scan *scan, struct srv_key *after, struct base_err *err)
{
    if (limit < 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "limit: at least 0, got %" PRId32, limit);
    }
    struct srv_page_request page;
    int32_t size = limit < SRV_ADMIN_LIST_MAX ? limit : SRV_ADMIN_LIST_MAX;
    if (!srv_page_request_read(ctx, size, position, SRV_KEY_TEXT, SRV_ADMIN_LIST_DEFAULT, &page,
                               err)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "position: not a position that a list has answered");
    }
    *after = page.after;
    scan->limit = page.limit;
    scan->after = page.has_after ? after : NULL;
    return true;
}

bool srv_admin_position(struct rpc_context *ctx, const struct srv_page *page,
                        Google__Protobuf__StringValue **out_position, struct base_err *err)
{
    char *token = NULL;
    *out_position = NULL;
    /* A scan that ended with the collection has nothing to go on from. */
    bool goes_on = page->has_more && page->count > 0;
    return !goes_on || (srv_page_token(ctx, page, &token, err) &&
                        srv_admin_optional(ctx, token, out_position, err));
}

const struct tollgate_admin_admin_handlers srv_admin_handlers = {
    .create_api_key = srv_admin_create_api_key,
    .import_api_keys = srv_admin_import_api_keys,
    .get_api_key = srv_admin_get_api_key,
    .get_api_keys = srv_admin_get_api_keys,
    .update_api_key = srv_admin_update_api_key,
    .delete_api_key = srv_admin_delete_api_key,
    .create_usage_plan = srv_admin_create_usage_plan,
    .get_usage_plan = srv_admin_get_usage_plan,
    .get_usage_plans = srv_admin_get_usage_plans,
    .update_usage_plan = srv_admin_update_usage_plan,
    .delete_usage_plan = srv_admin_delete_usage_plan,
    .create_usage_plan_key = srv_admin_create_usage_plan_key,
    .get_usage_plan_key = srv_admin_get_usage_plan_key,
    .get_usage_plan_keys = srv_admin_get_usage_plan_keys,
    .delete_usage_plan_key = srv_admin_delete_usage_plan_key,
    .get_usage = srv_admin_get_usage,
    .update_usage = srv_admin_update_usage,
};

void srv_admin_init(struct srv_admin *admin, struct srv_access *access, const char *const *stages,
                    size_t stage_count)
{
    *admin = (struct srv_admin){access, stages, stage_count};
}

bool srv_admin_register(struct srv_admin *admin, struct rpc_server *server, struct base_err *err)
{
    return tollgate_admin_admin_register(server, &srv_admin_handlers, admin, false, err);
}
