/* The handlers of the Library, and the demo's documents, over a store in memory. */
#include "server/demo.h"

#include "google/rpc/error_details.pb-c.h"
#include "tests/server/fake_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct fake_store fake;
    struct srv_library library;
    struct rpc_context ctx;
    struct base_err err;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fake_store_init(&fixture.fake);
    srv_library_init(&fixture.library, &fixture.fake.store);
    rpc_context_init(&fixture.ctx);
    fixture.err = (struct base_err){0};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    rpc_context_dispose(&fixture->ctx);
    fake_store_dispose(&fixture->fake);
    return 0;
}

static void expect_error(struct fixture *fixture, bool ok, enum base_code code, const char *message)
{
    assert_false(ok);
    assert_int_equal(fixture->err.code, code);
    assert_string_equal(fixture->err.message, message);
}

static bool create(struct fixture *fixture, char *name, uint32_t *out_id)
{
    Library__V1__CreateUserRequest request = LIBRARY__V1__CREATE_USER_REQUEST__INIT;
    Library__V1__CreateUserResponse response = LIBRARY__V1__CREATE_USER_RESPONSE__INIT;
    request.name = name;
    bool ok = srv_library_handlers.create_user(&fixture->library, &fixture->ctx, &request,
                                               &response, &fixture->err);
    *out_id = response.id;
    return ok;
}

static bool get(struct fixture *fixture, uint32_t id, Library__V1__User *out)
{
    Library__V1__GetUserRequest request = LIBRARY__V1__GET_USER_REQUEST__INIT;
    request.id = id;
    library__v1__user__init(out);
    return srv_library_handlers.get_user(&fixture->library, &fixture->ctx, &request, out,
                                         &fixture->err);
}

static bool remove_user(struct fixture *fixture, uint32_t id, bool *out_success)
{
    Library__V1__DeleteUserRequest request = LIBRARY__V1__DELETE_USER_REQUEST__INIT;
    Library__V1__DeleteUserResponse response = LIBRARY__V1__DELETE_USER_RESPONSE__INIT;
    request.id = id;
    bool ok = srv_library_handlers.delete_user(&fixture->library, &fixture->ctx, &request,
                                               &response, &fixture->err);
    *out_success = response.success;
    return ok;
}

static bool add_book(struct fixture *fixture, uint32_t id, char *isbn, char *name, char *author)
{
    Library__V1__AddBookRequest request = LIBRARY__V1__ADD_BOOK_REQUEST__INIT;
    Library__V1__AddBookResponse response = LIBRARY__V1__ADD_BOOK_RESPONSE__INIT;
    request.id = id;
    request.isbn = isbn;
    request.name = name;
    request.author = author;
    bool ok = srv_library_handlers.add_book(&fixture->library, &fixture->ctx, &request, &response,
                                            &fixture->err);
    assert_int_equal(ok, response.success);
    return ok;
}

static void test_ids_count_from_0_and_are_not_used_again(void **state)
{
    struct fixture *fixture = *state;
    uint32_t id;
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(create(fixture, "Danny", &id));
        assert_int_equal(id, i);
    }
    bool success;
    assert_true(remove_user(fixture, 2, &success));
    assert_true(success);
    assert_true(create(fixture, "Danny", &id));
    assert_int_equal(id, 3);
    expect_error(fixture, remove_user(fixture, 2, &success), BASE_NOT_FOUND, "user 2 not found");
    Library__V1__User user;
    expect_error(fixture, get(fixture, 2, &user), BASE_NOT_FOUND, "user 2 not found");
    assert_true(get(fixture, 3, &user));
    assert_string_equal(user.name, "Danny");
    assert_int_equal(user.n_books, 0);
}

static void test_the_last_id(void **state)
{
    struct fixture *fixture = *state;
    fixture->fake.next_id = UINT32_MAX;
    uint32_t id;
    assert_true(create(fixture, "last", &id));
    assert_int_equal(id, UINT32_MAX);
    expect_error(fixture, create(fixture, "one more", &id), BASE_RESOURCE_EXHAUSTED,
                 "all user ids have been given");
}

static void test_create_needs_a_name(void **state)
{
    struct fixture *fixture = *state;
    uint32_t id;
    expect_error(fixture, create(fixture, "", &id), BASE_INVALID_ARGUMENT, "name is required");
    assert_int_equal(fixture->ctx.detail_count, 1);
    assert_int_equal(fixture->fake.next_id, 0);
}

static void test_books(void **state)
{
    struct fixture *fixture = *state;
    fixture->fake.runs = 2;
    uint32_t id;
    assert_true(create(fixture, "Alice", &id));
    assert_true(add_book(fixture, id, "1234567", "A new book", "It's me"));
    assert_true(add_book(fixture, id, "7654321", "Another", ""));
    Library__V1__User user;
    assert_true(get(fixture, id, &user));
    assert_string_equal(user.name, "Alice");
    assert_int_equal(user.n_books, 2);
    assert_string_equal(user.books[0]->isbn, "1234567");
    assert_string_equal(user.books[0]->name, "A new book");
    assert_string_equal(user.books[0]->author, "It's me");
    assert_string_equal(user.books[1]->isbn, "7654321");
    assert_string_equal(user.books[1]->author, "");
}

static void test_bad_books(void **state)
{
    struct fixture *fixture = *state;
    uint32_t id;
    assert_true(create(fixture, "Alice", &id));
    expect_error(fixture, add_book(fixture, id, "", "", "me"), BASE_INVALID_ARGUMENT,
                 "isbn is required; name is required");
    const struct base_str value = fixture->ctx.details[0].value;
    const Google__Rpc__BadRequest *detail = google__rpc__bad_request__unpack(
        &fixture->ctx.allocator, value.len, (const uint8_t *)value.data);
    assert_int_equal(detail->n_field_violations, 2);
    assert_string_equal(detail->field_violations[0]->field, "isbn");
    assert_string_equal(detail->field_violations[1]->field, "name");
    expect_error(fixture, add_book(fixture, id, "1", "", "me"), BASE_INVALID_ARGUMENT,
                 "name is required");
    expect_error(fixture, add_book(fixture, 7, "1", "book", "me"), BASE_NOT_FOUND,
                 "user 7 not found");
}

static void test_too_many_books(void **state)
{
    struct fixture *fixture = *state;
    uint32_t id;
    assert_true(create(fixture, "Alice", &id));
    for (int i = 0; i < SRV_LIBRARY_BOOKS_MAX; i++) {
        if (!add_book(fixture, id, "1", "book", "me")) {
            fail_msg("book %d: %s", i, fixture->err.message);
        }
        rpc_context_reset(&fixture->ctx);
    }
    expect_error(fixture, add_book(fixture, id, "1", "book", "me"), BASE_FAILED_PRECONDITION,
                 "user 0 has 1000 books, and no user may have more than 1000");
    Library__V1__User user;
    assert_true(get(fixture, id, &user));
    assert_int_equal(user.n_books, SRV_LIBRARY_BOOKS_MAX);
}

/* What a book of isbn "1" and a long name takes in its user's document, beside the name. */
#define BOOK_BYTES 11

static void test_too_large_books(void **state)
{
    struct fixture *fixture = *state;
    uint32_t id;
    Library__V1__User user;
    assert_true(create(fixture, "Alice", &id));
    const size_t len = 3 * 1024 * 1024;
    char *name = rpc_context_alloc(&fixture->ctx, len + 1, &fixture->err);
    assert_non_null(name);
    memset(name, 'x', len);
    assert_true(add_book(fixture, id, "1", name, ""));
    assert_true(get(fixture, id, &user));
    size_t room = SRV_STORE_DOCUMENT_BYTES_MAX - library__v1__user__get_packed_size(&user);
    name[room - BOOK_BYTES + 1] = '\0';
    expect_error(fixture, add_book(fixture, id, "1", name, ""), BASE_FAILED_PRECONDITION,
                 "user 0 with all books may have 4194304 bytes, and this book passes that");
    name[room - BOOK_BYTES] = '\0';
    assert_true(add_book(fixture, id, "1", name, ""));
}

static bool list(struct fixture *fixture, int32_t page_size, const char *page_token,
                 Library__V1__ListUsersResponse *out)
{
    Library__V1__ListUsersRequest request = LIBRARY__V1__LIST_USERS_REQUEST__INIT;
    request.page_size = page_size;
    request.page_token = (char *)page_token;
    library__v1__list_users_response__init(out);
    fixture->ctx.headers = (struct rpc_metadata){0};
    return srv_library_handlers.list_users(&fixture->library, &fixture->ctx, &request, out,
                                           &fixture->err);
}

static void test_list_pages(void **state)
{
    struct fixture *fixture = *state;
    uint32_t id;
    for (int i = 0; i < 1100; i++) {
        assert_true(create(fixture, "user", &id));
    }
    static const struct {
        const char *name;
        int32_t page_size;
        size_t pages[4];
    } rows[] = {
        {"default", 0, {1000, 100}},
        {"small", 400, {400, 400, 300}},
        {"clamped", 2000, {1000, 100}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        const struct base_str *token = &BASE_STR("");
        uint32_t next_id = 0;
        size_t page = 0;
        do {
            Library__V1__ListUsersResponse response;
            assert_true(list(fixture, rows[i].page_size, token->data, &response));
            assert_int_equal(response.n_users, rows[i].pages[page++]);
            for (size_t j = 0; j < response.n_users; j++) {
                assert_int_equal(response.users[j]->key, next_id++);
                assert_string_equal(response.users[j]->value->name, "user");
            }
            token = rpc_metadata_find(&fixture->ctx.headers, BASE_STR("x-next-page-token"));
        } while (token != NULL);
        assert_int_equal(rows[i].pages[page], 0);
    }
}

static void test_list_of_none_and_bad_requests(void **state)
{
    struct fixture *fixture = *state;
    Library__V1__ListUsersResponse response;
    assert_true(list(fixture, 0, "", &response));
    assert_int_equal(response.n_users, 0);
    assert_int_equal(fixture->ctx.headers.count, 0);
    expect_error(fixture, list(fixture, -1, "", &response), BASE_INVALID_ARGUMENT,
                 "page_size: at least 0, got -1");
    expect_error(fixture, list(fixture, 0, "YWJj", &response), BASE_INVALID_ARGUMENT,
                 "page_token: not a token that a list has answered");
}

static void test_a_failing_store_fails_every_method(void **state)
{
    struct fixture *fixture = *state;
    Library__V1__User user;
    Library__V1__ListUsersResponse users;
    uint32_t id;
    bool success;
    fixture->fake.fails = BASE_UNAVAILABLE;
#define EXPECT_FAILURE(call) expect_error(fixture, call, BASE_UNAVAILABLE, "the fake store fails")
    EXPECT_FAILURE(create(fixture, "Alice", &id));
    EXPECT_FAILURE(get(fixture, 0, &user));
    EXPECT_FAILURE(list(fixture, 0, "", &users));
    EXPECT_FAILURE(remove_user(fixture, 0, &success));
    EXPECT_FAILURE(add_book(fixture, 0, "1", "name", ""));
#undef EXPECT_FAILURE
    assert_false(success);
}

static void test_demo(void **state)
{
    struct fixture *fixture = *state;
    struct srv_notes notes;
    srv_notes_init(&notes, &fixture->fake.store, &base_clock_system, &base_random_system);
    assert_true(srv_demo_fill(&fixture->library, &notes, &fixture->err));
    Library__V1__User user;
    assert_true(get(fixture, 0, &user));
    assert_string_equal(user.name, "Alice");
    assert_int_equal(user.n_books, 1);
    assert_string_equal(user.books[0]->isbn, "1234567");
    assert_string_equal(user.books[0]->name, "A new book");
    assert_string_equal(user.books[0]->author, "It's me");
    assert_true(get(fixture, 1, &user));
    assert_string_equal(user.name, "Bob");
    assert_int_equal(fixture->fake.count, 3);
    assert_true(srv_demo_fill(&fixture->library, &notes, &fixture->err));
    assert_int_equal(fixture->fake.count, 3);
    fixture->fake.fails = BASE_UNAVAILABLE;
    expect_error(fixture, srv_demo_fill(&fixture->library, &notes, &fixture->err), BASE_UNAVAILABLE,
                 "the fake store fails");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ids_count_from_0_and_are_not_used_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_last_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_create_needs_a_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_books, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_books, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_books, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_large_books, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_of_none_and_bad_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failing_store_fails_every_method, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_demo, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
