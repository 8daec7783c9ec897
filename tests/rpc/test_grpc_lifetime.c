/* Listeners and upstreams that come and go. */
#include "rpc/client.h"
#include "tests/rpc/grpc_fixture.h"
#include "tests/server/tcp_proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

/* How long anything may take that is bound to come, on a machine that is busy. */
#define PATIENCE_NS (30 * BASE_NS_PER_S)

/* Asks until it is answered. */
static bool await_get(struct rpc_channel *channel, struct base_arena *arena)
{
    struct base_err err;
    int64_t end_ns = base_clock_monotonic_ns() + PATIENCE_NS;
    while (!grpc_get(channel, "3", arena, &err)) {
        if (base_clock_monotonic_ns() > end_ns) {
            return false;
        }
        usleep(20 * 1000);
    }
    return true;
}

static void test_upstream_down_then_up(void **state)
{
    struct fixture *f = *state;
    struct base_arena arena;
    base_arena_init(&arena, (size_t)64 * 1024);
    struct base_err err;
    assert_true(grpc_get(f->channel, "1", &arena, &err));
    rpc_listener_grpc_close(f->listener, GRACE_MS);
    f->listener = NULL;
    assert_false(grpc_get(f->channel, "2", &arena, &err));
    assert_int_equal(err.code, BASE_UNAVAILABLE);
    static const char expected[] = "the upstream is not reachable: connection refused";
    int64_t end_ns = base_clock_monotonic_ns() + PATIENCE_NS;
    while (strcmp(err.message, expected) != 0 && base_clock_monotonic_ns() < end_ns) {
        usleep(20 * 1000);
        assert_false(grpc_get(f->channel, "2", &arena, &err));
        assert_int_equal(err.code, BASE_UNAVAILABLE);
    }
    assert_string_equal(err.message, expected);

    char address[sizeof f->address];
    memcpy(address, f->address, sizeof address);
    grpc_listen(f, address, 1);
    assert_true(await_get(f->channel, &arena));
    base_arena_dispose(&arena);
}

/* Of a machine that is gone nothing comes that would end a connection: no acknowledgement and no
 * reset. A call on it must not wait until its deadline, nor one after another all that come. */
static void test_upstream_vanishes(void **state)
{
    struct fixture *f = *state;
    struct base_err err;
    struct base_arena arena;
    char address[sizeof f->address];
    ProtobufCMessage *response;
    Notes__V1__GetNoteRequest request = NOTES__V1__GET_NOTE_REQUEST__INIT;
    struct tcp_proxy *proxy = tcp_proxy_open(0, rpc_listener_grpc_port(f->listener));
    base_arena_init(&arena, (size_t)64 * 1024);
    snprintf(address, sizeof address, "127.0.0.1:%d", tcp_proxy_port(proxy));
    struct rpc_channel *channel = rpc_channel_grpc_create(address, &err);
    assert_non_null(channel);
    assert_true(grpc_get(channel, "1", &arena, &err));
    tcp_proxy_lose(proxy);
    int64_t begun_ns = base_clock_monotonic_ns();
    const struct rpc_client_options options = {
        .deadline_ns = begun_ns + 3 * RPC_CHANNEL_GRPC_SILENCE_MS * BASE_NS_PER_MS,
    };
    assert_false(rpc_client_unary(channel, fake_get, &options, &request.base, &arena, &response,
                                  NULL, &err));
    assert_string_equal(err.message, "the upstream does not answer any more");
    assert_int_equal(err.code, BASE_UNAVAILABLE);
    assert_in_range((base_clock_monotonic_ns() - begun_ns) / BASE_NS_PER_MS,
                    RPC_CHANNEL_GRPC_SILENCE_MS / 2, 3 * RPC_CHANNEL_GRPC_SILENCE_MS);
    assert_true(await_get(channel, &arena)); /* over another connection */
    rpc_channel_destroy(channel);
    tcp_proxy_close(proxy);
    base_arena_dispose(&arena);
}

static void test_nothing_listens(void **state)
{
    (void)state;
    struct base_err err;
    struct base_arena arena;
    base_arena_init(&arena, (size_t)64 * 1024);
    struct rpc_channel *channel = rpc_channel_grpc_create("127.0.0.1:1", &err);
    assert_non_null(channel);
    assert_false(grpc_get(channel, "1", &arena, &err));
    assert_int_equal(err.code, BASE_UNAVAILABLE);
    assert_string_equal(err.message, "the upstream is not reachable: connection refused");
    rpc_channel_destroy(channel);
    channel = rpc_channel_grpc_create("unix:/nonexistent/socket", &err);
    assert_non_null(channel);
    assert_false(grpc_get(channel, "1", &arena, &err));
    assert_string_equal(err.message, "the upstream is not reachable: no such socket");
    rpc_channel_destroy(channel);
    base_arena_dispose(&arena);
}

static void test_bad_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        const char *message;
    } bad[] = {
        {"", "address \"\": expected HOST:PORT, as in 127.0.0.1:50051"},
        {"localhost", "address \"localhost\": expected HOST:PORT, as in 127.0.0.1:50051"},
        {":50051", "address \":50051\": expected HOST:PORT, as in 127.0.0.1:50051"},
        {"a:65536", "address \"a:65536\": expected HOST:PORT, as in 127.0.0.1:50051"},
        {"a:1x", "address \"a:1x\": expected HOST:PORT, as in 127.0.0.1:50051"},
        {"unix:", "address \"unix:\": expected HOST:PORT, as in 127.0.0.1:50051"},
        {"http://a:1", "address \"http://a:1\": \"http://a\" is neither a name nor an IP address "
                       "(IPv6 stands in brackets)"},
        {"::1:80", "address \"::1:80\": \"::1\" is neither a name nor an IP address (IPv6 stands "
                   "in brackets)"},
        {"[]:80", "address \"[]:80\": \"[]\" is neither a name nor an IP address (IPv6 stands in "
                  "brackets)"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct base_err err;
        assert_null(rpc_channel_grpc_create(bad[i].address, &err));
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        assert_string_equal(err.message, bad[i].message);
    }
}

static void test_good_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"localhost:0",   "my_host-1.example:65535", "[::1]:1",
                                       "[fe80::1%2]:1", "[::ffff:127.0.0.1]:1",    "unix:/a"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct base_err err;
        struct rpc_channel *channel = rpc_channel_grpc_create(good[i], &err);
        assert_non_null(channel);
        rpc_channel_destroy(channel);
    }
}

static void test_two_listeners_on_one_port(void **state)
{
    struct fixture *f = *state;
    struct base_err err;
    assert_null(rpc_listener_grpc_open(f->server, f->address, 1, &err));
    assert_int_equal(err.code, BASE_UNAVAILABLE);
    char expected[128];
    snprintf(expected, sizeof expected,
             "cannot listen on %s: it is in use, or not an address of this machine", f->address);
    assert_string_equal(err.message, expected);
}

struct closer {
    struct fixture *fixture;
    int grace_ms;
};

static void *close_listener(void *arg)
{
    struct closer *closer = arg;
    rpc_listener_grpc_close(closer->fixture->listener, closer->grace_ms);
    return NULL;
}

static void start_waiting(struct fixture *f, struct recorder *recorder)
{
    record_start(recorder, f->channel, FAKE_CREATE, NULL, BASE_NEVER_NS, &f->home);
    rpc_call_send(recorder->call, CREATE_WAIT, true);
    assert_true(fake_await(&f->fake.waiting, 1));
}

static void test_close_lets_calls_end(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    start_waiting(f, &recorder);
    struct closer closer = {f, 10 * 1000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, close_listener, &closer), 0);
    usleep(100 * 1000);
    assert_int_equal(recorder.statuses, 0);
    atomic_store(&f->fake.released, true);
    record_wait(&recorder, &f->home);
    assert_string_equal(recorder.text, "headers; message 9 bytes; status OK");
    pthread_join(thread, NULL);
    f->listener = NULL;
}

static void test_close_cancels_after_grace(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    start_waiting(f, &recorder);
    int64_t start_ns = base_clock_monotonic_ns();
    rpc_listener_grpc_close(f->listener, 100);
    f->listener = NULL;
    assert_in_range(base_clock_monotonic_ns() - start_ns, 100 * BASE_NS_PER_MS, PATIENCE_NS);
    assert_int_equal(atomic_load(&f->fake.over), 1);
    record_wait(&recorder, &f->home);
    assert_int_not_equal(recorder.code, BASE_OK);
}

/* Closing before the queues' threads have got round to anything. */
static void test_open_and_close(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 20; i++) {
        struct base_err err;
        struct rpc_listener_grpc *listener =
            rpc_listener_grpc_open(f->server, "127.0.0.1:0", RPC_LISTENER_GRPC_THREADS_MAX, &err);
        assert_non_null(listener);
        rpc_listener_grpc_close(listener, 0);
    }
    rpc_listener_grpc_close(NULL, 0);
}

struct hammer {
    pthread_t thread;
    struct rpc_channel *channel;
    const atomic_bool *stop;
    int wrong;
};

static void *hammer(void *arg)
{
    struct hammer *self = arg;
    struct test_home home;
    test_home_init(&home);
    for (int i = 0; !atomic_load(self->stop); i++) {
        struct recorder recorder;
        record_call(&recorder, self->channel, i % 2 == 0 ? FAKE_GET : FAKE_CREATE, BASE_STR(""),
                    &home);
        self->wrong += recorder.code != BASE_OK && recorder.code != BASE_UNAVAILABLE &&
                       recorder.code != BASE_CANCELLED;
    }
    test_home_dispose(&home);
    return NULL;
}

/* Whatever is in flight, inline or on workers, when the listener goes: every call ends. */
static void test_close_under_load(void **state)
{
    struct fixture *f = *state;
    atomic_bool stop = false;
    struct hammer hammers[4];
    for (size_t i = 0; i < 4; i++) {
        hammers[i] = (struct hammer){.channel = f->channel, .stop = &stop};
        assert_int_equal(pthread_create(&hammers[i].thread, NULL, hammer, &hammers[i]), 0);
    }
    char address[sizeof f->address];
    memcpy(address, f->address, sizeof address);
    for (int i = 0; i < 6; i++) {
        usleep(50 * 1000);
        rpc_listener_grpc_close(f->listener, i % 2 == 0 ? GRACE_MS : 0);
        grpc_listen(f, address, 2);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(hammers[i].thread, NULL);
        assert_int_equal(hammers[i].wrong, 0);
    }
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, grpc_setup, grpc_teardown)
    const struct CMUnitTest tests[] = {
        ROW(test_upstream_down_then_up),
        ROW(test_upstream_vanishes),
        cmocka_unit_test(test_nothing_listens),
        cmocka_unit_test(test_bad_addresses),
        cmocka_unit_test(test_good_addresses),
        ROW(test_two_listeners_on_one_port),
        ROW(test_close_lets_calls_end),
        ROW(test_close_cancels_after_grace),
        ROW(test_open_and_close),
        ROW(test_close_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
