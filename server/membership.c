/* A key and its plans. */
#include "server/membership.h"

#include "server/intent.h"
#include "server/usage_plan.h"

/* A key that shall be in more plans. */
struct join {
    struct srv_access *access;
    const char *key_id;
    char *const *plan_ids;
    size_t count;
    struct srv_intent intent;
};

/* The plans of a key: those it is in, as far as they exist, and behind them those it shall join. */
struct view {
    Tollgate__UsagePlan *plans[2 * SRV_ACCESS_PLANS_PER_KEY_MAX];
    size_t kept;
    size_t count;
};

/* ---- Looking ---- */

static bool look_at(const struct join *join, struct rpc_context *ctx, const Tollgate__ApiKey *key,
                    struct view *out, struct base_err *err)
{
    *out = (struct view){0};
    for (size_t i = 0; i < key->n_usage_plan_ids && i < SRV_ACCESS_PLANS_PER_KEY_MAX; i++) {
        if (srv_access_get_plan(join->access, ctx, key->usage_plan_ids[i], &out->plans[out->count],
                                err)) {
            out->count++;
        } else if (err->code != BASE_NOT_FOUND) {
            return false;
        }
    }
    out->kept = out->count;
    if (out->kept + join->count > SRV_ACCESS_PLANS_PER_KEY_MAX) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED,
                            "an API key may be in %d usage plans, and this one is",
                            SRV_ACCESS_PLANS_PER_KEY_MAX);
    }
    for (size_t i = 0; i < join->count; i++) {
        if (!srv_access_get_plan(join->access, ctx, join->plan_ids[i], &out->plans[out->count++],
                                 err)) {
            return false;
        }
    }
    return true;
}

/* Whether `plan` would hold for a stage of `other`, or for one that is being added to that. */
static bool intends_clash(const Tollgate__UsagePlan *plan, const Tollgate__UsagePlan *other)
{
    const Tollgate__Intent *adding = plan->adding;
    for (size_t i = 0; adding != NULL && i < adding->n_names; i++) {
        if (srv_usage_plan_holds_for(other, adding->names[i]) ||
            srv_intent_adds(other->adding, adding->names[i])) {
            return true;
        }
    }
    return false;
}

/* Strikes out what others intend where it would clash. */
static bool strike_clash(const struct join *join, struct rpc_context *ctx,
                         const Tollgate__UsagePlan *plan, const Tollgate__UsagePlan *other,
                         struct base_err *err)
{
    return (!intends_clash(plan, other) ||
            srv_intent_strike_plan(join->access, ctx, plan->id, plan->adding->token, err)) &&
           (!intends_clash(other, plan) ||
            srv_intent_strike_plan(join->access, ctx, other->id, other->adding->token, err));
}

/* Sees to it that each plan to join is apart from all others; and, where the key's own intent has
 * been noted, that it stays so. */
static bool check(const struct join *join, struct rpc_context *ctx, const struct view *view,
                  bool is_noted, struct base_err *err)
{
    for (size_t i = view->kept; i < view->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!srv_usage_plan_check_apart(view->plans[i], view->plans[j], err) ||
                (is_noted && !strike_clash(join, ctx, view->plans[i], view->plans[j], err))) {
                return false;
            }
        }
    }
    return true;
}

/* ---- Writing ---- */

/* Notes the intent. */
struct note {
    struct srv_mutation mutation;
    const struct join *join;
};

static bool apply_note(const struct srv_mutation *self, struct rpc_context *ctx,
                       ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    (void)err;
    const struct join *join = ((const struct note *)self)->join;
    ((Tollgate__ApiKey *)message)->joining = (Tollgate__Intent *)(uintptr_t)&join->intent.message;
    return true;
}

static bool write_note(const struct join *join, struct rpc_context *ctx, struct base_err *err)
{
    const struct note note = {{apply_note}, join};
    ProtobufCMessage *message;
    return srv_store_update(join->access->store, ctx, &srv_access_keys,
                            srv_key_text(base_str_of(join->key_id)), &note.mutation, &message,
                            err) ||
           (err->code == BASE_NOT_FOUND && srv_intent_lost(err));
}

/* Puts the key into the plans; takes it out of those that are gone. */
struct entry {
    struct srv_mutation mutation;
    const struct join *join;
    const struct view *view;
    bool is_noted;
    char *const *read_ids; /* without an intent: the key's plans when they were looked at */
    size_t read_count;
};

static bool has_read_ids(const struct entry *entry, const Tollgate__ApiKey *key)
{
    bool is_same = key->n_usage_plan_ids == entry->read_count;
    for (size_t i = 0; is_same && i < entry->read_count; i++) {
        is_same = strcmp(key->usage_plan_ids[i], entry->read_ids[i]) == 0;
    }
    return is_same;
}

/* Somebody may have taken the key out of a plan since; that it is put into one
 * strikes the intent. */
static bool apply_entry(const struct srv_mutation *self, struct rpc_context *ctx,
                        ProtobufCMessage *message, struct base_err *err)
{
    const struct entry *entry = (const struct entry *)self;
    const struct view *view = entry->view;
    Tollgate__ApiKey *key = (Tollgate__ApiKey *)message;
    bool stands = entry->is_noted ? srv_intent_is(key->joining, entry->join->intent.message.token)
                                  : has_read_ids(entry, key);
    if (!stands) {
        return srv_intent_lost(err);
    }
    char **ids = rpc_context_alloc(ctx, view->count * sizeof *ids, err);
    if (ids == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < view->count; i++) {
        if (i >= view->kept || srv_access_key_has_plan(key, view->plans[i]->id)) {
            ids[count++] = view->plans[i]->id;
        }
    }
    key->usage_plan_ids = ids;
    key->n_usage_plan_ids = count;
    key->joining = NULL;
    return true;
}

/* ---- Joining ---- */

/* Looks once more, now that all can see the intent, and makes the change. */
static bool follow_note(const struct join *join, struct rpc_context *ctx,
                        Tollgate__ApiKey **out_key, struct base_err *err)
{
    Tollgate__ApiKey *key;
    struct view view;
    struct entry entry = {.mutation = {apply_entry}, .join = join, .view = &view, .is_noted = true};
    return srv_access_get_key(join->access, ctx, join->key_id, &key, err) &&
           look_at(join, ctx, key, &view, err) && check(join, ctx, &view, true, err) &&
           srv_access_update_key(join->access, ctx, join->key_id, &entry.mutation, out_key, err);
}

/* Takes back an intent that has come to nothing, as far as that can be done: one that stays behind
 * does no harm. */
static void take_back(const struct join *join, struct rpc_context *ctx)
{
    struct base_err ignored;
    bool done = srv_intent_strike_key(join->access, ctx, join->key_id, join->intent.message.token,
                                      &ignored);
    (void)done;
}

static bool join_noted(const struct join *join, struct rpc_context *ctx, Tollgate__ApiKey **out_key,
                       struct base_err *err)
{
    if (!write_note(join, ctx, err)) {
        return false;
    }
    bool ok = follow_note(join, ctx, out_key, err);
    if (!ok) {
        take_back(join, ctx);
    }
    return ok;
}

static bool has_any(const Tollgate__ApiKey *key, const struct join *join, struct base_err *err)
{
    for (size_t i = 0; i < join->count; i++) {
        if (srv_access_key_has_plan(key, join->plan_ids[i])) {
            base_err_set(err, BASE_ALREADY_EXISTS, "API key %s is in usage plan %s already",
                         key->id, join->plan_ids[i]);
            return true;
        }
    }
    return false;
}

static bool try_join(struct join *join, struct rpc_context *ctx, Tollgate__ApiKey **out_key,
                     struct base_err *err)
{
    Tollgate__ApiKey *key;
    struct view view;
    if (!srv_access_get_key(join->access, ctx, join->key_id, &key, err) ||
        has_any(key, join, err) || !look_at(join, ctx, key, &view, err) ||
        !check(join, ctx, &view, false, err)) {
        return false;
    }
    if (srv_intent_yields(&join->intent, key->joining)) {
        return srv_intent_lost(err);
    }
    if (view.count > 1) {
        return join_noted(join, ctx, out_key, err);
    }
    const struct entry entry = {
        .mutation = {apply_entry},
        .join = join,
        .view = &view,
        .read_ids = key->usage_plan_ids,
        .read_count = key->n_usage_plan_ids,
    };
    return srv_access_update_key(join->access, ctx, join->key_id, &entry.mutation, out_key, err);
}

static bool run_join(struct join *join, struct rpc_context *ctx, Tollgate__ApiKey **out_key,
                     struct base_err *err)
{
    srv_intent_init(&join->intent, join->access->random, join->plan_ids, join->count);
    bool ok;
    do {
        ok = try_join(join, ctx, out_key, err);
    } while (!ok && srv_intent_again(&join->intent, ctx, err));
    return ok;
}

bool srv_membership_join(struct srv_access *access, struct rpc_context *ctx, const char *key_id,
                         const char *plan_id, Tollgate__ApiKey **out_key, struct base_err *err)
{
    char *plan_ids[] = {(char *)(uintptr_t)plan_id};
    struct join join = {.access = access, .key_id = key_id, .plan_ids = plan_ids, .count = 1};
    Tollgate__UsagePlan *plan; /* without which the key is not to blame */
    return srv_access_get_plan(access, ctx, plan_id, &plan, err) &&
           run_join(&join, ctx, out_key, err);
}

bool srv_membership_add_key(struct srv_access *access, struct rpc_context *ctx,
                            struct base_str value, Tollgate__ApiKey *key, struct base_err *err)
{
    if (key->n_usage_plan_ids < 2) {
        return srv_access_add_key(access, ctx, value, key, err);
    }
    struct join join = {.access = access, .plan_ids = key->usage_plan_ids};
    join.count = key->n_usage_plan_ids;
    key->n_usage_plan_ids = 0;
    if (!srv_access_add_key(access, ctx, value, key, err)) {
        return false;
    }
    join.key_id = key->id;
    Tollgate__ApiKey *joined;
    if (run_join(&join, ctx, &joined, err)) {
        return true;
    }
    struct base_err ignored;
    bool done = srv_access_remove_key(access, ctx, key->id, &ignored);
    (void)done;
    return false;
}
