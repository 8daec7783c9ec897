#include "tests/gateway/access_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

const uint8_t access_hash_key[BASE_DIGEST_BYTES] = "0123456789abcdef0123456789abcde";

static struct gw_stages served;
static struct gw_meters *meters;

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

static void reserve_nothing(struct gw_quota_source *self, struct gw_quota_reservation *reservation)
{
    (void)self;
    gw_quota_reserved(reservation, false, 0, 0);
}

int access_set_up(void **state)
{
    static struct gw_quota_source source = {reserve_nothing};
    struct base_err err;
    (void)state;
    served = (struct gw_stages){0};
    assert_true(gw_stages_add(&served, "dev", &err) && gw_stages_add(&served, "prod", &err));
    meters = gw_meters_create(&source);
    return 0;
}

int access_tear_down(void **state)
{
    (void)state;
    gw_meters_destroy(meters);
    return 0;
}

struct gw_access *access_make(const Tollgate__ApiKey *const *keys, size_t key_count,
                              const Tollgate__UsagePlan *const *plans, size_t plan_count)
{
    struct gw_access_config config = {
        .keys = keys,
        .key_count = key_count,
        .plans = plans,
        .plan_count = plan_count,
        .hash_key = access_hash_key,
        .stages = &served,
        .meters = meters,
    };
    struct base_err err;
    struct gw_access *access = gw_access_create(&config, &err);
    assert_non_null(access);
    return access;
}
