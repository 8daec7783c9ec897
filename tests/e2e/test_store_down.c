/* What gateways do while the store of keys and quotas is away: one that fails closed, and one that
 * lets requests go on uncounted (--quota-fail-open). The services behind them have a store of their
 * own, which is never away: what is refused here, a gateway refuses. */
#include "tests/e2e/keyed.h"
#include "tests/e2e/load.h"
#include "tests/e2e/store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define METERED_KEY "metered-key-0123456789"
#define FREE_KEY "free-key-0123456789-0123"
#define NEW_KEY "new-key-0123456789-01234"

#define PATH "/notes?page_size=1"

/* How long a change of keys may take to be known, a gateway to find that its store is away, and to
 * find that it is back, on a machine that is busy. */
#define CHANGE_MS_MAX 20000
#define LOSS_MS_MAX 30000
#define RETURN_MS_MAX 20000

/* What every answer must take less than: a reservation waits for the store for two seconds, not for
 * the ten that a command of its own would have. */
#define ANSWER_MS_MAX 8000

enum { CLOSED, OPEN, SIDES };

struct world {
    struct e2e_dir dir;
    char store[E2E_STORE_SIZE];
    struct e2e_program server;
    struct e2e_program gateways[SIDES];
    struct e2e_client *clients[SIDES];
    char metered_plan[64];
    sqlite3 *lock; /* NULL, or a connection that holds SQLite's write lock */
};

static struct world world;

static void start_gateway(int side, const char *upstream)
{
    const char *args[] = {"gateway",     "--listen",
                          "127.0.0.1:0", "--upstream",
                          upstream,      "--store",
                          world.store,   "--admin",
                          "127.0.0.1:0", side == OPEN ? "--quota-fail-open" : NULL,
                          NULL};
    e2e_start(&world.gateways[side], &world.dir, side == OPEN ? "open.log" : "closed.log",
              E2E_HTTP_LISTENER | E2E_ADMIN_LISTENER, args);
    world.clients[side] = e2e_client_create(world.gateways[side].http_port, E2E_HTTP1);
}

/* Two gateways over `world.store`, with a key that has a quota and one that has none. */
static void start_world(void)
{
    char services[E2E_STORE_SIZE];
    char upstream[32];
    char plan[64];
    snprintf(services, sizeof services, "sqlite:%s/services.db", world.dir.path);
    const char *server[] = {"server", "--grpc", "127.0.0.1:0", "--store", services, NULL};
    e2e_start(&world.server, &world.dir, "server.log", E2E_GRPC_LISTENER, server);
    snprintf(upstream, sizeof upstream, "127.0.0.1:%d", world.server.grpc_port);
    start_gateway(CLOSED, upstream);
    start_gateway(OPEN, upstream);
    const struct e2e_program *admin = &world.gateways[CLOSED];
    e2e_member(
        e2e_tool(admin,
                 "plans create metered --quota 100000000 --period month --for-stage '$default'"),
        "id", world.metered_plan, sizeof world.metered_plan);
    e2e_member(e2e_tool(admin, "plans create free --for-stage '$default'"), "id", plan,
               sizeof plan);
    e2e_tool(admin, "keys create metered --plan %s --value " METERED_KEY, world.metered_plan);
    e2e_tool(admin, "keys create free --plan %s --value " FREE_KEY, plan);
    for (int side = 0; side < SIDES; side++) {
        e2e_wait_for_status(world.clients[side], PATH, FREE_KEY, 200, CHANGE_MS_MAX);
        e2e_wait_for_status(world.clients[side], PATH, METERED_KEY, 200, CHANGE_MS_MAX);
    }
}

static int set_up(void **state)
{
    (void)state;
    world = (struct world){0};
    e2e_dir_make(&world.dir);
    setenv("TOLLGATE_NO_KEYS", "false", 1);
    signal(SIGXFSZ,
           SIG_DFL); /* whoever started the test may ignore it, and children inherit that */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sqlite3_close(world.lock);
    for (int side = 0; side < SIDES; side++) {
        e2e_client_destroy(world.clients[side]);
        e2e_kill(&world.gateways[side]);
    }
    e2e_kill(&world.server);
    e2e_dir_remove(&world.dir);
    return 0;
}

static void stop_world(void)
{
    e2e_stop(&world.gateways[CLOSED]);
    e2e_stop(&world.gateways[OPEN]);
    e2e_stop(&world.server);
}

/* What a request under a quota is answered by a gateway that fails closed. */
static void assert_no_answer(const struct e2e_response *response)
{
    char header[100] = "";
    e2e_assert_refused(
        response, 503,
        "{\"code\":14,\"message\":\"the quota cannot be checked now\",\"details\":[]}",
        "ServiceUnavailableException");
    assert_true(e2e_response_header(response, "Retry-After", header, sizeof header));
    assert_string_equal(header, "1");
}

/* ---- MongoDB, under load ---- */

#define SLOTS 8
#define KINDS 2 /* of keys: metered and free */
#define WARM_ANSWERS 2000
#define DOWN_MS 5000
#define RUN_MS_MAX 120000

enum phase { BEFORE, DOWN, BACK, DONE, PHASES };

struct outage {
    enum phase phase;
    long long since_ms;
    long long sent_ms[SLOTS];
    long long longest_ms;
    long passed[SIDES][KINDS][PHASES];
    long refused[PHASES]; /* all by the gateway that fails closed, of the metered key */
    long long refused_after_ms;
    long long back_after_ms;
};

/* Even slots go to the gateway that fails closed. */
static int kind_of(size_t slot)
{
    return (int)(slot / 2 % KINDS);
}

static bool send_keyed(void *user, size_t slot, struct e2e_load_request *out)
{
    struct outage *outage = user;
    if (outage->phase == DONE) {
        return false;
    }
    outage->sent_ms[slot] = e2e_now_ms();
    out->method = "GET";
    out->headers = kind_of(slot) == 0 ? "x-api-key: " METERED_KEY : "x-api-key: " FREE_KEY;
    out->has_body = false;
    snprintf(out->path, sizeof out->path, "%s", PATH);
    return true;
}

static void on_keyed(void *user, size_t slot, const struct e2e_response *response)
{
    struct outage *outage = user;
    int side = slot % 2 == 0 ? CLOSED : OPEN;
    long long now_ms = e2e_now_ms();
    if (response->outcome != CURLE_OK) {
        e2e_fail(&world.gateways[side], "%s", curl_easy_strerror(response->outcome));
    }
    if (now_ms - outage->sent_ms[slot] > outage->longest_ms) {
        outage->longest_ms = now_ms - outage->sent_ms[slot];
    }
    if (response->status == 200) {
        outage->passed[side][kind_of(slot)][outage->phase]++;
        if (outage->phase == BACK && side == CLOSED && kind_of(slot) == 0 &&
            outage->back_after_ms == 0) {
            outage->back_after_ms = now_ms - outage->since_ms + 1;
        }
        return;
    }
    if (side != CLOSED || kind_of(slot) != 0) {
        e2e_fail(&world.gateways[side], "a key of kind %d is answered %ld", kind_of(slot),
                 response->status);
    }
    assert_no_answer(response);
    outage->refused[outage->phase]++;
    if (outage->phase == DOWN && outage->refused_after_ms == 0) {
        outage->refused_after_ms = now_ms - outage->since_ms;
    }
    e2e_sleep_ms(1); /* refusals come fast, and should leave the others room */
}

static void go_to(struct outage *outage, enum phase phase)
{
    outage->phase = phase;
    outage->since_ms = e2e_now_ms();
}

/* Nobody reads answers meanwhile, which is not the gateways' fault. */
static void restart_engine(struct outage *outage)
{
    long long begun_ms = e2e_now_ms();
    mongo_engine_restart(e2e_mongodb());
    long long taken_ms = e2e_now_ms() - begun_ms;
    for (size_t slot = 0; slot < SLOTS; slot++) {
        outage->sent_ms[slot] += taken_ms;
    }
}

static void on_tick(void *user)
{
    struct outage *outage = user;
    long long in_phase_ms = e2e_now_ms() - outage->since_ms;
    if (outage->phase == BEFORE && outage->passed[CLOSED][0][BEFORE] >= WARM_ANSWERS &&
        outage->passed[OPEN][0][BEFORE] >= WARM_ANSWERS) {
        mongo_engine_kill(e2e_mongodb());
        go_to(outage, DOWN);
    } else if (outage->phase == DOWN && in_phase_ms > DOWN_MS && outage->refused[DOWN] > 0) {
        restart_engine(outage);
        go_to(outage, BACK);
    } else if (outage->phase == BACK && outage->back_after_ms != 0 && in_phase_ms > 1000) {
        go_to(outage, DONE);
    } else if (outage->phase == BACK && in_phase_ms > RETURN_MS_MAX) {
        e2e_fail(&world.gateways[CLOSED], "the store is back, and the quota is not");
    }
}

/* Usage is written down about once a second. What the database had taken and not answered when it
 * was killed is written again. */
static void expect_usage(const struct outage *outage, time_t since)
{
    long passed = 2; /* by which was told that the key is known */
    for (int side = 0; side < SIDES; side++) {
        for (int phase = 0; phase < PHASES; phase++) {
            passed += outage->passed[side][0][phase];
        }
    }
    long long give_up_ms = e2e_now_ms() + CHANGE_MS_MAX;
    const struct e2e_program *admin = &world.gateways[CLOSED];
    long used;
    while ((used = e2e_used(admin, world.metered_plan, since)) < passed) {
        if (e2e_now_ms() > give_up_ms) {
            e2e_fail(admin, "%ld requests passed, %ld are reported", passed, used);
        }
        e2e_sleep_ms(100);
    }
    printf("%ld requests passed, %ld are reported\n", passed, used);
}

static void mongodb_goes_away_and_comes_back(void **state)
{
    (void)state;
    setenv("TOLLGATE_MONGODB_JOURNAL", "1", 1);
    e2e_mongodb_store(&world.dir, world.store);
    time_t since = time(NULL);
    start_world();
    struct outage outage = {.since_ms = e2e_now_ms()};
    const struct e2e_load load = {
        .port = world.gateways[CLOSED].http_port,
        .odd_port = world.gateways[OPEN].http_port,
        .http = E2E_HTTP1,
        .slots = SLOTS,
        .user = &outage,
        .next = send_keyed,
        .on_end = on_keyed,
        .on_tick = on_tick,
    };
    e2e_load_run(&load, RUN_MS_MAX);
    printf("refused from %lld ms on, for %ld requests; let through meanwhile: %ld of the block, "
           "%ld uncounted, %ld without a quota; back after %lld ms; longest answer %lld ms\n",
           outage.refused_after_ms, outage.refused[DOWN], outage.passed[CLOSED][0][DOWN],
           outage.passed[OPEN][0][DOWN], outage.passed[CLOSED][1][DOWN], outage.back_after_ms,
           outage.longest_ms);
    assert_int_equal(outage.refused[BEFORE], 0);
    assert_true(outage.passed[OPEN][0][DOWN] > outage.passed[CLOSED][0][DOWN]);
    assert_true(outage.passed[CLOSED][1][DOWN] > 0 && outage.passed[OPEN][1][DOWN] > 0);
    assert_in_range(outage.longest_ms, 0, ANSWER_MS_MAX);
    expect_usage(&outage, since);
    stop_world();
}

/* ---- Keys, while MongoDB is away ---- */

static const struct e2e_response *create_key(struct e2e_client *admin)
{
    const struct e2e_request request = {
        .method = "POST", .path = "/apikeys", .body = BASE_STR("{\"name\":\"new\"}")};
    return e2e_client_call(admin, &request);
}

static void keys_are_as_last_known(void **state)
{
    (void)state;
    e2e_mongodb_store(&world.dir, world.store);
    start_world();
    struct e2e_client *admin = e2e_client_create(world.gateways[CLOSED].admin_port, E2E_HTTP1);
    mongo_engine_kill(e2e_mongodb());
    long long end_ms = e2e_now_ms() + 3000;
    while (e2e_now_ms() < end_ms) {
        assert_int_equal(e2e_get(world.clients[CLOSED], PATH, FREE_KEY)->status, 200);
        e2e_assert_refused(e2e_get(world.clients[CLOSED], PATH, NEW_KEY), 403,
                           "{\"message\":\"Forbidden\"}", "ForbiddenException");
        e2e_sleep_ms(10);
    }
    e2e_assert_refused(create_key(admin), 503, "{\"message\":\"the database cannot be reached\"}",
                       "ServiceUnavailableException");
    mongo_engine_restart(e2e_mongodb());
    long long back_ms = e2e_now_ms();
    while (create_key(admin)->status != 201) {
        assert_in_range(e2e_now_ms() - back_ms, 0, RETURN_MS_MAX);
        e2e_sleep_ms(20);
    }
    e2e_client_destroy(admin);
    e2e_tool(&world.gateways[CLOSED], "keys create new --plan %s --value " NEW_KEY,
             world.metered_plan);
    e2e_wait_for_status(world.clients[CLOSED], PATH, NEW_KEY, 200, CHANGE_MS_MAX);
    e2e_wait_for_status(world.clients[OPEN], PATH, NEW_KEY, 200, CHANGE_MS_MAX);
    stop_world();
}

/* ---- SQLite ---- */

static const char *sqlite_path(void)
{
    return world.store + strlen("sqlite:");
}

static void start_on_sqlite(void)
{
    snprintf(world.store, sizeof world.store, "sqlite:%s/keys.db", world.dir.path);
    start_world();
}

/* Uses the metered key's block up until it is refused. */
static void expect_loss(void)
{
    long long start_ms = e2e_now_ms();
    const struct e2e_response *response;
    while ((response = e2e_get(world.clients[CLOSED], PATH, METERED_KEY))->status == 200) {
        if (e2e_now_ms() - start_ms > LOSS_MS_MAX) {
            e2e_fail(&world.gateways[CLOSED], "the store is away, and the quota is not");
        }
    }
    assert_no_answer(response);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(e2e_get(world.clients[OPEN], PATH, METERED_KEY)->status, 200);
        assert_int_equal(e2e_get(world.clients[CLOSED], PATH, FREE_KEY)->status, 200);
    }
    assert_no_answer(e2e_get(world.clients[CLOSED], PATH, METERED_KEY));
}

static void expect_return(void)
{
    printf("back after %lld ms\n",
           e2e_wait_for_status(world.clients[CLOSED], PATH, METERED_KEY, 200, RETURN_MS_MAX));
    assert_int_equal(e2e_get(world.clients[OPEN], PATH, METERED_KEY)->status, 200);
    stop_world();
}

static void sqlite_is_locked(void **state)
{
    (void)state;
    start_on_sqlite();
    assert_int_equal(sqlite3_open(sqlite_path(), &world.lock), SQLITE_OK);
    sqlite3_busy_timeout(world.lock, 10000);
    assert_int_equal(sqlite3_exec(world.lock, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    expect_loss();
    assert_int_equal(sqlite3_exec(world.lock, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    expect_return();
}

/* Lets neither gateway's files grow past `bytes`, as a full disk would. */
static void limit_files(rlim_t bytes)
{
    for (int side = 0; side < SIDES; side++) {
        struct rlimit limit;
        assert_int_equal(prlimit(world.gateways[side].pid, RLIMIT_FSIZE, NULL, &limit), 0);
        limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
        assert_int_equal(prlimit(world.gateways[side].pid, RLIMIT_FSIZE, &limit, NULL), 0);
    }
}

static void sqlite_has_no_room(void **state)
{
    (void)state;
    start_on_sqlite();
    limit_files(4096);
    expect_loss();
    limit_files(RLIM_INFINITY);
    expect_return();
}

/* A file that is removed is there as long as a process has it open. */
static void sqlite_is_removed(void **state)
{
    (void)state;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    start_on_sqlite();
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char path[E2E_STORE_SIZE + 8];
        snprintf(path, sizeof path, "%s%s", sqlite_path(), suffixes[i]);
        assert_int_equal(unlink(path), 0);
    }
    for (int i = 0; i < 200; i++) {
        assert_int_equal(e2e_get(world.clients[CLOSED], PATH, METERED_KEY)->status, 200);
    }
    stop_world();
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_WORLD(mongodb_goes_away_and_comes_back),
        WITH_WORLD(keys_are_as_last_known),
        WITH_WORLD(sqlite_is_locked),
        WITH_WORLD(sqlite_has_no_room),
        WITH_WORLD(sqlite_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
