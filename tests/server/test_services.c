/* Both services from end to end in one process: typed clients, in-process channel, rpc server,
 * handlers, the embedded store on disk. */
#include "server/demo.h"

#include "rpc/channel_inproc.h"
#include "server/store_sqlite.h"
#include "tests/server/sqlite_file.h"
#include "tests/server/store_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct srv_store *store;
    struct srv_library library;
    struct srv_notes notes;
    struct rpc_worker_pool *pool;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct rpc_client_options options;
    struct base_arena arena;
    struct base_err err;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct base_err *err = &fixture.err;
    sqlite_file_renew();
    fixture.store = srv_store_sqlite_open(sqlite_file_path(), err);
    assert_non_null(fixture.store);
    srv_library_init(&fixture.library, fixture.store);
    srv_notes_init(&fixture.notes, fixture.store, &base_clock_system, &base_random_system);
    fixture.pool = rpc_worker_pool_create(8, 64);
    fixture.server = rpc_server_create(fixture.pool);
    assert_true(srv_library_register(&fixture.library, fixture.server, err));
    assert_true(srv_notes_register(&fixture.notes, fixture.server, err));
    assert_true(srv_demo_fill(&fixture.library, &fixture.notes, err));
    fixture.channel = rpc_channel_inproc_create(fixture.server);
    base_arena_init(&fixture.arena, RPC_CONTEXT_ARENA_BYTES_MAX);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    base_arena_dispose(&fixture->arena);
    rpc_channel_destroy(fixture->channel);
    rpc_server_destroy(fixture->server);
    rpc_worker_pool_destroy(fixture->pool);
    srv_store_close(fixture->store);
    sqlite_file_remove();
    return 0;
}

static void test_reads_run_inline(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < rpc_server_endpoint_count(fixture->server); i++) {
        const struct rpc_endpoint *endpoint = rpc_server_endpoint(fixture->server, i);
        const char *name = strrchr(endpoint->method->path, '/') + 1;
        bool reads = strncmp(name, "Get", 3) == 0 || strncmp(name, "List", 4) == 0;
        assert_int_equal(endpoint->runs_inline, reads);
    }
}

static void test_library(void **state)
{
    struct fixture *fixture = *state;
    Library__V1__ListUsersRequest request = LIBRARY__V1__LIST_USERS_REQUEST__INIT;
    request.page_size = 1;
    Library__V1__ListUsersResponse *response;
    struct rpc_metadata headers = {0};
    assert_true(library_v1_library_list_users(fixture->channel, &fixture->options, &request,
                                              &fixture->arena, &response, &headers, &fixture->err));
    assert_int_equal(response->n_users, 1);
    assert_int_equal(response->users[0]->key, 0);
    assert_string_equal(response->users[0]->value->name, "Alice");
    assert_string_equal(response->users[0]->value->books[0]->author, "It's me");
    const struct base_str *token = rpc_metadata_find(&headers, BASE_STR("x-next-page-token"));
    assert_non_null(token);
    request.page_token = (char *)token->data;
    headers = (struct rpc_metadata){0};
    assert_true(library_v1_library_list_users(fixture->channel, &fixture->options, &request,
                                              &fixture->arena, &response, &headers, &fixture->err));
    assert_int_equal(response->n_users, 1);
    assert_string_equal(response->users[0]->value->name, "Bob");
    assert_null(rpc_metadata_find(&headers, BASE_STR("x-next-page-token")));
}

static void test_notes(void **state)
{
    struct fixture *fixture = *state;
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    note.title = "first";
    note.content = "content";
    Notes__V1__CreateNoteRequest create = NOTES__V1__CREATE_NOTE_REQUEST__INIT;
    create.note = &note;
    Notes__V1__Note *made;
    assert_true(notes_v1_notes_create_note(fixture->channel, &fixture->options, &create,
                                           &fixture->arena, &made, NULL, &fixture->err));
    Notes__V1__UpdateNoteRequest update = NOTES__V1__UPDATE_NOTE_REQUEST__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    mask.n_paths = 1;
    mask.paths = (char *[]){"title"};
    note.title = "second";
    update.note_id = made->note_id;
    update.note = &note;
    update.update_mask = &mask;
    Notes__V1__Note *updated;
    assert_true(notes_v1_notes_update_note(fixture->channel, &fixture->options, &update,
                                           &fixture->arena, &updated, NULL, &fixture->err));
    Notes__V1__GetNoteRequest get = NOTES__V1__GET_NOTE_REQUEST__INIT;
    get.note_id = made->note_id;
    Notes__V1__Note *got;
    assert_true(notes_v1_notes_get_note(fixture->channel, &fixture->options, &get, &fixture->arena,
                                        &got, NULL, &fixture->err));
    assert_string_equal(got->title, "second");
    assert_string_equal(got->content, "content");
    assert_int_equal(got->timestamp->nanos, updated->timestamp->nanos);
    Notes__V1__DeleteNoteRequest remove = NOTES__V1__DELETE_NOTE_REQUEST__INIT;
    remove.note_id = made->note_id;
    Google__Protobuf__Empty *nothing;
    assert_true(notes_v1_notes_delete_note(fixture->channel, &fixture->options, &remove,
                                           &fixture->arena, &nothing, NULL, &fixture->err));
    assert_false(notes_v1_notes_get_note(fixture->channel, &fixture->options, &get, &fixture->arena,
                                         &got, NULL, &fixture->err));
    assert_int_equal(fixture->err.code, BASE_NOT_FOUND);
}

#define THREADS 8
#define USERS_EACH 25

struct creation {
    struct fixture *fixture;
    uint32_t ids[THREADS][USERS_EACH];
};

static void create_users(void *user, size_t index)
{
    struct creation *creation = user;
    struct base_arena arena;
    base_arena_init(&arena, RPC_CONTEXT_ARENA_BYTES_MAX);
    for (size_t i = 0; i < USERS_EACH; i++) {
        Library__V1__CreateUserRequest request = LIBRARY__V1__CREATE_USER_REQUEST__INIT;
        request.name = "Danny";
        Library__V1__CreateUserResponse *response;
        struct base_err err;
        if (!library_v1_library_create_user(creation->fixture->channel, &creation->fixture->options,
                                            &request, &arena, &response, NULL, &err)) {
            fail_msg("%s", err.message);
        }
        creation->ids[index][i] = response->id;
        base_arena_reset(&arena);
    }
    base_arena_dispose(&arena);
}

static void test_concurrent_creates_give_each_id_once(void **state)
{
    static struct creation creation;
    creation.fixture = *state;
    store_on_threads(THREADS, create_users, &creation);
    static bool seen[2 + THREADS * USERS_EACH]; /* the demo has the first two */
    for (size_t i = 0; i < THREADS * USERS_EACH; i++) {
        uint32_t id = creation.ids[i / USERS_EACH][i % USERS_EACH];
        assert_true(id >= 2 && id < sizeof seen);
        assert_false(seen[id]);
        seen[id] = true;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_run_inline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_library, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_notes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_concurrent_creates_give_each_id_once, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
