#include "gateway/tenure.h"

#include "notes/v1/notes.tg.h"
#include "tests/gateway/access_fixture.h"
#include "tests/gateway/fake_channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct fake_channel fake;
static struct gw_gateway *gateway;

static int make_gateway(void **state)
{
    (void)state;
    struct base_err err;
    fake_channel_init(&fake);
    gateway = gw_gateway_create(
        &(struct gw_gateway_config){
            .descriptor_sets = &(struct gw_descriptor_set){.bytes = notes_v1_notes_descriptor_set},
            .descriptor_set_count = 1,
            .channel = &fake.channel,
        },
        &err);
    return gateway == NULL ? -1 : 0;
}

static int drop_gateway(void **state)
{
    (void)state;
    unsigned refs = atomic_load(&gateway->refs);
    gw_gateway_unref(gateway);
    rpc_channel_destroy(&fake.channel);
    return refs == 1 ? 0 : -1;
}

static void assert_refs(unsigned expected)
{
    assert_int_equal(atomic_load(&gateway->refs), expected);
}

static void one_without_calls_ends_at_once(void **state)
{
    (void)state;
    struct gw_tenure *tenure = gw_tenure_begin(gateway, NULL);
    assert_refs(2);
    gw_tenure_enter(tenure);
    gw_tenure_leave(tenure);
    assert_refs(2);
    gw_tenure_end(tenure);
    assert_refs(1);
}

static void the_last_call_lets_the_gateway_go(void **state)
{
    (void)state;
    struct gw_tenure *tenure = gw_tenure_begin(gateway, NULL);
    gw_tenure_enter(tenure);
    gw_tenure_enter(tenure);
    gw_tenure_end(tenure);
    assert_refs(2);
    gw_tenure_leave(tenure);
    assert_refs(2);
    gw_tenure_leave(tenure);
    assert_refs(1);
}

static void desks_hold_it_apart(void **state)
{
    (void)state;
    struct gw_tenure *one = gw_tenure_begin(gateway, NULL);
    struct gw_tenure *other = gw_tenure_begin(gateway, NULL);
    gw_tenure_enter(one);
    gw_tenure_end(one);
    gw_tenure_end(other);
    assert_refs(2);
    gw_tenure_leave(one);
    assert_refs(1);
}

/* Each snapshot refers to its meters, which must be gone at the tear-down; a grant is of use until
 * then. */
static void the_last_call_lets_the_keys_go(void **state)
{
    Tollgate__ApiStage dev = access_stage("dev");
    Tollgate__ApiStage *stages[] = {&dev};
    Tollgate__UsagePlan plan = access_plan("p", stages, 1);
    const Tollgate__UsagePlan *plans[] = {&plan};
    static char *in[2] = {"p", NULL};
    uint8_t hash[BASE_DIGEST_BYTES];
    Tollgate__ApiKey key = access_key("key-id", "value", in, hash);
    const Tollgate__ApiKey *keys[] = {&key};
    access_set_up(state);
    struct gw_access *access = access_make(keys, 1, plans, 1);
    struct gw_tenure *tenure = gw_tenure_begin(gateway, access);
    gw_access_unref(access);
    const struct gw_grant *grant = gw_access_find(tenure->access, BASE_STR("value"), 0);
    gw_tenure_enter(tenure);
    gw_tenure_end(tenure);
    assert_true(base_str_eq(grant->key_id, BASE_STR("key-id")));
    gw_tenure_leave(tenure);
    access_tear_down(state);
    assert_refs(1);
}

#define WITH_GATEWAY(test) cmocka_unit_test_setup_teardown(test, make_gateway, drop_gateway)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_GATEWAY(one_without_calls_ends_at_once),
        WITH_GATEWAY(the_last_call_lets_the_gateway_go),
        WITH_GATEWAY(desks_hold_it_apart),
        WITH_GATEWAY(the_last_call_lets_the_keys_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
