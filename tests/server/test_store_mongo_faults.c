/* The MongoDB store while its database dies, hangs, drowns, or is not there: what was acknowledged
 * stays, every failure is a clear one in time, and nothing needs a restart. Always on an engine of
 * its own, which it may kill. */
#include "server/store_mongo.h"

#include "base/mem.h"
#include "store_support.h"
#include "tcp_proxy.h"
#include "tests/mongodb/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GONE "UNAVAILABLE: the database cannot be reached"

/* What a busy machine may add to any wait: less than a command has that nobody ends. */
#define SLACK_MS 5000

/* How long a store may take to find that its database is back, on such a machine. */
#define RECOVERY_MS_MAX 20000

static struct mongo_engine engine;

static struct srv_store *open_store(const char *uri)
{
    struct base_err err;
    struct srv_store *store = srv_store_mongo_open(uri, &err);
    if (store == NULL) {
        fail_msg("cannot open: %s", err.message);
    }
    return store;
}

/* A store behind the proxy; `options` as "?maxPoolSize=4", or "". */
static struct srv_store *open_through(const struct tcp_proxy *proxy, const char *options)
{
    char uri[256];
    snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/tollgate_faults_%d%s", tcp_proxy_port(proxy),
             (int)getpid(), options);
    return open_store(uri);
}

static int64_t now_ms(void)
{
    return base_clock_monotonic_ns() / BASE_NS_PER_MS;
}

/* Reads a note within `budget_ms`; the outcome as of store_outcome. */
static const char *get_within(struct srv_store *store, const char *key, int64_t budget_ms)
{
    struct rpc_context ctx;
    struct base_err err;
    ProtobufCMessage *message;
    rpc_context_init(&ctx);
    ctx.deadline_ns = base_clock_monotonic_ns() + budget_ms * BASE_NS_PER_MS;
    bool ok = srv_store_get(store, &ctx, &store_notes, srv_key_text(base_str_of(key)), SRV_OPEN,
                            &message, &err);
    rpc_context_dispose(&ctx);
    return store_outcome(ok, &err);
}

/* Tries until the note can be read; fails the test when that takes too long. */
static void assert_recovers(struct srv_store *store, const char *key)
{
    int64_t end_ms = now_ms() + RECOVERY_MS_MAX;
    while (strcmp(get_within(store, key, 1000), "OK") != 0) {
        if (now_ms() > end_ms) {
            fail_msg("no recovery: %s", get_within(store, key, 1000));
        }
        usleep(20000);
    }
}

/* ---- killed under load ---- */

#define WRITERS 8
#define AFTERWARDS 20 /* writes of each thread after the engine is back */

struct load {
    struct srv_store *store;
    atomic_bool is_down; /* from before the kill until after the restart */
    atomic_bool was_restarted;
    int64_t settled_ms; /* when it must have found that out; set before was_restarted */
    atomic_int counted;
    atomic_int failed;
    atomic_int wrong; /* failures with another code */
    atomic_int failed_while_up;
};

static void note_failure(struct load *load, const char *outcome)
{
    atomic_fetch_add(&load->failed, 1);
    if (strncmp(outcome, "UNAVAILABLE: ", strlen("UNAVAILABLE: ")) != 0) {
        print_message("unexpected: %s\n", outcome);
        atomic_fetch_add(&load->wrong, 1);
    }
    if (!atomic_load(&load->is_down) &&
        (!atomic_load(&load->was_restarted) || now_ms() > load->settled_ms)) {
        print_message("failed while up: %s\n", outcome);
        atomic_fetch_add(&load->failed_while_up, 1);
    }
}

struct ledger {
    char keys[20000][16];
    size_t count;
};

struct writer {
    struct load *load;
    struct ledger *ledgers;
};

static void key_of(char out[16], size_t writer, int number)
{
    snprintf(out, 16, "w%zu-%d", writer, number);
}

/* Inserts a note after the other, noting those acknowledged, and counts one note up in between. */
static void write_through(void *user, size_t index)
{
    struct writer *writer = user;
    struct load *load = writer->load;
    struct ledger *ledger = &writer->ledgers[index];
    int after = 0;
    for (int i = 0; after < AFTERWARDS && ledger->count < 20000; i++) {
        bool restarted = atomic_load(&load->was_restarted);
        char key[16];
        key_of(key, index, i);
        const char *outcome = store_insert_note(load->store, key, "t", 500);
        if (strcmp(outcome, "OK") != 0) {
            note_failure(load, outcome);
            usleep(10000);
            continue;
        }
        memcpy(ledger->keys[ledger->count], key, sizeof key);
        ledger->count++;
        after += restarted ? 1 : 0;
        if (i % 4 == 0 && store_count_up(load->store, "counted") > 0) {
            atomic_fetch_add(&load->counted, 1);
        }
    }
}

static void *run_load(void *user)
{
    store_on_threads(WRITERS, write_through, user);
    return NULL;
}

static void assert_all_there(struct srv_store *store, const struct ledger *ledgers)
{
    size_t total = 0;
    for (size_t w = 0; w < WRITERS; w++) {
        for (size_t i = 0; i < ledgers[w].count; i++) {
            assert_string_equal(store_title_of(store, ledgers[w].keys[i]), "t");
        }
        total += ledgers[w].count;
    }
    print_message("%zu acknowledged writes, all there\n", total);
}

static void keeps_what_it_acknowledged_when_killed(void **state)
{
    (void)state;
    struct load load = {.store = open_store(mongo_engine_uri(&engine, "killed"))};
    struct writer writer = {&load, base_calloc(WRITERS, sizeof *writer.ledgers)};
    pthread_t thread;
    assert_string_equal(store_insert_note(load.store, "counted", "0", 10), "OK");
    assert_int_equal(pthread_create(&thread, NULL, run_load, &writer), 0);
    sleep(1);
    atomic_store(&load.is_down, true);
    mongo_engine_kill(&engine);
    sleep(1);
    mongo_engine_restart(&engine);
    load.settled_ms = now_ms() + RECOVERY_MS_MAX;
    atomic_store(&load.was_restarted, true);
    atomic_store(&load.is_down, false);
    pthread_join(thread, NULL);
    assert_all_there(load.store, writer.ledgers);
    long counted = strtol(store_title_of(load.store, "counted"), NULL, 10);
    print_message("%d failures\n", atomic_load(&load.failed));
    assert_true(counted >= atomic_load(&load.counted));
    assert_true(atomic_load(&load.failed) > 0);
    assert_int_equal(atomic_load(&load.wrong), 0);
    assert_int_equal(atomic_load(&load.failed_while_up), 0);
    srv_store_close(load.store);
    base_free(writer.ledgers);
}

/* ---- a network that swallows ---- */

#define STALLED_READERS 16
#define BUDGET_MS 500

struct stalled {
    struct srv_store *store;
    atomic_int wrong;
    atomic_llong slowest_ms;
};

static bool is_fault(const char *outcome)
{
    return strncmp(outcome, "UNAVAILABLE: ", strlen("UNAVAILABLE: ")) == 0 ||
           strcmp(outcome, "DEADLINE_EXCEEDED: deadline exceeded") == 0;
}

static void read_while_stalled(void *user, size_t index)
{
    (void)index;
    struct stalled *stalled = user;
    for (int i = 0; i < 3; i++) {
        int64_t start_ms = now_ms();
        const char *outcome = get_within(stalled->store, "a", BUDGET_MS);
        long long took_ms = now_ms() - start_ms;
        long long slowest_ms = atomic_load(&stalled->slowest_ms);
        while (took_ms > slowest_ms &&
               !atomic_compare_exchange_weak(&stalled->slowest_ms, &slowest_ms, took_ms)) {
        }
        if (!is_fault(outcome)) {
            print_message("unexpected: %s\n", outcome);
            atomic_fetch_add(&stalled->wrong, 1);
        }
    }
}

static void ends_calls_on_a_stalled_network(void **state)
{
    (void)state;
    struct tcp_proxy *proxy = tcp_proxy_open(0, engine.port);
    struct stalled stalled = {.store = open_through(proxy, "")};
    const char *outcome = store_insert_note(stalled.store, "a", "t", 10);
    assert_true(strcmp(outcome, "OK") == 0);
    assert_string_equal(get_within(stalled.store, "a", 5000), "OK");

    tcp_proxy_stall(proxy, true);
    int64_t start_ms = now_ms();
    outcome = get_within(stalled.store, "a", BUDGET_MS); /* on the connection that just worked */
    int64_t took_ms = now_ms() - start_ms;
    assert_string_equal(outcome, "DEADLINE_EXCEEDED: deadline exceeded");
    assert_in_range(took_ms, BUDGET_MS - 1, BUDGET_MS + SLACK_MS);
    store_on_threads(STALLED_READERS, read_while_stalled, &stalled);
    long long slowest_ms = atomic_load(&stalled.slowest_ms);
    print_message("slowest of %d: %lld ms\n", STALLED_READERS * 3, slowest_ms);
    assert_int_equal(atomic_load(&stalled.wrong), 0);
    assert_true(slowest_ms <= BUDGET_MS + SRV_STORE_MONGO_CONNECT_MS + SLACK_MS);

    tcp_proxy_stall(proxy, false);
    assert_recovers(stalled.store, "a");
    assert_string_equal(store_remove_note(stalled.store, "a"), "OK");
    srv_store_close(stalled.store);
    tcp_proxy_close(proxy);
}

/* ---- a flood ---- */

#define FLOOD 500

/* How long those may take to be refused, of the time that they would wait for an answer. */
#define FLOOD_MS_MAX 10000

/* Of the flood, those that find neither a slot nor room to wait for one. */
#define SLOTS 4
#define TOO_MANY (FLOOD - SRV_STORE_MONGO_WAITING_MAX - SLOTS)

struct flood {
    struct srv_store *store;
    pthread_barrier_t start; /* of all its threads and who stalls the network */
    atomic_int served;
    atomic_int refused;
    atomic_int gone; /* on a machine so busy that the database is given up before all have come */
    atomic_int wrong;
};

static void read_in_the_flood(void *user, size_t index)
{
    (void)index;
    struct flood *flood = user;
    pthread_barrier_wait(&flood->start);
    const char *outcome = get_within(flood->store, "a", 2 * FLOOD_MS_MAX);
    if (strcmp(outcome, "OK") == 0) {
        atomic_fetch_add(&flood->served, 1);
    } else if (strcmp(outcome, "UNAVAILABLE: all connections to the database are busy") == 0) {
        atomic_fetch_add(&flood->refused, 1);
    } else if (strcmp(outcome, GONE) == 0) {
        atomic_fetch_add(&flood->gone, 1);
    } else {
        print_message("unexpected: %s\n", outcome);
        atomic_fetch_add(&flood->wrong, 1);
    }
}

static int answered(struct flood *flood)
{
    return atomic_load(&flood->served) + atomic_load(&flood->refused) + atomic_load(&flood->gone) +
           atomic_load(&flood->wrong);
}

static void *run_flood(void *user)
{
    store_on_threads(FLOOD, read_in_the_flood, user);
    return NULL;
}

/* All connections hang while the flood comes, so that it has to queue: all but those who find room
 * for that are answered meanwhile. */
static void refuses_what_is_too_much(void **state)
{
    (void)state;
    struct tcp_proxy *proxy = tcp_proxy_open(0, engine.port);
    struct flood flood = {.store = open_through(proxy, "?maxPoolSize=4")};
    assert_string_equal(store_insert_note(flood.store, "a", "t", 10), "OK");
    pthread_barrier_init(&flood.start, NULL, FLOOD + 1);
    for (int round = 1; round <= 2; round++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, run_flood, &flood), 0);
        tcp_proxy_stall(proxy, true);
        pthread_barrier_wait(&flood.start);
        int before = round == 1 ? 0 : FLOOD;
        for (int64_t start_ms = now_ms(); answered(&flood) < before + TOO_MANY; usleep(1000)) {
            assert_in_range(now_ms() - start_ms, 0, FLOOD_MS_MAX);
        }
        tcp_proxy_stall(proxy, false);
        pthread_join(thread, NULL);
        assert_recovers(flood.store, "a");
    }
    int served = atomic_load(&flood.served);
    int refused = atomic_load(&flood.refused);
    int gone = atomic_load(&flood.gone);
    print_message("%d served, %d refused, %d given up, %zu connections at most\n", served, refused,
                  gone, tcp_proxy_peak(proxy));
    assert_int_equal(atomic_load(&flood.wrong), 0);
    assert_int_equal(served + refused + gone, 2 * FLOOD);
    assert_true(served + gone > 0 && refused > 0);
    assert_true(tcp_proxy_peak(proxy) <= SLOTS + 3); /* libmongoc's own watch the server */
    pthread_barrier_destroy(&flood.start);
    assert_string_equal(store_remove_note(flood.store, "a"), "OK");
    srv_store_close(flood.store);
    tcp_proxy_close(proxy);
}

/* ---- a database that is not there ---- */

static void starts_without_a_database(void **state)
{
    (void)state;
    struct tcp_proxy *proxy = tcp_proxy_open(0, engine.port);
    int port = tcp_proxy_port(proxy);
    struct srv_store *patient = NULL;
    char uri[256];
    snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/tollgate_faults_%d", port, (int)getpid());
    tcp_proxy_close(proxy); /* nobody listens now */

    int64_t start_ms = now_ms();
    patient = open_store(uri);
    assert_in_range(now_ms() - start_ms, 0, SLACK_MS);
    start_ms = now_ms();
    assert_string_equal(get_within(patient, "a", 2000), GONE); /* before its deadline */
    assert_string_equal(get_within(patient, "a", 60000), GONE);
    assert_in_range(now_ms() - start_ms, 0, SRV_STORE_MONGO_SELECTION_MS + SLACK_MS);
    start_ms = now_ms();
    for (int i = 0; i < 100; i++) {
        assert_string_equal(store_insert_note(patient, "a", "t", 10), GONE);
    }
    /* No longer worth waiting for. */
    assert_in_range(now_ms() - start_ms, 0, 10 * SRV_STORE_MONGO_SELECTION_MS);

    proxy = tcp_proxy_open(port, engine.port);
    int64_t end_ms = now_ms() + RECOVERY_MS_MAX;
    while (strcmp(get_within(patient, "a", 1000), "NOT_FOUND: notes has no document \"a\"") != 0) {
        assert_true(now_ms() < end_ms);
        usleep(20000);
    }
    assert_string_equal(store_insert_note(patient, "a", "t", 10), "OK");
    assert_string_equal(store_remove_note(patient, "a"), "OK");
    srv_store_close(patient);
    tcp_proxy_close(proxy);
}

static void refuses_uris_that_mean_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        const char *error;
    } rows[] = {
        {"mongodb://", "the MongoDB URI cannot be understood: "},
        {"mongodb://127.0.0.1/a?w=0", "the MongoDB URI cannot be used: "},
        {"http://127.0.0.1/", "the MongoDB URI cannot be understood: "},
        {"mongodb://127.0.0.1/a?maxPoolSize=x", "the MongoDB URI cannot be understood: "},
        {"mongodb://127.0.0.1/a?maxPoolSize=-1",
         "the MongoDB URI cannot be used: maxPoolSize is -1, expected 1 to 10000"},
        {"mongodb://127.0.0.1/a?maxPoolSize=10001",
         "the MongoDB URI cannot be used: maxPoolSize is 10001, expected 1 to 10000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_err err;
        assert_null(srv_store_mongo_open(rows[i].uri, &err));
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        assert_true(base_str_starts_with(base_str_of(err.message), base_str_of(rows[i].error)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_without_a_database),
        cmocka_unit_test(ends_calls_on_a_stalled_network),
        cmocka_unit_test(refuses_what_is_too_much),
        cmocka_unit_test(keeps_what_it_acknowledged_when_killed),
        cmocka_unit_test(refuses_uris_that_mean_nothing),
    };
    unsetenv("TOLLGATE_TEST_MONGODB_URI");      /* an engine of its own, to be killed */
    setenv("TOLLGATE_MONGODB_JOURNAL", "1", 1); /* what is acknowledged is to survive a kill */
    mongo_engine_open(&engine);
    int failures = cmocka_run_group_tests_name("store_mongo_faults", tests, NULL, NULL);
    mongo_engine_close(&engine);
    return failures;
}
