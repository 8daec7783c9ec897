/* The rules of usage plans that come whole, each broken in a plan that is right otherwise. What
 * patches bring about is tested with those. */
#include "server/usage_plan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STAGES (SRV_PLAN_STAGES_MAX + 1)

struct sample {
    Tollgate__UsagePlan plan;
    Tollgate__Throttle throttle;
    Tollgate__Throttle method_throttle;
    Tollgate__Quota quota;
    Tollgate__ApiStage stages[STAGES];
    Tollgate__ApiStage *stage_list[STAGES];
    char stage_names[STAGES][8];
    Tollgate__ApiStage__ThrottleEntry entry;
    Tollgate__ApiStage__ThrottleEntry *entries[1];
};

/* A plan with one stage, of which one method has limits of its own. */
static void make_sample(struct sample *sample)
{
    tollgate__usage_plan__init(&sample->plan);
    tollgate__throttle__init(&sample->throttle);
    tollgate__throttle__init(&sample->method_throttle);
    tollgate__quota__init(&sample->quota);
    tollgate__api_stage__throttle_entry__init(&sample->entry);
    sample->quota.limit = 10;
    sample->quota.period = TOLLGATE__QUOTA__PERIOD__DAY;
    sample->entry.key = "/notes/GET";
    sample->entry.value = &sample->method_throttle;
    sample->entries[0] = &sample->entry;
    for (size_t i = 0; i < STAGES; i++) {
        tollgate__api_stage__init(&sample->stages[i]);
        snprintf(sample->stage_names[i], sizeof sample->stage_names[i], "s%zu", i);
        sample->stages[i].api_id = "a";
        sample->stages[i].stage = sample->stage_names[i];
        sample->stage_list[i] = &sample->stages[i];
    }
    sample->stages[0].throttle = sample->entries;
    sample->stages[0].n_throttle = 1;
    sample->plan.name = "p";
    sample->plan.throttle = &sample->throttle;
    sample->plan.quota = &sample->quota;
    sample->plan.api_stages = sample->stage_list;
    sample->plan.n_api_stages = 1;
}

/* What is other than in the sample; 0 is what stands there. */
struct row {
    const char *message; /* NULL where it breaks no rule */
    size_t name_bytes;
    size_t description_bytes;
    size_t product_code_bytes;
    size_t api_id_bytes;
    size_t stage_bytes;
    size_t stages;
    bool has_a_stage_twice;
    double rate;
    int32_t burst;
    const char *method;
    double method_rate;
    int32_t quota_less; /* than 10 */
    int period;
};

#define NO_RATE "throttle: rateLimit is at least 0"
#define NO_METHOD "apiStages: a method's limit is named like \"/notes/GET\", not "

static const struct row rows[] = {
    {.message = NULL},
    {NULL, .name_bytes = 255},
    {"name: at most 255 bytes, got 256", .name_bytes = 256},
    {NULL, .description_bytes = 1024},
    {"description: at most 1024 bytes, got 1025", .description_bytes = 1025},
    {NULL, .product_code_bytes = 255},
    {"productCode: at most 255 bytes, got 256", .product_code_bytes = 256},
    {NULL, .api_id_bytes = 128},
    {"apiStages: apiId: at most 128 bytes, got 129", .api_id_bytes = 129},
    {NULL, .stage_bytes = 128},
    {"apiStages: a stage's name is $default or 1 to 128 letters, digits, \"-\" and \"_\"",
     .stage_bytes = 129},
    {NULL, .stages = 100},
    {"apiStages: at most 100, got 101", .stages = 101},
    {"apiStages: a:s0 is there twice", .stages = 2, .has_a_stage_twice = true},
    {NULL, .rate = 0.5},
    {NO_RATE, .rate = -0.5},
    {NO_RATE, .rate = NAN},
    {NO_RATE, .rate = INFINITY},
    {"throttle: burstLimit is at least 0, got -1", .burst = -1},
    {NULL, .method = "/a/{b}/PUT"},
    {NULL, .method = "//GET"},
    {NO_METHOD "\"notes/GET\"", .method = "notes/GET"},
    {NO_METHOD "\"/GET\"", .method = "/GET"},
    {NO_METHOD "\"/notes/\"", .method = "/notes/"},
    {NO_METHOD "\"\"", .method = ""},
    {"/notes/GET: rateLimit is at least 0", .method_rate = -1},
    {NULL, .quota_less = 9},
    {"quota: limit is at least 1, got 0", .quota_less = 10},
    {"quota: period is MINUTE, HOUR, DAY, WEEK or MONTH", .period = 99},
};

static char *xs(char *text, size_t count)
{
    memset(text, 'x', count);
    text[count] = '\0';
    return text;
}

static void change(struct sample *sample, const struct row *row)
{
    static char texts[5][2048];
    Tollgate__UsagePlan *plan = &sample->plan;
    Tollgate__ApiStage *stage = &sample->stages[0];
    plan->name = row->name_bytes > 0 ? xs(texts[0], row->name_bytes) : plan->name;
    plan->description = xs(texts[1], row->description_bytes);
    plan->product_code = xs(texts[2], row->product_code_bytes);
    stage->api_id = row->api_id_bytes > 0 ? xs(texts[3], row->api_id_bytes) : stage->api_id;
    stage->stage = row->stage_bytes > 0 ? xs(texts[4], row->stage_bytes) : stage->stage;
    plan->n_api_stages = row->stages > 0 ? row->stages : 1;
    if (row->has_a_stage_twice) {
        sample->stages[1].stage = stage->stage;
    }
    sample->throttle.rate_limit = row->rate;
    sample->throttle.burst_limit = row->burst;
    sample->entry.key = row->method != NULL ? (char *)(uintptr_t)row->method : sample->entry.key;
    sample->method_throttle.rate_limit = row->method_rate;
    sample->quota.limit -= row->quota_less;
    if (row->period != 0) {
        sample->quota.period = (Tollgate__Quota__Period)row->period;
    }
}

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct sample sample;
        struct base_err err = {0};
        make_sample(&sample);
        change(&sample, &rows[i]);
        bool ok = srv_usage_plan_check(&sample.plan, &err);
        const char *expected = rows[i].message == NULL ? "" : rows[i].message;
        if (ok != (rows[i].message == NULL) || strcmp(err.message, expected) != 0) {
            fail_msg("row %zu: expected \"%s\", got \"%s\"", i, expected, err.message);
        }
        assert_int_equal(err.code, ok ? BASE_OK : BASE_INVALID_ARGUMENT);
    }
}

static void test_long_method_names(void **state)
{
    (void)state;
    static struct sample sample;
    char key[SRV_PLAN_METHOD_BYTES_MAX + 2];
    struct base_err err;
    make_sample(&sample);
    sample.entry.key = xs(key, SRV_PLAN_METHOD_BYTES_MAX);
    key[0] = '/';
    memcpy(key + SRV_PLAN_METHOD_BYTES_MAX - 4, "/GET", 4);
    assert_true(srv_usage_plan_check(&sample.plan, &err));
    memcpy(key + SRV_PLAN_METHOD_BYTES_MAX - 4, "/POST", sizeof "/POST");
    assert_false(srv_usage_plan_check(&sample.plan, &err));
}

/* A rate without a burst would refuse everything, a method's too. */
static void test_bursts_that_are_not_given(void **state)
{
    (void)state;
    static struct sample sample;
    make_sample(&sample);
    sample.throttle.rate_limit = 2.5;
    sample.method_throttle.rate_limit = 0.1;
    srv_usage_plan_complete(&sample.plan);
    assert_int_equal(sample.throttle.burst_limit, 3);
    assert_int_equal(sample.method_throttle.burst_limit, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_long_method_names),
        cmocka_unit_test(test_bursts_that_are_not_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
