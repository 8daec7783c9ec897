/* The listener and the channel against each other, over a real connection. */
#include "tests/rpc/grpc_fixture.h"

#include "base/mem.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "rpc/channel_inproc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *name;
    const char *path;
    struct base_str wire;
    const char *events;
    const char *message;
};

/* Rows that in-process and gRPC answer alike. */
static const struct row rows[] = {
    {"get", FAKE_GET, {"\n\1x", 3}, "headers; message 6 bytes; status OK", ""},
    {"empty request", FAKE_GET, {"", 0}, "headers; message 3 bytes; status OK", ""},
    {"create", FAKE_CREATE, {"\n\3\n\1x", 5}, "headers; message 6 bytes; status OK", ""},
    {"large response", FAKE_GET, {"\n\5large", 7}, "headers; message 1048590 bytes; status OK", ""},
    {"failure inline", FAKE_GET, {"\n\7missing", 9}, "status NOT_FOUND", "note missing not found"},
    {"failure on a worker",
     FAKE_CREATE,
     {"\n\11\n\7missing", 11},
     "status NOT_FOUND",
     "note missing not found"},
    {"damaged",
     FAKE_GET,
     {"\n\5x", 3},
     "status INVALID_ARGUMENT",
     "message at byte 2: a field breaks off"},
    {"not UTF-8",
     FAKE_CREATE,
     {"\n\3\n\1\xff", 5},
     "status INVALID_ARGUMENT",
     "message at byte 4, note.note_id: a string is not valid UTF-8"},
    {"out of memory",
     FAKE_GET,
     {"\n\6memory", 8},
     "status RESOURCE_EXHAUSTED",
     "the call needs more than 67108864 bytes of memory"},
    {"streaming",
     FAKE_WATCH,
     {"", 0},
     "status UNIMPLEMENTED",
     "/test.Notes/Watch is a streaming method"},
};

static void check_rows(struct rpc_channel *channel, struct test_home *home)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        struct recorder recorder;
        record_call(&recorder, channel, rows[i].path, rows[i].wire, home);
        assert_string_equal(recorder.text, rows[i].events);
        assert_string_equal(recorder.status_message, rows[i].message);
    }
}

static void test_rows_over_grpc(void **state)
{
    struct fixture *f = *state;
    check_rows(f->channel, &f->home);
}

static void test_rows_in_process(void **state)
{
    struct fixture *f = *state;
    struct rpc_channel *channel = rpc_channel_inproc_create(f->server);
    check_rows(channel, &f->home);
    rpc_channel_destroy(channel);
}

static void test_unknown_method(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    record_call(&recorder, f->channel, "/x.Y/Z", BASE_STR(""), &f->home);
    assert_string_equal(recorder.text, "status UNIMPLEMENTED");
    assert_string_equal(recorder.status_message, "unknown method /x.Y/Z");
}

static void test_details(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    record_call(&recorder, f->channel, FAKE_GET, BASE_STR("\n\7missing"), &f->home);
    Google__Rpc__Status *status = google__rpc__status__unpack(NULL, recorder.details_bytes,
                                                              (const uint8_t *)recorder.details);
    assert_non_null(status);
    assert_int_equal(status->code, BASE_NOT_FOUND);
    assert_string_equal(status->message, "note missing not found");
    assert_int_equal(status->n_details, 1);
    Google__Protobuf__Any *any = status->details[0];
    assert_string_equal(any->type_url, "type.googleapis.com/google.rpc.BadRequest");
    Google__Rpc__BadRequest *detail =
        google__rpc__bad_request__unpack(NULL, any->value.len, any->value.data);
    assert_non_null(detail);
    assert_int_equal(detail->n_field_violations, 1);
    assert_string_equal(detail->field_violations[0]->field, "note_id");
    google__rpc__bad_request__free_unpacked(detail, NULL);
    google__rpc__status__free_unpacked(status, NULL);
}

static void test_metadata_both_ways(void **state)
{
    struct fixture *f = *state;
    struct rpc_channel *inproc = rpc_channel_inproc_create(f->server);
    struct rpc_channel *channels[] = {f->channel, inproc};
    for (size_t i = 0; i < 2; i++) {
        struct base_arena arena;
        base_arena_init(&arena, (size_t)64 * 1024);
        struct rpc_metadata metadata = {0};
        struct base_err err;
        assert_true(rpc_metadata_add(&metadata, &arena, BASE_STR("x-in"), BASE_STR("a b"), &err));
        assert_true(
            rpc_metadata_add(&metadata, &arena, BASE_STR("x-in-bin"), BASE_STR("\1\2"), &err));
        struct recorder recorder;
        record_start(&recorder, channels[i], FAKE_GET, &metadata, BASE_NEVER_NS, &f->home);
        rpc_call_send(recorder.call, BASE_STR("\n\7headers"), true);
        record_wait(&recorder, &f->home);
        assert_string_equal(
            recorder.text,
            "headers x-out=a b x-out-bin=\1\2; message 12 bytes; status OK x-end=bye");
        base_arena_dispose(&arena);
    }
    rpc_channel_destroy(inproc);
}

/* What the protocol allows at most arrives whole; one pair more is refused before it is sent. */
static void test_metadata_at_its_limit(void **state)
{
    struct fixture *f = *state;
    struct base_arena arena;
    base_arena_init(&arena, (size_t)1024 * 1024);
    struct rpc_metadata metadata = {0};
    struct base_err err;
    char value[400];
    memset(value, 'v', sizeof value);
    assert_true(rpc_metadata_add(&metadata, &arena, BASE_STR("x-in"), BASE_STR("1"), &err));
    assert_true(rpc_metadata_add(&metadata, &arena, BASE_STR("x-in-bin"), BASE_STR("2"), &err));
    for (int i = 0; i < 120; i++) {
        char key[16];
        snprintf(key, sizeof key, "x-key-%d", i);
        assert_true(rpc_metadata_add(&metadata, &arena, base_str_of(key),
                                     base_str_make(value, sizeof value), &err));
    }
    struct recorder recorder;
    record_start(&recorder, f->channel, FAKE_GET, &metadata, BASE_NEVER_NS, &f->home);
    rpc_call_send(recorder.call, BASE_STR("\n\7headers"), true);
    record_wait(&recorder, &f->home);
    assert_string_equal(recorder.status_message, "");
    assert_string_equal(recorder.text,
                        "headers x-out=1 x-out-bin=2; message 12 bytes; status OK x-end=bye");
    base_arena_dispose(&arena);
}

static void test_oversize_request_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t len = (size_t)5 * 1024 * 1024;
    char *wire = base_calloc(1, len);
    memset(wire, 'x', len);
    static const char head[] = "\x0a\xfb\xff\xbf\x02"; /* field 1, all the rest */
    memcpy(wire, head, 5);
    const char *paths[] = {FAKE_GET, FAKE_CREATE};
    for (size_t i = 0; i < 2; i++) {
        struct recorder recorder;
        record_call(&recorder, f->channel, paths[i], base_str_make(wire, len), &f->home);
        print_message("  %s\n", recorder.status_message);
        assert_string_equal(recorder.text, "status RESOURCE_EXHAUSTED");
        assert_non_null(strstr(recorder.status_message, "5242880"));
        assert_non_null(strstr(recorder.status_message, "4194304"));
    }
    assert_int_equal(atomic_load(&f->fake.served), 0);
    base_free(wire);
}

/* A busy machine may take longer for the way there than the deadline is away, which is farther at
 * each try. */
static void test_deadline_reaches_the_handler(void **state)
{
    struct fixture *f = *state;
    for (int64_t wait_ms = 100; atomic_load(&f->fake.waiting) == 0; wait_ms *= 2) {
        struct recorder recorder;
        assert_true(wait_ms < 10000);
        record_start(&recorder, f->channel, FAKE_CREATE, NULL,
                     base_clock_monotonic_ns() + wait_ms * BASE_NS_PER_MS, &f->home);
        rpc_call_send(recorder.call, CREATE_WAIT, true);
        record_wait(&recorder, &f->home);
        assert_string_equal(recorder.text, "status DEADLINE_EXCEEDED");
        assert_string_equal(recorder.status_message, "deadline exceeded");
    }
    assert_true(fake_await(&f->fake.over, 1));
}

/* Not even for the millisecond that C-core would grant it. */
static void test_past_its_deadline_it_is_not_sent(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 1000; i++) {
        struct recorder recorder;
        record_start(&recorder, f->channel, FAKE_GET, NULL, base_clock_monotonic_ns() + i % 2,
                     &f->home);
        rpc_call_send(recorder.call, BASE_STR("\n\1x"), true);
        record_wait(&recorder, &f->home);
        assert_string_equal(recorder.text, "status DEADLINE_EXCEEDED");
        assert_string_equal(recorder.status_message, "deadline exceeded");
    }
    assert_int_equal(atomic_load(&f->fake.served), 0);
}

static void test_cancellation_reaches_the_handler(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    record_start(&recorder, f->channel, FAKE_CREATE, NULL, BASE_NEVER_NS, &f->home);
    rpc_call_send(recorder.call, CREATE_WAIT, true);
    assert_true(fake_await(&f->fake.waiting, 1));
    rpc_call_cancel(recorder.call);
    record_wait(&recorder, &f->home);
    assert_string_equal(recorder.text, "status CANCELLED");
    assert_string_equal(recorder.status_message, "the call was cancelled");
    assert_true(fake_await(&f->fake.over, 1));
}

static void test_cancel_before_send(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    record_start(&recorder, f->channel, FAKE_GET, NULL, BASE_NEVER_NS, &f->home);
    rpc_call_cancel(recorder.call);
    rpc_call_send(recorder.call, BASE_STR("\n\1x"), true);
    record_wait(&recorder, &f->home);
    assert_string_equal(recorder.text, "status CANCELLED");
    assert_int_equal(atomic_load(&f->fake.served), 0);
}

/* Four workers and a queue of sixteen: the call after those is refused at once. */
static void test_busy_server_says_so(void **state)
{
    struct fixture *f = *state;
    struct recorder busy[20];
    for (size_t i = 0; i < 20; i++) {
        record_start(&busy[i], f->channel, FAKE_CREATE, NULL, BASE_NEVER_NS, &f->home);
        rpc_call_send(busy[i].call, CREATE_WAIT, true);
        if (i == 3) {
            assert_true(fake_await(&f->fake.waiting, 4));
        }
    }
    struct recorder refused = {.code = BASE_OK};
    for (int64_t wait_ms = 20; refused.code != BASE_UNAVAILABLE && wait_ms < 10000; wait_ms *= 2) {
        /* a deadline, since the twenty may still be on their way */
        record_start(&refused, f->channel, FAKE_CREATE, NULL,
                     base_clock_monotonic_ns() + wait_ms * BASE_NS_PER_MS, &f->home);
        rpc_call_send(refused.call, CREATE_WAIT, true);
        record_wait(&refused, &f->home);
    }
    assert_string_equal(refused.status_message, "the server is busy; try again later");
    atomic_store(&f->fake.released, true);
    size_t answered = 0;
    for (size_t i = 0; i < 20; i++) {
        record_wait(&busy[i], &f->home);
        answered += busy[i].code == BASE_OK;
    }
    assert_in_range(answered, 4, 20);
}

struct caller {
    pthread_t thread;
    struct rpc_channel *channel;
    int calls;
    int failures;
};

static void *call_many(void *arg)
{
    struct caller *caller = arg;
    struct base_arena arena;
    base_arena_init(&arena, (size_t)64 * 1024);
    for (int i = 0; i < caller->calls; i++) {
        struct base_err err;
        char note_id[32];
        snprintf(note_id, sizeof note_id, "note-%d", i);
        caller->failures += !grpc_get(caller->channel, note_id, &arena, &err);
        base_arena_reset(&arena);
    }
    base_arena_dispose(&arena);
    return NULL;
}

static void test_many_threads(void **state)
{
    struct fixture *f = *state;
    struct caller callers[8];
    for (size_t i = 0; i < 8; i++) {
        callers[i] = (struct caller){.channel = f->channel, .calls = 250};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_many, &callers[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].failures, 0);
    }
    assert_int_equal(atomic_load(&f->fake.served), 2000);
}

/* More at once than stand ready and than one connection may have streams. */
static void test_thousands_at_once(void **state)
{
    struct fixture *f = *state;
    enum { CALLS = 3000 };
    struct recorder *recorders = base_calloc(CALLS, sizeof *recorders);
    for (size_t i = 0; i < CALLS; i++) {
        record_start(&recorders[i], f->channel, FAKE_GET, NULL, BASE_NEVER_NS, &f->home);
        rpc_call_send(recorders[i].call, BASE_STR("\n\1x"), true);
    }
    for (size_t i = 0; i < CALLS; i++) {
        record_wait(&recorders[i], &f->home);
        assert_string_equal(recorders[i].text, "headers; message 6 bytes; status OK");
    }
    assert_int_equal(atomic_load(&f->fake.served), CALLS);
    base_free(recorders);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, grpc_setup, grpc_teardown)
    const struct CMUnitTest tests[] = {
        ROW(test_rows_over_grpc),
        ROW(test_rows_in_process),
        ROW(test_unknown_method),
        ROW(test_details),
        ROW(test_metadata_both_ways),
        ROW(test_metadata_at_its_limit),
        ROW(test_oversize_request_is_refused),
        ROW(test_deadline_reaches_the_handler),
        ROW(test_past_its_deadline_it_is_not_sent),
        ROW(test_cancellation_reaches_the_handler),
        ROW(test_cancel_before_send),
        ROW(test_busy_server_says_so),
        ROW(test_many_threads),
        ROW(test_thousands_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
