/* What the admin service makes of odd requests, over a store in memory; the usual ones are made by
 * AWS's own clients (tests/e2e). */
#include "server/admin.h"
#include "server/usage.h"
#include "tests/server/fake_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define VALUE_1 "value-0123456789-number-1"
#define VALUE_2 "value-0123456789-number-2"

struct fixture {
    struct fake_store fake;
    struct srv_access access;
    struct srv_admin admin;
    struct rpc_context ctx;
    struct base_err err;
};

/* 2026-01-31T09:30:00Z */
static int64_t unix_ns(const struct base_clock *self)
{
    (void)self;
    return INT64_C(1769851800) * BASE_NS_PER_S;
}

static const struct base_clock clock_then = {unix_ns};

static int set_up(void **state)
{
    static struct fixture fixture;
    static const char *const stages[] = {"$default"};
    fake_store_init(&fixture.fake);
    rpc_context_init(&fixture.ctx);
    const struct srv_access_config config = {
        .store = &fixture.fake.store,
        .clock = &clock_then,
        .random = &base_random_system,
        .stages = stages,
        .stage_count = 1,
    };
    assert_true(srv_access_open(&fixture.access, &config, &fixture.err));
    srv_admin_init(&fixture.admin, &fixture.access, stages, 1);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    rpc_context_dispose(&fixture->ctx);
    fake_store_dispose(&fixture->fake);
    return 0;
}

/* The outcome of a call, "OK" or "CODE: message". */
static void expect(struct fixture *fixture, bool ok, const char *expected)
{
    char got[BASE_ERR_MESSAGE_SIZE + 32] = "OK";
    if (!ok) {
        snprintf(got, sizeof got, "%s: %s", base_code_name(fixture->err.code),
                 fixture->err.message);
    }
    assert_string_equal(got, expected);
}

/* ---- Keys ---- */

static void test_new_keys(void **state)
{
    struct fixture *fixture = *state;
    Tollgate__Admin__StageKey stage_key = TOLLGATE__ADMIN__STAGE_KEY__INIT;
    Tollgate__Admin__StageKey *stage_keys[] = {&stage_key};
    Tollgate__Admin__CreateApiKeyRequest request = TOLLGATE__ADMIN__CREATE_API_KEY_REQUEST__INIT;
    Tollgate__Admin__ApiKey response = TOLLGATE__ADMIN__API_KEY__INIT;
    request.stage_keys = stage_keys;
    request.n_stage_keys = 1;
    expect(fixture,
           srv_admin_handlers.create_api_key(&fixture->admin, &fixture->ctx, &request, &response,
                                             &fixture->err),
           "INVALID_ARGUMENT: stageKeys: give the key a usage plan that holds for the stage "
           "instead");
    request.n_stage_keys = 0;
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    request.name = name;
    expect(fixture,
           srv_admin_handlers.create_api_key(&fixture->admin, &fixture->ctx, &request, &response,
                                             &fixture->err),
           "INVALID_ARGUMENT: name: at most 255 bytes, got 299");
    request.name = "";
    expect(fixture,
           srv_admin_handlers.create_api_key(&fixture->admin, &fixture->ctx, &request, &response,
                                             &fixture->err),
           "OK");
    assert_false(response.enabled); /* as with AWS */
    assert_null(response.name);
    assert_true(response.created_date == 1769851800.0);
}

/* Of keys and of plans alike: copied whole, or refused. */
static void test_tags(void **state)
{
    struct fixture *fixture = *state;
    Tollgate__Admin__CreateApiKeyRequest__TagsEntry of_key =
        TOLLGATE__ADMIN__CREATE_API_KEY_REQUEST__TAGS_ENTRY__INIT;
    Tollgate__Admin__CreateApiKeyRequest__TagsEntry *key_tags[] = {&of_key};
    Tollgate__Admin__CreateUsagePlanRequest__TagsEntry of_plan =
        TOLLGATE__ADMIN__CREATE_USAGE_PLAN_REQUEST__TAGS_ENTRY__INIT;
    Tollgate__Admin__CreateUsagePlanRequest__TagsEntry *plan_tags[] = {&of_plan};
    Tollgate__Admin__CreateApiKeyRequest key_request =
        TOLLGATE__ADMIN__CREATE_API_KEY_REQUEST__INIT;
    Tollgate__Admin__CreateUsagePlanRequest plan_request =
        TOLLGATE__ADMIN__CREATE_USAGE_PLAN_REQUEST__INIT;
    Tollgate__Admin__ApiKey key = TOLLGATE__ADMIN__API_KEY__INIT;
    Tollgate__Admin__UsagePlan plan = TOLLGATE__ADMIN__USAGE_PLAN__INIT;
    key_request.tags = key_tags;
    key_request.n_tags = 1;
    plan_request.name = "plan";
    plan_request.tags = plan_tags;
    plan_request.n_tags = 1;
    expect(fixture,
           srv_admin_handlers.create_api_key(&fixture->admin, &fixture->ctx, &key_request, &key,
                                             &fixture->err),
           "INVALID_ARGUMENT: tags: a tag needs a key");
    expect(fixture,
           srv_admin_handlers.create_usage_plan(&fixture->admin, &fixture->ctx, &plan_request,
                                                &plan, &fixture->err),
           "INVALID_ARGUMENT: tags: a tag needs a key");
    of_key.key = of_plan.key = "team";
    of_key.value = of_plan.value = "a";
    expect(fixture,
           srv_admin_handlers.create_api_key(&fixture->admin, &fixture->ctx, &key_request, &key,
                                             &fixture->err),
           "OK");
    expect(fixture,
           srv_admin_handlers.create_usage_plan(&fixture->admin, &fixture->ctx, &plan_request,
                                                &plan, &fixture->err),
           "OK");
    assert_int_equal(key.n_tags, 1);
    assert_string_equal(key.tags[0]->value, "a");
    assert_int_equal(plan.n_tags, 1);
    assert_string_equal(plan.tags[0]->key, "team");
}

static void test_lists(void **state)
{
    struct fixture *fixture = *state;
    Tollgate__Admin__GetApiKeysRequest request = TOLLGATE__ADMIN__GET_API_KEYS_REQUEST__INIT;
    Tollgate__Admin__ApiKeys response = TOLLGATE__ADMIN__API_KEYS__INIT;
    request.include_values = true;
    expect(fixture,
           srv_admin_handlers.get_api_keys(&fixture->admin, &fixture->ctx, &request, &response,
                                           &fixture->err),
           "OK");
    assert_int_equal(response.n_item, 0);
    assert_null(response.position);
    assert_string_equal(response.warnings[0],
                        "values are not kept; this server tells the value of a key only when the "
                        "key is made");
    request.limit = -1;
    expect(fixture,
           srv_admin_handlers.get_api_keys(&fixture->admin, &fixture->ctx, &request, &response,
                                           &fixture->err),
           "INVALID_ARGUMENT: limit: at least 0, got -1");
    request.limit = 501;
    request.position = "no position";
    expect(fixture,
           srv_admin_handlers.get_api_keys(&fixture->admin, &fixture->ctx, &request, &response,
                                           &fixture->err),
           "INVALID_ARGUMENT: position: not a position that a list has answered");
}

/* Makes a key of this name; returns its id. */
static char *add_key(struct fixture *fixture, char *name)
{
    Tollgate__Admin__CreateApiKeyRequest request = TOLLGATE__ADMIN__CREATE_API_KEY_REQUEST__INIT;
    Tollgate__Admin__ApiKey response = TOLLGATE__ADMIN__API_KEY__INIT;
    request.name = name;
    assert_true(srv_admin_handlers.create_api_key(&fixture->admin, &fixture->ctx, &request,
                                                  &response, &fixture->err));
    return response.id;
}

/* A page that ends among keys that are not asked for goes on behind them. */
static void test_pages_of_some_keys(void **state)
{
    struct fixture *fixture = *state;
    Tollgate__Admin__GetApiKeysRequest request = TOLLGATE__ADMIN__GET_API_KEYS_REQUEST__INIT;
    size_t count = 0;
    for (int i = 0; i < 10; i++) {
        add_key(fixture, i % 2 == 0 ? "wanted" : "other");
    }
    request.name = "want";
    request.limit = 2;
    for (bool has_more = true; has_more;) {
        Tollgate__Admin__ApiKeys response = TOLLGATE__ADMIN__API_KEYS__INIT;
        assert_true(srv_admin_handlers.get_api_keys(&fixture->admin, &fixture->ctx, &request,
                                                    &response, &fixture->err));
        for (size_t i = 0; i < response.n_item; i++) {
            assert_string_equal(response.item[i]->name->value, "wanted");
        }
        count += response.n_item;
        has_more = response.position != NULL;
        request.position = has_more ? response.position->value : request.position;
    }
    assert_int_equal(count, 5);
}

static void test_the_longest_page(void **state)
{
    struct fixture *fixture = *state;
    Tollgate__Admin__GetApiKeysRequest request = TOLLGATE__ADMIN__GET_API_KEYS_REQUEST__INIT;
    Tollgate__Admin__ApiKeys response = TOLLGATE__ADMIN__API_KEYS__INIT;
    for (int i = 0; i <= SRV_ADMIN_LIST_MAX; i++) {
        add_key(fixture, "");
    }
    request.limit = SRV_ADMIN_LIST_MAX + 1;
    assert_true(srv_admin_handlers.get_api_keys(&fixture->admin, &fixture->ctx, &request, &response,
                                                &fixture->err));
    assert_int_equal(response.n_item, SRV_ADMIN_LIST_MAX);
    assert_non_null(response.position);
}

static void test_a_key_that_is_not_in_the_plan(void **state)
{
    struct fixture *fixture = *state;
    Tollgate__Admin__GetUsagePlanKeyRequest get = TOLLGATE__ADMIN__GET_USAGE_PLAN_KEY_REQUEST__INIT;
    Tollgate__Admin__UsagePlanKey got = TOLLGATE__ADMIN__USAGE_PLAN_KEY__INIT;
    Tollgate__Admin__DeleteUsagePlanKeyRequest remove =
        TOLLGATE__ADMIN__DELETE_USAGE_PLAN_KEY_REQUEST__INIT;
    Google__Protobuf__Empty removed = GOOGLE__PROTOBUF__EMPTY__INIT;
    char expected[128];
    get.usage_plan_id = remove.usage_plan_id = "standard";
    get.key_id = remove.key_id = add_key(fixture, "");
    snprintf(expected, sizeof expected, "NOT_FOUND: API key %s is not in usage plan standard",
             get.key_id);
    expect(fixture,
           srv_admin_handlers.get_usage_plan_key(&fixture->admin, &fixture->ctx, &get, &got,
                                                 &fixture->err),
           expected);
    expect(fixture,
           srv_admin_handlers.delete_usage_plan_key(&fixture->admin, &fixture->ctx, &remove,
                                                    &removed, &fixture->err),
           expected);
}

/* ---- Import ---- */

static void test_imports(void **state)
{
    static const struct {
        const char *csv;
        size_t ids;
        const char *expected; /* the outcome, or the one warning */
    } rows[] = {
        {"", 0, "INVALID_ARGUMENT: the body holds no keys"},
        {"Name,Description\n", 0,
         "INVALID_ARGUMENT: line 1: expected the names of columns, Name and Key among them"},
        {"KEY,name\n" VALUE_1 ",a\n", 1, "OK"},
        {"name,key\na," VALUE_1 "\nb," VALUE_1 "\n", 1,
         "line 3: there is an API key with this value"},
        {"name,key,enabled\na," VALUE_1 ",maybe\n", 0, "line 2: Enabled: expected true or false"},
        {"name,key,usageplanids\na," VALUE_1 ",none\n", 0,
         "line 2: there is no usage plan with the id \"none\""},
        {"name,key,usageplanids\na," VALUE_1 ",\"standard, standard\"\n", 1, "OK"},
        {"name,key,usageplanids\na," VALUE_1 ",\"standard,premium\"\n", 0,
         "line 2: usage plans premium and standard both hold for stage $default, so no API key may "
         "be in both"},
        {"name,key,usageplanids\na," VALUE_1 ",\"1,2,3,4,5,6,7,8,9,10,11\"\n", 0,
         "line 2: UsagePlanIds: at most 10"},
        {"name,key\na\nb," VALUE_2 "\n", 1,
         "line 2: an API key's value has from 20 to 128 characters, this one has 0"},
        {"name,key\na,\"" VALUE_1 "\n", 0, "INVALID_ARGUMENT: line 2: a quote that is not closed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(set_up(state), 0);
        struct fixture *fixture = *state;
        Google__Api__HttpBody body = GOOGLE__API__HTTP_BODY__INIT;
        body.data = (ProtobufCBinaryData){strlen(rows[i].csv), (uint8_t *)(uintptr_t)rows[i].csv};
        Tollgate__Admin__ImportApiKeysRequest request =
            TOLLGATE__ADMIN__IMPORT_API_KEYS_REQUEST__INIT;
        Tollgate__Admin__ApiKeyIds response = TOLLGATE__ADMIN__API_KEY_IDS__INIT;
        request.body = &body;
        request.format = "csv";
        bool ok = srv_admin_handlers.import_api_keys(&fixture->admin, &fixture->ctx, &request,
                                                     &response, &fixture->err);
        if (response.n_warnings > 0) {
            assert_true(ok);
            assert_int_equal(response.n_warnings, 1);
            assert_memory_equal(response.warnings[0], rows[i].expected, strlen(rows[i].expected));
        } else {
            expect(fixture, ok, rows[i].expected);
        }
        assert_int_equal(response.n_ids, rows[i].ids);
        assert_int_equal(tear_down(state), 0);
    }
}

/* All or none: what was stored before the line that fails is taken back. */
static void test_import_all_or_none(void **state)
{
    struct fixture *fixture = *state;
    static const char csv[] = "name,key\na," VALUE_1 "\nb," VALUE_2 "\nc," VALUE_1 "\n";
    size_t before = fixture->fake.count;
    Google__Api__HttpBody body = GOOGLE__API__HTTP_BODY__INIT;
    body.data = (ProtobufCBinaryData){sizeof csv - 1, (uint8_t *)(uintptr_t)csv};
    Tollgate__Admin__ImportApiKeysRequest request = TOLLGATE__ADMIN__IMPORT_API_KEYS_REQUEST__INIT;
    Tollgate__Admin__ApiKeyIds response = TOLLGATE__ADMIN__API_KEY_IDS__INIT;
    request.body = &body;
    request.format = "csv";
    request.failonwarnings = true;
    assert_false(srv_admin_handlers.import_api_keys(&fixture->admin, &fixture->ctx, &request,
                                                    &response, &fixture->err));
    assert_int_equal(fixture->err.code, BASE_ALREADY_EXISTS);
    assert_int_equal(fixture->fake.count, before);
    request.format = "json";
    expect(fixture,
           srv_admin_handlers.import_api_keys(&fixture->admin, &fixture->ctx, &request, &response,
                                              &fixture->err),
           "INVALID_ARGUMENT: format: expected csv");
}

static void test_too_long_an_import(void **state)
{
    struct fixture *fixture = *state;
    static char csv[SRV_ADMIN_IMPORT_LINES_MAX + 1];
    memset(csv, '\n', sizeof csv);
    Google__Api__HttpBody body = GOOGLE__API__HTTP_BODY__INIT;
    body.data = (ProtobufCBinaryData){sizeof csv, (uint8_t *)csv};
    Tollgate__Admin__ImportApiKeysRequest request = TOLLGATE__ADMIN__IMPORT_API_KEYS_REQUEST__INIT;
    Tollgate__Admin__ApiKeyIds response = TOLLGATE__ADMIN__API_KEY_IDS__INIT;
    request.body = &body;
    request.format = "csv";
    expect(fixture,
           srv_admin_handlers.import_api_keys(&fixture->admin, &fixture->ctx, &request, &response,
                                              &fixture->err),
           "INVALID_ARGUMENT: an import may have 2000 lines, this one has 2001");
}

/* ---- Usage ---- */

static void test_days_of_usage(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        char *first;
        char *last;
        const char *expected;
    } rows[] = {
        {"2026-01-31", "2026-01-31", "OK"},
        {"2024-02-29", "2024-02-29", "OK"},
        {"2026-01-01", "2027-01-01", "OK"},
        {"", "2026-01-31", "INVALID_ARGUMENT: startDate: expected a date like 2026-01-31"},
        {"2026-01-31", "31.1.2026", "INVALID_ARGUMENT: endDate: expected a date like 2026-01-31"},
        {"2026-02-29", "2026-03-01",
         "INVALID_ARGUMENT: startDate: expected a date like 2026-01-31"},
        {"2026-13-01", "2026-13-01",
         "INVALID_ARGUMENT: startDate: expected a date like 2026-01-31"},
        {"2026-1-031", "2026-01-31",
         "INVALID_ARGUMENT: startDate: expected a date like 2026-01-31"},
        {"1969-12-31", "2026-01-31",
         "INVALID_ARGUMENT: startDate: expected a date like 2026-01-31"},
        {"2026-01-31", "2026-01-30",
         "INVALID_ARGUMENT: endDate: from startDate on there may be 1 to 366 days"},
        {"2026-01-01", "2027-01-02",
         "INVALID_ARGUMENT: endDate: from startDate on there may be 1 to 366 days"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Tollgate__Admin__GetUsageRequest request = TOLLGATE__ADMIN__GET_USAGE_REQUEST__INIT;
        Tollgate__Admin__Usage response = TOLLGATE__ADMIN__USAGE__INIT;
        request.usage_plan_id = "standard";
        request.start_date = rows[i].first;
        request.end_date = rows[i].last;
        expect(fixture,
               srv_admin_handlers.get_usage(&fixture->admin, &fixture->ctx, &request, &response,
                                            &fixture->err),
               rows[i].expected);
    }
}

/* A report of many days has fewer keys a page. */
static void test_the_longest_report(void **state)
{
    struct fixture *fixture = *state;
    const size_t keys_max = SRV_ADMIN_USAGE_DAYS_MAX / SRV_USAGE_DAYS_MAX;
    Tollgate__Admin__CreateUsagePlanKeyRequest join =
        TOLLGATE__ADMIN__CREATE_USAGE_PLAN_KEY_REQUEST__INIT;
    Tollgate__Admin__UsagePlanKey joined = TOLLGATE__ADMIN__USAGE_PLAN_KEY__INIT;
    Tollgate__Admin__GetUsageRequest request = TOLLGATE__ADMIN__GET_USAGE_REQUEST__INIT;
    Tollgate__Admin__Usage response = TOLLGATE__ADMIN__USAGE__INIT;
    Tollgate__UsagePlan plan =
        TOLLGATE__USAGE_PLAN__INIT; /* without a quota, which no fake counts */
    plan.name = "free";
    assert_true(srv_access_add_plan(&fixture->access, &fixture->ctx, &plan, &fixture->err));
    join.usage_plan_id = request.usage_plan_id = plan.id;
    join.key_type = "API_KEY";
    for (size_t i = 0; i <= keys_max; i++) {
        join.key_id = add_key(fixture, "");
        assert_true(srv_admin_handlers.create_usage_plan_key(&fixture->admin, &fixture->ctx, &join,
                                                             &joined, &fixture->err));
    }
    request.start_date = "2026-01-01";
    request.end_date = "2027-01-01";
    request.limit = SRV_ADMIN_LIST_MAX;
    assert_true(srv_admin_handlers.get_usage(&fixture->admin, &fixture->ctx, &request, &response,
                                             &fixture->err));
    assert_int_equal(response.n_values, keys_max);
    assert_int_equal(response.values[0]->value->n_values, SRV_USAGE_DAYS_MAX);
    assert_non_null(response.position);
}

static void test_changes_of_usage(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        char *op;
        char *path;
        char *value;
        const char *expected;
    } rows[] = {
        {"add", "/remaining", "5",
         "INVALID_ARGUMENT: Invalid patch path: there is no \"add\" of \"/remaining\" here"},
        {"replace", "/used", "5",
         "INVALID_ARGUMENT: Invalid patch path: there is no \"replace\" of \"/used\" here"},
        {"replace", "/remaining", "-1",
         "INVALID_ARGUMENT: /remaining: expected a whole number from 0 to 2147483647, found "
         "\"-1\""},
        {"replace", "/remaining", "5", "NOT_FOUND: there is no API key with the id \"nobody\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Tollgate__Admin__PatchOperation operation = TOLLGATE__ADMIN__PATCH_OPERATION__INIT;
        Tollgate__Admin__PatchOperation *operations[] = {&operation};
        operation.op = rows[i].op;
        operation.path = rows[i].path;
        operation.value = rows[i].value;
        Tollgate__Admin__UpdateUsageRequest request = TOLLGATE__ADMIN__UPDATE_USAGE_REQUEST__INIT;
        Tollgate__Admin__Usage response = TOLLGATE__ADMIN__USAGE__INIT;
        request.usage_plan_id = "standard";
        request.key_id = "nobody";
        request.patch_operations = operations;
        request.n_patch_operations = 1;
        expect(fixture,
               srv_admin_handlers.update_usage(&fixture->admin, &fixture->ctx, &request, &response,
                                               &fixture->err),
               rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pages_of_some_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_longest_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_key_that_is_not_in_the_plan, set_up, tear_down),
        cmocka_unit_test(test_imports),
        cmocka_unit_test_setup_teardown(test_import_all_or_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_long_an_import, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_days_of_usage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_longest_report, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changes_of_usage, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
