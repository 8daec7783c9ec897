#include "base/clock.h"
#include "base/mem.h"
#include "google/rpc/status.pb-c.h"
#include "rpc/codec.h"
#include "tests/rpc/fake_notes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct fake_notes fake;
    struct rpc_worker_pool *pool;
    struct rpc_server *server;
};

static int setup(void **state)
{
    struct fixture *f = base_calloc(1, sizeof *f);
    f->pool = rpc_worker_pool_create(1, 2);
    f->server = rpc_server_create(f->pool);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rpc_worker_pool_destroy(f->pool);
    rpc_server_destroy(f->server);
    base_free(f);
    return 0;
}

static void add_fake(struct fixture *f, bool inline_reads)
{
    struct base_err err;
    assert_true(rpc_server_add(f->server, &fake_notes_service, NULL, &f->fake, inline_reads, &err));
}

static const struct rpc_endpoint *find(struct fixture *f, const char *path)
{
    return rpc_server_find(f->server, base_str_of(path));
}

static void test_endpoints(void **state)
{
    struct fixture *f = *state;
    add_fake(f, true);
    assert_int_equal(rpc_server_endpoint_count(f->server), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct rpc_endpoint *endpoint = rpc_server_endpoint(f->server, i);
        assert_ptr_equal(endpoint->method, &fake_notes_service.methods[i]);
        assert_ptr_equal(endpoint->self, &f->fake);
        assert_ptr_equal(find(f, endpoint->method->path), endpoint);
    }
    assert_true(find(f, FAKE_GET)->runs_inline);
    assert_false(find(f, FAKE_CREATE)->runs_inline);
    assert_null(find(f, "/test.Notes/Gets"));
    assert_null(find(f, ""));
}

static void test_reads_that_block_do_not_run_inline(void **state)
{
    struct fixture *f = *state;
    add_fake(f, false);
    assert_false(find(f, FAKE_GET)->runs_inline);
}

static void test_added_twice(void **state)
{
    struct fixture *f = *state;
    add_fake(f, true);
    struct base_err err;
    assert_false(rpc_server_add(f->server, &fake_notes_service, NULL, NULL, true, &err));
    assert_int_equal(err.code, BASE_ALREADY_EXISTS);
    assert_string_equal(err.message, "service test.Notes was added before");
    assert_int_equal(rpc_server_endpoint_count(f->server), 3);
}

static void test_many_methods(void **state)
{
    struct fixture *f = *state;
    enum { SERVICES = 40, METHODS = 20 };
    static char names[SERVICES][16];
    static char paths[SERVICES][METHODS][32];
    static struct rpc_method methods[SERVICES][METHODS];
    static struct rpc_service services[SERVICES];
    struct base_err err;
    for (size_t i = 0; i < SERVICES; i++) {
        snprintf(names[i], sizeof names[i], "s%zu", i);
        for (size_t j = 0; j < METHODS; j++) {
            snprintf(paths[i][j], sizeof paths[i][j], "/s%zu/m%zu", i, j);
            methods[i][j].path = paths[i][j];
        }
        services[i] =
            (struct rpc_service){.name = names[i], .methods = methods[i], .method_count = METHODS};
        assert_true(rpc_server_add(f->server, &services[i], NULL, NULL, false, &err));
    }
    for (size_t i = 0; i < SERVICES; i++) {
        for (size_t j = 0; j < METHODS; j++) {
            assert_ptr_equal(find(f, paths[i][j])->method, &methods[i][j]);
        }
    }
    assert_null(find(f, "/s40/m0"));
}

/* ---- running calls ---- */

struct served {
    struct rpc_served_call call;
    atomic_int done;
    enum base_role role; /* of the thread that ended it */
};

static void on_done(struct rpc_served_call *call)
{
    struct served *served = (struct served *)call;
    served->role = base_role_current();
    atomic_fetch_add(&served->done, 1);
}

static void start(struct fixture *f, struct served *served, const char *path, struct base_str wire)
{
    rpc_served_call_init(&served->call);
    atomic_init(&served->done, 0);
    served->call.endpoint = find(f, path);
    served->call.request = wire;
    served->call.on_done = on_done;
}

static void serve(struct fixture *f, struct served *served)
{
    rpc_server_serve(f->server, &served->call);
    assert_true(fake_await(&served->done, 1));
    assert_int_equal(atomic_load(&served->done), 1);
}

static void test_inline_runs_here(void **state)
{
    struct fixture *f = *state;
    add_fake(f, true);
    struct served served;
    start(f, &served, FAKE_GET, BASE_STR("\n\1x"));
    rpc_server_serve(f->server, &served.call);
    assert_int_equal(atomic_load(&served.done), 1);
    assert_int_equal(served.role, BASE_ROLE_STARTUP);
    assert_int_equal(served.call.err.code, BASE_OK);
    assert_true(base_str_eq(base_buf_str(&served.call.response), BASE_STR("\n\1x\x12\1T")));
    assert_ptr_equal(served.call.context.method, fake_get);
    rpc_served_call_dispose(&served.call);
}

static void test_damaged_request(void **state)
{
    struct fixture *f = *state;
    add_fake(f, true);
    struct served served;
    start(f, &served, FAKE_GET, BASE_STR("\n\2x"));
    serve(f, &served);
    assert_int_equal(served.call.err.code, BASE_INVALID_ARGUMENT);
    assert_string_equal(served.call.err.message, "message at byte 2: a field breaks off");
    assert_int_equal(served.call.details.len, 0);
    assert_int_equal(atomic_load(&f->fake.served), 0);
    rpc_served_call_dispose(&served.call);
}

static void test_other_runs_on_a_worker(void **state)
{
    struct fixture *f = *state;
    add_fake(f, true);
    struct served served;
    start(f, &served, FAKE_CREATE, BASE_STR("\n\3\n\1x"));
    serve(f, &served);
    assert_int_equal(served.role, BASE_ROLE_WORKER);
    assert_int_equal(served.call.err.code, BASE_OK);
    rpc_served_call_dispose(&served.call);
}

static void test_reset_serves_again(void **state)
{
    struct fixture *f = *state;
    add_fake(f, true);
    struct served served;
    start(f, &served, FAKE_GET, BASE_STR("\n\7missing"));
    for (int i = 0; i < 3; i++) {
        serve(f, &served);
        assert_int_equal(served.call.err.code, BASE_NOT_FOUND);
        assert_true(served.call.details.len > 0);
        rpc_served_call_reset(&served.call);
        assert_int_equal(served.call.err.code, BASE_OK);
        assert_int_equal(served.call.details.len, 0);
        assert_int_equal(served.call.response.len, 0);

        atomic_store(&served.done, 0);
        served.call.endpoint = find(f, FAKE_GET);
        served.call.request = BASE_STR("\n\1x");
        serve(f, &served);
        assert_int_equal(served.call.err.code, BASE_OK);
        assert_int_equal(served.call.details.len, 0);
        rpc_served_call_reset(&served.call);

        atomic_store(&served.done, 0);
        served.call.endpoint = find(f, FAKE_GET);
        served.call.request = BASE_STR("\n\7missing");
    }
    rpc_served_call_dispose(&served.call);
}

/* A call that waited in the queue until nobody wanted it any more is not run. */
static void check_queued(struct fixture *f, bool cancelled, enum base_code code)
{
    struct served busy;
    struct served queued;
    start(f, &busy, FAKE_CREATE, BASE_STR("\n\6\n\4wait"));
    rpc_server_serve(f->server, &busy.call);
    assert_true(fake_await(&f->fake.waiting, 1));
    start(f, &queued, FAKE_CREATE, BASE_STR("\n\3\n\1x"));
    if (!cancelled) {
        queued.call.context.deadline_ns = base_clock_monotonic_ns() + BASE_NS_PER_MS;
    }
    rpc_server_serve(f->server, &queued.call);
    if (cancelled) {
        atomic_store(&queued.call.context.cancelled, true);
    } else {
        while (!rpc_context_is_over(&queued.call.context)) {
        }
    }
    atomic_store(&f->fake.released, true);
    assert_true(fake_await(&queued.done, 1));
    assert_true(fake_await(&busy.done, 1));
    assert_int_equal(queued.call.err.code, code);
    assert_int_equal(atomic_load(&f->fake.served), 1);
    rpc_served_call_dispose(&busy.call);
    rpc_served_call_dispose(&queued.call);
}

static void test_cancelled_while_queued(void **state)
{
    add_fake(*state, true);
    check_queued(*state, true, BASE_CANCELLED);
}

static void test_past_its_deadline_while_queued(void **state)
{
    add_fake(*state, true);
    check_queued(*state, false, BASE_DEADLINE_EXCEEDED);
}

/* One worker and room for two: the fourth is refused, here and now. */
static void test_full_pool(void **state)
{
    struct fixture *f = *state;
    add_fake(f, true);
    struct served served[4];
    for (size_t i = 0; i < 4; i++) {
        start(f, &served[i], FAKE_CREATE, BASE_STR("\n\6\n\4wait"));
        rpc_server_serve(f->server, &served[i].call);
    }
    assert_int_equal(atomic_load(&served[3].done), 1);
    assert_int_equal(served[3].call.err.code, BASE_UNAVAILABLE);
    assert_string_equal(served[3].call.err.message, "the server is busy; try again later");
    assert_int_equal(atomic_load(&served[0].done), 0);
    atomic_store(&f->fake.released, true);
    for (size_t i = 0; i < 4; i++) {
        assert_true(fake_await(&served[i].done, 1));
        rpc_served_call_dispose(&served[i].call);
    }
    assert_int_equal(atomic_load(&f->fake.served), 3);
}

/* With more and more memory the same call is refused, then fails without its details, then with. */
static void test_details_out_of_memory(void **state)
{
    struct fixture *f = *state;
    add_fake(f, true);
    size_t refused = 0;
    size_t without = 0;
    size_t with = 0;
    for (size_t cap = 16; cap <= 1024; cap += 16) {
        struct served served;
        start(f, &served, FAKE_GET, BASE_STR("\n\7missing"));
        base_arena_init(&served.call.context.arena, cap);
        serve(f, &served);
        if (served.call.err.code == BASE_RESOURCE_EXHAUSTED) {
            refused++;
            assert_int_equal(without + with, 0);
        } else {
            assert_int_equal(served.call.err.code, BASE_NOT_FOUND);
            assert_string_equal(served.call.err.message, "note missing not found");
            without += served.call.details.len == 0;
            with += served.call.details.len > 0;
            assert_true(with == 0 || served.call.details.len > 0);
        }
        rpc_served_call_dispose(&served.call);
    }
    assert_true(refused > 0 && without > 0 && with > 0);
}

/* ---- a service whose response is too large to send ---- */

static bool answer_too_much(const void *handlers, void *self, struct rpc_context *ctx,
                            const ProtobufCMessage *request, ProtobufCMessage *response,
                            struct base_err *err)
{
    (void)handlers;
    (void)self;
    (void)request;
    Notes__V1__Note *note = (Notes__V1__Note *)response;
    note->content = rpc_context_alloc(ctx, RPC_RESPONSE_BYTES_MAX + 1, err);
    if (note->content == NULL) {
        return false;
    }
    memset(note->content, 'x', RPC_RESPONSE_BYTES_MAX);
    return true;
}

static void test_response_too_large(void **state)
{
    struct fixture *f = *state;
    static const struct rpc_method method = {
        .path = "/test.Large/Get",
        .kind = RPC_UNARY,
        .no_side_effects = true,
        .request = &notes__v1__get_note_request__descriptor,
        .response = &notes__v1__note__descriptor,
        .unary = answer_too_much,
    };
    static const struct rpc_service service = {
        .name = "test.Large", .methods = &method, .method_count = 1};
    struct base_err err;
    assert_true(rpc_server_add(f->server, &service, NULL, NULL, true, &err));
    struct served served;
    start(f, &served, method.path, BASE_STR(""));
    serve(f, &served);
    assert_int_equal(served.call.err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(served.call.err.message,
                        "the message has 16777221 bytes; at most 16777216 are allowed");
    rpc_served_call_dispose(&served.call);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROW(test_endpoints),
        ROW(test_reads_that_block_do_not_run_inline),
        ROW(test_added_twice),
        ROW(test_many_methods),
        ROW(test_inline_runs_here),
        ROW(test_damaged_request),
        ROW(test_other_runs_on_a_worker),
        ROW(test_reset_serves_again),
        ROW(test_cancelled_while_queued),
        ROW(test_past_its_deadline_while_queued),
        ROW(test_full_pool),
        ROW(test_details_out_of_memory),
        ROW(test_response_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
