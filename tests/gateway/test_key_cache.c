#include "gateway/key_cache.h"

#include "base/mem.h"
#include "tests/gateway/access_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* More keys than slots, of which some share one. */
#define KEYS (3 * GW_KEY_CACHE_SLOTS)

/* The keys "key-value-0" on, each second one in a plan for dev alone, the others for
 * both stages. */
static struct gw_access *make(size_t count)
{
    static uint8_t hashes[KEYS][BASE_DIGEST_BYTES];
    static Tollgate__ApiKey keys[KEYS];
    static const Tollgate__ApiKey *key_list[KEYS];
    static char *in[2][2] = {{"dev", NULL}, {"both", NULL}};
    Tollgate__ApiStage dev = access_stage("dev");
    Tollgate__ApiStage prod = access_stage("prod");
    Tollgate__ApiStage *both[] = {&dev, &prod};
    Tollgate__UsagePlan plans[] = {access_plan("dev", both, 1), access_plan("both", both, 2)};
    const Tollgate__UsagePlan *plan_list[] = {&plans[0], &plans[1]};
    for (size_t i = 0; i < count; i++) {
        char value[40];
        snprintf(value, sizeof value, "key-value-%zu", i);
        keys[i] = access_key("k", value, in[i % 2], hashes[i]);
        key_list[i] = &keys[i];
    }
    return access_make(key_list, count, plan_list, 2);
}

static void finds_what_the_snapshot_finds(void **state)
{
    (void)state;
    struct gw_access *access = make(KEYS);
    struct gw_key_cache *cache = base_calloc(1, sizeof *cache);
    size_t found = 0;
    for (size_t i = 0; i < 20 * KEYS; i++) {
        char value[40];
        size_t stage = i / 3 % 2;
        /* Three times the same key, then another one; the last fifth of them unknown. */
        snprintf(value, sizeof value, "key-value-%zu", i / 3 * 7919 % (KEYS + KEYS / 4));
        const struct gw_grant *grant = gw_access_find(access, base_str_of(value), stage);
        assert_ptr_equal(gw_key_cache_find(cache, access, base_str_of(value), stage), grant);
        found += grant != NULL;
    }
    assert_in_range(found, 1, 20 * KEYS - 1);
    base_free(cache);
    gw_access_unref(access);
}

static void knows_a_value_by_all_of_it(void **state)
{
    (void)state;
    static const char *const others[] = {
        "key-value-1", "key-value-", "key-value-00", "key-Value-0", "ey-value-0", "", "0",
    };
    struct gw_access *access = make(1);
    struct gw_key_cache *cache = base_calloc(1, sizeof *cache);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_non_null(gw_key_cache_find(cache, access, BASE_STR("key-value-0"), 0));
        assert_null(gw_key_cache_find(cache, access, BASE_STR("key-value-0"), 1));
        assert_null(gw_key_cache_find(cache, access, base_str_of(others[i]), 0));
    }
    base_free(cache);
    gw_access_unref(access);
}

static void forgets_keys_that_are_no_more(void **state)
{
    (void)state;
    struct gw_access *two = make(2);
    struct gw_access *one = make(1);
    struct gw_key_cache *cache = base_calloc(1, sizeof *cache);
    assert_non_null(gw_key_cache_find(cache, two, BASE_STR("key-value-1"), 0));
    gw_key_cache_clear(cache);
    assert_null(gw_key_cache_find(cache, one, BASE_STR("key-value-1"), 0));
    base_free(cache);
    gw_access_unref(one);
    gw_access_unref(two);
}

#define WITH_METERS(test) cmocka_unit_test_setup_teardown(test, access_set_up, access_tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_METERS(finds_what_the_snapshot_finds),
        WITH_METERS(knows_a_value_by_all_of_it),
        WITH_METERS(forgets_keys_that_are_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
