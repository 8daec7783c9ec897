#include "server/usage_plan.h"

#include "base/period.h"
#include "server/validation.h"

#include <inttypes.h>
#include <math.h>

bool srv_access_check_text(const char *name, const char *text, size_t bytes_max,
                           struct base_err *err)
{
    size_t len = strlen(text);
    return len <= bytes_max || base_err_set(err, BASE_INVALID_ARGUMENT,
                                            "%s: at most %zu bytes, got %zu", name, bytes_max, len);
}

bool srv_access_check_tag(const char *key, const char *value, struct base_err *err)
{
    if (key[0] == '\0') {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "tags: a tag needs a key");
    }
    return srv_access_check_text("tags: a tag's key", key, SRV_ACCESS_TAG_KEY_BYTES_MAX, err) &&
           srv_access_check_text("tags: a tag's value", value, SRV_ACCESS_TAG_VALUE_BYTES_MAX, err);
}

bool srv_access_check_tag_count(size_t count, struct base_err *err)
{
    return count <= SRV_ACCESS_TAGS_MAX ||
           base_err_set(err, BASE_INVALID_ARGUMENT, "tags: at most %d, got %zu",
                        SRV_ACCESS_TAGS_MAX, count);
}

Tollgate__ApiStage *srv_usage_plan_stage(const Tollgate__UsagePlan *plan, const char *api_id,
                                         const char *stage)
{
    for (size_t i = 0; i < plan->n_api_stages; i++) {
        Tollgate__ApiStage *one = plan->api_stages[i];
        if (strcmp(one->api_id, api_id) == 0 && strcmp(one->stage, stage) == 0) {
            return one;
        }
    }
    return NULL;
}

static bool check_throttle(const char *name, const Tollgate__Throttle *throttle,
                           struct base_err *err)
{
    if (throttle == NULL) {
        return true;
    }
    if (!isfinite(throttle->rate_limit) || throttle->rate_limit < 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "%s: rateLimit is at least 0", name);
    }
    if (throttle->burst_limit < 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "%s: burstLimit is at least 0, got %" PRId32, name,
                            throttle->burst_limit);
    }
    return true;
}

static bool check_quota(const Tollgate__Quota *quota, struct base_err *err)
{
    if (quota == NULL) {
        return true;
    }
    const ProtobufCEnumValue *period = protobuf_c_enum_descriptor_get_value(
        &tollgate__quota__period__descriptor, (int)quota->period);
    if (period == NULL || quota->period == TOLLGATE__QUOTA__PERIOD__PERIOD_UNSPECIFIED) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "quota: period is MINUTE, HOUR, DAY, WEEK or MONTH");
    }
    if (quota->limit < 1) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "quota: limit is at least 1, got %" PRId32,
                            quota->limit);
    }
    const struct base_period kept = {(enum base_period_unit)quota->period, quota->offset};
    return base_period_is_valid(kept) ||
           base_err_set(err, BASE_INVALID_ARGUMENT,
                        "quota: offset is the day that a WEEK (0 to 6) or MONTH (0 to 27) begins "
                        "on, and 0 for other periods; in %s it cannot be %" PRId32,
                        period->name, quota->offset);
}

static bool is_stage_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-';
}

/* [A-Za-z0-9_-]{1,128}, or $default. */
static bool is_stage_name(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        if (!is_stage_char(name[i])) {
            return strcmp(name, "$default") == 0;
        }
    }
    return len > 0 && len <= SRV_ACCESS_STAGE_BYTES_MAX;
}

/* "/notes/GET": a path and a method. */
static bool check_method(const char *key, const Tollgate__Throttle *throttle, struct base_err *err)
{
    const char *slash = strrchr(key, '/');
    struct base_str quote = srv_validation_quote(key);
    if (key[0] != '/' || slash == key || slash[1] == '\0' ||
        strlen(key) > SRV_PLAN_METHOD_BYTES_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "apiStages: a method's limit is named like \"/notes/GET\", not "
                            "\"%.*s\"",
                            BASE_STR_ARGS(quote));
    }
    return check_throttle(key, throttle, err);
}

static bool check_methods(const Tollgate__UsagePlan *plan, const Tollgate__ApiStage *stage,
                          struct base_err *err)
{
    if (stage->n_throttle > SRV_PLAN_METHODS_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "apiStages: at most %d methods of a stage may have limits, got %zu",
                            SRV_PLAN_METHODS_MAX, stage->n_throttle);
    }
    if (stage->n_throttle > 0 && plan->throttle == NULL) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "apiStages: limits of methods need a throttle of the whole plan");
    }
    for (size_t i = 0; i < stage->n_throttle; i++) {
        if (!check_method(stage->throttle[i]->key, stage->throttle[i]->value, err)) {
            return false;
        }
    }
    return true;
}

static bool check_stage(const Tollgate__UsagePlan *plan, size_t index, struct base_err *err)
{
    const Tollgate__ApiStage *stage = plan->api_stages[index];
    if (stage->api_id[0] == '\0') {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "apiStages: apiId is required");
    }
    if (!srv_access_check_text("apiStages: apiId", stage->api_id, SRV_ACCESS_API_ID_BYTES_MAX,
                               err)) {
        return false;
    }
    if (!is_stage_name(stage->stage)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "apiStages: a stage's name is $default or 1 to %d letters, digits, "
                            "\"-\" and \"_\"",
                            SRV_ACCESS_STAGE_BYTES_MAX);
    }
    if (srv_usage_plan_stage(plan, stage->api_id, stage->stage) != stage) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "apiStages: %s:%s is there twice",
                            stage->api_id, stage->stage);
    }
    return check_methods(plan, stage, err);
}

static bool check_stages(const Tollgate__UsagePlan *plan, struct base_err *err)
{
    if (plan->n_api_stages > SRV_PLAN_STAGES_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "apiStages: at most %d, got %zu",
                            SRV_PLAN_STAGES_MAX, plan->n_api_stages);
    }
    for (size_t i = 0; i < plan->n_api_stages; i++) {
        if (!check_stage(plan, i, err)) {
            return false;
        }
    }
    return true;
}

static void complete(Tollgate__Throttle *throttle)
{
    if (throttle != NULL && throttle->rate_limit > 0 && throttle->burst_limit == 0) {
        double burst = ceil(throttle->rate_limit);
        throttle->burst_limit = burst < INT32_MAX ? (int32_t)burst : INT32_MAX;
    }
}

void srv_usage_plan_complete(Tollgate__UsagePlan *plan)
{
    complete(plan->throttle);
    for (size_t i = 0; i < plan->n_api_stages; i++) {
        for (size_t j = 0; j < plan->api_stages[i]->n_throttle; j++) {
            complete(plan->api_stages[i]->throttle[j]->value);
        }
    }
}

bool srv_usage_plan_check(const Tollgate__UsagePlan *plan, struct base_err *err)
{
    if (plan->name[0] == '\0') {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "name: a usage plan needs one");
    }
    return srv_access_check_text("name", plan->name, SRV_ACCESS_NAME_BYTES_MAX, err) &&
           srv_access_check_text("description", plan->description, SRV_ACCESS_DESCRIPTION_BYTES_MAX,
                                 err) &&
           srv_access_check_text("productCode", plan->product_code, SRV_ACCESS_NAME_BYTES_MAX,
                                 err) &&
           check_throttle("throttle", plan->throttle, err) && check_quota(plan->quota, err) &&
           check_stages(plan, err);
}

bool srv_usage_plan_holds_for(const Tollgate__UsagePlan *plan, const char *stage)
{
    for (size_t i = 0; i < plan->n_api_stages; i++) {
        if (strcmp(plan->api_stages[i]->stage, stage) == 0) {
            return true;
        }
    }
    return false;
}

bool srv_usage_plan_check_apart(const Tollgate__UsagePlan *plan, const Tollgate__UsagePlan *other,
                                struct base_err *err)
{
    for (size_t i = 0; i < plan->n_api_stages; i++) {
        const char *stage = plan->api_stages[i]->stage;
        if (srv_usage_plan_holds_for(other, stage)) {
            return base_err_set(err, BASE_ALREADY_EXISTS,
                                "usage plans %s and %s both hold for stage %s, so no API key may "
                                "be in both",
                                plan->id, other->id, stage);
        }
    }
    return true;
}
