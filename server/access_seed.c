#include "server/access_seed.h"

struct seed {
    char *id;
    char *name;
    char *description;
    int32_t requests;
};

static const struct seed seeds[] = {
    {SRV_ACCESS_STANDARD_PLAN, "standard-plan", "100 requests a minute", SRV_ACCESS_STANDARD_LIMIT},
    {SRV_ACCESS_PREMIUM_PLAN, "premium-plan", "500 requests a minute", SRV_ACCESS_PREMIUM_LIMIT},
};

/* A plan for every stage. Returns NULL with RESOURCE_EXHAUSTED. */
static Tollgate__ApiStage **make_stages(struct rpc_context *ctx, const char *const *names,
                                        size_t count, struct base_err *err)
{
    Tollgate__ApiStage **stages = rpc_context_alloc(ctx, count * sizeof *stages, err);
    Tollgate__ApiStage *room = rpc_context_alloc(ctx, count * sizeof *room, err);
    if (stages == NULL || room == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        stages[i] = &room[i];
        tollgate__api_stage__init(stages[i]);
        stages[i]->api_id = SRV_ACCESS_API_ID;
        stages[i]->stage = (char *)(uintptr_t)names[i];
    }
    return stages;
}

static bool seed_plan(struct srv_store *store, struct rpc_context *ctx, const struct seed *seed,
                      Tollgate__ApiStage **stages, size_t stage_count, struct base_err *err)
{
    Tollgate__Quota quota = TOLLGATE__QUOTA__INIT;
    quota.limit = seed->requests;
    quota.period = TOLLGATE__QUOTA__PERIOD__MINUTE;
    Tollgate__UsagePlan plan = TOLLGATE__USAGE_PLAN__INIT;
    plan.id = seed->id;
    plan.name = seed->name;
    plan.description = seed->description;
    plan.api_stages = stages;
    plan.n_api_stages = stage_count;
    plan.quota = &quota;
    return srv_store_insert(store, ctx, &srv_access_plans, srv_key_text(base_str_of(plan.id)),
                            &plan.base, err) ||
           err->code == BASE_ALREADY_EXISTS;
}

bool srv_access_seed_plans(struct srv_store *store, struct rpc_context *ctx,
                           const char *const *stages, size_t stage_count, struct base_err *err)
{
    Tollgate__ApiStage **api_stages = make_stages(ctx, stages, stage_count, err);
    if (api_stages == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        if (!seed_plan(store, ctx, &seeds[i], api_stages, stage_count, err)) {
            return base_err_wrap(err, "%s", seeds[i].name);
        }
    }
    return true;
}

static bool add_demo_key(struct srv_access *access, struct rpc_context *ctx, struct base_err *err)
{
    char *plan_ids[] = {SRV_ACCESS_PREMIUM_PLAN};
    Tollgate__ApiKey key = TOLLGATE__API_KEY__INIT;
    key.name = "demo";
    key.description = "Came with the demo; its value is no secret.";
    key.enabled = true;
    key.usage_plan_ids = plan_ids;
    key.n_usage_plan_ids = 1;
    return srv_access_add_key(access, ctx, BASE_STR(SRV_ACCESS_DEMO_VALUE), &key, err) ||
           err->code == BASE_ALREADY_EXISTS;
}

static bool remove_demo_key(struct srv_access *access, struct rpc_context *ctx,
                            struct base_err *err)
{
    uint8_t hash[BASE_DIGEST_BYTES];
    char id[SRV_KEY_ID_BYTES + 1];
    srv_key_value_hash(&access->ring, BASE_STR(SRV_ACCESS_DEMO_VALUE), hash);
    srv_key_value_id(hash, id);
    return srv_access_remove_key(access, ctx, id, err) || err->code == BASE_NOT_FOUND;
}

bool srv_access_seed_demo_key(struct srv_access *access, bool is_wanted, struct base_err *err)
{
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    bool ok = is_wanted ? add_demo_key(access, &ctx, err) : remove_demo_key(access, &ctx, err);
    rpc_context_dispose(&ctx);
    return ok || base_err_wrap(err, "the demo's API key");
}
