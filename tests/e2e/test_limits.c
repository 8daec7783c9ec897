/* Keys, plans, stages and quotas from the outside: the story of a tutorial, and quotas that hold
 * over several gateways, also when one is killed. */
#include "base/clock.h"
#include "tests/e2e/keyed.h"
#include "tests/e2e/load.h"
#include "tests/e2e/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define STANDARD_KEY "standardkeystandardkey00"
#define PREMIUM_KEY "premiumkeypremiumkey0000"
#define SHARED_KEY "sharedkeysharedkey000000"

/* How long a change of keys and plans may take to hold everywhere, on a machine that is busy. */
#define CHANGE_MS_MAX 20000

/* How much of a minute the first try to use up a quota of a minute shall have, and tries. */
#define FIRST_TRY_S 30
#define TRIES_MAX 3

struct stack {
    struct e2e_dir dir;
    struct e2e_program server; /* serve, or a server behind gateways */
    struct e2e_program gateways[2];
};

static int set_up(void **state)
{
    static struct stack stack;
    stack = (struct stack){0};
    e2e_dir_make(&stack.dir);
    setenv("TOLLGATE_NO_KEYS", "false", 1);
    *state = &stack;
    return 0;
}

static int tear_down(void **state)
{
    struct stack *stack = *state;
    e2e_kill(&stack->gateways[0]);
    e2e_kill(&stack->gateways[1]);
    e2e_kill(&stack->server);
    e2e_dir_remove(&stack->dir);
    return 0;
}

/* `tollgate serve` with two arguments that may be NULL. */
static void start_serve(struct stack *stack, const char *stage, const char *other_stage)
{
    const char *const flags[] = {"--access-log", stage, other_stage, NULL};
    e2e_start_serve_with(&stack->server, &stack->dir, flags);
}

static void assert_forbidden(const struct e2e_response *response)
{
    e2e_assert_refused(response, 403, "{\"message\":\"Forbidden\"}", "ForbiddenException");
}

/* Whether the store has not said in time what is left of the quota, as happens where a machine is
 * busy. It may have given a block all the same, which is lost then. */
static bool is_unknown(const struct e2e_response *response)
{
    if (response->status != 503) {
        return false;
    }
    e2e_assert_refused(
        response, 503,
        "{\"code\":14,\"message\":\"the quota cannot be checked now\",\"details\":[]}",
        "ServiceUnavailableException");
    return true;
}

static time_t this_minute(void)
{
    return time(NULL) / 60;
}

/* Waits for the next minute unless at least `seconds` of this one are left. */
static void wait_for_minute(long seconds)
{
    long left = 60 - (long)(time(NULL) % 60);
    if (left < seconds) {
        e2e_sleep_ms(left * 1000 + 100);
    }
}

/* An answer to the first request beyond the limit. */
static void assert_used_up(const struct e2e_response *response, long limit)
{
    char header[100] = "";
    char expected[100];
    e2e_assert_refused(response, 429, "{\"message\":\"Limit Exceeded\"}", "LimitExceededException");
    assert_true(e2e_response_header(response, "Retry-After", header, sizeof header));
    assert_in_range(atol(header), 1, 60);
    assert_true(e2e_response_header(response, "RateLimit-Policy", header, sizeof header));
    snprintf(expected, sizeof expected, "\"quota\";q=%ld;w=60", limit);
    assert_string_equal(header, expected);
    assert_true(e2e_response_header(response, "RateLimit", header, sizeof header));
    assert_ptr_equal(strstr(header, "\"quota\";r=0;t="), header);
}

/* Waits until the key is known, by which one request has been let through or was unknown. */
static const struct e2e_response *await_key(struct e2e_client *client, const char *key)
{
    long long give_up_ms = e2e_now_ms() + CHANGE_MS_MAX;
    const struct e2e_response *response;
    while ((response = e2e_get(client, "/notes", key))->status == 403) {
        if (e2e_now_ms() > give_up_ms) {
            fail_msg("%s is not known after %d ms", key, CHANGE_MS_MAX);
        }
        e2e_sleep_ms(20);
    }
    return response;
}

/* Sends requests until `limit` have passed in this minute; false when it ended before that, or when
 * it was unknown once what is left. Adds to `total` what has passed. */
static bool use_in_minute(struct e2e_client *client, const char *key, long limit, time_t minute,
                          long *total)
{
    const struct e2e_response *response = await_key(client, key);
    long passed = 0;
    while (!is_unknown(response)) {
        if (response->status != 200) {
            fail_msg("request %ld of %ld is answered %ld", passed + 1, limit, response->status);
        }
        ++*total;
        if (++passed == limit || this_minute() != minute) {
            return passed == limit;
        }
        response = e2e_get(client, "/notes", key);
    }
    return false;
}

/* Uses the quota of a minute up; returns how many requests have passed in all. */
static long use_up(struct e2e_client *client, const char *key, long limit)
{
    long total = 0;
    for (int i = 0; i < TRIES_MAX; i++) {
        wait_for_minute(i == 0 ? FIRST_TRY_S : 61);
        time_t minute = this_minute();
        if (!use_in_minute(client, key, limit, minute, &total)) {
            continue;
        }
        const struct e2e_response *response = e2e_get(client, "/notes", key);
        total += response->status == 200;
        if (!is_unknown(response) && this_minute() == minute) {
            assert_used_up(response, limit);
            return total;
        }
    }
    fail_msg("%ld requests take longer than a minute", limit);
    return total;
}

/* Usage is written down about once a second. */
static void wait_for_usage(const struct stack *stack, const char *plan, time_t since, long expected)
{
    long long give_up_ms = e2e_now_ms() + CHANGE_MS_MAX;
    long used;
    while ((used = e2e_used(&stack->server, plan, since)) != expected) {
        if (e2e_now_ms() > give_up_ms) {
            fail_msg("%ld requests of %s passed, %ld are reported", expected, plan, used);
        }
        e2e_sleep_ms(100);
    }
}

/* The log tells keys by their ids. */
static void assert_log_has(const struct e2e_program *program, const char *text, bool expected)
{
    char line[4096];
    bool found = false;
    FILE *log = fopen(program->log_path, "r");
    assert_non_null(log);
    while (fgets(line, sizeof line, log) != NULL) {
        found |= strstr(line, text) != NULL;
    }
    fclose(log);
    assert_int_equal(found, expected);
}

static void the_tutorials_story(void **state)
{
    struct stack *stack = *state;
    char id[64];
    start_serve(stack, NULL, NULL);
    struct e2e_client *client = e2e_client_create(stack->server.http_port, E2E_HTTP1);
    assert_forbidden(e2e_get(client, "/notes", NULL));
    assert_forbidden(e2e_get(client, "/notes", STANDARD_KEY));
    assert_int_equal(e2e_get(client, "/users", NULL)->status, 200);
    e2e_member(
        e2e_tool(&stack->server, "keys create first --plan standard --value %s", STANDARD_KEY),
        "id", id, sizeof id);
    e2e_tool(&stack->server, "keys create second --plan premium --value %s", PREMIUM_KEY);
    time_t since = time(NULL);
    long standard = use_up(client, STANDARD_KEY, 100);
    long premium = use_up(client, PREMIUM_KEY, 500);
    wait_for_usage(stack, "standard", since, standard);
    wait_for_usage(stack, "premium", since, premium);
    e2e_tool(&stack->server, "keys disable %s", id);
    printf("a disabled key was refused after %lld ms\n",
           e2e_wait_for_status(client, "/notes", STANDARD_KEY, 403, CHANGE_MS_MAX));
    assert_forbidden(e2e_get(client, "/notes", STANDARD_KEY));
    assert_log_has(&stack->server, id, true);
    assert_log_has(&stack->server, STANDARD_KEY, false);
    e2e_client_destroy(client);
    e2e_stop(&stack->server);
}

static void stages_have_their_plans_and_throttles(void **state)
{
    struct stack *stack = *state;
    char plan[64];
    start_serve(stack, "--stage=dev", "--stage=prod=0.01,3");
    struct e2e_client *client = e2e_client_create(stack->server.http_port, E2E_HTTP2);
    e2e_member(
        e2e_tool(&stack->server, "plans create dev-only --for-stage dev --rate 0.01 --burst 2"),
        "id", plan, sizeof plan);
    e2e_tool(&stack->server, "keys create one --plan %s --value %s", plan, STANDARD_KEY);
    assert_int_equal(e2e_get(client, "/users", NULL)->status, 404);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(e2e_get(client, "/dev/users", NULL)->status, 200);
    }
    /* The plan's burst is 2, of which the first says that the key is known. */
    e2e_wait_for_status(client, "/dev/notes", STANDARD_KEY, 200, CHANGE_MS_MAX);
    assert_int_equal(e2e_get(client, "/dev/notes", STANDARD_KEY)->status, 200);
    e2e_assert_refused(e2e_get(client, "/dev/notes", STANDARD_KEY), 429,
                       "{\"message\":\"Too Many Requests\"}", "TooManyRequestsException");
    assert_forbidden(e2e_get(client, "/prod/notes", STANDARD_KEY));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(e2e_get(client, "/prod/users", NULL)->status, 200);
    }
    e2e_assert_refused(e2e_get(client, "/prod/users", NULL), 429,
                       "{\"message\":\"Too Many Requests\"}", "TooManyRequestsException");
    assert_int_equal(e2e_get(client, "/prod/users/0", NULL)->status, 404);
    e2e_client_destroy(client);
    e2e_stop(&stack->server);
}

/* ---- One quota, two gateways ---- */

#define QUOTA 1000
#define CONNECTIONS 64

/* Enough for every gateway to use its block up after all else is gone. */
#define REQUESTS 3000
#define KILL_AFTER 500

/* What a crash may take along: a block, which is at most a sixteenth of what is left for all, and
 * what was granted and not yet answered. */
#define BLOCK_MAX (QUOTA / 16)
#define LOST_MAX (BLOCK_MAX + CONNECTIONS / 2)

struct spending {
    struct stack *stack;
    bool kills;
    int sent;
    int passed;
    int refused;
    int unknown;
    int failed;
};

/* Nothing of the quota is lost but what a crash and a store that is late may take along. */
static void assert_spent(int passed, int unknown, int lost_max)
{
    lost_max += unknown * BLOCK_MAX;
    assert_in_range(passed, lost_max < QUOTA ? QUOTA - lost_max : 0, QUOTA);
}

static bool next_request(void *user, size_t slot, struct e2e_load_request *out)
{
    struct spending *spending = user;
    bool is_dead = spending->stack->gateways[1].pid == 0 && slot % 2 == 1;
    if (spending->sent == REQUESTS || is_dead) {
        return false;
    }
    spending->sent++;
    out->method = "GET";
    out->headers = "x-api-key: " SHARED_KEY;
    out->has_body = false;
    snprintf(out->path, sizeof out->path, "/notes?page_size=1");
    return true;
}

static void on_end(void *user, size_t slot, const struct e2e_response *response)
{
    struct spending *spending = user;
    (void)slot;
    if (response->outcome != CURLE_OK) {
        spending->failed++;
    } else if (response->status == 200) {
        spending->passed++;
    } else if (is_unknown(response)) {
        spending->unknown++;
        spending->sent--;
    } else {
        e2e_assert_refused(response, 429, "{\"message\":\"Limit Exceeded\"}",
                           "LimitExceededException");
        spending->refused++;
    }
    if (spending->kills && spending->passed == KILL_AFTER) {
        e2e_kill(&spending->stack->gateways[1]);
    }
}

static void start_stack(struct stack *stack)
{
    char store[E2E_STORE_SIZE];
    char upstream[32];
    char plan[64];
    e2e_store(&stack->dir, store);
    const char *server[] = {"server",      "--grpc",  "127.0.0.1:0", "--admin",
                            "127.0.0.1:0", "--store", store,         NULL};
    e2e_start(&stack->server, &stack->dir, "server.log", E2E_GRPC_LISTENER | E2E_ADMIN_LISTENER,
              server);
    snprintf(upstream, sizeof upstream, "127.0.0.1:%d", stack->server.grpc_port);
    e2e_member(e2e_tool(&stack->server,
                        "plans create shared --quota %d --period month --for-stage '$default'",
                        QUOTA),
               "id", plan, sizeof plan);
    e2e_tool(&stack->server, "keys create shared --plan %s --value %s", plan, SHARED_KEY);
    for (int i = 0; i < 2; i++) {
        const char *gateway[] = {"gateway", "--listen", "127.0.0.1:0", "--upstream",
                                 upstream,  "--store",  store,         NULL};
        e2e_start(&stack->gateways[i], &stack->dir, i == 0 ? "a.log" : "b.log", E2E_HTTP_LISTENER,
                  gateway);
    }
}

static struct spending spend(struct stack *stack, bool kills)
{
    struct spending spending = {.stack = stack, .kills = kills};
    struct e2e_load load = {
        .port = stack->gateways[0].http_port,
        .odd_port = stack->gateways[1].http_port,
        .http = E2E_HTTP1,
        .slots = CONNECTIONS,
        .user = &spending,
        .next = next_request,
        .on_end = on_end,
    };
    start_stack(stack);
    load.port = stack->gateways[0].http_port;
    load.odd_port = stack->gateways[1].http_port;
    e2e_load_run(&load, 120000);
    return spending;
}

static void two_gateways_share_one_quota(void **state)
{
    struct stack *stack = *state;
    struct spending spending = spend(stack, false);
    printf("%d of %d requests passed, %d were refused\n", spending.passed, spending.sent,
           spending.refused);
    assert_int_equal(spending.failed, 0);
    assert_spent(spending.passed, spending.unknown, 0);
    e2e_stop(&stack->gateways[0]);
    e2e_stop(&stack->gateways[1]);
    e2e_stop(&stack->server);
}

static void a_killed_gateway_takes_a_block_at_most(void **state)
{
    struct stack *stack = *state;
    struct spending spending = spend(stack, true);
    printf("%d of %d requests passed, %d fewer than the quota; a gateway was killed after %d\n",
           spending.passed, spending.sent, QUOTA - spending.passed, KILL_AFTER);
    assert_true(spending.refused > 0);
    assert_spent(spending.passed, spending.unknown, LOST_MAX);
    e2e_stop(&stack->gateways[0]);
    e2e_stop(&stack->server);
}

/* ---- A gateway that stops, and one that knows no keys ---- */

static void a_gateway_that_stops_gives_its_block_back(void **state)
{
    struct stack *stack = *state;
    start_stack(stack);
    int passed = 0;
    int unknown = 0;
    for (int turn = 0; turn < 2; turn++) {
        struct e2e_client *client = e2e_client_create(stack->gateways[turn].http_port, E2E_HTTP1);
        long status = 200;
        while (status != 429 && (turn == 1 || passed < 3)) {
            const struct e2e_response *response = e2e_get(client, "/notes?page_size=1", SHARED_KEY);
            status = response->status;
            passed += status == 200;
            unknown += is_unknown(response);
        }
        e2e_client_destroy(client);
        e2e_stop(&stack->gateways[turn]);
    }
    assert_spent(passed, unknown, 0);
    e2e_stop(&stack->server);
}

static void without_a_store_no_key_is_known(void **state)
{
    struct stack *stack = *state;
    start_stack(stack);
    char upstream[32];
    snprintf(upstream, sizeof upstream, "127.0.0.1:%d", stack->server.grpc_port);
    const char *args[] = {"gateway", "--listen", "127.0.0.1:0", "--upstream", upstream, NULL};
    e2e_stop(&stack->gateways[0]);
    e2e_start(&stack->gateways[0], &stack->dir, "a.log", E2E_HTTP_LISTENER, args);
    struct e2e_client *client = e2e_client_create(stack->gateways[0].http_port, E2E_HTTP1);
    assert_forbidden(e2e_get(client, "/notes", SHARED_KEY));
    assert_int_equal(e2e_get(client, "/users", NULL)->status, 200);
    e2e_client_destroy(client);
}

#define WITH_STACK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_STACK(the_tutorials_story),
        WITH_STACK(stages_have_their_plans_and_throttles),
        WITH_STACK(two_gateways_share_one_quota),
        WITH_STACK(a_killed_gateway_takes_a_block_at_most),
        WITH_STACK(a_gateway_that_stops_gives_its_block_back),
        WITH_STACK(without_a_store_no_key_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
