/* The blocking client, over a channel that answers in process and one that answers as told. */
#include "base/mem.h"
#include "rpc/channel_inproc.h"
#include "rpc/client.h"
#include "tests/rpc/fake_notes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

struct fixture {
    struct fake_notes fake;
    struct rpc_worker_pool *pool;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct base_arena arena;
};

static int setup(void **state)
{
    struct base_err err;
    struct fixture *f = base_calloc(1, sizeof *f);
    f->pool = rpc_worker_pool_create(2, 100);
    f->server = rpc_server_create(f->pool);
    assert_true(rpc_server_add(f->server, &fake_notes_service, NULL, &f->fake, true, &err));
    f->channel = rpc_channel_inproc_create(f->server);
    base_arena_init(&f->arena, (size_t)8 * 1024 * 1024);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    base_arena_dispose(&f->arena);
    rpc_channel_destroy(f->channel);
    rpc_worker_pool_destroy(f->pool);
    rpc_server_destroy(f->server);
    base_free(f);
    return 0;
}

static bool create(struct fixture *f, const char *note_id, const struct rpc_client_options *options,
                   Notes__V1__Note **out_note, struct rpc_metadata *out_headers,
                   struct base_err *err)
{
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    note.note_id = (char *)note_id;
    Notes__V1__CreateNoteRequest request = NOTES__V1__CREATE_NOTE_REQUEST__INIT;
    request.note = &note;
    return rpc_client_unary(f->channel, fake_create, options, &request.base, &f->arena,
                            (ProtobufCMessage **)out_note, out_headers, err);
}

static void test_answer(void **state)
{
    struct fixture *f = *state;
    struct base_err err;
    Notes__V1__Note *note;
    assert_true(create(f, "x", NULL, &note, NULL, &err));
    assert_string_equal(note->note_id, "x");
    assert_string_equal(note->title, "T");
}

static void test_failure(void **state)
{
    struct fixture *f = *state;
    struct base_err err;
    Notes__V1__Note *note = NULL;
    assert_false(create(f, "missing", NULL, &note, NULL, &err));
    assert_int_equal(err.code, BASE_NOT_FOUND);
    assert_string_equal(err.message, "note missing not found");
    assert_null(note);
}

static void test_metadata(void **state)
{
    struct fixture *f = *state;
    struct base_err err;
    struct rpc_metadata metadata = {0};
    struct rpc_metadata headers;
    assert_true(rpc_metadata_add(&metadata, &f->arena, BASE_STR("x-in"), BASE_STR("1"), &err));
    assert_true(rpc_metadata_add(&metadata, &f->arena, BASE_STR("x-in-bin"), BASE_STR("2"), &err));
    struct rpc_client_options options = {.metadata = &metadata};
    Notes__V1__Note *note;
    assert_true(create(f, "headers", &options, &note, &headers, &err));
    assert_int_equal(headers.count, 2);
    assert_true(base_str_eq(*rpc_metadata_find(&headers, BASE_STR("x-out")), BASE_STR("1")));
    assert_true(base_str_eq(*rpc_metadata_find(&headers, BASE_STR("x-out-bin")), BASE_STR("2")));
}

static void test_deadline(void **state)
{
    struct fixture *f = *state;
    struct base_err err;
    struct rpc_client_options options = {.deadline_ns =
                                             base_clock_monotonic_ns() + 20 * BASE_NS_PER_MS};
    Notes__V1__Note *note;
    assert_false(create(f, "wait", &options, &note, NULL, &err));
    assert_int_equal(err.code, BASE_DEADLINE_EXCEEDED);
}

static void test_unknown_method(void **state)
{
    struct fixture *f = *state;
    struct rpc_method unknown = *fake_get;
    unknown.path = "/x.Y/Z";
    Notes__V1__GetNoteRequest request = NOTES__V1__GET_NOTE_REQUEST__INIT;
    struct base_err err;
    ProtobufCMessage *response;
    assert_false(rpc_client_unary(f->channel, &unknown, NULL, &request.base, &f->arena, &response,
                                  NULL, &err));
    assert_int_equal(err.code, BASE_UNIMPLEMENTED);
    assert_string_equal(err.message, "unknown method /x.Y/Z");
}

static void test_request_too_large(void **state)
{
    struct fixture *f = *state;
    char *note_id = base_alloc(RPC_REQUEST_BYTES_MAX + 1);
    memset(note_id, 'x', RPC_REQUEST_BYTES_MAX);
    note_id[RPC_REQUEST_BYTES_MAX] = '\0';
    struct base_err err;
    Notes__V1__Note *note;
    assert_false(create(f, note_id, NULL, &note, NULL, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "request of /test.Notes/Create: the message has 4194314 "
                                     "bytes; at most 4194304 are allowed");
    base_free(note_id);
}

static void test_response_does_not_fit_the_arena(void **state)
{
    struct fixture *f = *state;
    base_arena_dispose(&f->arena);
    base_arena_init(&f->arena, 1024);
    struct base_err err;
    Notes__V1__Note *note;
    assert_false(create(f, "large", NULL, &note, NULL, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message,
                        "response of /test.Notes/Create: the message needs too much memory");
}

/* ---- a channel that answers as told ---- */

struct scripted {
    struct rpc_channel channel;
    struct rpc_call call;
    const char *message; /* NULL: none */
    struct rpc_call_params params;
    struct base_mail mail;
};

static struct scripted *scripted_of(struct base_mail *mail)
{
    return (struct scripted *)((char *)mail - offsetof(struct scripted, mail));
}

static void tell(struct base_mail *mail)
{
    struct scripted *script = scripted_of(mail);
    const struct rpc_metadata none = {0};
    script->params.observer->on_headers(script->params.user, &none);
    if (script->message != NULL) {
        script->params.observer->on_message(script->params.user, base_str_of(script->message));
    }
    script->params.observer->on_status(script->params.user,
                                       &(struct rpc_status){.code = BASE_OK, .trailers = &none});
}

static void scripted_send(struct rpc_call *call, struct base_str wire, bool last)
{
    (void)wire;
    assert_true(last);
    struct scripted *script = (struct scripted *)((char *)call - offsetof(struct scripted, call));
    script->mail.on_mail = tell;
    base_mailbox_post(script->params.home, &script->mail);
}

static const struct rpc_call_ops scripted_call_ops = {.send = scripted_send};

static const struct rpc_target *scripted_resolve(struct rpc_channel *channel, const char *path,
                                                 struct base_err *err)
{
    (void)path;
    (void)err;
    return (const struct rpc_target *)channel;
}

static struct rpc_call *scripted_start(struct rpc_channel *channel,
                                       const struct rpc_call_params *params)
{
    struct scripted *script = (struct scripted *)channel;
    script->params = *params;
    script->call.ops = &scripted_call_ops;
    return &script->call;
}

static const struct rpc_channel_ops scripted_ops = {.resolve = scripted_resolve,
                                                    .start = scripted_start};

static void test_odd_answers(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *message;
        enum base_code code;
        const char *error;
    } rows[] = {
        {NULL, BASE_INTERNAL, "/test.Notes/Get answered without a message"},
        {"\n\5x", BASE_INTERNAL,
         "response of /test.Notes/Get: message at byte 2: a field breaks off"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scripted script = {.channel.ops = &scripted_ops, .message = rows[i].message};
        Notes__V1__GetNoteRequest request = NOTES__V1__GET_NOTE_REQUEST__INIT;
        struct base_err err;
        ProtobufCMessage *response;
        assert_false(rpc_client_unary(&script.channel, fake_get, NULL, &request.base, &f->arena,
                                      &response, NULL, &err));
        assert_int_equal(err.code, rows[i].code);
        assert_string_equal(err.message, rows[i].error);
    }
}

/* ---- a channel that never answers ---- */

static void silent_send(struct rpc_call *call, struct base_str wire, bool last)
{
    (void)call;
    (void)wire;
    (void)last;
}

static void tell_cancelled(struct base_mail *mail)
{
    struct scripted *script = scripted_of(mail);
    const struct rpc_metadata none = {0};
    script->params.observer->on_status(script->params.user,
                                       &(struct rpc_status){.code = BASE_CANCELLED,
                                                            .message = BASE_STR("cancelled"),
                                                            .trailers = &none});
}

static void silent_cancel(struct rpc_call *call)
{
    struct scripted *script = (struct scripted *)((char *)call - offsetof(struct scripted, call));
    script->mail.on_mail = tell_cancelled;
    base_mailbox_post(script->params.home, &script->mail);
}

static const struct rpc_call_ops silent_call_ops = {.send = silent_send, .cancel = silent_cancel};

static struct rpc_call *silent_start(struct rpc_channel *channel,
                                     const struct rpc_call_params *params)
{
    struct rpc_call *call = scripted_start(channel, params);
    call->ops = &silent_call_ops;
    return call;
}

static const struct rpc_channel_ops silent_ops = {.resolve = scripted_resolve,
                                                  .start = silent_start};

static void *stop_soon(void *fd)
{
    assert_false(base_stop_sleep(NULL, 20));
    assert_int_equal(eventfd_write(*(int *)fd, 1), 0);
    return NULL;
}

static void test_stop(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        bool is_asked_before;
    } rows[] = {{"asked before", true}, {"asked meanwhile", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        struct base_stop stop = {.fd = eventfd(rows[i].is_asked_before, EFD_CLOEXEC)};
        assert_int_equal(base_stop_is_asked(&stop), rows[i].is_asked_before);
        pthread_t thread;
        if (!rows[i].is_asked_before) {
            assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop.fd), 0);
        }
        struct scripted script = {.channel.ops = &silent_ops};
        const struct rpc_client_options options = {.stop = &stop};
        Notes__V1__GetNoteRequest request = NOTES__V1__GET_NOTE_REQUEST__INIT;
        struct base_err err;
        ProtobufCMessage *response;
        assert_false(rpc_client_unary(&script.channel, fake_get, &options, &request.base, &f->arena,
                                      &response, NULL, &err));
        assert_int_equal(err.code, BASE_CANCELLED);
        assert_string_equal(err.message, "cancelled");
        if (!rows[i].is_asked_before) {
            pthread_join(thread, NULL);
        }
        close(stop.fd);
    }
}

static void test_no_descriptor_left(void **state)
{
    struct fixture *f = *state;
    struct rlimit before;
    struct base_err err;
    Notes__V1__Note *note;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, before.rlim_max}), 0);
    bool ok = create(f, "x", NULL, &note, NULL, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(ok);
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "no file descriptor is left for a call");
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROW(test_answer),
        ROW(test_failure),
        ROW(test_metadata),
        ROW(test_deadline),
        ROW(test_unknown_method),
        ROW(test_request_too_large),
        ROW(test_response_does_not_fit_the_arena),
        ROW(test_odd_answers),
        ROW(test_stop),
        ROW(test_no_descriptor_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
