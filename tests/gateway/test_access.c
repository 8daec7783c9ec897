#include "gateway/access.h"

#include "base/clock.h"
#include "base/mem.h"
#include "tests/gateway/access_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* "key plan-burst dev prod": a plan is told by its burst, "-" is no grant. */
static const char *granted(const struct gw_access *access, const char *value)
{
    static char text[100];
    size_t len = 0;
    for (size_t stage = 0; stage < 2; stage++) {
        const struct gw_grant *grant = gw_access_find(access, base_str_of(value), stage);
        if (grant == NULL) {
            len += (size_t)snprintf(text + len, sizeof text - len, "- ");
        } else {
            len += (size_t)snprintf(text + len, sizeof text - len, "%.*s:%d ",
                                    BASE_STR_ARGS(grant->key_id), (int)grant->terms->limit.burst);
        }
    }
    return text;
}

/* Five plans, told apart by their bursts, and keys in some of them. */
static void finds_what_a_key_may_do(void **state)
{
    (void)state;
    Tollgate__ApiStage dev = access_stage("dev");
    Tollgate__ApiStage prod = access_stage("prod");
    Tollgate__ApiStage other = access_stage("other");
    Tollgate__ApiStage *only_dev[] = {&dev};
    Tollgate__ApiStage *both[] = {&prod, &other, &dev};
    Tollgate__ApiStage *elsewhere[] = {&other};
    Tollgate__Throttle throttles[3];
    Tollgate__UsagePlan plans[] = {
        access_plan("c", both, 3),
        access_plan("a", only_dev, 1),
        access_plan("b", elsewhere, 1),
    };
    const Tollgate__UsagePlan *plan_list[3];
    for (int i = 0; i < 3; i++) {
        tollgate__throttle__init(&throttles[i]);
        throttles[i].rate_limit = 1;
        throttles[i].burst_limit = 10 + i;
        plans[i].throttle = &throttles[i];
        plan_list[i] = &plans[i];
    }
    static char *in[][2] = {{"a", NULL}, {"c", NULL}, {"a", "c"}, {"b", "gone"}, {NULL, NULL}};
    static const char *const expected[] = {"k0:11 - ", "k1:10 k1:10 ", "k2:11 k2:10 ", "- - ",
                                           "- - "};
    static const char *const ids[] = {"k0", "k1", "k2", "k3", "k4", "k5", "k6"};
    static const char *const values[] = {"value0", "value1", "value2", "value3",
                                         "value4", "value5", "value6"};
    uint8_t hashes[7][BASE_DIGEST_BYTES];
    Tollgate__ApiKey keys[7];
    const Tollgate__ApiKey *key_list[7];
    for (size_t i = 0; i < 7; i++) {
        keys[i] = access_key(ids[i], values[i], in[i < 5 ? i : 1], hashes[i]);
        key_list[i] = &keys[i];
    }
    keys[5].enabled = false;
    keys[6].value_hash.len = 5;
    struct gw_access *access = access_make(key_list, 7, plan_list, 3);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(granted(access, values[i]), expected[i]);
    }
    assert_string_equal(granted(access, values[5]), "- - ");
    assert_string_equal(granted(access, values[6]), "- - ");
    assert_string_equal(granted(access, "value"), "- - ");
    assert_string_equal(granted(access, "value00"), "- - ");
    assert_string_equal(granted(access, ""), "- - ");
    gw_access_unref(access);
}

static void a_value_too_long_is_unknown(void **state)
{
    (void)state;
    char value[GW_ACCESS_VALUE_BYTES_MAX + 2];
    Tollgate__ApiStage dev = access_stage("dev");
    Tollgate__ApiStage *list[] = {&dev};
    Tollgate__UsagePlan plan = access_plan("p", list, 1);
    const Tollgate__UsagePlan *plans[] = {&plan};
    static char *in[2] = {"p", NULL};
    for (size_t len = GW_ACCESS_VALUE_BYTES_MAX; len <= GW_ACCESS_VALUE_BYTES_MAX + 1; len++) {
        uint8_t hash[BASE_DIGEST_BYTES];
        memset(value, 'v', len);
        value[len] = '\0';
        Tollgate__ApiKey key = access_key("k", value, in, hash);
        const Tollgate__ApiKey *keys[] = {&key};
        struct gw_access *access = access_make(keys, 1, plans, 1);
        assert_string_equal(granted(access, value),
                            len == GW_ACCESS_VALUE_BYTES_MAX ? "k:0 - " : "- - ");
        gw_access_unref(access);
    }
}

/* Both reach the service as metadata. */
static void ids_and_values_are_text(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *value;
        const char *granted;
    } rows[] = {
        {"k", "a value", "k:0 - "},
        {"k", "a\tvalue", "- - "},
        {"k", "valu\xC3\xA9", "- - "},
        {"k\n", "a value", "- - "},
    };
    Tollgate__ApiStage dev = access_stage("dev");
    Tollgate__ApiStage *list[] = {&dev};
    Tollgate__UsagePlan plan = access_plan("p", list, 1);
    const Tollgate__UsagePlan *plans[] = {&plan};
    static char *in[2] = {"p", NULL};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t hash[BASE_DIGEST_BYTES];
        Tollgate__ApiKey key = access_key(rows[i].id, rows[i].value, in, hash);
        const Tollgate__ApiKey *keys[] = {&key};
        struct gw_access *access = access_make(keys, 1, plans, 1);
        assert_string_equal(granted(access, rows[i].value), rows[i].granted);
        gw_access_unref(access);
    }
}

static void reads_methods_and_quotas(void **state)
{
    (void)state;
    static const char *const names[] = {"/notes/GET", "//GET", "/notes/{note_id}/DELETE", "GET",
                                        "/GET"};
    Tollgate__Throttle throttle = TOLLGATE__THROTTLE__INIT;
    Tollgate__ApiStage__ThrottleEntry entries[5];
    Tollgate__ApiStage__ThrottleEntry *entry_list[5];
    for (int i = 0; i < 5; i++) {
        tollgate__api_stage__throttle_entry__init(&entries[i]);
        entries[i].key = (char *)(uintptr_t)names[i];
        entries[i].value = &throttle;
        entry_list[i] = &entries[i];
    }
    Tollgate__ApiStage dev = access_stage("dev");
    dev.throttle = entry_list;
    dev.n_throttle = 5;
    Tollgate__ApiStage *list[] = {&dev};
    Tollgate__UsagePlan plan = access_plan("p", list, 1);
    Tollgate__Quota quota = TOLLGATE__QUOTA__INIT;
    quota.limit = 7;
    quota.period = TOLLGATE__QUOTA__PERIOD__WEEK;
    quota.offset = 3;
    plan.quota = &quota;
    static char *in[2] = {"p", NULL};
    uint8_t hash[BASE_DIGEST_BYTES];
    Tollgate__ApiKey key = access_key("k", "value", in, hash);
    const Tollgate__ApiKey *keys[] = {&key};
    const Tollgate__UsagePlan *plans[] = {&plan};
    struct gw_access *access = access_make(keys, 1, plans, 1);
    const struct gw_grant *grant = gw_access_find(access, BASE_STR("value"), 0);
    assert_int_equal(grant->terms->method_count, 3);
    assert_true(base_str_eq(grant->terms->methods[0].path_template, BASE_STR("/notes")));
    assert_true(base_str_eq(grant->terms->methods[1].path_template, BASE_STR("/")));
    assert_true(base_str_eq(grant->terms->methods[2].path_template, BASE_STR("/notes/{note_id}")));
    assert_true(base_str_eq(grant->terms->methods[2].http_method, BASE_STR("DELETE")));
    assert_false(grant->terms->limit.is_limited);
    assert_true(grant->terms->methods[0].limit.refuses_all);
    assert_true(grant->terms->has_quota);
    assert_int_equal(grant->terms->quota_limit, 7);
    assert_int_equal(grant->terms->quota_period.first_day, 3);
    gw_access_unref(access);
    quota.offset = 7;
    access = access_make(keys, 1, plans, 1);
    assert_false(gw_access_find(access, BASE_STR("value"), 0)->terms->has_quota);
    gw_access_unref(access);
}

/* What has been used belongs to plan and key, not to the snapshot. */
static void buckets_outlive_a_snapshot(void **state)
{
    (void)state;
    Tollgate__ApiStage dev = access_stage("dev");
    Tollgate__ApiStage *list[] = {&dev};
    Tollgate__UsagePlan plan = access_plan("p", list, 1);
    static char *in[2] = {"p", NULL};
    uint8_t hash[BASE_DIGEST_BYTES];
    Tollgate__ApiKey key = access_key("k", "value", in, hash);
    const Tollgate__ApiKey *keys[] = {&key};
    const Tollgate__UsagePlan *plans[] = {&plan};
    struct gw_access *first = access_make(keys, 1, plans, 1);
    struct gw_access *second = access_make(keys, 1, plans, 1);
    assert_ptr_equal(gw_access_find(first, BASE_STR("value"), 0)->bucket,
                     gw_access_find(second, BASE_STR("value"), 0)->bucket);
    gw_access_unref(first);
    gw_access_unref(second);
}

/* ---- The cost of a look-up ---- */

#define KEYS_MAX 100000
#define LOOKUPS 5000
#define ROUNDS 7 /* of which the best counts: the machine may have other things to do */

static void name_key(size_t index, char out[32])
{
    snprintf(out, 32, "key-value-%012zu", index * 7919);
}

/* Nanoseconds of one look-up, each of another key. */
static double look_up_many(const struct gw_access *access, size_t count)
{
    char value[32];
    int64_t start_ns = base_clock_monotonic_ns();
    for (size_t i = 0; i < LOOKUPS; i++) {
        name_key(i * 31 % count, value);
        assert_non_null(gw_access_find(access, base_str_of(value), 0));
    }
    return (double)(base_clock_monotonic_ns() - start_ns) / LOOKUPS;
}

/* Nanoseconds of one look-up among `count` keys, each of which is looked for in turn. */
static double lookup_ns(size_t count, Tollgate__ApiKey *keys, const Tollgate__ApiKey **list)
{
    Tollgate__ApiStage dev = access_stage("dev");
    Tollgate__ApiStage *stage_list[] = {&dev};
    Tollgate__UsagePlan plan = access_plan("p", stage_list, 1);
    const Tollgate__UsagePlan *plans[] = {&plan};
    static char *in[2] = {"p", NULL};
    uint8_t(*hashes)[BASE_DIGEST_BYTES] = base_calloc(count, sizeof *hashes);
    char value[32];
    for (size_t i = 0; i < count; i++) {
        name_key(i, value);
        keys[i] = access_key("k", value, in, hashes[i]);
        list[i] = &keys[i];
    }
    struct gw_access *access = access_make(list, count, plans, 1);
    double best = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        best = fmin(best, look_up_many(access, count));
    }
    gw_access_unref(access);
    base_free(hashes);
    return best;
}

/* A search through all keys would cost 100,000 times as much at the end; caches cost some. */
static void a_lookup_costs_the_same_among_many(void **state)
{
    (void)state;
    Tollgate__ApiKey *keys = base_calloc(KEYS_MAX, sizeof *keys);
    const Tollgate__ApiKey **list = base_calloc(KEYS_MAX, sizeof(Tollgate__ApiKey *));
    double first = 0;
    for (size_t count = 1; count <= KEYS_MAX; count *= 10) {
        double each = lookup_ns(count, keys, list);
        first = count == 1 ? each : first;
        print_message("among %zu keys: %.0f ns\n", count, each);
        if (each > 20 * first) {
            fail_msg("a look-up among %zu keys takes %.0f ns, %.0f among one", count, each, first);
        }
    }
    base_free(list);
    base_free(keys);
}

#define WITH_METERS(test) cmocka_unit_test_setup_teardown(test, access_set_up, access_tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_METERS(finds_what_a_key_may_do),    WITH_METERS(a_value_too_long_is_unknown),
        WITH_METERS(ids_and_values_are_text),    WITH_METERS(reads_methods_and_quotas),
        WITH_METERS(buckets_outlive_a_snapshot), WITH_METERS(a_lookup_costs_the_same_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
