#include "base/mem.h"
#include "rpc/channel_inproc.h"
#include "tests/rpc/fake_notes.h"
#include "tests/rpc/recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Linked with --wrap, so that every use of the heap in rpc and base is counted. */
static atomic_size_t allocations;
void *__real_base_alloc(size_t size);
void *__wrap_base_alloc(size_t size);
void *__real_base_calloc(size_t count, size_t size);
void *__wrap_base_calloc(size_t count, size_t size);
void *__real_base_realloc(void *block, size_t size);
void *__wrap_base_realloc(void *block, size_t size);

void *__wrap_base_alloc(size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __real_base_alloc(size);
}

void *__wrap_base_calloc(size_t count, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __real_base_calloc(count, size);
}

void *__wrap_base_realloc(void *block, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __real_base_realloc(block, size);
}

struct fixture {
    struct fake_notes fake;
    struct rpc_worker_pool *pool;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct test_home home;
};

static int setup(void **state)
{
    struct base_err err;
    struct fixture *f = base_calloc(1, sizeof *f);
    f->pool = rpc_worker_pool_create(2, 100);
    f->server = rpc_server_create(f->pool);
    assert_true(rpc_server_add(f->server, &fake_notes_service, NULL, &f->fake, true, &err));
    f->channel = rpc_channel_inproc_create(f->server);
    test_home_init(&f->home);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rpc_channel_destroy(f->channel);
    rpc_worker_pool_destroy(f->pool);
    rpc_server_destroy(f->server);
    test_home_dispose(&f->home);
    base_free(f);
    return 0;
}

static void start(struct fixture *f, struct recorder *recorder, const char *path,
                  struct base_str wire)
{
    record_start(recorder, f->channel, path, NULL, BASE_NEVER_NS, &f->home);
    rpc_call_send(recorder->call, wire, true);
}

static void test_inline_call_ends_inside_send(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    start(f, &recorder, FAKE_GET, BASE_STR("\n\1x"));
    assert_string_equal(recorder.text, "headers; message 6 bytes; status OK");
    assert_memory_equal(recorder.message, "\n\1x\x12\1T", 6);
}

static void test_other_call_comes_home(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    start(f, &recorder, FAKE_CREATE, BASE_STR("\n\3\n\1x"));
    assert_true(fake_await(&f->fake.served, 1));
    assert_int_equal(recorder.statuses, 0); /* until the home is drained */
    record_wait(&recorder, &f->home);
    assert_string_equal(recorder.text, "headers; message 6 bytes; status OK");
}

static void test_unknown_method(void **state)
{
    struct fixture *f = *state;
    struct base_err err;
    assert_null(rpc_channel_resolve(f->channel, "/x.Y/Z", &err));
    assert_int_equal(err.code, BASE_UNIMPLEMENTED);
    assert_string_equal(err.message, "unknown method /x.Y/Z");
}

static void test_cancel_running(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    start(f, &recorder, FAKE_CREATE, BASE_STR("\n\6\n\4wait"));
    assert_true(fake_await(&f->fake.waiting, 1));
    rpc_call_cancel(recorder.call);
    record_wait(&recorder, &f->home);
    assert_string_equal(recorder.text, "status CANCELLED");
    assert_string_equal(recorder.status_message, "the call was cancelled");
    assert_int_equal(atomic_load(&f->fake.over), 1);
}

static void test_cancel_queued(void **state)
{
    struct fixture *f = *state;
    struct recorder busy[2];
    struct recorder queued;
    start(f, &busy[0], FAKE_CREATE, BASE_STR("\n\6\n\4wait"));
    start(f, &busy[1], FAKE_CREATE, BASE_STR("\n\6\n\4wait"));
    assert_true(fake_await(&f->fake.waiting, 2));
    start(f, &queued, FAKE_CREATE, BASE_STR("\n\3\n\1x"));
    rpc_call_cancel(queued.call);
    atomic_store(&f->fake.released, true);
    record_wait(&queued, &f->home);
    record_wait(&busy[0], &f->home);
    record_wait(&busy[1], &f->home);
    assert_string_equal(queued.text, "status CANCELLED");
    assert_int_equal(atomic_load(&f->fake.served), 2);
}

static void test_cancel_before_send(void **state)
{
    struct fixture *f = *state;
    const char *paths[] = {FAKE_GET, FAKE_CREATE};
    for (size_t i = 0; i < 2; i++) {
        for (int sends = 0; sends < 2; sends++) {
            struct recorder recorder;
            record_start(&recorder, f->channel, paths[i], NULL, BASE_NEVER_NS, &f->home);
            rpc_call_cancel(recorder.call);
            rpc_call_cancel(recorder.call);
            if (sends > 0) {
                rpc_call_send(recorder.call, BASE_STR(""), true);
            }
            record_wait(&recorder, &f->home);
            assert_string_equal(recorder.text, "status CANCELLED");
        }
    }
    assert_int_equal(atomic_load(&f->fake.served), 0);
}

static void test_deadline_before_send(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    record_start(&recorder, f->channel, FAKE_GET, NULL, base_clock_monotonic_ns() - 1, &f->home);
    rpc_call_send(recorder.call, BASE_STR("\n\1x"), true);
    assert_string_equal(recorder.text, "status DEADLINE_EXCEEDED");
    assert_int_equal(atomic_load(&f->fake.served), 0);
}

/* The first calls fill the free list; after them the heap is not touched. */
static void test_steady_inline_load_allocates_nothing(void **state)
{
    struct fixture *f = *state;
    size_t before = 0;
    for (int i = 0; i < 1000; i++) {
        if (i == 10) {
            before = atomic_load(&allocations);
        }
        struct recorder recorder;
        start(f, &recorder, FAKE_GET, BASE_STR("\n\1x"));
        assert_int_equal(recorder.code, BASE_OK);
    }
    assert_int_equal(atomic_load(&allocations) - before, 0);
}

static void test_steady_worker_load_allocates_nothing(void **state)
{
    struct fixture *f = *state;
    size_t before = 0;
    for (int i = 0; i < 200; i++) {
        if (i == 20) {
            before = atomic_load(&allocations);
        }
        struct recorder recorders[8];
        for (size_t j = 0; j < 8; j++) {
            start(f, &recorders[j], FAKE_CREATE, BASE_STR("\n\3\n\1x"));
        }
        for (size_t j = 0; j < 8; j++) {
            record_wait(&recorders[j], &f->home);
        }
    }
    assert_int_equal(atomic_load(&allocations) - before, 0);
}

/* A recycled call carries nothing over: not headers, details, response, cancellation, deadline. */
static void test_recycled_call_is_clean(void **state)
{
    struct fixture *f = *state;
    struct recorder recorder;
    for (int i = 0; i < 3; i++) {
        start(f, &recorder, FAKE_GET, BASE_STR("\n\7missing"));
        assert_true(recorder.details_bytes > 0);
        start(f, &recorder, FAKE_GET, BASE_STR("\n\5large"));
        assert_int_equal(recorder.message_bytes, 1048590);
        record_start(&recorder, f->channel, FAKE_GET, NULL, 1, &f->home);
        rpc_call_send(recorder.call, BASE_STR(""), true);
        assert_int_equal(recorder.code, BASE_DEADLINE_EXCEEDED);
        start(f, &recorder, FAKE_GET, BASE_STR("\n\1x"));
        assert_string_equal(recorder.text, "headers; message 6 bytes; status OK");
        assert_int_equal(recorder.details_bytes, 0);
        assert_string_equal(recorder.status_message, "");
    }
}

static void *use_channel(void *arg)
{
    struct fixture *f = arg;
    struct test_home home;
    test_home_init(&home);
    for (int i = 0; i < 200; i++) {
        struct recorder recorder;
        record_start(&recorder, f->channel, i % 2 == 0 ? FAKE_GET : FAKE_CREATE, NULL,
                     BASE_NEVER_NS, &home);
        rpc_call_send(recorder.call, BASE_STR(""), true);
        record_wait(&recorder, &home);
        assert_int_equal(recorder.code, BASE_OK);
    }
    test_home_dispose(&home);
    return NULL;
}

/* Each thread has its own free list, which goes with it. */
static void test_many_threads(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use_channel, f), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&f->fake.served), 800);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROW(test_inline_call_ends_inside_send),
        ROW(test_other_call_comes_home),
        ROW(test_unknown_method),
        ROW(test_cancel_running),
        ROW(test_cancel_queued),
        ROW(test_cancel_before_send),
        ROW(test_deadline_before_send),
        ROW(test_steady_inline_load_allocates_nothing),
        ROW(test_steady_worker_load_allocates_nothing),
        ROW(test_recycled_call_is_clean),
        ROW(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
