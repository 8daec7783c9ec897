#include "tests/rpc/grpc_fixture.h"

#include "base/mem.h"
#include "rpc/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void grpc_listen(struct fixture *f, const char *address, size_t threads)
{
    struct base_err err;
    f->listener = rpc_listener_grpc_open(f->server, address, threads, &err);
    if (f->listener == NULL) {
        fail_msg("%s", err.message);
    }
    snprintf(f->address, sizeof f->address, "127.0.0.1:%d", rpc_listener_grpc_port(f->listener));
}

int grpc_setup(void **state)
{
    struct base_err err;
    struct fixture *f = base_calloc(1, sizeof *f);
    f->pool = rpc_worker_pool_create(4, 16);
    f->server = rpc_server_create(f->pool);
    assert_true(rpc_server_add(f->server, &fake_notes_service, NULL, &f->fake, true, &err));
    grpc_listen(f, "127.0.0.1:0", 2);
    f->channel = rpc_channel_grpc_create(f->address, &err);
    assert_non_null(f->channel);
    test_home_init(&f->home);
    *state = f;
    return 0;
}

int grpc_teardown(void **state)
{
    struct fixture *f = *state;
    rpc_channel_destroy(f->channel);
    rpc_listener_grpc_close(f->listener, GRACE_MS);
    rpc_server_destroy(f->server);
    rpc_worker_pool_destroy(f->pool);
    test_home_dispose(&f->home);
    base_free(f);
    return 0;
}

bool grpc_get(struct rpc_channel *channel, const char *note_id, struct base_arena *arena,
              struct base_err *err)
{
    Notes__V1__GetNoteRequest request = NOTES__V1__GET_NOTE_REQUEST__INIT;
    request.note_id = (char *)note_id;
    ProtobufCMessage *response;
    if (!rpc_client_unary(channel, fake_get, NULL, &request.base, arena, &response, NULL, err)) {
        return false;
    }
    assert_string_equal(((Notes__V1__Note *)response)->note_id, note_id);
    assert_string_equal(((Notes__V1__Note *)response)->title, "T");
    return true;
}
