/* Two servers and two gateways over one MongoDB: they act as one, and outlive its outages.
 *
 * Even slots of a load go through the one gateway, odd ones through the other. */
#include "base/mem.h"
#include "tests/e2e/load.h"
#include "tests/e2e/store.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIDES 2
#define SLOTS 32
#define RUN_MS_MAX 120000

/* Users that one test may make. */
#define USERS_MAX 20000

struct replicas {
    struct e2e_dir dir;
    struct e2e_program servers[SIDES];
    struct e2e_program gateways[SIDES];

    size_t sent;                    /* creates; each names its user by its number */
    size_t created;                 /* and answered */
    size_t number_of_id[USERS_MAX]; /* plus one; 0: no user of this id was answered */
    size_t newest_id[SIDES];        /* made through this side */
    size_t made[SIDES];
    size_t doing[E2E_SLOTS_MAX]; /* what the slot has asked for: a number, an id, a book */
};

static void start_side(struct replicas *replicas, size_t side, const char *store)
{
    char name[32];
    char upstream[32];
    const char *server[] = {"server", "--grpc", "127.0.0.1:0", "--store", store, NULL};
    const char *gateway[] = {"gateway", "--listen", "127.0.0.1:0", "--upstream", upstream, NULL};
    snprintf(name, sizeof name, "server%zu.log", side);
    e2e_start(&replicas->servers[side], &replicas->dir, name, E2E_GRPC_LISTENER, server);
    snprintf(name, sizeof name, "gateway%zu.log", side);
    snprintf(upstream, sizeof upstream, "127.0.0.1:%d", replicas->servers[side].grpc_port);
    e2e_start(&replicas->gateways[side], &replicas->dir, name, E2E_HTTP_LISTENER, gateway);
}

static int set_up(void **state)
{
    char store[E2E_STORE_SIZE];
    struct replicas *replicas = base_calloc(1, sizeof *replicas);
    e2e_dir_make(&replicas->dir);
    e2e_mongodb_store(&replicas->dir, store);
    for (size_t side = 0; side < SIDES; side++) {
        start_side(replicas, side, store);
    }
    *state = replicas;
    return 0;
}

/* A test that failed may have left the engine killed or stopped. */
static void mend_engine(void)
{
    struct mongo_engine *engine = e2e_mongodb();
    if (engine->pid == 0) {
        mongo_engine_restart(engine);
    } else {
        kill(engine->pid, SIGCONT);
    }
}

static int tear_down(void **state)
{
    struct replicas *replicas = *state;
    mend_engine();
    for (size_t side = 0; side < SIDES; side++) {
        e2e_kill(&replicas->gateways[side]);
        e2e_kill(&replicas->servers[side]);
    }
    e2e_dir_remove(&replicas->dir);
    base_free(replicas);
    return 0;
}

/* All four end with status 0. */
static void stop_all(struct replicas *replicas)
{
    for (size_t side = 0; side < SIDES; side++) {
        e2e_stop(&replicas->gateways[side]);
        e2e_stop(&replicas->servers[side]);
    }
}

static void run_load(struct replicas *replicas, struct e2e_load load)
{
    load.port = replicas->gateways[0].http_port;
    load.odd_port = replicas->gateways[1].http_port;
    load.http = E2E_HTTP1;
    e2e_load_run(&load, RUN_MS_MAX);
}

static void fail_answer(const struct replicas *replicas, size_t slot, const char *what,
                        const struct e2e_response *response)
{
    e2e_show_log(&replicas->servers[slot % SIDES]);
    e2e_fail(&replicas->gateways[slot % SIDES], "%s through gateway %zu: %s, %ld %s", what,
             slot % SIDES, curl_easy_strerror(response->outcome), response->status,
             response->body.data);
}

/* ---- Users ---- */

static void ask_for_user(struct replicas *replicas, size_t slot, struct e2e_load_request *out)
{
    replicas->doing[slot] = replicas->sent++;
    out->method = "POST";
    out->has_body = true;
    snprintf(out->path, sizeof out->path, "/users");
    snprintf(out->body, sizeof out->body, "{\"name\":\"user %zu\"}", replicas->doing[slot]);
}

/* Takes the answer to a create; its id must be new. */
static void take_user(struct replicas *replicas, size_t slot, const struct e2e_response *response)
{
    size_t id = 0;
    if (response->outcome != CURLE_OK || response->status != 201 ||
        sscanf(response->body.data, "{\"id\":%zu}", &id) != 1 || id >= USERS_MAX) {
        fail_answer(replicas, slot, "POST /users", response);
    }
    if (replicas->number_of_id[id] != 0) {
        fail_msg("id %zu was given to user %zu and to user %zu", id, replicas->number_of_id[id] - 1,
                 replicas->doing[slot]);
    }
    replicas->number_of_id[id] = replicas->doing[slot] + 1;
    replicas->newest_id[slot % SIDES] = id;
    replicas->made[slot % SIDES]++;
    replicas->created++;
}

/* Every user whose create was answered is there under its id, as both gateways see it. */
static void check_users(const struct replicas *replicas, size_t side)
{
    struct e2e_client *client = e2e_client_create(replicas->gateways[side].http_port, E2E_HTTP1);
    char path[512] = "/users";
    char token[256];
    size_t found = 0;
    for (bool has_more = true; has_more;) {
        const struct e2e_request request = {.method = "GET", .path = path};
        const struct e2e_response *response = e2e_client_call(client, &request);
        if (response->status != 200) {
            fail_answer(replicas, side, "GET /users", response);
        }
        const char *at = response->body.data + 1;
        for (size_t id, number; sscanf(at, "\"%zu\":{\"name\":\"user %zu\"", &id, &number) == 2;) {
            assert_in_range(id, 0, USERS_MAX - 1);
            if (replicas->number_of_id[id] != 0) {
                assert_int_equal(number, replicas->number_of_id[id] - 1);
                found++;
            }
            at = strstr(at, "[]}") + strlen("[]},");
        }
        has_more = e2e_response_header(response, "x-next-page-token", token, sizeof token);
        snprintf(path, sizeof path, "/users?page_token=%s", token);
    }
    assert_int_equal(found, replicas->created);
    e2e_client_destroy(client);
}

/* ---- As one ---- */

#define TOGETHER_USERS 2000
#define TOGETHER_READERS 8

/* A reader asks for the newest user that was made through the other gateway. */
static bool next_together(void *user, size_t slot, struct e2e_load_request *out)
{
    struct replicas *replicas = user;
    if (slot >= TOGETHER_READERS) {
        if (replicas->sent == TOGETHER_USERS) {
            return false;
        }
        ask_for_user(replicas, slot, out);
        return true;
    }
    size_t other = (slot + 1) % SIDES;
    replicas->doing[slot] = replicas->made[other] == 0 ? USERS_MAX : replicas->newest_id[other];
    out->method = "GET";
    out->has_body = false;
    if (replicas->made[other] == 0) {
        snprintf(out->path, sizeof out->path, "/users?page_size=1");
    } else {
        snprintf(out->path, sizeof out->path, "/users/%zu", replicas->doing[slot]);
    }
    return replicas->created < TOGETHER_USERS;
}

static void on_together(void *user, size_t slot, const struct e2e_response *response)
{
    struct replicas *replicas = user;
    if (slot >= TOGETHER_READERS) {
        take_user(replicas, slot, response);
        return;
    }
    char expected[128] = "";
    size_t id = replicas->doing[slot];
    if (id < USERS_MAX) {
        snprintf(expected, sizeof expected, "{\"name\":\"user %zu\",\"books\":[]}",
                 replicas->number_of_id[id] - 1);
    }
    if (response->outcome != CURLE_OK || response->status != 200 ||
        (id < USERS_MAX && strcmp(response->body.data, expected) != 0)) {
        fail_answer(replicas, slot, "GET /users/{id}", response);
    }
}

/* Nothing failed, so no id is missing either. */
static void test_ids_are_unique_and_seen_at_once(void **state)
{
    struct replicas *replicas = *state;
    run_load(replicas, (struct e2e_load){.slots = TOGETHER_READERS + SLOTS,
                                         .user = replicas,
                                         .next = next_together,
                                         .on_end = on_together});
    assert_int_equal(replicas->created, TOGETHER_USERS);
    for (size_t side = 0; side < SIDES; side++) {
        assert_true(replicas->made[side] > 0);
        check_users(replicas, side);
    }
    for (size_t id = 0; id < TOGETHER_USERS; id++) {
        assert_int_not_equal(replicas->number_of_id[id], 0);
    }
    stop_all(replicas);
}

#define ROUNDS 100

/* A change through one gateway is what the other answers next. */
static void test_changes_are_seen_at_once(void **state)
{
    struct replicas *replicas = *state;
    struct e2e_client *clients[SIDES];
    char path[64] = "/notes/";
    for (size_t side = 0; side < SIDES; side++) {
        clients[side] = e2e_client_create(replicas->gateways[side].http_port, E2E_HTTP1);
    }
    const struct e2e_request create = {"POST", "/notes", NULL, BASE_STR("{\"title\":\"Milk\"}")};
    const struct e2e_response *response = e2e_client_call(clients[0], &create);
    assert_int_equal(sscanf(response->body.data, "{\"noteId\":\"%36s", path + strlen(path)), 1);
    for (size_t round = 0; round < ROUNDS; round++) {
        char body[64];
        char answer[512];
        snprintf(body, sizeof body, "{\"content\":\"round %zu\"}", round);
        const struct e2e_request patch = {"PATCH", path, NULL, base_str_of(body)};
        const struct e2e_request get = {.method = "GET", .path = path};
        response = e2e_client_call(clients[round % SIDES], &patch);
        assert_int_equal(response->status, 200);
        snprintf(answer, sizeof answer, "%s", response->body.data);
        response = e2e_client_call(clients[(round + 1) % SIDES], &get);
        assert_string_equal(response->body.data, answer);
    }
    for (size_t side = 0; side < SIDES; side++) {
        e2e_client_destroy(clients[side]);
    }
    stop_all(replicas);
}

#define BOOKS 200
#define BOOK_SLOTS 8

static bool next_book(void *user, size_t slot, struct e2e_load_request *out)
{
    struct replicas *replicas = user;
    replicas->doing[slot] = replicas->sent;
    out->method = "POST";
    out->has_body = true;
    snprintf(out->path, sizeof out->path, "/users/0/books");
    snprintf(out->body, sizeof out->body,
             "{\"isbn\":\"isbn %zu.\",\"name\":\"b\",\"author\":\"c\"}", replicas->sent);
    return replicas->sent++ < BOOKS;
}

static void on_book(void *user, size_t slot, const struct e2e_response *response)
{
    if (response->outcome != CURLE_OK || response->status != 201) {
        fail_answer(user, slot, "POST /users/0/books", response);
    }
}

/* Both servers change one document at the same time. */
static void test_no_change_is_lost(void **state)
{
    struct replicas *replicas = *state;
    struct e2e_client *client = e2e_client_create(replicas->gateways[0].http_port, E2E_HTTP1);
    const struct e2e_request create = {"POST", "/users", NULL, BASE_STR("{\"name\":\"Alice\"}")};
    const struct e2e_request get = {.method = "GET", .path = "/users/0"};
    assert_int_equal(e2e_client_call(client, &create)->status, 201);
    run_load(replicas,
             (struct e2e_load){
                 .slots = BOOK_SLOTS, .user = replicas, .next = next_book, .on_end = on_book});
    const struct e2e_response *response = e2e_client_call(client, &get);
    for (size_t i = 0; i < BOOKS; i++) {
        char isbn[32];
        snprintf(isbn, sizeof isbn, "\"isbn %zu.\"", i);
        assert_non_null(strstr(response->body.data, isbn));
    }
    e2e_client_destroy(client);
    stop_all(replicas);
}

/* ---- Outages ---- */

/* Creates before the engine goes, refusals before it comes back, and how long it is away. */
#define USERS_BEFORE 300
#define REFUSALS 20
#define AWAY_MS 1500
/* Once it is back: how long requests go on, and creates on each side; and how long some may still
 * fail, on a machine that is busy. */
#define BACK_MS 5000
#define USERS_AFTER 200
#define RECOVERY_MS_MAX 20000

enum phase { BEFORE, AWAY, BACK };

struct outage {
    struct replicas *replicas;
    enum phase phase;
    long long since_ms; /* of the phase */
    size_t refused;
    size_t late_refusals; /* once it was back, within RECOVERY_MS_MAX */
};

static void enter(struct outage *outage, enum phase phase)
{
    outage->phase = phase;
    outage->since_ms = e2e_now_ms();
    memset(outage->replicas->made, 0, sizeof outage->replicas->made);
}

static bool next_in_outage(void *user, size_t slot, struct e2e_load_request *out)
{
    struct outage *outage = user;
    const size_t *made = outage->replicas->made;
    ask_for_user(outage->replicas, slot, out);
    return outage->phase != BACK || made[0] < USERS_AFTER || made[1] < USERS_AFTER ||
           e2e_now_ms() - outage->since_ms < BACK_MS;
}

/* An error with a body that says no more than a client may know. */
static bool is_error(const struct e2e_response *response, long status, int code)
{
    static const char tail[] = "\",\"details\":[]}";
    char head[64];
    char type[64] = "";
    snprintf(head, sizeof head, "{\"code\":%d,\"message\":\"", code);
    e2e_response_header(response, "content-type", type, sizeof type);
    const char *body = response->body.data;
    size_t len = response->body.len;
    return response->outcome == CURLE_OK && response->status == status &&
           strcmp(type, "application/json") == 0 && len > strlen(head) + strlen(tail) &&
           strncmp(body, head, strlen(head)) == 0 && strcmp(body + len - strlen(tail), tail) == 0 &&
           strstr(body, "127.0.0.1") == NULL && strstr(body, "mongo") == NULL;
}

static bool is_refusal(const struct e2e_response *response)
{
    return is_error(response, 503, 14);
}

static void on_end_in_outage(void *user, size_t slot, const struct e2e_response *response)
{
    struct outage *outage = user;
    if (response->status == 201) {
        take_user(outage->replicas, slot, response);
        return;
    }
    bool is_late = outage->phase == BACK && e2e_now_ms() - outage->since_ms > RECOVERY_MS_MAX;
    if (outage->phase == BEFORE || is_late || !is_refusal(response)) {
        fail_answer(outage->replicas, slot, "POST /users around an outage", response);
    }
    outage->refused++;
    outage->late_refusals += outage->phase == BACK;
}

static void kill_and_restart(void *user)
{
    struct outage *outage = user;
    long long for_ms = e2e_now_ms() - outage->since_ms;
    if (outage->phase == BEFORE && outage->replicas->created >= USERS_BEFORE) {
        mongo_engine_kill(e2e_mongodb());
        enter(outage, AWAY);
    } else if (outage->phase == AWAY && for_ms >= AWAY_MS && outage->refused >= REFUSALS) {
        mongo_engine_restart(e2e_mongodb());
        enter(outage, BACK);
    }
}

/* Every create that was answered is there afterwards; all four programs go on as they are. */
static void test_engine_killed_and_back(void **state)
{
    struct outage outage = {.replicas = *state};
    run_load(outage.replicas, (struct e2e_load){.slots = SLOTS,
                                                .user = &outage,
                                                .next = next_in_outage,
                                                .on_end = on_end_in_outage,
                                                .on_tick = kill_and_restart});
    print_message("%zu created, %zu refused, %zu of them once it was back\n",
                  outage.replicas->created, outage.refused, outage.late_refusals);
    assert_int_equal(outage.phase, BACK);
    for (size_t side = 0; side < SIDES; side++) {
        check_users(outage.replicas, side);
    }
    stop_all(outage.replicas);
}

/* ---- Stalls ---- */

/* More slots than the two servers have workers; longer than a socket of theirs waits. */
#define STALL_SLOTS 192
#define STALL_MS 12000
#define DEADLINE_MS 500
#define DEADLINE_HEADER "X-Server-Timeout: 0.5"
/* Over the deadline, on a machine that is busy: less than a socket waits, still. */
#define SLACK_MS 8000

struct stall {
    struct replicas *replicas;
    enum phase phase;
    long long since_ms;
    long long asked_ms[STALL_SLOTS];
    long long slowest_ms;
    size_t late; /* 504 */
    size_t refused;
    bool is_well[STALL_SLOTS]; /* has got an answer since it went on */
};

static bool next_in_stall(void *user, size_t slot, struct e2e_load_request *out)
{
    struct stall *stall = user;
    if (slot % 3 == 0) {
        ask_for_user(stall->replicas, slot, out);
    } else {
        out->method = "GET";
        out->has_body = false;
        snprintf(out->path, sizeof out->path, slot % 3 == 1 ? "/users?page_size=1" : "/notes");
    }
    out->headers = stall->phase == AWAY ? DEADLINE_HEADER : NULL;
    stall->asked_ms[slot] = e2e_now_ms();
    return stall->phase != BACK || !stall->is_well[slot];
}

/* What was asked without a deadline before the stall may take until the sockets give up. */
static void on_end_in_stall(void *user, size_t slot, const struct e2e_response *response)
{
    struct stall *stall = user;
    if (response->status == 200 || response->status == 201) {
        if (response->status == 201) {
            take_user(stall->replicas, slot, response);
        }
        stall->is_well[slot] = stall->phase == BACK;
        return;
    }
    bool recovers = stall->phase == BACK && e2e_now_ms() - stall->since_ms < RECOVERY_MS_MAX;
    if ((stall->phase != AWAY && !recovers) ||
        (!is_error(response, 504, 4) && !is_refusal(response))) {
        fail_answer(stall->replicas, slot, "a request around a stall", response);
    }
    stall->late += response->status == 504;
    stall->refused += response->status == 503;
    long long took_ms = e2e_now_ms() - stall->asked_ms[slot];
    if (stall->phase == AWAY && stall->asked_ms[slot] > stall->since_ms) {
        stall->slowest_ms = took_ms > stall->slowest_ms ? took_ms : stall->slowest_ms;
    }
}

static void stop_and_go_on(void *user)
{
    struct stall *stall = user;
    pid_t engine = e2e_mongodb()->pid;
    if (stall->phase == BEFORE && stall->replicas->created >= USERS_BEFORE) {
        assert_int_equal(kill(engine, SIGSTOP), 0);
        stall->phase = AWAY;
        stall->since_ms = e2e_now_ms();
    } else if (stall->phase == AWAY && e2e_now_ms() - stall->since_ms >= STALL_MS) {
        assert_int_equal(kill(engine, SIGCONT), 0);
        stall->phase = BACK;
        stall->since_ms = e2e_now_ms();
    }
}

/* An engine that neither answers nor hangs up: every request ends by its deadline. */
static void test_engine_stalled(void **state)
{
    struct stall stall = {.replicas = *state};
    run_load(stall.replicas, (struct e2e_load){.slots = STALL_SLOTS,
                                               .user = &stall,
                                               .next = next_in_stall,
                                               .on_end = on_end_in_stall,
                                               .on_tick = stop_and_go_on});
    print_message("%zu late, %zu refused, the slowest after %lld ms of its %d\n", stall.late,
                  stall.refused, stall.slowest_ms, DEADLINE_MS);
    assert_int_equal(stall.phase, BACK);
    assert_in_range(stall.late + stall.refused, STALL_SLOTS, SIZE_MAX);
    assert_in_range(stall.slowest_ms, 0, DEADLINE_MS + SLACK_MS);
    for (size_t side = 0; side < SIDES; side++) {
        check_users(stall.replicas, side);
    }
    stop_all(stall.replicas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ids_are_unique_and_seen_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changes_are_seen_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_change_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_engine_killed_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_engine_stalled, set_up, tear_down),
    };
    /* A MongoDB of somebody else's is not to be killed. */
    unsetenv("TOLLGATE_TEST_MONGODB_URI");
    setenv("TOLLGATE_MONGODB_JOURNAL", "1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
