/* A listener and a channel to it, for the tests of both. */
#ifndef RPC_GRPC_FIXTURE_H
#define RPC_GRPC_FIXTURE_H

#include "rpc/channel_grpc.h"
#include "rpc/listener_grpc.h"
#include "tests/rpc/fake_notes.h"
#include "tests/rpc/recorder.h"

#define GRACE_MS 5000

/* "wait" as the note_id of a CreateNoteRequest */
#define CREATE_WAIT BASE_STR("\n\6\n\4wait")

struct fixture {
    struct fake_notes fake;
    struct rpc_worker_pool *pool; /* of 4 threads, with room for 16 */
    struct rpc_server *server;
    struct rpc_listener_grpc *listener;
    char address[32];
    struct rpc_channel *channel;
    struct test_home home;
};

/* Setup and teardown of cmocka; *state is the fixture. */
int grpc_setup(void **state);
int grpc_teardown(void **state);

/* Opens the fixture's listener; fails the test when that fails. */
void grpc_listen(struct fixture *f, const char *address, size_t threads);

/* Gets a note, blocking, and checks that it is the one. */
bool grpc_get(struct rpc_channel *channel, const char *note_id, struct base_arena *arena,
              struct base_err *err);

#endif
