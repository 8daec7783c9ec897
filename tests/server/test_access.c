/* Keys and plans over a store in memory. */
#include "server/access.h"
#include "server/access_seed.h"
#include "server/access_state.h"
#include "tests/server/fake_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define VALUE BASE_STR("abcdefghij0123456789")
#define SECRET BASE_STR("an operator's secret")

struct fixture {
    struct fake_store fake;
    struct srv_access access;
    struct rpc_context ctx;
    struct base_err err;
};

static bool open_with(struct fixture *fixture, struct base_str secret, bool keeps_values)
{
    static const char *const stages[] = {"dev", "prod"};
    const struct srv_access_config config = {
        .store = &fixture->fake.store,
        .clock = &base_clock_system,
        .random = &base_random_system,
        .secret = secret,
        .keeps_values = keeps_values,
        .stages = stages,
        .stage_count = 2,
    };
    return srv_access_open(&fixture->access, &config, &fixture->err);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    fake_store_init(&fixture.fake);
    rpc_context_init(&fixture.ctx);
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

static Tollgate__ApiKey *add(struct fixture *fixture, struct base_str value)
{
    Tollgate__ApiKey *key = rpc_context_alloc(&fixture->ctx, sizeof *key, &fixture->err);
    tollgate__api_key__init(key);
    key->enabled = true;
    return srv_access_add_key(&fixture->access, &fixture->ctx, value, key, &fixture->err) ? key
                                                                                          : NULL;
}

static int64_t version_of(struct fixture *fixture)
{
    Tollgate__AccessState *state;
    assert_true(srv_access_state_read(&fixture->fake.store, &fixture->ctx, &state, &fixture->err));
    return state->version;
}

static void test_an_empty_store_gets_two_plans(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *id;
        const char *name;
        int32_t limit;
    } rows[] = {{"standard", "standard-plan", 100}, {"premium", "premium-plan", 500}};
    assert_true(open_with(fixture, BASE_STR(""), false));
    for (size_t i = 0; i < 2; i++) {
        Tollgate__UsagePlan *plan;
        assert_true(
            srv_access_get_plan(&fixture->access, &fixture->ctx, rows[i].id, &plan, &fixture->err));
        assert_string_equal(plan->name, rows[i].name);
        assert_int_equal(plan->quota->limit, rows[i].limit);
        assert_int_equal(plan->quota->period, TOLLGATE__QUOTA__PERIOD__MINUTE);
        assert_int_equal(plan->n_api_stages, 2);
        assert_string_equal(plan->api_stages[0]->stage, "dev");
        assert_string_equal(plan->api_stages[1]->stage, "prod");
    }
    assert_int_equal(fixture->fake.count, 3);
}

/* One that was deleted does not come again. */
static void test_plans_come_once(void **state)
{
    struct fixture *fixture = *state;
    assert_true(open_with(fixture, BASE_STR(""), false));
    assert_true(srv_access_remove_plan(&fixture->access, &fixture->ctx, "standard", &fixture->err));
    assert_true(open_with(fixture, BASE_STR(""), false));
    Tollgate__UsagePlan *plan;
    assert_false(
        srv_access_get_plan(&fixture->access, &fixture->ctx, "standard", &plan, &fixture->err));
    assert_int_equal(fixture->err.code, BASE_NOT_FOUND);
    assert_string_equal(fixture->err.message, "there is no usage plan with the id \"standard\"");
}

static void test_the_secret_stays_the_same(void **state)
{
    struct fixture *fixture = *state;
    assert_true(open_with(fixture, SECRET, false));
    const Tollgate__ApiKey *key = add(fixture, VALUE);
    assert_true(open_with(fixture, SECRET, false));
    uint8_t hash[BASE_DIGEST_BYTES];
    srv_key_value_hash(&fixture->access.ring, VALUE, hash);
    assert_memory_equal(hash, key->value_hash.data, sizeof hash);
    assert_false(open_with(fixture, BASE_STR(""), false));
    assert_int_equal(fixture->err.code, BASE_FAILED_PRECONDITION);
    assert_string_equal(fixture->err.message, "the store's API keys were hashed under another "
                                              "secret than none, as is given now");
    assert_false(open_with(fixture, BASE_STR("another operator's"), false));
    assert_string_equal(fixture->err.message,
                        "the store's API keys were hashed under another secret than the one given");
}

/* Whoever has the database has salt and hash; without the secret that is another hash. */
static void test_no_value_is_stored(void **state)
{
    struct fixture *fixture = *state;
    assert_true(open_with(fixture, SECRET, true));
    assert_non_null(add(fixture, VALUE));
    for (size_t i = 0; i < fixture->fake.count; i++) {
        struct base_str body = fixture->fake.documents[i].body;
        assert_null(memmem(body.data, body.len, VALUE.data, VALUE.len));
        assert_null(memmem(body.data, body.len, SECRET.data, SECRET.len));
    }
    Tollgate__AccessState *access_state;
    assert_true(
        srv_access_state_read(&fixture->fake.store, &fixture->ctx, &access_state, &fixture->err));
    struct srv_key_ring without;
    uint8_t hash[BASE_DIGEST_BYTES];
    uint8_t guess[BASE_DIGEST_BYTES];
    srv_key_ring_derive(BASE_STR(""), access_state->salt.data, &without);
    srv_key_value_hash(&without, VALUE, guess);
    srv_key_value_hash(&fixture->access.ring, VALUE, hash);
    assert_memory_not_equal(hash, guess, sizeof hash);
}

static void test_a_value_exists_once(void **state)
{
    struct fixture *fixture = *state;
    assert_true(open_with(fixture, BASE_STR(""), false));
    const Tollgate__ApiKey *key = add(fixture, VALUE);
    assert_non_null(key);
    assert_null(add(fixture, VALUE));
    assert_int_equal(fixture->err.code, BASE_ALREADY_EXISTS);
    char expected[128];
    snprintf(expected, sizeof expected, "there is an API key with this value already, its id is %s",
             key->id);
    assert_string_equal(fixture->err.message, expected);
    assert_true(srv_access_remove_key(&fixture->access, &fixture->ctx, key->id, &fixture->err));
    assert_non_null(add(fixture, VALUE));
}

static void test_values_are_shown_where_they_are_kept(void **state)
{
    struct fixture *fixture = *state;
    assert_false(open_with(fixture, BASE_STR(""), true));
    assert_int_equal(fixture->err.code, BASE_INVALID_ARGUMENT);
    char *value;
    assert_true(open_with(fixture, SECRET, false));
    const Tollgate__ApiKey *before = add(fixture, BASE_STR("made-before-values-were-kept"));
    assert_true(srv_access_reveal(&fixture->access, &fixture->ctx, before, &value, &fixture->err));
    assert_null(value);
    assert_true(open_with(fixture, SECRET, true));
    Tollgate__ApiKey *key = add(fixture, VALUE);
    assert_true(srv_access_reveal(&fixture->access, &fixture->ctx, key, &value, &fixture->err));
    assert_string_equal(value, VALUE.data);
    assert_true(srv_access_reveal(&fixture->access, &fixture->ctx, before, &value, &fixture->err));
    assert_null(value);
    key->id = before->id; /* a sealed value moved to another key */
    assert_true(srv_access_reveal(&fixture->access, &fixture->ctx, key, &value, &fixture->err));
    assert_null(value);
}

/* Sets a name, and fails where that is wanted. */
struct renaming {
    struct srv_mutation mutation;
    enum base_code fails;
};

static bool rename_key(const struct srv_mutation *self, struct rpc_context *ctx,
                       ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    ((Tollgate__ApiKey *)message)->name = "renamed";
    enum base_code fails = ((const struct renaming *)self)->fails;
    return fails == BASE_OK || base_err_set(err, fails, "no");
}

static void test_changes_are_announced(void **state)
{
    struct fixture *fixture = *state;
    fixture->fake.runs = 2;
    assert_true(open_with(fixture, BASE_STR(""), false));
    assert_int_equal(version_of(fixture), 0);
    const Tollgate__ApiKey *key = add(fixture, VALUE);
    assert_int_equal(version_of(fixture), 1);
    struct renaming renaming = {.mutation = {rename_key}};
    Tollgate__ApiKey *changed;
    assert_true(srv_access_update_key(&fixture->access, &fixture->ctx, key->id, &renaming.mutation,
                                      &changed, &fixture->err));
    assert_string_equal(changed->name, "renamed");
    assert_int_equal(version_of(fixture), 2);
    renaming.fails = BASE_NOT_FOUND; /* the mutation's own, not the store's */
    assert_false(srv_access_update_key(&fixture->access, &fixture->ctx, key->id, &renaming.mutation,
                                       &changed, &fixture->err));
    assert_string_equal(fixture->err.message, "no");
    assert_int_equal(version_of(fixture), 2);
    assert_true(srv_access_remove_key(&fixture->access, &fixture->ctx, key->id, &fixture->err));
    Tollgate__AccessState *last;
    assert_true(srv_access_state_read(&fixture->fake.store, &fixture->ctx, &last, &fixture->err));
    assert_int_equal(last->version, 3);
    assert_int_equal(last->n_changes, 3);
    assert_memory_equal(last->changes[2], "key:", 4);
    assert_string_equal(last->changes[2] + 4, key->id);
}

static void test_only_the_last_changes_are_named(void **state)
{
    struct fixture *fixture = *state;
    assert_true(open_with(fixture, BASE_STR(""), false));
    char change[16];
    for (int i = 0; i < SRV_ACCESS_CHANGES_MAX + 10; i++) {
        snprintf(change, sizeof change, "key:%d", i);
        assert_true(
            srv_access_state_announce(&fixture->fake.store, &fixture->ctx, change, &fixture->err));
        rpc_context_reset(&fixture->ctx);
    }
    Tollgate__AccessState *last;
    assert_true(srv_access_state_read(&fixture->fake.store, &fixture->ctx, &last, &fixture->err));
    assert_int_equal(last->version, SRV_ACCESS_CHANGES_MAX + 10);
    assert_int_equal(last->n_changes, SRV_ACCESS_CHANGES_MAX);
    assert_string_equal(last->changes[0], "key:10");
    assert_string_equal(last->changes[SRV_ACCESS_CHANGES_MAX - 1], change);
}

static void test_what_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    assert_true(open_with(fixture, BASE_STR(""), false));
    char id[SRV_STORE_KEY_BYTES_MAX + 2];
    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    const char *ids[] = {"", "nosuchkey", id};
    struct renaming renaming = {.mutation = {rename_key}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        Tollgate__ApiKey *key;
        assert_false(
            srv_access_get_key(&fixture->access, &fixture->ctx, ids[i], &key, &fixture->err));
        assert_int_equal(fixture->err.code, BASE_NOT_FOUND);
        assert_false(srv_access_update_key(&fixture->access, &fixture->ctx, ids[i],
                                           &renaming.mutation, &key, &fixture->err));
        assert_int_equal(fixture->err.code, BASE_NOT_FOUND);
        assert_false(srv_access_remove_key(&fixture->access, &fixture->ctx, ids[i], &fixture->err));
        assert_int_equal(fixture->err.code, BASE_NOT_FOUND);
    }
    assert_int_equal(version_of(fixture), 0);
}

static void test_the_demo_key(void **state)
{
    struct fixture *fixture = *state;
    assert_true(open_with(fixture, BASE_STR(""), false));
    size_t count = fixture->fake.count;
    assert_true(srv_access_seed_demo_key(&fixture->access, false, &fixture->err));
    assert_int_equal(fixture->fake.count, count);
    assert_true(srv_access_seed_demo_key(&fixture->access, true, &fixture->err));
    assert_true(srv_access_seed_demo_key(&fixture->access, true, &fixture->err));
    assert_int_equal(fixture->fake.count, count + 1);
    assert_null(add(fixture, BASE_STR(SRV_ACCESS_DEMO_VALUE)));
    assert_int_equal(fixture->err.code, BASE_ALREADY_EXISTS);
    assert_true(srv_access_seed_demo_key(&fixture->access, false, &fixture->err));
    assert_int_equal(fixture->fake.count, count);
}

static void test_failures_are_told(void **state)
{
    struct fixture *fixture = *state;
    fixture->fake.fails = BASE_UNAVAILABLE;
    assert_false(open_with(fixture, BASE_STR(""), false));
    assert_int_equal(fixture->err.code, BASE_UNAVAILABLE);
    fixture->fake.fails = BASE_OK;
    assert_true(open_with(fixture, BASE_STR(""), false));
    fixture->fake.fails = BASE_UNAVAILABLE;
    assert_null(add(fixture, VALUE));
    assert_int_equal(fixture->err.code, BASE_UNAVAILABLE);
    assert_false(srv_access_seed_demo_key(&fixture->access, false, &fixture->err));
    assert_string_equal(fixture->err.message, "the demo's API key: the fake store fails");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_store_gets_two_plans, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_plans_come_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_secret_stays_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_value_is_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_value_exists_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_are_shown_where_they_are_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_changes_are_announced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_the_last_changes_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_demo_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failures_are_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
