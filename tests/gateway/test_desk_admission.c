/* Keys and limits at the desk, over a channel that answers at once and a quota that answers by
 * hand. */
#include "gateway/admission.h"
#include "tests/gateway/access_fixture.h"
#include "tests/gateway/desk_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#define KEY "value-of-a-key-in-plan-one"
#define NOW_S INT64_C(1795687701) /* 2026-11-26T10:08:21Z */

struct source {
    struct gw_quota_source source;
    struct gw_quota_reservation *pending;
};

/* What the desk asks. */
static struct {
    struct gw_stages stages;
    struct gw_admission_policy policy;
    struct source source;
    struct gw_meters *meters;
} limits;

/* The time of day, which stands still. */
static int64_t time_ns;

static int64_t standing_unix_ns(const struct base_clock *self)
{
    (void)self;
    return time_ns;
}

static const struct base_clock standing_clock = {standing_unix_ns};

static void reserve(struct gw_quota_source *self, struct gw_quota_reservation *reservation)
{
    ((struct source *)self)->pending = reservation;
}

static int open_desk(void **state)
{
    (void)state;
    limits.stages = (struct gw_stages){0};
    gw_stages_end(&limits.stages);
    limits.policy =
        (struct gw_admission_policy){.stages = &limits.stages, .clock = &standing_clock};
    time_ns = NOW_S * BASE_NS_PER_S;
    limits.source = (struct source){.source = {reserve}};
    limits.meters = gw_meters_create(&limits.source.source);
    desk_open(&limits.policy);
    return 0;
}

static int close_desk(void **state)
{
    (void)state;
    desk_close();
    gw_meters_destroy(limits.meters);
    return 0;
}

/* ---- Keys and plans ---- */

static Tollgate__Throttle throttle_of(double rate, int burst)
{
    Tollgate__Throttle throttle = TOLLGATE__THROTTLE__INIT;
    throttle.rate_limit = rate;
    throttle.burst_limit = burst;
    return throttle;
}

/* Makes KEY known: in a plan of these limits, each of which may be NULL. */
static void know_key(Tollgate__Throttle *throttle, Tollgate__Throttle *list_notes,
                     Tollgate__Quota *quota)
{
    Tollgate__ApiStage__ThrottleEntry entry = TOLLGATE__API_STAGE__THROTTLE_ENTRY__INIT;
    Tollgate__ApiStage__ThrottleEntry *entries[] = {&entry};
    Tollgate__ApiStage stage = access_stage("$default");
    Tollgate__ApiStage *stages[] = {&stage};
    entry.key = (char *)(uintptr_t) "/notes/GET";
    entry.value = list_notes;
    stage.throttle = entries;
    stage.n_throttle = list_notes == NULL ? 0 : 1;
    Tollgate__UsagePlan plan = access_plan("one", stages, 1);
    plan.throttle = throttle;
    plan.quota = quota;
    static char *plan_ids[2] = {(char *)(uintptr_t) "one", NULL};
    uint8_t hash[BASE_DIGEST_BYTES];
    Tollgate__ApiKey key = access_key("key-id", KEY, plan_ids, hash);
    const Tollgate__ApiKey *keys[] = {&key};
    const Tollgate__UsagePlan *plans[] = {&plan};
    struct gw_access_config config = {keys,         1, plans, 1, access_hash_key, &limits.stages,
                                      limits.meters};
    struct base_err err;
    struct gw_access *access = gw_access_create(&config, &err);
    assert_non_null(access);
    gw_desk_set_access(fix.desk, access);
    gw_access_unref(access);
}

static Tollgate__Quota minutely(int limit)
{
    Tollgate__Quota quota = TOLLGATE__QUOTA__INIT;
    quota.limit = limit;
    quota.period = TOLLGATE__QUOTA__PERIOD__MINUTE;
    return quota;
}

/* ---- Requests ---- */

static void begin(struct desk_client *client, const char *path, const struct gw_header *headers)
{
    *client = (struct desk_client){0};
    desk_begin(client, "GET", path, headers, NULL);
}

static void release(struct desk_client *client)
{
    base_role_assert_loop();
    gw_call_release(client->call);
}

/* One request with KEY, as long as it is answered at once; the status. */
static int get(struct desk_client *client, const char *path)
{
    static const struct gw_header headers[] = {{BASE_STR("x-api-key"), BASE_STR(KEY)}, {{0}, {0}}};
    begin(client, path, headers);
    int status = client->status;
    if (status != 0) {
        release(client);
    }
    return status;
}

/* Ends the reservation that is on its way and delivers what it brought. */
static void answer_quota(bool is_answered, int64_t granted, int64_t left)
{
    assert_non_null(limits.source.pending);
    struct gw_quota_reservation *reservation = limits.source.pending;
    limits.source.pending = NULL;
    gw_quota_reserved(reservation, is_answered, granted, left);
    base_mailbox_drain(&fix.mailbox);
}

/* ---- Keys ---- */

static void a_key_that_is_not_known_is_refused(void **state)
{
    (void)state;
    static const struct gw_header other[] = {{BASE_STR("x-api-key"), BASE_STR("other")},
                                             {{0}, {0}}};
    const struct gw_header *const rows[] = {NULL, other};
    struct desk_client client;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 2; i++) {
            begin(&client, "/notes", rows[i]);
            release(&client);
            assert_int_equal(client.status, 403);
            assert_string_equal(client.body, "{\"message\":\"Forbidden\"}");
            assert_string_equal(client.headers, "x-amzn-errortype: ForbiddenException\n");
        }
        know_key(NULL, NULL, NULL);
    }
    assert_int_equal(get(&client, "/notes"), 200);
    assert_int_equal(atomic_load(&fix.fake.started), 1);
}

/* Whichever of the two a proxy checked before, neither passes. */
static void two_keys_are_none(void **state)
{
    (void)state;
    static const struct gw_header rows[][3] = {
        {{BASE_STR("x-api-key"), BASE_STR(KEY)}, {BASE_STR("x-api-key"), BASE_STR("other")}},
        {{BASE_STR("x-api-key"), BASE_STR("other")}, {BASE_STR("x-api-key"), BASE_STR(KEY)}},
    };
    struct desk_client client;
    know_key(NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&client, "/notes", rows[i]);
        release(&client);
        assert_int_equal(client.status, 403);
    }
    assert_int_equal(atomic_load(&fix.fake.started), 0);
}

static void the_service_learns_whose_call_it_is(void **state)
{
    (void)state;
    static const struct gw_header headers[] = {
        {BASE_STR("grpc-metadata-tollgate-api-key-id"), BASE_STR("forged")},
        {BASE_STR("grpc-metadata-x-api-key"), BASE_STR("forged")},
        {BASE_STR("x-api-key"), BASE_STR(KEY)},
        {{0}, {0}},
    };
    struct desk_client client;
    know_key(NULL, NULL, NULL);
    begin(&client, "/notes", headers);
    release(&client);
    assert_int_equal(client.status, 200);
    assert_string_equal(fix.fake.last_metadata, "tollgate-api-key-id=key-id\nx-api-key=" KEY "\n");
}

static void nobody_is_asked_where_keys_are_ignored(void **state)
{
    (void)state;
    struct desk_client client;
    limits.policy.key_rule = GW_KEYS_NEVER;
    assert_int_equal(get(&client, "/notes"), 200);
    assert_string_equal(fix.fake.last_metadata, "");
}

static void everybody_is_asked_where_keys_are_required(void **state)
{
    (void)state;
    struct desk_client client;
    know_key(NULL, NULL, NULL);
    begin(&client, "/users", NULL);
    release(&client);
    assert_int_equal(client.status, 200);
    limits.policy.key_rule = GW_KEYS_ALWAYS;
    begin(&client, "/users", NULL);
    release(&client);
    assert_int_equal(client.status, 403);
    assert_int_equal(get(&client, "/users"), 200);
    assert_string_equal(fix.fake.last_metadata, "tollgate-api-key-id=key-id\nx-api-key=" KEY "\n");
    assert_int_equal(atomic_load(&fix.fake.started), 2);
}

/* ---- Throttles ---- */

/* The limit for a method stands in the place of the key's. */
static void each_limit_refuses_in_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *headers;
    } rows[] = {
        {"/notes/1", "ratelimit-policy: \"key\";q=2;w=20\nratelimit: \"key\";r=0;t=10\n"},
        {"/notes", "ratelimit-policy: \"method\";q=3;w=15\nratelimit: \"method\";r=0;t=5\n"},
    };
    struct desk_client client;
    Tollgate__Throttle key = throttle_of(0.1, 2);
    Tollgate__Throttle method = throttle_of(0.2, 3);
    know_key(&key, &method, NULL);
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2 + i; k++) {
            assert_int_equal(get(&client, rows[i].path), 200);
        }
        assert_int_equal(get(&client, rows[i].path), 429);
        assert_string_equal(client.body, "{\"message\":\"Too Many Requests\"}");
        assert_non_null(strstr(client.headers, "x-amzn-errortype: TooManyRequestsException\n"));
        assert_non_null(strstr(client.headers, rows[i].headers));
        assert_non_null(strstr(client.headers, i == 0 ? "retry-after: 10\n" : "retry-after: 5\n"));
    }
}

/* A key that may never call is not told to come again. */
static void a_rate_of_nothing_has_no_end(void **state)
{
    (void)state;
    struct desk_client client;
    Tollgate__Throttle nothing = throttle_of(0, 5);
    know_key(&nothing, NULL, NULL);
    assert_int_equal(get(&client, "/notes"), 429);
    assert_string_equal(client.headers, "x-amzn-errortype: TooManyRequestsException\n"
                                        "ratelimit-policy: \"key\";q=5;w=1\n"
                                        "ratelimit: \"key\";r=0\n");
}

static void stages_and_the_process_have_limits_for_all(void **state)
{
    (void)state;
    struct desk_client client;
    limits.policy.key_rule = GW_KEYS_NEVER;
    limits.stages.stages[0].limit = gw_token_limit_of(0.01, 2);
    limits.stages.process_limit = gw_token_limit_of(0.01, 5);
    assert_int_equal(get(&client, "/notes"), 200);
    assert_int_equal(get(&client, "/notes"), 200);
    assert_int_equal(get(&client, "/notes"), 429);
    assert_non_null(strstr(client.headers, "ratelimit-policy: \"stage\";q=2;w=200\n"));
    /* Another method has a bucket of its own. */
    assert_int_equal(get(&client, "/notes/1"), 200);
    assert_int_equal(get(&client, "/notes/2"), 200);
    assert_int_equal(get(&client, "/notes/3"), 429);
    limits.stages.stages[0].limit = (struct gw_token_limit){0};
    assert_int_equal(get(&client, "/notes"), 200);
    assert_int_equal(get(&client, "/notes"), 429);
    assert_non_null(strstr(client.headers, "ratelimit-policy: \"gateway\";q=5;w=500\n"));
}

/* ---- Stages ---- */

static void what_is_no_path_is_told_so_beside_any_stage(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        int status;
    } rows[] = {
        {"GET", "/prod/notes", 200}, {"GET", "/notes", 404}, {"OPTIONS", "/prod/notes", 204},
        {"OPTIONS", "*", 204},       {"GET", "*", 400},      {"GET", "notes", 400},
    };
    (void)state;
    limits.policy.key_rule = GW_KEYS_NEVER;
    limits.stages.stages[0].name = BASE_STR("prod");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk_client client = {0};
        desk_begin(&client, rows[i].method, rows[i].target, NULL, NULL);
        release(&client);
        if (client.status != rows[i].status) {
            fail_msg("%s %s: %d", rows[i].method, rows[i].target, client.status);
        }
    }
}

/* ---- Quotas ---- */

static void waits_for_the_quota_and_goes_on(void **state)
{
    (void)state;
    struct desk_client client;
    Tollgate__Quota quota = minutely(32);
    know_key(NULL, NULL, &quota);
    assert_int_equal(get(&client, "/notes"), 0);
    assert_int_equal(atomic_load(&fix.fake.started), 0);
    answer_quota(true, 2, 30);
    assert_int_equal(client.status, 200);
    assert_string_equal(client.headers, "ratelimit: \"quota\";r=31;t=39\n");
    release(&client);
    /* What cannot be understood does not count. */
    assert_int_equal(get(&client, "/notes?no_such_parameter=1"), 400);
    assert_int_equal(get(&client, "/notes"), 200);
    assert_string_equal(client.headers, "ratelimit: \"quota\";r=30;t=39\n");
    assert_int_equal(get(&client, "/notes"), 0);
    answer_quota(true, 0, 0);
    release(&client);
    assert_int_equal(client.status, 429);
    assert_string_equal(client.body, "{\"message\":\"Limit Exceeded\"}");
    assert_string_equal(client.headers, "x-amzn-errortype: LimitExceededException\n"
                                        "retry-after: 39\n"
                                        "ratelimit-policy: \"quota\";q=32;w=60\n"
                                        "ratelimit: \"quota\";r=0;t=39\n");
    assert_int_equal(get(&client, "/notes"), 429);
}

static void numbers_of_every_length_are_told(void **state)
{
    (void)state;
    static const struct {
        int64_t left;
        const char *headers;
    } rows[] = {
        {9, "ratelimit: \"quota\";r=9;t=10\n"},
        {10, "ratelimit: \"quota\";r=10;t=10\n"},
        {99, "ratelimit: \"quota\";r=99;t=10\n"},
        {100, "ratelimit: \"quota\";r=100;t=10\n"},
        {2147483647, "ratelimit: \"quota\";r=2147483647;t=10\n"},
    };
    Tollgate__Quota quota = minutely(INT32_MAX);
    know_key(NULL, NULL, &quota);
    time_ns = (NOW_S + 29) * BASE_NS_PER_S;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk_client client;
        assert_int_equal(get(&client, "/notes"), 0);
        answer_quota(true, 1, rows[i].left);
        assert_string_equal(client.headers, rows[i].headers);
        release(&client);
    }
}

/* The time of day is read again when its second is over, however short the rest of it was. */
static void the_next_period_begins_on_its_second(void **state)
{
    (void)state;
    static const struct timespec a_moment = {.tv_nsec = BASE_NS_PER_MS};
    struct desk_client client;
    Tollgate__Quota quota = minutely(32);
    know_key(NULL, NULL, &quota);
    time_ns = (NOW_S + 39) * BASE_NS_PER_S - BASE_NS_PER_MS;
    assert_int_equal(get(&client, "/notes"), 0);
    answer_quota(true, 2, 30);
    assert_string_equal(client.headers, "ratelimit: \"quota\";r=31;t=1\n");
    release(&client);
    time_ns += BASE_NS_PER_MS;
    nanosleep(&a_moment, NULL);
    assert_int_equal(get(&client, "/notes"), 0);
    answer_quota(true, 2, 30);
    assert_string_equal(client.headers, "ratelimit: \"quota\";r=31;t=60\n");
    release(&client);
}

/* The client has gone, its deadline has passed, or keys have changed before the quota is known. */
static void what_is_not_wanted_any_more_goes_back(void **state)
{
    (void)state;
    struct desk_client client;
    Tollgate__Quota quota = minutely(32);
    know_key(NULL, NULL, &quota);
    assert_int_equal(get(&client, "/notes"), 0);
    release(&client);
    know_key(NULL, NULL, &quota);
    answer_quota(true, 2, 30);
    assert_int_equal(atomic_load(&fix.fake.started), 0);
    assert_int_equal(get(&client, "/notes"), 200);
    assert_int_equal(get(&client, "/notes"), 200);
    assert_int_equal(get(&client, "/notes"), 0);
    base_timers_run(&fix.timers, base_clock_monotonic_ns() + 60 * BASE_NS_PER_S);
    assert_int_equal(client.status, 504);
    release(&client);
    answer_quota(true, 1, 29);
    assert_int_equal(get(&client, "/notes"), 200);
}

/* What the service has told of itself is as little known as how its call will end. */
static void a_call_that_is_given_up_tells_of_its_quota(void **state)
{
    (void)state;
    struct desk_client client;
    Tollgate__Quota quota = minutely(32);
    know_key(NULL, NULL, &quota);
    fix.fake.plan.end = FAKE_NEVER;
    assert_int_equal(get(&client, "/notes"), 0);
    answer_quota(true, 2, 30);
    base_timers_run(&fix.timers, base_clock_monotonic_ns() + 60 * BASE_NS_PER_S);
    assert_int_equal(client.status, 504);
    assert_string_equal(client.headers, "ratelimit: \"quota\";r=31;t=39\n");
    release(&client);
    base_mailbox_drain(&fix.mailbox);
}

static void without_an_answer_the_flag_decides(void **state)
{
    (void)state;
    struct desk_client client;
    Tollgate__Quota quota = minutely(32);
    know_key(NULL, NULL, &quota);
    assert_int_equal(get(&client, "/notes"), 0);
    answer_quota(false, 0, 0);
    release(&client);
    assert_int_equal(client.status, 503);
    assert_string_equal(client.body, "{\"code\":14,\"message\":\"the quota cannot be checked now\","
                                     "\"details\":[]}");
    assert_non_null(strstr(client.headers, "retry-after: 1\n"));
    limits.policy.quota_fail_open = true;
    assert_int_equal(get(&client, "/notes"), 200);
}

#define AT_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        AT_DESK(a_key_that_is_not_known_is_refused),
        AT_DESK(two_keys_are_none),
        AT_DESK(the_service_learns_whose_call_it_is),
        AT_DESK(nobody_is_asked_where_keys_are_ignored),
        AT_DESK(everybody_is_asked_where_keys_are_required),
        AT_DESK(each_limit_refuses_in_its_name),
        AT_DESK(a_rate_of_nothing_has_no_end),
        AT_DESK(stages_and_the_process_have_limits_for_all),
        AT_DESK(what_is_no_path_is_told_so_beside_any_stage),
        AT_DESK(waits_for_the_quota_and_goes_on),
        AT_DESK(numbers_of_every_length_are_told),
        AT_DESK(the_next_period_begins_on_its_second),
        AT_DESK(what_is_not_wanted_any_more_goes_back),
        AT_DESK(a_call_that_is_given_up_tells_of_its_quota),
        AT_DESK(without_an_answer_the_flag_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
