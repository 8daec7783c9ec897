/* A plan and its stages. Of the plans that its keys are in, each is looked at once: which of them
 * clash stays true for the rest of the change, since who adds a stage to one of them later has to
 * look at this plan in turn. */
#include "server/intent.h"
#include "server/membership.h"
#include "server/usage_plan.h"

struct extension {
    struct srv_access *access;
    const char *plan_id;
    const struct srv_mutation *mutation;
    struct srv_intent intent; /* its names are the stages */
};

/* ---- Looking at other plans ---- */

struct other {
    struct other *next;
    const char *id;
    bool clashes;
};

/* The plans looked at so far, on the memory of the call. */
struct others {
    struct other *first;
};

static bool holds_for_any(const Tollgate__UsagePlan *plan, const Tollgate__Intent *stages)
{
    for (size_t i = 0; i < stages->n_names; i++) {
        if (srv_usage_plan_holds_for(plan, stages->names[i])) {
            return true;
        }
    }
    return false;
}

static bool shall_hold_for_any(const Tollgate__UsagePlan *plan, const Tollgate__Intent *stages)
{
    for (size_t i = 0; i < stages->n_names; i++) {
        if (srv_intent_adds(plan->adding, stages->names[i])) {
            return true;
        }
    }
    return false;
}

/* Tells whether the plan of this id holds for one of the stages; what others intend to that end is
 * struck out. A plan that is gone holds for none. */
static bool look_at_plan(const struct extension *extension, struct rpc_context *ctx, const char *id,
                         bool *out_clashes, struct base_err *err)
{
    const Tollgate__Intent *stages = &extension->intent.message;
    Tollgate__UsagePlan *plan;
    *out_clashes = false;
    if (!srv_access_get_plan(extension->access, ctx, id, &plan, err)) {
        return err->code == BASE_NOT_FOUND;
    }
    *out_clashes = holds_for_any(plan, stages);
    return *out_clashes || !shall_hold_for_any(plan, stages) ||
           srv_intent_strike_plan(extension->access, ctx, id, plan->adding->token, err);
}

/* The same, looking but once. */
static bool clashes(const struct extension *extension, struct rpc_context *ctx,
                    struct others *others, const char *id, bool *out_clashes, struct base_err *err)
{
    struct other *other = others->first;
    while (other != NULL && strcmp(other->id, id) != 0) {
        other = other->next;
    }
    if (other == NULL) {
        other = rpc_context_alloc(ctx, sizeof *other, err);
        char *copy = other == NULL ? NULL : rpc_context_strdup(ctx, base_str_of(id), err);
        if (copy == NULL || !look_at_plan(extension, ctx, id, &other->clashes, err)) {
            return false;
        }
        *other = (struct other){others->first, copy, other->clashes};
        others->first = other;
    }
    *out_clashes = other->clashes;
    return true;
}

/* ---- Looking at keys ---- */

/* A scan for the keys that are in the plan, or shall be, and in others. */
struct shared_scan {
    struct srv_scan scan;
    const char *plan_id;
};

static bool is_shared(const struct srv_scan *self, const ProtobufCMessage *message)
{
    const char *plan_id = ((const struct shared_scan *)self)->plan_id;
    const Tollgate__ApiKey *key = (const Tollgate__ApiKey *)message;
    size_t joining = key->joining == NULL ? 0 : key->joining->n_names;
    return key->n_usage_plan_ids + joining > 1 &&
           (srv_access_key_has_plan(key, plan_id) || srv_intent_adds(key->joining, plan_id));
}

/* Fails where one of the plans that the key is in clashes. */
static bool check_plans(const struct extension *extension, struct rpc_context *ctx,
                        struct others *others, const Tollgate__ApiKey *key, struct base_err *err)
{
    for (size_t i = 0; i < key->n_usage_plan_ids; i++) {
        const char *id = key->usage_plan_ids[i];
        bool clash = false;
        if (strcmp(id, extension->plan_id) != 0 &&
            !clashes(extension, ctx, others, id, &clash, err)) {
            return false;
        }
        if (clash) {
            return base_err_set(err, BASE_ALREADY_EXISTS,
                                "API key %s is in usage plan %s, too, which holds for the stage",
                                key->id, id);
        }
    }
    return true;
}

/* Strikes out that the key joins plans, where one of them is this or holds for the stages: who
 * meant it begins again and looks at what has become of this one. */
static bool check_joining(const struct extension *extension, struct rpc_context *ctx,
                          struct others *others, const Tollgate__ApiKey *key, struct base_err *err)
{
    const Tollgate__Intent *joining = key->joining;
    if (joining == NULL) {
        return true;
    }
    bool clash = srv_intent_adds(joining, extension->plan_id);
    for (size_t i = 0; !clash && i < joining->n_names; i++) {
        if (!clashes(extension, ctx, others, joining->names[i], &clash, err)) {
            return false;
        }
    }
    return !clash || srv_intent_strike_key(extension->access, ctx, key->id, joining->token, err);
}

static bool check_key(const struct extension *extension, struct rpc_context *ctx,
                      struct others *others, const Tollgate__ApiKey *key, struct base_err *err)
{
    bool is_in = srv_access_key_has_plan(key, extension->plan_id);
    return (!is_in || check_plans(extension, ctx, others, key, err)) &&
           check_joining(extension, ctx, others, key, err);
}

/* Checks a page of keys, which are forgotten then; the next one begins after `out_last`. */
static bool check_page(const struct extension *extension, struct rpc_context *ctx,
                       struct others *others, struct shared_scan *shared, struct base_str *out_last,
                       bool *out_has_more, struct base_err *err)
{
    struct rpc_context scratch;
    struct srv_page page;
    rpc_context_init(&scratch);
    scratch.deadline_ns = ctx->deadline_ns;
    bool ok = srv_scan_run(&shared->scan, extension->access->store, &scratch, &page, err);
    for (size_t i = 0; ok && i < page.count; i++) {
        ok = check_key(extension, ctx, others, (Tollgate__ApiKey *)page.documents[i].message, err);
    }
    if (ok) {
        *out_has_more = page.has_more && page.count > 0;
    }
    if (ok && *out_has_more) {
        struct base_str last = page.documents[page.count - 1].key.text;
        *out_last = (struct base_str){rpc_context_strdup(ctx, last, err), last.len};
        ok = out_last->data != NULL;
    }
    rpc_context_dispose(&scratch);
    return ok;
}

static bool check_keys(const struct extension *extension, struct rpc_context *ctx,
                       struct base_err *err)
{
    struct others others = {0};
    struct srv_key after = {.kind = SRV_KEY_TEXT};
    struct shared_scan shared = {
        .scan = {.collection = &srv_access_keys, .limit = SRV_STORE_LIST_MAX, .wants = is_shared},
        .plan_id = extension->plan_id,
    };
    bool has_more = true;
    while (has_more) {
        if (!check_page(extension, ctx, &others, &shared, &after.text, &has_more, err)) {
            return false;
        }
        shared.scan.after = &after;
    }
    return true;
}

/* ---- Writing ---- */

/* Notes the intent, or makes the change that it stands for. */
struct change {
    struct srv_mutation mutation;
    const struct extension *extension;
};

static bool apply_note(const struct srv_mutation *self, struct rpc_context *ctx,
                       ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    (void)err;
    const struct extension *extension = ((const struct change *)self)->extension;
    ((Tollgate__UsagePlan *)message)->adding =
        (Tollgate__Intent *)(uintptr_t)&extension->intent.message;
    return true;
}

static bool apply_change(const struct srv_mutation *self, struct rpc_context *ctx,
                         ProtobufCMessage *message, struct base_err *err)
{
    const struct extension *extension = ((const struct change *)self)->extension;
    Tollgate__UsagePlan *plan = (Tollgate__UsagePlan *)message;
    if (!srv_intent_is(plan->adding, extension->intent.message.token)) {
        return srv_intent_lost(err);
    }
    plan->adding = NULL;
    return extension->mutation->apply(extension->mutation, ctx, message, err);
}

/* ---- Extending ---- */

/* Makes the change for nobody to see, so that what is wrong with it is told first. */
static bool rehearse(struct extension *extension, struct rpc_context *ctx, struct base_err *err)
{
    Tollgate__UsagePlan *plan;
    return srv_access_get_plan(extension->access, ctx, extension->plan_id, &plan, err) &&
           extension->mutation->apply(extension->mutation, ctx, &plan->base, err) &&
           (!srv_intent_yields(&extension->intent, plan->adding) || srv_intent_lost(err));
}

static bool try_extend(struct extension *extension, struct rpc_context *ctx,
                       Tollgate__UsagePlan **out_plan, struct base_err *err)
{
    const struct change note = {{apply_note}, extension};
    const struct change change = {{apply_change}, extension};
    ProtobufCMessage *noted;
    if (!rehearse(extension, ctx, err)) {
        return false;
    }
    if (!srv_store_update(extension->access->store, ctx, &srv_access_plans,
                          srv_key_text(base_str_of(extension->plan_id)), &note.mutation, &noted,
                          err)) {
        return err->code == BASE_NOT_FOUND && srv_intent_lost(err);
    }
    if (check_keys(extension, ctx, err) &&
        srv_access_update_plan(extension->access, ctx, extension->plan_id, &change.mutation,
                               out_plan, err)) {
        return true;
    }
    struct base_err ignored; /* one that stays behind does no harm */
    bool done = srv_intent_strike_plan(extension->access, ctx, extension->plan_id,
                                       extension->intent.message.token, &ignored);
    (void)done;
    return false;
}

bool srv_membership_extend(struct srv_access *access, struct rpc_context *ctx, const char *plan_id,
                           char *const *stages, size_t stage_count,
                           const struct srv_mutation *mutation, Tollgate__UsagePlan **out_plan,
                           struct base_err *err)
{
    struct extension extension = {.access = access, .plan_id = plan_id, .mutation = mutation};
    srv_intent_init(&extension.intent, access->random, stages, stage_count);
    bool ok;
    do {
        ok = try_extend(&extension, ctx, out_plan, err);
    } while (!ok && srv_intent_again(&extension.intent, ctx, err));
    return ok;
}
