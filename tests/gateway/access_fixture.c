#include "tests/gateway/access_fixture.h"

const uint8_t access_hash_key[BASE_DIGEST_BYTES] = "0123456789abcdef0123456789abcde";

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant;
}

Tollgate__ApiKey access_key(const char *id, const char *value, char *plans[2],
                            uint8_t out_hash[BASE_DIGEST_BYTES])
{
    Tollgate__ApiKey key = TOLLGATE__API_KEY__INIT;
    base_hmac_sha256(base_str_make((const char *)access_hash_key, BASE_DIGEST_BYTES),
                     base_str_of(value), out_hash);
    key.id = text(id);
    key.enabled = true;
    key.value_hash = (ProtobufCBinaryData){BASE_DIGEST_BYTES, out_hash};
    key.usage_plan_ids = plans;
    while (key.n_usage_plan_ids < 2 && plans[key.n_usage_plan_ids] != NULL) {
        key.n_usage_plan_ids++;
    }
    return key;
}

Tollgate__ApiStage access_stage(const char *name)
{
    Tollgate__ApiStage stage = TOLLGATE__API_STAGE__INIT;
    stage.api_id = text("tollgate");
    stage.stage = text(name);
    return stage;
}

Tollgate__UsagePlan access_plan(const char *id, Tollgate__ApiStage **stages, size_t count)
{
    Tollgate__UsagePlan plan = TOLLGATE__USAGE_PLAN__INIT;
    plan.id = text(id);
    plan.api_stages = stages;
    plan.n_api_stages = count;
    return plan;
}
