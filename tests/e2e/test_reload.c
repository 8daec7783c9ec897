/* SIGHUP drops nothing: under load, while rules are read anew again and again, some of them no
 * good, every request is answered as if nothing had happened. */
#include "base/mem.h"
#include "library/v1/library.tg.h"
#include "tests/e2e/load.h"
#include "tests/e2e/rows.h"
#include "tests/e2e/store.h"

#include <signal.h>
#include <stdio.h>

#define RELOADS 200
#define REQUESTS_MIN 4000
#define SLOTS 32
#define LOAD_MS_MAX 250000

/* Reloads from one set of rules to the next that are no good. */
#define SPOILT_EVERY 8

struct world {
    struct e2e_dir dir;
    struct e2e_program server;
    struct e2e_program gateway;
    char rules_path[E2E_PATH_SIZE];
    size_t signals;  /* sent */
    size_t reloads;  /* that the log tells of */
    size_t refusals; /* likewise */
    size_t requests;
    size_t moved; /* answers of a path that only one of the two sets of rules has */
};

/* Both have /users; one has /even, the other /odd. */
static const char rules_format[] = "http:\n"
                                   "  rules:\n"
                                   "  - selector: library.v1.Library.ListUsers\n"
                                   "    get: /users\n"
                                   "    response_body: users\n"
                                   "    additional_bindings:\n"
                                   "    - get: /%s\n"
                                   "      response_body: users\n"
                                   "  - selector: library.v1.Library.CreateUser\n"
                                   "    post: /users\n"
                                   "    body: '*'\n";

static void write_file(const char *path, const char *data, size_t len)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Puts other rules in the place of those that are there, whole. */
static void write_rules(const struct world *world, const char *text)
{
    char fresh[E2E_PATH_SIZE + 8];
    snprintf(fresh, sizeof fresh, "%s.new", world->rules_path);
    write_file(fresh, text, strlen(text));
    assert_int_equal(rename(fresh, world->rules_path), 0);
}

static void write_good_rules(const struct world *world, bool is_odd)
{
    char text[1024];
    snprintf(text, sizeof text, rules_format, is_odd ? "odd" : "even");
    write_rules(world, text);
}

static void start_gateway(struct world *world)
{
    char set_path[E2E_PATH_SIZE];
    char upstream[32];
    struct base_str set = library_v1_library_descriptor_set;
    snprintf(set_path, sizeof set_path, "%s/api.binpb", world->dir.path);
    snprintf(world->rules_path, sizeof world->rules_path, "%s/rules.yaml", world->dir.path);
    snprintf(upstream, sizeof upstream, "127.0.0.1:%d", world->server.grpc_port);
    write_file(set_path, set.data, set.len);
    write_good_rules(world, false);
    const char *args[] = {"gateway", "--listen",   "127.0.0.1:0",     "--threads",
                          "2",       "--upstream", upstream,          "--proto-set",
                          set_path,  "--rules",    world->rules_path, NULL};
    e2e_start(&world->gateway, &world->dir, "gateway.log", E2E_HTTP_LISTENER, args);
}

static int set_up(void **state)
{
    struct world *world = base_calloc(1, sizeof *world);
    char store[E2E_STORE_SIZE];
    e2e_dir_make(&world->dir);
    e2e_store(&world->dir, store);
    const char *args[] = {"server", "--grpc", "127.0.0.1:0", "--store", store, NULL};
    e2e_start(&world->server, &world->dir, "server.log", E2E_GRPC_LISTENER, args);
    start_gateway(world);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    e2e_kill(&world->gateway);
    e2e_kill(&world->server);
    e2e_dir_remove(&world->dir);
    base_free(world);
    return 0;
}

/* Counts what has become of the reloads. */
static void read_log(struct world *world)
{
    char line[2048];
    FILE *log = fopen(world->gateway.log_path, "r");
    assert_non_null(log);
    world->reloads = world->refusals = 0;
    while (fgets(line, sizeof line, log) != NULL) {
        world->reloads += strstr(line, "event=reloaded ") != NULL;
        world->refusals += strstr(line, "event=\"reload refused\" ") != NULL;
    }
    fclose(log);
}

/* Sends the next signal when the last has had its effect. */
static void on_tick(void *user)
{
    struct world *world = user;
    if (world->signals == RELOADS) {
        return;
    }
    read_log(world);
    if (world->reloads + world->refusals < world->signals) {
        return;
    }
    if (world->signals % SPOILT_EVERY == SPOILT_EVERY - 1) {
        write_rules(world, "http: {rules: [{selector: library.v1.Library.Burn, get: /}]}\n");
    } else {
        write_good_rules(world, world->signals % 2 == 1);
    }
    world->signals++;
    assert_int_equal(kill(world->gateway.pid, SIGHUP), 0);
}

static bool next_request(void *user, size_t slot, struct e2e_load_request *out)
{
    struct world *world = user;
    static const char *const paths[] = {"/users?page_size=1", "/even?page_size=1",
                                        "/odd?page_size=1"};
    out->has_body = slot % 4 == 3;
    out->method = out->has_body ? "POST" : "GET";
    snprintf(out->path, sizeof out->path, "%s", out->has_body ? "/users" : paths[slot % 4]);
    snprintf(out->body, sizeof out->body, "{\"name\":\"Ann\"}");
    return world->signals < RELOADS || world->requests < REQUESTS_MIN;
}

static void on_end(void *user, size_t slot, const struct e2e_response *response)
{
    struct world *world = user;
    bool may_be_gone = slot % 4 == 1 || slot % 4 == 2;
    long expected = slot % 4 == 3 ? 201 : 200;
    world->requests++;
    world->moved += may_be_gone && response->status == 200;
    if (response->outcome != CURLE_OK ||
        (response->status != expected && !(may_be_gone && response->status == 404))) {
        e2e_fail(&world->gateway, "slot %zu: %s, status %ld %.*s", slot,
                 curl_easy_strerror(response->outcome), response->status,
                 BASE_STR_ARGS(base_buf_str(&response->body)));
    }
}

static long status_of(const struct world *world, const char *path)
{
    struct e2e_client *client = e2e_client_create(world->gateway.http_port, E2E_HTTP1);
    long status =
        e2e_client_call(client, &(struct e2e_request){.method = "GET", .path = path})->status;
    e2e_client_destroy(client);
    return status;
}

static void run_load(struct world *world, enum e2e_http http)
{
    const struct e2e_load load = {.port = world->gateway.http_port,
                                  .http = http,
                                  .slots = SLOTS,
                                  .user = world,
                                  .next = next_request,
                                  .on_end = on_end,
                                  .on_tick = on_tick};
    e2e_load_run(&load, LOAD_MS_MAX);
    while (world->reloads + world->refusals < RELOADS) { /* the last one's */
        e2e_sleep_ms(10);
        read_log(world);
    }
    assert_int_equal(world->refusals, RELOADS / SPOILT_EVERY);
    assert_in_range(world->moved, 1, world->requests);
    /* The last reload was refused, the one before it had an even number. */
    assert_int_equal(status_of(world, "/even"), 200);
    assert_int_equal(status_of(world, "/odd"), 404);
    print_message("%zu requests, %zu reloads, %zu refused ones\n", world->requests, world->reloads,
                  world->refusals);
    e2e_stop(&world->gateway);
    e2e_stop(&world->server);
}

static void test_http1(void **state)
{
    run_load(*state, E2E_HTTP1);
}

static void test_http2(void **state)
{
    run_load(*state, E2E_HTTP2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_http1, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_http2, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
