#include "server/admin_private.h"
#include "server/membership.h"
#include "server/patch.h"
#include "server/usage_plan.h"

#include <stdio.h>

/* Bytes of a warning. */
#define WARNING_SIZE (SRV_ACCESS_STAGE_BYTES_MAX + 96)

/* ---- Showing ---- */

static bool show(struct rpc_context *ctx, const Tollgate__UsagePlan *plan,
                 Tollgate__Admin__UsagePlan *out, struct base_err *err)
{
    out->id = plan->id;
    out->n_tags = plan->n_tags;
    out->name = plan->name;
    out->api_stages = plan->api_stages;
    out->n_api_stages = plan->n_api_stages;
    out->throttle = plan->throttle;
    out->quota = plan->quota;
    return srv_admin_optional(ctx, plan->description, &out->description, err) &&
           srv_admin_optional(ctx, plan->product_code, &out->product_code, err) &&
           (out->tags =
                srv_admin_copy_tags(ctx, &tollgate__admin__usage_plan__tags_entry__descriptor,
                                    plan->tags, plan->n_tags, err)) != NULL;
}

/* ---- Warning ---- */

static bool is_served(const struct srv_admin *admin, const char *stage)
{
    for (size_t i = 0; i < admin->stage_count; i++) {
        if (strcmp(admin->stages[i], stage) == 0) {
            return true;
        }
    }
    return false;
}

static bool warn(struct rpc_context *ctx, Tollgate__Admin__UsagePlan *out, const char *before,
                 const char *stage, const char *after, struct base_err *err)
{
    char text[WARNING_SIZE];
    snprintf(text, sizeof text, "%s%s%s", before, stage, after);
    char *warning = rpc_context_strdup(ctx, base_str_of(text), err);
    if (warning == NULL) {
        return false;
    }
    out->warnings[out->n_warnings++] = warning;
    return true;
}

/* Shows a plan that has just been made or changed. */
static bool show_changed(const struct srv_admin *admin, struct rpc_context *ctx,
                         const Tollgate__UsagePlan *plan, Tollgate__Admin__UsagePlan *out,
                         struct base_err *err)
{
    size_t stages = plan->n_api_stages;
    out->warnings = rpc_context_alloc(ctx, (stages + 1) * sizeof *out->warnings, err);
    if (out->warnings == NULL) {
        return false;
    }
    if (stages == 0 && admin->stage_count > 0 &&
        !warn(ctx, out, "the plan is for no stage, so its keys open nothing; stage ",
              admin->stages[0], " is one served here", err)) {
        return false;
    }
    for (size_t i = 0; i < stages; i++) {
        const char *stage = plan->api_stages[i]->stage;
        if (!is_served(admin, stage) &&
            !warn(ctx, out, "stage ", stage,
                  " is not served here, so the plan holds for it at other gateways alone", err)) {
            return false;
        }
    }
    return show(ctx, plan, out, err);
}

/* ---- Creating ---- */

bool srv_admin_create_usage_plan(void *self, struct rpc_context *ctx,
                                 const Tollgate__Admin__CreateUsagePlanRequest *request,
                                 Tollgate__Admin__UsagePlan *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    Tollgate__UsagePlan plan = TOLLGATE__USAGE_PLAN__INIT;
    plan.name = request->name;
    plan.description = request->description;
    plan.api_stages = request->api_stages;
    plan.n_api_stages = request->n_api_stages;
    plan.throttle = request->throttle;
    plan.quota = request->quota;
    plan.n_tags = request->n_tags;
    plan.tags = srv_admin_read_tags(ctx, &tollgate__usage_plan__tags_entry__descriptor,
                                    request->tags, request->n_tags, err);
    srv_usage_plan_complete(&plan);
    return plan.tags != NULL && srv_usage_plan_check(&plan, err) &&
           srv_access_add_plan(admin->access, ctx, &plan, err) &&
           show_changed(admin, ctx, &plan, response, err);
}

/* ---- Reading ---- */

bool srv_admin_get_usage_plan(void *self, struct rpc_context *ctx,
                              const Tollgate__Admin__GetUsagePlanRequest *request,
                              Tollgate__Admin__UsagePlan *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    Tollgate__UsagePlan *plan;
    return srv_access_get_plan(admin->access, ctx, request->usage_plan_id, &plan, err) &&
           show(ctx, plan, response, err);
}

/* A scan for the plans of one key. */
struct plan_scan {
    struct srv_scan scan;
    const Tollgate__ApiKey *key;
};

static bool wants_plan(const struct srv_scan *self, const ProtobufCMessage *message)
{
    const struct plan_scan *wanted = (const struct plan_scan *)self;
    return srv_access_key_has_plan(wanted->key, ((const Tollgate__UsagePlan *)message)->id);
}

static bool show_page(struct rpc_context *ctx, const struct srv_page *page,
                      Tollgate__Admin__UsagePlans *response, struct base_err *err)
{
    response->item = rpc_context_alloc(ctx, page->count * sizeof *response->item, err);
    Tollgate__Admin__UsagePlan *room = rpc_context_alloc(ctx, page->count * sizeof *room, err);
    if (response->item == NULL || room == NULL) {
        return false;
    }
    for (size_t i = 0; i < page->count; i++) {
        tollgate__admin__usage_plan__init(&room[i]);
        response->item[i] = &room[i];
        if (!show(ctx, (const Tollgate__UsagePlan *)page->documents[i].message, &room[i], err)) {
            return false;
        }
    }
    response->n_item = page->count;
    return srv_admin_position(ctx, page, &response->position, err);
}

bool srv_admin_get_usage_plans(void *self, struct rpc_context *ctx,
                               const Tollgate__Admin__GetUsagePlansRequest *request,
                               Tollgate__Admin__UsagePlans *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    struct plan_scan wanted = {.scan = {.collection = &srv_access_plans}};
    Tollgate__ApiKey *key;
    if (request->key_id[0] != '\0') {
        if (!srv_access_get_key(admin->access, ctx, request->key_id, &key, err)) {
            return false;
        }
        wanted.key = key;
        wanted.scan.wants = wants_plan;
    }
    struct srv_key after;
    struct srv_page page;
    return srv_admin_read_list(ctx, request->limit, request->position, &wanted.scan, &after, err) &&
           srv_scan_run(&wanted.scan, admin->access->store, ctx, &page, err) &&
           show_page(ctx, &page, response, err);
}

/* ---- Changing ---- */

struct plan_patch {
    struct srv_mutation mutation;
    struct srv_patch patch;
};

static bool apply_patch(const struct srv_mutation *self, struct rpc_context *ctx,
                        ProtobufCMessage *message, struct base_err *err)
{
    const struct plan_patch *change = (const struct plan_patch *)self;
    return srv_patch_plan(&change->patch, ctx, (Tollgate__UsagePlan *)message, err);
}

/* Gives the stages that the patch adds, as far as they can be read: the patch itself tells what is
 * wrong with others. */
static bool read_added_stages(struct rpc_context *ctx, const struct srv_patch *patch,
                              char ***out_stages, size_t *out_count, struct base_err *err)
{
    char **stages = rpc_context_alloc(ctx, patch->count * sizeof *stages, err);
    size_t count = 0;
    for (size_t i = 0; stages != NULL && i < patch->count; i++) {
        const Tollgate__Admin__PatchOperation *operation = patch->operations[i];
        char *colon = strchr(operation->value, ':');
        if (colon != NULL && strcmp(operation->op, "add") == 0 &&
            strcmp(operation->path, "/apiStages") == 0) {
            stages[count++] = colon + 1;
        }
    }
    *out_stages = stages;
    *out_count = count;
    return stages != NULL;
}

bool srv_admin_update_usage_plan(void *self, struct rpc_context *ctx,
                                 const Tollgate__Admin__UpdateUsagePlanRequest *request,
                                 Tollgate__Admin__UsagePlan *response, struct base_err *err)
{
    struct srv_admin *admin = self;
    const struct plan_patch change = {
        .mutation = {apply_patch},
        .patch = {request->patch_operations, request->n_patch_operations},
    };
    Tollgate__UsagePlan *plan;
    char **stages;
    size_t count;
    if (!srv_patch_check(&change.patch, err) ||
        !read_added_stages(ctx, &change.patch, &stages, &count, err)) {
        return false;
    }
    bool ok = count > 0 ? srv_membership_extend(admin->access, ctx, request->usage_plan_id, stages,
                                                count, &change.mutation, &plan, err)
                        : srv_access_update_plan(admin->access, ctx, request->usage_plan_id,
                                                 &change.mutation, &plan, err);
    return ok && show_changed(admin, ctx, plan, response, err);
}

bool srv_admin_delete_usage_plan(void *self, struct rpc_context *ctx,
                                 const Tollgate__Admin__DeleteUsagePlanRequest *request,
                                 Google__Protobuf__Empty *response, struct base_err *err)
{
    (void)response;
    struct srv_admin *admin = self;
    if (!srv_access_remove_plan(admin->access, ctx, request->usage_plan_id, err)) {
        return false;
    }
    srv_admin_forget_quota(admin, ctx, request->usage_plan_id, "");
    return true;
}
