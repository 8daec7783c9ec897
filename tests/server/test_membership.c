/* Changes that meet: of two that would put one key into two plans of a stage at most one is made,
 * wherever the second comes in between two operations of the first, and wherever the first dies. */
#include "server/admin.h"
#include "server/usage_plan.h"
#include "tests/server/fake_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY_VALUE "value-0123456789-of-the-key"

/* Operations of one change, retries and all, that no change comes near. */
#define OPERATIONS_MAX 200

struct fixture {
    struct fake_store fake;
    struct srv_access access;
    struct srv_admin admin;
    struct rpc_context ctx;
    struct base_err err;
    char key_id[SRV_KEY_ID_BYTES + 1];
    char plan_ids[2][SRV_KEY_ID_BYTES + 1]; /* the first holds for stage a, the other for b */
};

static struct fixture fixture;

/* ---- Changes ---- */

static bool put_into(const char *plan_id, struct base_err *err)
{
    Tollgate__Admin__CreateUsagePlanKeyRequest request =
        TOLLGATE__ADMIN__CREATE_USAGE_PLAN_KEY_REQUEST__INIT;
    Tollgate__Admin__UsagePlanKey response = TOLLGATE__ADMIN__USAGE_PLAN_KEY__INIT;
    request.usage_plan_id = (char *)(uintptr_t)plan_id;
    request.key_id = fixture.key_id;
    request.key_type = "API_KEY";
    return srv_admin_handlers.create_usage_plan_key(&fixture.admin, &fixture.ctx, &request,
                                                    &response, err);
}

static bool add_stage(const char *plan_id, char *stage, struct base_err *err)
{
    Tollgate__Admin__PatchOperation operation = TOLLGATE__ADMIN__PATCH_OPERATION__INIT;
    Tollgate__Admin__PatchOperation *operations[] = {&operation};
    Tollgate__Admin__UpdateUsagePlanRequest request =
        TOLLGATE__ADMIN__UPDATE_USAGE_PLAN_REQUEST__INIT;
    Tollgate__Admin__UsagePlan response = TOLLGATE__ADMIN__USAGE_PLAN__INIT;
    operation.op = "add";
    operation.path = "/apiStages";
    operation.value = stage;
    request.usage_plan_id = (char *)(uintptr_t)plan_id;
    request.patch_operations = operations;
    request.n_patch_operations = 1;
    return srv_admin_handlers.update_usage_plan(&fixture.admin, &fixture.ctx, &request, &response,
                                                err);
}

static bool join_second(struct base_err *err)
{
    return put_into(fixture.plan_ids[1], err);
}

static bool first_adds_b(struct base_err *err)
{
    return add_stage(fixture.plan_ids[0], "api:b", err);
}

static bool second_adds_a(struct base_err *err)
{
    return add_stage(fixture.plan_ids[1], "api:a", err);
}

static bool first_adds_c(struct base_err *err)
{
    return add_stage(fixture.plan_ids[0], "api:c", err);
}

static bool second_adds_c(struct base_err *err)
{
    return add_stage(fixture.plan_ids[1], "api:c", err);
}

/* Another key, which comes with both plans. */
static bool import_in_both(struct base_err *err)
{
    char csv[128];
    int len = snprintf(csv, sizeof csv, "name,key,usageplanids\na,%s-too,\"%s,%s\"\n", KEY_VALUE,
                       fixture.plan_ids[0], fixture.plan_ids[1]);
    Google__Api__HttpBody body = GOOGLE__API__HTTP_BODY__INIT;
    body.data = (ProtobufCBinaryData){(size_t)len, (uint8_t *)csv};
    Tollgate__Admin__ImportApiKeysRequest request = TOLLGATE__ADMIN__IMPORT_API_KEYS_REQUEST__INIT;
    Tollgate__Admin__ApiKeyIds response = TOLLGATE__ADMIN__API_KEY_IDS__INIT;
    request.body = &body;
    request.format = "csv";
    request.failonwarnings = true;
    return srv_admin_handlers.import_api_keys(&fixture.admin, &fixture.ctx, &request, &response,
                                              err);
}

/* ---- The world they meet in ---- */

static void add_plan(size_t index, char *name)
{
    Tollgate__ApiStage stage = TOLLGATE__API_STAGE__INIT;
    Tollgate__ApiStage *stages[] = {&stage};
    Tollgate__UsagePlan plan = TOLLGATE__USAGE_PLAN__INIT;
    stage.api_id = "api";
    stage.stage = name;
    plan.name = name;
    plan.api_stages = stages;
    plan.n_api_stages = 1;
    assert_true(srv_access_add_plan(&fixture.access, &fixture.ctx, &plan, &fixture.err));
    snprintf(fixture.plan_ids[index], sizeof fixture.plan_ids[index], "%s", plan.id);
}

/* Two plans, and a key in `plan_count` of them. */
static void set_up(size_t plan_count)
{
    fake_store_init(&fixture.fake);
    rpc_context_init(&fixture.ctx);
    const struct srv_access_config config = {
        .store = &fixture.fake.store,
        .clock = &base_clock_system,
        .random = &base_random_system,
    };
    assert_true(srv_access_open(&fixture.access, &config, &fixture.err));
    srv_admin_init(&fixture.admin, &fixture.access, NULL, 0);
    add_plan(0, "a");
    add_plan(1, "b");
    char *ids[] = {fixture.plan_ids[0], fixture.plan_ids[1]};
    Tollgate__ApiKey key = TOLLGATE__API_KEY__INIT;
    key.usage_plan_ids = ids;
    key.n_usage_plan_ids = plan_count;
    assert_true(
        srv_access_add_key(&fixture.access, &fixture.ctx, BASE_STR(KEY_VALUE), &key, &fixture.err));
    snprintf(fixture.key_id, sizeof fixture.key_id, "%s", key.id);
}

static void tear_down(void)
{
    rpc_context_dispose(&fixture.ctx);
    fake_store_dispose(&fixture.fake);
}

/* Fails where two plans of a key hold for one stage. */
static void check_key(const Tollgate__ApiKey *key)
{
    for (size_t i = 0; i < key->n_usage_plan_ids; i++) {
        Tollgate__UsagePlan *plans[2];
        assert_true(srv_access_get_plan(&fixture.access, &fixture.ctx, key->usage_plan_ids[i],
                                        &plans[0], &fixture.err));
        for (size_t j = 0; j < i; j++) {
            assert_true(srv_access_get_plan(&fixture.access, &fixture.ctx, key->usage_plan_ids[j],
                                            &plans[1], &fixture.err));
            assert_true(srv_usage_plan_check_apart(plans[0], plans[1], &fixture.err));
        }
    }
}

static void check_keys(void)
{
    const struct srv_scan scan = {.collection = &srv_access_keys, .limit = SRV_STORE_LIST_MAX};
    struct srv_page page;
    assert_true(srv_scan_run(&scan, &fixture.fake.store, &fixture.ctx, &page, &fixture.err));
    for (size_t i = 0; i < page.count; i++) {
        check_key((const Tollgate__ApiKey *)page.documents[i].message);
    }
}

/* Fails where somebody's intent stands. */
static void check_no_intents(void)
{
    Tollgate__ApiKey *key;
    Tollgate__UsagePlan *plan;
    assert_true(
        srv_access_get_key(&fixture.access, &fixture.ctx, fixture.key_id, &key, &fixture.err));
    assert_null(key->joining);
    for (size_t i = 0; i < 2; i++) {
        assert_true(srv_access_get_plan(&fixture.access, &fixture.ctx, fixture.plan_ids[i], &plan,
                                        &fixture.err));
        assert_null(plan->adding);
    }
}

/* ---- Meeting ---- */

static const struct row {
    const char *name;
    bool (*first)(struct base_err *err);
    bool (*second)(struct base_err *err);
    size_t plan_count; /* that the key is in before */
} rows[] = {
    {"a key joins, its plan gets the stage", join_second, first_adds_b, 1},
    {"a plan gets a stage, its key joins", first_adds_b, join_second, 1},
    {"a key joins a plan that gets a stage", join_second, second_adds_a, 1},
    {"a plan gets a stage, a key joins it", second_adds_a, join_second, 1},
    {"two plans get a stage", first_adds_c, second_adds_c, 2},
    {"a key is imported, a plan gets the stage", import_in_both, first_adds_b, 1},
    {"a plan gets a stage, a key is imported", second_adds_a, import_in_both, 1},
};

/* Does something once, before an operation. */
struct interruption {
    struct fake_hook hook;
    size_t countdown; /* operations before it */
    bool has_come;
    bool (*second)(struct base_err *err); /* NULL: the store is gone from then on */
    bool ok;                              /* of the second */
    struct base_err err;
};

static void interrupt(struct fake_hook *self)
{
    struct interruption *interruption = (struct interruption *)self;
    if (interruption->has_come || interruption->countdown-- > 0) {
        return;
    }
    interruption->has_come = true;
    if (interruption->second == NULL) {
        fixture.fake.fails = BASE_UNAVAILABLE;
    } else {
        interruption->ok = interruption->second(&interruption->err);
    }
}

static void expect_refused(const struct row *row, size_t at, const struct base_err *err)
{
    if (err->code != BASE_ALREADY_EXISTS) {
        fail_msg("%s, at operation %zu: %s", row->name, at, err->message);
    }
}

/* Lets the second come before operation `at` of the first; false when there is no
 * such operation. */
static bool meet(const struct row *row, size_t at)
{
    struct interruption interruption = {
        .hook = {interrupt}, .countdown = at, .second = row->second};
    struct base_err err;
    set_up(row->plan_count);
    fixture.fake.hook = &interruption.hook;
    bool ok = row->first(&err);
    fixture.fake.hook = NULL;
    if (interruption.has_come) {
        check_keys();
        check_no_intents();
        assert_true(ok != interruption.ok);
        expect_refused(row, at, ok ? &interruption.err : &err);
    }
    tear_down();
    return interruption.has_come;
}

static void test_one_of_two_is_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t at = 0;
        while (meet(&rows[i], at)) {
            at++;
            assert_in_range(at, 0, OPERATIONS_MAX);
        }
        assert_in_range(at, 4, OPERATIONS_MAX); /* it has come in between */
    }
}

/* ---- Dying ---- */

static bool die(const struct row *row, size_t at)
{
    struct interruption interruption = {.hook = {interrupt}, .countdown = at};
    struct base_err err;
    set_up(row->plan_count);
    fixture.fake.hook = &interruption.hook;
    bool ok = row->first(&err);
    assert_true(ok != interruption.has_come);
    fixture.fake.hook = NULL;
    fixture.fake.fails = BASE_OK;
    check_keys();
    if (!row->second(&err)) {
        expect_refused(row, at, &err); /* the first was made, and has failed to announce it */
    }
    check_keys();
    tear_down();
    return interruption.has_come;
}

static void die_everywhere(const struct row *row)
{
    size_t at = 0;
    while (die(row, at)) {
        at++;
    }
    assert_in_range(at, 4, OPERATIONS_MAX);
}

static void test_who_dies_blocks_nobody(void **state)
{
    (void)state;
    static const struct row again[] = {
        {"a key joins, and again", join_second, join_second, 1},
        {"a plan gets a stage, and again", first_adds_c, first_adds_c, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        die_everywhere(&rows[i]);
    }
    for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
        die_everywhere(&again[i]);
    }
}

/* ---- Going away ---- */

static bool delete_key(struct base_err *err)
{
    return srv_access_remove_key(&fixture.access, &fixture.ctx, fixture.key_id, err);
}

static bool delete_plan(struct base_err *err)
{
    return srv_access_remove_plan(&fixture.access, &fixture.ctx, fixture.plan_ids[1], err);
}

/* What is removed while a key joins stays away, and the change tells of it or came before. */
static void test_removed_meanwhile(void **state)
{
    (void)state;
    static bool (*const removals[])(struct base_err *) = {delete_key, delete_plan};
    for (size_t i = 0; i < 2; i++) {
        bool has_come = true;
        for (size_t at = 0; has_come; at++) {
            struct interruption interruption = {
                .hook = {interrupt}, .countdown = at, .second = removals[i]};
            struct base_err err;
            set_up(1);
            fixture.fake.hook = &interruption.hook;
            bool ok = join_second(&err);
            fixture.fake.hook = NULL;
            has_come = interruption.has_come;
            assert_int_equal(interruption.ok, has_come);
            assert_true(ok || err.code == BASE_NOT_FOUND);
            Tollgate__ApiKey *key;
            bool has_key = srv_access_get_key(&fixture.access, &fixture.ctx, fixture.key_id, &key,
                                              &fixture.err);
            assert_int_equal(has_key, !has_come || removals[i] != delete_key);
            tear_down();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_of_two_is_made),
        cmocka_unit_test(test_who_dies_blocks_nobody),
        cmocka_unit_test(test_removed_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
