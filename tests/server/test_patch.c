/* What patchOperations do to a key and to a plan, as tables of operations and outcomes. */
#include "server/patch.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define OPERATIONS_MAX 6
#define OUT_SIZE 2048

struct operation {
    const char *op;
    const char *path;
    const char *value;
};

struct row {
    struct operation operations[OPERATIONS_MAX];
    const char *expected; /* what it is then, or the error */
};

static struct srv_patch make_patch(struct rpc_context *ctx, const struct operation *operations)
{
    struct base_err err;
    Tollgate__Admin__PatchOperation **list =
        rpc_context_alloc(ctx, OPERATIONS_MAX * sizeof *list, &err);
    size_t count = 0;
    while (count < OPERATIONS_MAX && operations[count].op != NULL) {
        list[count] = rpc_context_alloc(ctx, sizeof **list, &err);
        tollgate__admin__patch_operation__init(list[count]);
        list[count]->op = rpc_context_strdup(ctx, base_str_of(operations[count].op), &err);
        list[count]->path = rpc_context_strdup(ctx, base_str_of(operations[count].path), &err);
        list[count]->value = rpc_context_strdup(ctx, base_str_of(operations[count].value), &err);
        count++;
    }
    return (struct srv_patch){list, count};
}

static void expect(size_t row, const char *expected, const char *got)
{
    if (strcmp(expected, got) != 0) {
        fail_msg("row %zu: expected\n%s\ngot\n%s", row, expected, got);
    }
}

/* ---- Keys ---- */

static void test_keys(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{{"replace", "/name", "n"}}, "n/d/c/false"},
        {{{"add", "/description", "x"}, {"replace", "/customerId", ""}}, "name/x//false"},
        {{{"replace", "/enabled", "true"}}, "name/d/c/true"},
        {{{"replace", "/enabled", "True"}, {"replace", "/enabled", "FALSE"}}, "name/d/c/false"},
        {{{"replace", "/enabled", "yes"}},
         "INVALID_ARGUMENT: /enabled: expected true or false, found \"yes\""},
        {{{"remove", "/name", ""}},
         "INVALID_ARGUMENT: Invalid patch path: there is no \"remove\" of \"/name\" here"},
        {{{"replace", "/value", "x"}},
         "INVALID_ARGUMENT: Invalid patch path: there is no \"replace\" of \"/value\" here"},
        {{{"replace", "", "x"}},
         "INVALID_ARGUMENT: Invalid patch path: there is no \"replace\" of \"\" here"},
        {{{0}}, "INVALID_ARGUMENT: patchOperations: from 1 to 100 operations, got 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rpc_context ctx;
        rpc_context_init(&ctx);
        Tollgate__ApiKey key = TOLLGATE__API_KEY__INIT;
        key.name = "name";
        key.description = "d";
        key.customer_id = "c";
        const struct srv_patch patch = make_patch(&ctx, rows[i].operations);
        struct base_err err;
        char out[OUT_SIZE];
        if (srv_patch_key(&patch, &key, &err)) {
            snprintf(out, sizeof out, "%s/%s/%s/%s", key.name, key.description, key.customer_id,
                     key.enabled ? "true" : "false");
        } else {
            snprintf(out, sizeof out, "%s: %s", base_code_name(err.code), err.message);
        }
        expect(i, rows[i].expected, out);
        rpc_context_dispose(&ctx);
    }
}

/* ---- Plans ---- */

static size_t describe_throttle(const Tollgate__Throttle *throttle, char *out, size_t size)
{
    return throttle == NULL ? (size_t)snprintf(out, size, "-")
                            : (size_t)snprintf(out, size, "%g,%" PRId32, throttle->rate_limit,
                                               throttle->burst_limit);
}

/* "name rate,burst limit/offset/PERIOD api:stage{/path/METHOD=rate,burst}" */
static void describe_plan(const Tollgate__UsagePlan *plan, char out[OUT_SIZE])
{
    size_t len = (size_t)snprintf(out, OUT_SIZE, "%s ", plan->name);
    len += describe_throttle(plan->throttle, out + len, OUT_SIZE - len);
    if (plan->quota == NULL) {
        len += (size_t)snprintf(out + len, OUT_SIZE - len, " -");
    } else {
        len += (size_t)snprintf(out + len, OUT_SIZE - len, " %" PRId32 "/%" PRId32 "/%s",
                                plan->quota->limit, plan->quota->offset,
                                protobuf_c_enum_descriptor_get_value(
                                    &tollgate__quota__period__descriptor, (int)plan->quota->period)
                                    ->name);
    }
    for (size_t i = 0; i < plan->n_api_stages; i++) {
        const Tollgate__ApiStage *stage = plan->api_stages[i];
        len += (size_t)snprintf(out + len, OUT_SIZE - len, " %s:%s", stage->api_id, stage->stage);
        for (size_t j = 0; j < stage->n_throttle; j++) {
            len += (size_t)snprintf(out + len, OUT_SIZE - len, "{%s=", stage->throttle[j]->key);
            len += describe_throttle(stage->throttle[j]->value, out + len, OUT_SIZE - len);
            len += (size_t)snprintf(out + len, OUT_SIZE - len, "}");
        }
    }
}

/* "p 1,2 10/0/DAY a:s{/notes/GET=1,1}" */
struct sample {
    Tollgate__UsagePlan plan;
    Tollgate__Throttle throttle;
    Tollgate__Throttle method_throttle;
    Tollgate__Quota quota;
    Tollgate__ApiStage stage;
    Tollgate__ApiStage *stages[1];
    Tollgate__ApiStage__ThrottleEntry entry;
    Tollgate__ApiStage__ThrottleEntry *entries[1];
};

static void make_sample(struct sample *sample)
{
    tollgate__usage_plan__init(&sample->plan);
    tollgate__throttle__init(&sample->throttle);
    tollgate__throttle__init(&sample->method_throttle);
    tollgate__quota__init(&sample->quota);
    tollgate__api_stage__init(&sample->stage);
    tollgate__api_stage__throttle_entry__init(&sample->entry);
    sample->throttle.rate_limit = 1;
    sample->throttle.burst_limit = 2;
    sample->method_throttle.rate_limit = 1;
    sample->method_throttle.burst_limit = 1;
    sample->quota.limit = 10;
    sample->quota.period = TOLLGATE__QUOTA__PERIOD__DAY;
    sample->entry.key = "/notes/GET";
    sample->entry.value = &sample->method_throttle;
    sample->entries[0] = &sample->entry;
    sample->stage.api_id = "a";
    sample->stage.stage = "s";
    sample->stage.throttle = sample->entries;
    sample->stage.n_throttle = 1;
    sample->stages[0] = &sample->stage;
    sample->plan.name = "p";
    sample->plan.throttle = &sample->throttle;
    sample->plan.quota = &sample->quota;
    sample->plan.api_stages = sample->stages;
    sample->plan.n_api_stages = 1;
}

#define REST " a:s{/notes/GET=1,1}"
#define INVALID "INVALID_ARGUMENT: "

static const struct row plan_rows[] = {
    {{{"replace", "/name", "q"}}, "q 1,2 10/0/DAY" REST},
    {{{"replace", "/throttle/rateLimit", "0.5"}, {"replace", "/throttle/burstLimit", "7"}},
     "p 0.5,7 10/0/DAY" REST},
    {{{"replace", "/quota/limit", "5"},
      {"replace", "/quota/period", "WEEK"},
      {"replace", "/quota/offset", "6"}},
     "p 1,2 5/6/WEEK" REST},
    {{{"remove", "/quota", ""}}, "p 1,2 -" REST},
    {{{"remove", "/throttle", ""},
      {"remove", "/apiStages/a:s/throttle", ""},
      {"add", "/throttle/rateLimit", "2.5"}},
     "p 2.5,3 10/0/DAY a:s"},
    {{{"replace", "/throttle/rateLimit", "0.1"}, {"replace", "/throttle/burstLimit", "0"}},
     "p 0.1,1 10/0/DAY a:s{/notes/GET=1,1}"},
    {{{"replace", "/throttle/rateLimit", "1e12"}, {"replace", "/throttle/burstLimit", "0"}},
     "p 1e+12,2147483647 10/0/DAY a:s{/notes/GET=1,1}"},
    {{{"replace", "/throttle/rateLimit", "0"}, {"replace", "/throttle/burstLimit", "0"}},
     "p 0,0 10/0/DAY a:s{/notes/GET=1,1}"},
    {{{"replace", "/throttle/rateLimit", "0x10"}},
     "INVALID_ARGUMENT: /throttle/rateLimit: expected a number of at least 0, found \"0x10\""},
    {{{"replace", "/throttle/rateLimit", "inf"}},
     "INVALID_ARGUMENT: /throttle/rateLimit: expected a number of at least 0, found \"inf\""},
    {{{"replace", "/throttle/rateLimit", " 1"}},
     "INVALID_ARGUMENT: /throttle/rateLimit: expected a number of at least 0, found \" 1\""},
    {{{"remove", "/apiStages", "a:s"}, {"remove", "/throttle", ""}}, "p - 10/0/DAY"},
    {{{"remove", "/quota", ""}, {"add", "/quota/limit", "3"}, {"add", "/quota/period", "MINUTE"}},
     "p 1,2 3/0/MINUTE" REST},
    {{{"add", "/apiStages", "b:t"}}, "p 1,2 10/0/DAY" REST " b:t"},
    {{{"add", "/apiStages", "b:t"}, {"remove", "/apiStages", "a:s"}}, "p 1,2 10/0/DAY b:t"},
    {{{"add", "/apiStages", "b:$default"}}, "p 1,2 10/0/DAY" REST " b:$default"},
    /* The three spellings of one method. */
    {{{"replace", "/apiStages/a:s/throttle//notes/GET/rateLimit", "9"},
      {"replace", "/apiStages/a:s/throttle/notes/GET/burstLimit", "8"}},
     "p 1,2 10/0/DAY a:s{/notes/GET=9,8}"},
    {{{"replace", "/apiStages/a:s/throttle/~1notes/GET/rateLimit", "9"}},
     "p 1,2 10/0/DAY a:s{/notes/GET=9,1}"},
    {{{"add", "/apiStages/a:s/throttle/~1a~1{b}~0/PUT/rateLimit", "4"}},
     "p 1,2 10/0/DAY" REST "{/a/{b}~/PUT=4,2}"},
    {{{"add", "/apiStages/a:s/throttle///GET/rateLimit", "4"}},
     "p 1,2 10/0/DAY" REST "{//GET=4,2}"},
    {{{"remove", "/apiStages/a:s/throttle/~1notes/GET", ""}}, "p 1,2 10/0/DAY a:s"},
    {{{"remove", "/apiStages/a:s/throttle", ""}}, "p 1,2 10/0/DAY a:s"},
    /* Refused. */
    {{{"replace", "/name", ""}}, INVALID "name: a usage plan needs one"},
    {{{"replace", "/quota/offset", "1"}},
     INVALID
     "quota: offset is the day that a WEEK (0 to 6) or MONTH (0 to 27) begins on, and 0 for "
     "other periods; in DAY it cannot be 1"},
    {{{"replace", "/quota/limit", "0"}},
     INVALID "/quota/limit: expected a whole number from 1 to 2147483647, found \"0\""},
    {{{"replace", "/quota/limit", "2147483648"}},
     INVALID "/quota/limit: expected a whole number from 1 to 2147483647, found \"2147483648\""},
    {{{"replace", "/quota/limit", "1.5"}},
     INVALID "/quota/limit: expected a whole number from 1 to 2147483647, found \"1.5\""},
    {{{"replace", "/quota/period", "YEAR"}},
     INVALID "/quota/period: expected MINUTE, HOUR, DAY, WEEK or MONTH, found \"YEAR\""},
    {{{"remove", "/quota", ""}, {"add", "/quota/limit", "3"}},
     INVALID "quota: period is MINUTE, HOUR, DAY, WEEK or MONTH"},
    {{{"replace", "/throttle/rateLimit", "-1"}},
     INVALID "/throttle/rateLimit: expected a number of at least 0, found \"-1\""},
    {{{"replace", "/throttle/rateLimit", "inf"}},
     INVALID "/throttle/rateLimit: expected a number of at least 0, found \"inf\""},
    {{{"replace", "/throttle/burstLimit", ""}},
     INVALID "/throttle/burstLimit: expected a whole number from 0 to 2147483647, found \"\""},
    {{{"remove", "/throttle", ""}},
     INVALID "apiStages: limits of methods need a throttle of the whole plan"},
    {{{"add", "/apiStages", "a:s"}}, "ALREADY_EXISTS: the usage plan holds for a:s already"},
    {{{"remove", "/apiStages", "a:t"}}, "NOT_FOUND: the usage plan does not hold for stage a:t"},
    {{{"add", "/apiStages", "stage"}}, INVALID "/apiStages: expected \"apiId:stage\""},
    {{{"add", "/apiStages", ":s"}}, INVALID "apiStages: apiId is required"},
    {{{"add", "/apiStages", "a:s t"}},
     INVALID "apiStages: a stage's name is $default or 1 to 128 letters, digits, \"-\" and \"_\""},
    {{{"replace", "/apiStages", "a:t"}},
     INVALID "Invalid patch path: there is no \"replace\" of \"/apiStages\" here"},
    {{{"replace", "/apiStages/a:t/throttle/x/GET/rateLimit", "1"}},
     "NOT_FOUND: the usage plan does not hold for stage a:t"},
    {{{"replace", "/apiStages/a:s/throttle/rateLimit", "1"}},
     INVALID "Invalid patch path: there is no \"replace\" of \"/apiStages/a:s/throttle/rateLimit\" "
             "here"},
    {{{"replace", "/apiStages/a:s/throttle/x/GET/limit", "1"}},
     INVALID
     "Invalid patch path: there is no \"replace\" of \"/apiStages/a:s/throttle/x/GET/limit\""
     " here"},
    {{{"remove", "/apiStages/a:s/throttle/x/GET", ""}},
     "NOT_FOUND: /apiStages/a:s/throttle/x/GET: the method has no limits"},
    {{{"copy", "/name", "x"}},
     INVALID "Invalid patch path: there is no \"copy\" of \"/name\" here"},
    {{{"replace", "/id", "x"}},
     INVALID "Invalid patch path: there is no \"replace\" of \"/id\" here"},
};

static void test_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plan_rows / sizeof *plan_rows; i++) {
        struct rpc_context ctx;
        struct sample sample;
        struct base_err err;
        char out[OUT_SIZE];
        rpc_context_init(&ctx);
        make_sample(&sample);
        const struct srv_patch patch = make_patch(&ctx, plan_rows[i].operations);
        if (srv_patch_plan(&patch, &ctx, &sample.plan, &err)) {
            describe_plan(&sample.plan, out);
        } else {
            snprintf(out, sizeof out, "%s: %s", base_code_name(err.code), err.message);
        }
        expect(i, plan_rows[i].expected, out);
        rpc_context_dispose(&ctx);
    }
}

/* Twenty methods of a stage may have limits. */
static void test_too_many_methods(void **state)
{
    (void)state;
    struct rpc_context ctx;
    struct sample sample;
    struct base_err err;
    rpc_context_init(&ctx);
    make_sample(&sample);
    for (int i = 1; i <= 20; i++) {
        char path[64];
        snprintf(path, sizeof path, "/apiStages/a:s/throttle/m%d/GET/rateLimit", i);
        const struct operation operations[OPERATIONS_MAX] = {{"add", path, "1"}};
        const struct srv_patch patch = make_patch(&ctx, operations);
        assert_int_equal(srv_patch_plan(&patch, &ctx, &sample.plan, &err), i < 20);
    }
    assert_string_equal(err.message,
                        "apiStages: at most 20 methods of a stage may have limits, got 21");
    rpc_context_dispose(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_too_many_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
