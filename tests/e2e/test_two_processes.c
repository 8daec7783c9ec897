/* `tollgate gateway` before `tollgate server` is `tollgate serve` to the byte, and outlives its
 * upstream. */
#include "base/mem.h"
#include "tests/e2e/load.h"
#include "tests/e2e/rows.h"
#include "tests/e2e/store.h"

#include <stdio.h>

#define TRANSCRIPT_BYTES_MAX (size_t)(4 * 1024 * 1024)
#define RECOVERY_MS_MAX 60000
/* Creates before the upstream is told to stop, and refusals before the load ends. */
#define DRAIN_CREATES 300
#define DRAIN_REFUSALS 200

struct pair {
    struct e2e_dir dir;
    struct e2e_program server;
    struct e2e_program gateway;
};

static void start_server(struct pair *pair, int port)
{
    char store[E2E_STORE_SIZE];
    char address[32];
    e2e_store(&pair->dir, store);
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    const char *args[] = {"server", "--grpc", address, "--store", store, NULL};
    e2e_start(&pair->server, &pair->dir, "server.log", E2E_GRPC_LISTENER, args);
}

static void start_gateway(struct pair *pair, int upstream_port)
{
    char upstream[32];
    snprintf(upstream, sizeof upstream, "127.0.0.1:%d", upstream_port);
    const char *args[] = {"gateway", "--listen", "127.0.0.1:0", "--upstream", upstream, NULL};
    e2e_start(&pair->gateway, &pair->dir, "gateway.log", E2E_HTTP_LISTENER, args);
}

static int set_up(void **state)
{
    struct pair *pair = base_calloc(1, sizeof *pair);
    e2e_dir_make(&pair->dir);
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;
    e2e_kill(&pair->server);
    e2e_kill(&pair->gateway);
    e2e_dir_remove(&pair->dir);
    base_free(pair);
    return 0;
}

static void record_serve(const struct e2e_table *table, enum e2e_http http, struct base_buf *out)
{
    struct e2e_dir dir;
    struct e2e_program serve;
    e2e_dir_make(&dir);
    e2e_start_serve(&serve, &dir);
    e2e_table_run(table, &serve, http, out);
    e2e_stop(&serve);
    e2e_dir_remove(&dir);
}

static void record_pair(const struct e2e_table *table, enum e2e_http http, struct base_buf *out)
{
    struct pair *pair = NULL;
    set_up((void **)&pair);
    start_server(pair, 0);
    start_gateway(pair, pair->server.grpc_port);
    e2e_table_run(table, &pair->gateway, http, out);
    e2e_stop(&pair->gateway);
    e2e_stop(&pair->server);
    tear_down((void **)&pair);
}

/* Prints the first line in which the two differ. */
static void expect_same(const char *paired, const char *alone)
{
    size_t line = 0;
    for (size_t i = 0; paired[i] == alone[i]; i++) {
        if (paired[i] == '\0') {
            return;
        }
        line = paired[i] == '\n' ? i + 1 : line;
    }
    fail_msg("serve answers\n%.300s\nand the gateway\n%.300s", alone + line, paired + line);
}

static void compare(const struct e2e_table *tables, size_t count, enum e2e_http http)
{
    struct base_buf alone;
    struct base_buf paired;
    base_buf_init(&alone, TRANSCRIPT_BYTES_MAX);
    base_buf_init(&paired, TRANSCRIPT_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        record_serve(&tables[i], http, &alone);
        record_pair(&tables[i], http, &paired);
    }
    assert_true(base_buf_append_char(&alone, '\0'));
    assert_true(base_buf_append_char(&paired, '\0'));
    expect_same(paired.data, alone.data);
    base_buf_dispose(&alone);
    base_buf_dispose(&paired);
}

static void test_same_answers(void **state)
{
    (void)state;
    compare(e2e_rest_tables, e2e_rest_table_count, E2E_HTTP1);
}

static void test_same_errors(void **state)
{
    (void)state;
    compare(e2e_error_tables, e2e_error_table_count, E2E_HTTP2);
}

/* The store a server wrote is read by serve, and gives the same bytes, ids and times included. */
static void test_same_documents(void **state)
{
    struct pair *pair = *state;
    static const char *const paths[] = {"/notes", "/users", "/users/0", "/users/9"};
    char answers[sizeof paths / sizeof *paths][4096];
    start_server(pair, 0);
    start_gateway(pair, pair->server.grpc_port);
    struct e2e_client *client = e2e_client_create(pair->gateway.http_port, E2E_HTTP1);
    const struct e2e_request note = {"POST", "/notes", NULL, BASE_STR("{\"title\":\"kept\"}")};
    const struct e2e_request user = {"POST", "/users", NULL, BASE_STR("{\"name\":\"Kim\"}")};
    assert_int_equal(e2e_client_call(client, &note)->status, 201);
    assert_int_equal(e2e_client_call(client, &user)->status, 201);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const struct e2e_request request = {.method = "GET", .path = paths[i]};
        snprintf(answers[i], sizeof answers[i], "%s", e2e_client_call(client, &request)->body.data);
    }
    e2e_client_destroy(client);
    e2e_stop(&pair->gateway);
    e2e_stop(&pair->server);

    e2e_start_serve(&pair->server, &pair->dir);
    client = e2e_client_create(pair->server.http_port, E2E_HTTP1);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const struct e2e_request request = {.method = "GET", .path = paths[i]};
        assert_string_equal(e2e_client_call(client, &request)->body.data, answers[i]);
    }
    e2e_client_destroy(client);
    e2e_stop(&pair->server);
}

static const struct e2e_request list_users = {.method = "GET", .path = "/users"};

#define UNAVAILABLE(why) "{\"code\":14,\"message\":\"the upstream " why "\",\"details\":[]}"

/* 503, as an error body that does not say where the upstream is. */
static void expect_unavailable(struct pair *pair, struct e2e_client *client)
{
    const struct e2e_response *response = e2e_client_call(client, &list_users);
    char type[64] = "";
    e2e_response_header(response, "content-type", type, sizeof type);
    assert_string_equal(type, "application/json");
    if (response->status != 503 ||
        (strcmp(response->body.data, UNAVAILABLE("is not reachable: connection refused")) != 0 &&
         strcmp(response->body.data, UNAVAILABLE("closed the connection")) != 0)) {
        e2e_fail(&pair->gateway, "expected 503, got %ld %s", response->status, response->body.data);
    }
}

static void test_upstream_never_there(void **state)
{
    struct pair *pair = *state;
    start_gateway(pair, e2e_dead_port());
    for (enum e2e_http http = E2E_HTTP1; http <= E2E_HTTP2; http++) {
        struct e2e_client *client = e2e_client_create(pair->gateway.http_port, http);
        expect_unavailable(pair, client);
        e2e_client_destroy(client);
    }
    e2e_stop(&pair->gateway);
}

static void wait_for_recovery(struct pair *pair, struct e2e_client *client)
{
    long long give_up_ms = e2e_now_ms() + RECOVERY_MS_MAX;
    while (e2e_client_call(client, &list_users)->status != 200) {
        if (e2e_now_ms() > give_up_ms) {
            e2e_fail(&pair->gateway, "no answer from the upstream that came back");
        }
        e2e_sleep_ms(50);
    }
}

static void test_upstream_killed_and_back(void **state)
{
    struct pair *pair = *state;
    start_server(pair, 0);
    int port = pair->server.grpc_port;
    start_gateway(pair, port);
    struct e2e_client *client = e2e_client_create(pair->gateway.http_port, E2E_HTTP1);
    assert_int_equal(e2e_client_call(client, &list_users)->status, 200);
    e2e_kill(&pair->server);
    expect_unavailable(pair, client);
    start_server(pair, port);
    wait_for_recovery(pair, client);
    e2e_client_destroy(client);
    e2e_stop(&pair->gateway);
    e2e_stop(&pair->server);
}

/* Users created through the gateway while its upstream drains. */
struct drain {
    struct pair *pair;
    size_t created;
    size_t refused;
};

static bool next_create(void *user, size_t slot, struct e2e_load_request *out)
{
    (void)slot;
    const struct drain *drain = user;
    out->method = "POST";
    out->has_body = true;
    snprintf(out->path, sizeof out->path, "/users");
    snprintf(out->body, sizeof out->body, "{\"name\":\"drained\"}");
    return drain->refused < DRAIN_REFUSALS;
}

static void on_create(void *user, size_t slot, const struct e2e_response *response)
{
    (void)slot;
    struct drain *drain = user;
    assert_int_equal(response->outcome, CURLE_OK);
    drain->created += response->status == 201;
    drain->refused += response->status == 503;
    if (response->status != 201 && response->status != 503) {
        e2e_fail(&drain->pair->gateway, "POST /users answered %ld %s", response->status,
                 response->body.data);
    }
    if (drain->created == DRAIN_CREATES && response->status == 201) {
        e2e_terminate(&drain->pair->server);
    }
}

static size_t count_users(struct e2e_client *client)
{
    char path[512] = "/users";
    char token[256];
    size_t count = 0;
    for (bool has_more = true; has_more;) {
        const struct e2e_request request = {.method = "GET", .path = path};
        const struct e2e_response *response = e2e_client_call(client, &request);
        assert_int_equal(response->status, 200);
        for (const char *at = response->body.data; (at = strstr(at, "\"drained\"")) != NULL; at++) {
            count++;
        }
        has_more = e2e_response_header(response, "x-next-page-token", token, sizeof token);
        snprintf(path, sizeof path, "/users?page_token=%s", token);
    }
    return count;
}

/* An upstream that is told to stop answers what it has taken; what it has not is 503 and was not
 * done. */
static void test_upstream_drains_under_load(void **state)
{
    struct pair *pair = *state;
    start_server(pair, 0);
    int port = pair->server.grpc_port;
    start_gateway(pair, port);
    struct drain drain = {.pair = pair};
    const struct e2e_load load = {.port = pair->gateway.http_port,
                                  .http = E2E_HTTP1,
                                  .slots = 32,
                                  .user = &drain,
                                  .next = next_create,
                                  .on_end = on_create};
    e2e_load_run(&load, RECOVERY_MS_MAX);
    e2e_wait(&pair->server);
    start_server(pair, port);
    struct e2e_client *client = e2e_client_create(pair->gateway.http_port, E2E_HTTP1);
    wait_for_recovery(pair, client);
    assert_int_equal(count_users(client), drain.created);
    e2e_client_destroy(client);
    e2e_stop(&pair->gateway);
    e2e_stop(&pair->server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_answers),
        cmocka_unit_test(test_same_errors),
        cmocka_unit_test_setup_teardown(test_same_documents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_upstream_never_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_upstream_killed_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_upstream_drains_under_load, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
