/* The paths of a plan. Arrays are grown by copying them into the call's arena, since what they are
 * in came out of a store or of the call's own request. */
#include "server/patch.h"

#include "base/decimal.h"
#include "server/usage_plan.h"
#include "server/validation.h"

static bool is_op(const Tollgate__Admin__PatchOperation *operation, const char *op)
{
    return strcmp(operation->op, op) == 0;
}

/* What follows `prefix` in `text`, or NULL. */
static const char *behind(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* ---- Throttle and quota ---- */

static bool read_rate(const Tollgate__Admin__PatchOperation *operation, double *out_rate,
                      struct base_err *err)
{
    if (!base_decimal_read(base_str_of(operation->value), out_rate)) {
        struct base_str quote = srv_validation_quote(operation->value);
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "%s: expected a number of at least 0, found \"%.*s\"", operation->path,
                            BASE_STR_ARGS(quote));
    }
    return true;
}

/* Gives the throttle that `slot` holds, or a new one that it holds then. */
static Tollgate__Throttle *need_throttle(struct rpc_context *ctx, Tollgate__Throttle **slot,
                                         struct base_err *err)
{
    if (*slot == NULL) {
        Tollgate__Throttle *made = rpc_context_alloc(ctx, sizeof *made, err);
        if (made == NULL) {
            return NULL;
        }
        tollgate__throttle__init(made);
        *slot = made;
    }
    return *slot;
}

/* Sets "rateLimit" or "burstLimit". */
static bool set_throttle(const Tollgate__Admin__PatchOperation *operation, const char *member,
                         struct rpc_context *ctx, Tollgate__Throttle **slot, struct base_err *err)
{
    bool is_rate = strcmp(member, "rateLimit") == 0;
    if (!is_rate && strcmp(member, "burstLimit") != 0) {
        return srv_patch_refuse(operation, err);
    }
    Tollgate__Throttle *throttle = need_throttle(ctx, slot, err);
    if (throttle == NULL || !srv_patch_sets(operation, err)) {
        return false;
    }
    return is_rate ? read_rate(operation, &throttle->rate_limit, err)
                   : srv_patch_whole(operation, 0, &throttle->burst_limit, err);
}

static bool read_period(const Tollgate__Admin__PatchOperation *operation,
                        Tollgate__Quota__Period *out_period, struct base_err *err)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(
        &tollgate__quota__period__descriptor, operation->value);
    if (value == NULL || value->value == TOLLGATE__QUOTA__PERIOD__PERIOD_UNSPECIFIED) {
        struct base_str quote = srv_validation_quote(operation->value);
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "%s: expected MINUTE, HOUR, DAY, WEEK or MONTH, found \"%.*s\"",
                            operation->path, BASE_STR_ARGS(quote));
    }
    *out_period = (Tollgate__Quota__Period)value->value;
    return true;
}

static bool set_quota(const Tollgate__Admin__PatchOperation *operation, const char *member,
                      struct rpc_context *ctx, Tollgate__UsagePlan *plan, struct base_err *err)
{
    if (!srv_patch_sets(operation, err)) {
        return false;
    }
    if (plan->quota == NULL) {
        plan->quota = rpc_context_alloc(ctx, sizeof *plan->quota, err);
        if (plan->quota == NULL) {
            return false;
        }
        tollgate__quota__init(plan->quota);
    }
    if (strcmp(member, "limit") == 0) {
        return srv_patch_whole(operation, 1, &plan->quota->limit, err);
    }
    if (strcmp(member, "offset") == 0) {
        return srv_patch_whole(operation, 0, &plan->quota->offset, err);
    }
    return strcmp(member, "period") == 0 ? read_period(operation, &plan->quota->period, err)
                                         : srv_patch_refuse(operation, err);
}

/* ---- Stages ---- */

/* Splits "API:STAGE", which is `len` bytes at `text`. */
static bool split_stage(const Tollgate__Admin__PatchOperation *operation, const char *text,
                        size_t len, struct rpc_context *ctx, char **out_api_id, char **out_stage,
                        struct base_err *err)
{
    const char *colon = memchr(text, ':', len);
    if (colon == NULL) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "%s: expected \"apiId:stage\"",
                            operation->path);
    }
    size_t api_len = (size_t)(colon - text);
    *out_api_id = rpc_context_strdup(ctx, base_str_make(text, api_len), err);
    *out_stage = rpc_context_strdup(ctx, base_str_make(colon + 1, len - api_len - 1), err);
    return *out_api_id != NULL && *out_stage != NULL;
}

static bool no_stage(const char *api_id, const char *stage, struct base_err *err)
{
    struct base_str api_quote = srv_validation_quote(api_id);
    struct base_str stage_quote = srv_validation_quote(stage);
    return base_err_set(err, BASE_NOT_FOUND, "the usage plan does not hold for stage %.*s:%.*s",
                        BASE_STR_ARGS(api_quote), BASE_STR_ARGS(stage_quote));
}

static bool add_stage(struct rpc_context *ctx, char *api_id, char *stage, Tollgate__UsagePlan *plan,
                      struct base_err *err)
{
    if (srv_usage_plan_stage(plan, api_id, stage) != NULL) {
        return base_err_set(err, BASE_ALREADY_EXISTS, "the usage plan holds for %s:%s already",
                            api_id, stage);
    }
    size_t count = plan->n_api_stages;
    Tollgate__ApiStage **stages = rpc_context_alloc(ctx, (count + 1) * sizeof *stages, err);
    Tollgate__ApiStage *added = rpc_context_alloc(ctx, sizeof *added, err);
    if (stages == NULL || added == NULL) {
        return false;
    }
    tollgate__api_stage__init(added);
    added->api_id = api_id;
    added->stage = stage;
    for (size_t i = 0; i < count; i++) {
        stages[i] = plan->api_stages[i];
    }
    stages[count] = added;
    plan->api_stages = stages;
    plan->n_api_stages = count + 1;
    return true;
}

static bool remove_stage(const char *api_id, const char *stage, Tollgate__UsagePlan *plan,
                         struct base_err *err)
{
    const Tollgate__ApiStage *found = srv_usage_plan_stage(plan, api_id, stage);
    if (found == NULL) {
        return no_stage(api_id, stage, err);
    }
    size_t kept = 0;
    for (size_t i = 0; i < plan->n_api_stages; i++) {
        if (plan->api_stages[i] != found) {
            plan->api_stages[kept++] = plan->api_stages[i];
        }
    }
    plan->n_api_stages = kept;
    return true;
}

/* "/apiStages" with the stage for a value. */
static bool change_stages(const Tollgate__Admin__PatchOperation *operation, struct rpc_context *ctx,
                          Tollgate__UsagePlan *plan, struct base_err *err)
{
    char *api_id;
    char *stage;
    if (!split_stage(operation, operation->value, strlen(operation->value), ctx, &api_id, &stage,
                     err)) {
        return false;
    }
    if (is_op(operation, "add")) {
        return add_stage(ctx, api_id, stage, plan, err);
    }
    return is_op(operation, "remove") ? remove_stage(api_id, stage, plan, err)
                                      : srv_patch_refuse(operation, err);
}

/* ---- Limits of methods ---- */

/* Gives the method that `len` bytes at `text` name: "/notes/GET", "notes/GET" and, with the escapes
 * of a JSON pointer (RFC 6901 section 3), "~1notes/GET" are one. */
static char *method_key(const char *text, size_t len, struct rpc_context *ctx, struct base_err *err)
{
    char *key = rpc_context_alloc(ctx, len + 2, err);
    if (key == NULL) {
        return NULL;
    }
    char *out = key;
    *out++ = '/';
    for (size_t i = 0; i < len; i++) {
        bool is_escape =
            text[i] == '~' && i + 1 < len && (text[i + 1] == '0' || text[i + 1] == '1');
        *out++ = !is_escape ? text[i] : text[i + 1] == '1' ? '/' : '~';
        i += is_escape;
    }
    *out = '\0';
    return key[1] == '/' ? key + 1 : key;
}

static Tollgate__ApiStage__ThrottleEntry *find_method(const Tollgate__ApiStage *stage,
                                                      const char *key)
{
    for (size_t i = 0; i < stage->n_throttle; i++) {
        if (strcmp(stage->throttle[i]->key, key) == 0) {
            return stage->throttle[i];
        }
    }
    return NULL;
}

/* Gives the method limits, to begin with those of the whole plan: a patch may well set the rate
 * alone, and a burst of 0 would refuse everything. */
static Tollgate__ApiStage__ThrottleEntry *add_method(struct rpc_context *ctx,
                                                     const Tollgate__UsagePlan *plan,
                                                     Tollgate__ApiStage *stage, char *key,
                                                     struct base_err *err)
{
    size_t count = stage->n_throttle;
    Tollgate__ApiStage__ThrottleEntry **entries =
        rpc_context_alloc(ctx, (count + 1) * sizeof *entries, err);
    Tollgate__ApiStage__ThrottleEntry *added = rpc_context_alloc(ctx, sizeof *added, err);
    if (entries == NULL || added == NULL) {
        return NULL;
    }
    tollgate__api_stage__throttle_entry__init(added);
    added->key = key;
    if (plan->throttle != NULL) {
        if (need_throttle(ctx, &added->value, err) == NULL) {
            return NULL;
        }
        *added->value = *plan->throttle;
    }
    for (size_t i = 0; i < count; i++) {
        entries[i] = stage->throttle[i];
    }
    entries[count] = added;
    stage->throttle = entries;
    stage->n_throttle = count + 1;
    return added;
}

static bool remove_method(const Tollgate__Admin__PatchOperation *operation,
                          Tollgate__ApiStage *stage, const char *key, struct base_err *err)
{
    const Tollgate__ApiStage__ThrottleEntry *found = find_method(stage, key);
    if (found == NULL) {
        return base_err_set(err, BASE_NOT_FOUND, "%s: the method has no limits", operation->path);
    }
    size_t kept = 0;
    for (size_t i = 0; i < stage->n_throttle; i++) {
        if (stage->throttle[i] != found) {
            stage->throttle[kept++] = stage->throttle[i];
        }
    }
    stage->n_throttle = kept;
    return true;
}

/* `method` is "PATH/METHOD/rateLimit" or, to remove, "PATH/METHOD". */
static bool change_method(const Tollgate__Admin__PatchOperation *operation, const char *method,
                          struct rpc_context *ctx, const Tollgate__UsagePlan *plan,
                          Tollgate__ApiStage *stage, struct base_err *err)
{
    bool removes = is_op(operation, "remove");
    const char *last = strrchr(method, '/');
    if (last == NULL) {
        return srv_patch_refuse(operation, err);
    }
    size_t len = removes ? strlen(method) : (size_t)(last - method);
    char *key = method_key(method, len, ctx, err);
    if (key == NULL || removes) {
        return key != NULL && remove_method(operation, stage, key, err);
    }
    Tollgate__ApiStage__ThrottleEntry *entry = find_method(stage, key);
    if (entry == NULL) {
        entry = add_method(ctx, plan, stage, key, err);
    }
    return entry != NULL && set_throttle(operation, last + 1, ctx, &entry->value, err);
}

/* `path` is "API:STAGE/throttle..." */
static bool change_stage(const Tollgate__Admin__PatchOperation *operation, const char *path,
                         struct rpc_context *ctx, Tollgate__UsagePlan *plan, struct base_err *err)
{
    size_t len = strcspn(path, "/");
    char *api_id;
    char *stage_name;
    if (!split_stage(operation, path, len, ctx, &api_id, &stage_name, err)) {
        return false;
    }
    Tollgate__ApiStage *stage = srv_usage_plan_stage(plan, api_id, stage_name);
    if (stage == NULL) {
        return no_stage(api_id, stage_name, err);
    }
    if (strcmp(path + len, "/throttle") == 0 && is_op(operation, "remove")) {
        stage->n_throttle = 0;
        return true;
    }
    const char *method = behind(path + len, "/throttle/");
    return method != NULL ? change_method(operation, method, ctx, plan, stage, err)
                          : srv_patch_refuse(operation, err);
}

/* ---- All paths ---- */

/* Removes the throttle or the quota; false where the path is neither. */
static bool remove_whole(const Tollgate__Admin__PatchOperation *operation,
                         Tollgate__UsagePlan *plan)
{
    if (strcmp(operation->path, "/throttle") == 0) {
        plan->throttle = NULL;
        return true;
    }
    if (strcmp(operation->path, "/quota") == 0) {
        plan->quota = NULL;
        return true;
    }
    return false;
}

static bool set_text(const Tollgate__Admin__PatchOperation *operation, char **slot,
                     struct base_err *err)
{
    *slot = operation->value;
    return srv_patch_sets(operation, err);
}

static bool apply(const Tollgate__Admin__PatchOperation *operation, struct rpc_context *ctx,
                  Tollgate__UsagePlan *plan, struct base_err *err)
{
    const char *path = operation->path;
    const char *rest;
    if (is_op(operation, "remove") && remove_whole(operation, plan)) {
        return true;
    }
    if (strcmp(path, "/name") == 0) {
        return set_text(operation, &plan->name, err);
    }
    if (strcmp(path, "/description") == 0) {
        return set_text(operation, &plan->description, err);
    }
    if (strcmp(path, "/productCode") == 0) {
        return set_text(operation, &plan->product_code, err);
    }
    if (strcmp(path, "/apiStages") == 0) {
        return change_stages(operation, ctx, plan, err);
    }
    if ((rest = behind(path, "/throttle/")) != NULL) {
        return set_throttle(operation, rest, ctx, &plan->throttle, err);
    }
    if ((rest = behind(path, "/quota/")) != NULL) {
        return set_quota(operation, rest, ctx, plan, err);
    }
    if ((rest = behind(path, "/apiStages/")) != NULL) {
        return change_stage(operation, rest, ctx, plan, err);
    }
    return srv_patch_refuse(operation, err);
}

bool srv_patch_plan(const struct srv_patch *patch, struct rpc_context *ctx,
                    Tollgate__UsagePlan *plan, struct base_err *err)
{
    if (!srv_patch_check(patch, err)) {
        return false;
    }
    for (size_t i = 0; i < patch->count; i++) {
        if (!apply(patch->operations[i], ctx, plan, err)) {
            return false;
        }
    }
    srv_usage_plan_complete(plan);
    return srv_usage_plan_check(plan, err);
}
