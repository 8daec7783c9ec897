/* The handlers of Notes over a store in memory, with the clock and the randomness held. */
#include "server/notes.h"

#include "google/rpc/error_details.pb-c.h"
#include "tests/server/fake_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FIRST_ID "019b76da-a800-7000-8000-000000000000"
#define SECOND_ID "019b76da-a800-7001-8000-000000000000"
#define MISSING_ID "019b76da-a800-7fff-8000-000000000000"
#define START_S INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

struct hand_clock {
    struct base_clock clock;
    int64_t now_ns;
};

static int64_t hand_clock_unix_ns(const struct base_clock *self)
{
    return ((const struct hand_clock *)self)->now_ns;
}

static void fill_zeros(const struct base_random *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
}

static const struct base_random zeros = {fill_zeros};

/* A service over a fresh store and one call's context. */
struct fixture {
    struct fake_store fake;
    struct hand_clock clock;
    struct srv_notes notes;
    struct rpc_context ctx;
    struct base_err err;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fake_store_init(&fixture.fake);
    fixture.clock = (struct hand_clock){{hand_clock_unix_ns}, START_S * BASE_NS_PER_S};
    srv_notes_init(&fixture.notes, &fixture.fake.store, &fixture.clock.clock, &zeros);
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

static Notes__V1__Note create(struct fixture *fixture, char *title, char *content)
{
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    note.title = title;
    note.content = content;
    Notes__V1__CreateNoteRequest request = NOTES__V1__CREATE_NOTE_REQUEST__INIT;
    request.note = &note;
    Notes__V1__Note response = NOTES__V1__NOTE__INIT;
    if (!srv_notes_handlers.create_note(&fixture->notes, &fixture->ctx, &request, &response,
                                        &fixture->err)) {
        fail_msg("%s", fixture->err.message);
    }
    return response;
}

static bool get(struct fixture *fixture, char *id, Notes__V1__Note *out)
{
    Notes__V1__GetNoteRequest request = NOTES__V1__GET_NOTE_REQUEST__INIT;
    request.note_id = id;
    notes__v1__note__init(out);
    return srv_notes_handlers.get_note(&fixture->notes, &fixture->ctx, &request, out,
                                       &fixture->err);
}

static void expect_error(struct fixture *fixture, bool ok, enum base_code code, const char *message)
{
    assert_false(ok);
    assert_int_equal(fixture->err.code, code);
    assert_string_equal(fixture->err.message, message);
}

static void expect_violation(struct fixture *fixture, size_t index, const char *field,
                             const char *description)
{
    assert_int_equal(fixture->ctx.detail_count, 1);
    const struct base_str value = fixture->ctx.details[0].value;
    const Google__Rpc__BadRequest *detail = google__rpc__bad_request__unpack(
        &fixture->ctx.allocator, value.len, (const uint8_t *)value.data);
    assert_non_null(detail);
    assert_true(index < detail->n_field_violations);
    assert_string_equal(detail->field_violations[index]->field, field);
    assert_string_equal(detail->field_violations[index]->description, description);
}

static void expect_note(const Notes__V1__Note *note, const char *id, const char *title,
                        const char *content, int64_t after_start_ms)
{
    assert_string_equal(note->note_id, id);
    assert_string_equal(note->title, title);
    assert_string_equal(note->content, content);
    assert_non_null(note->timestamp);
    assert_int_equal(note->timestamp->seconds, START_S + after_start_ms / 1000);
    assert_int_equal(note->timestamp->nanos, after_start_ms % 1000 * BASE_NS_PER_MS);
}

/* A run of `len` bytes "x" that lives as long as the call. */
static char *run_of(struct fixture *fixture, size_t len)
{
    char *out = rpc_context_alloc(&fixture->ctx, len + 1, &fixture->err);
    assert_non_null(out);
    memset(out, 'x', len);
    return out;
}

static void test_create_then_get(void **state)
{
    struct fixture *fixture = *state;
    fixture->clock.now_ns += 7 * BASE_NS_PER_MS + 999999;
    Notes__V1__Note made = create(fixture, "Milk", "two bottles");
    expect_note(&made, "019b76da-a807-7000-8000-000000000000", "Milk", "two bottles", 7);
    Notes__V1__Note got;
    assert_true(get(fixture, made.note_id, &got));
    expect_note(&got, made.note_id, "Milk", "two bottles", 7);
    assert_true(get(fixture, "019B76DA-A807-7000-8000-000000000000", &got));
    assert_string_equal(got.note_id, made.note_id);
}

static void test_create_ignores_what_is_the_servers(void **state)
{
    struct fixture *fixture = *state;
    Google__Protobuf__Timestamp timestamp = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    note.note_id = "mine";
    note.title = "t";
    note.timestamp = &timestamp;
    Notes__V1__CreateNoteRequest request = NOTES__V1__CREATE_NOTE_REQUEST__INIT;
    request.note = &note;
    Notes__V1__Note response = NOTES__V1__NOTE__INIT;
    assert_true(srv_notes_handlers.create_note(&fixture->notes, &fixture->ctx, &request, &response,
                                               &fixture->err));
    expect_note(&response, FIRST_ID, "t", "", 0);
}

static bool send_create(struct fixture *fixture, Notes__V1__Note *note)
{
    Notes__V1__CreateNoteRequest request = NOTES__V1__CREATE_NOTE_REQUEST__INIT;
    Notes__V1__Note response = NOTES__V1__NOTE__INIT;
    request.note = note;
    return srv_notes_handlers.create_note(&fixture->notes, &fixture->ctx, &request, &response,
                                          &fixture->err);
}

static bool send_replace(struct fixture *fixture, Notes__V1__Note *note)
{
    Notes__V1__ReplaceNoteRequest request = NOTES__V1__REPLACE_NOTE_REQUEST__INIT;
    Notes__V1__Note response = NOTES__V1__NOTE__INIT;
    request.note_id = FIRST_ID;
    request.note = note;
    return srv_notes_handlers.replace_note(&fixture->notes, &fixture->ctx, &request, &response,
                                           &fixture->err);
}

static bool send_update(struct fixture *fixture, Notes__V1__Note *note)
{
    Notes__V1__UpdateNoteRequest request = NOTES__V1__UPDATE_NOTE_REQUEST__INIT;
    Notes__V1__Note response = NOTES__V1__NOTE__INIT;
    request.note_id = FIRST_ID;
    request.note = note;
    return srv_notes_handlers.update_note(&fixture->notes, &fixture->ctx, &request, &response,
                                          &fixture->err);
}

static bool send_delete(struct fixture *fixture, Notes__V1__Note *note)
{
    (void)note;
    Notes__V1__DeleteNoteRequest request = NOTES__V1__DELETE_NOTE_REQUEST__INIT;
    Google__Protobuf__Empty response = GOOGLE__PROTOBUF__EMPTY__INIT;
    request.note_id = FIRST_ID;
    return srv_notes_handlers.delete_note(&fixture->notes, &fixture->ctx, &request, &response,
                                          &fixture->err);
}

static void test_limits(void **state)
{
    static bool (*const sends[])(struct fixture *, Notes__V1__Note *) = {send_create, send_replace,
                                                                         send_update};
    for (size_t i = 0; i < sizeof sends / sizeof *sends; i++) {
        set_up(state);
        struct fixture *fixture = *state;
        create(fixture, "t", "");
        Notes__V1__Note note = NOTES__V1__NOTE__INIT;
        note.title = run_of(fixture, SRV_NOTES_TITLE_BYTES_MAX);
        note.content = run_of(fixture, SRV_NOTES_CONTENT_BYTES_MAX);
        assert_true(sends[i](fixture, &note));
        note.title = run_of(fixture, 257);
        note.content = run_of(fixture, 1048577);
        size_t count = fixture->fake.count;
        expect_error(
            fixture, sends[i](fixture, &note), BASE_INVALID_ARGUMENT,
            "title: at most 256 bytes, got 257; content: at most 1048576 bytes, got 1048577");
        expect_violation(fixture, 0, "note.title", "title: at most 256 bytes, got 257");
        expect_violation(fixture, 1, "note.content", "content: at most 1048576 bytes, got 1048577");
        assert_int_equal(fixture->fake.count, count);
        tear_down(state);
    }
}

static void test_create_without_a_note(void **state)
{
    struct fixture *fixture = *state;
    const Notes__V1__CreateNoteRequest request = NOTES__V1__CREATE_NOTE_REQUEST__INIT;
    Notes__V1__Note response = NOTES__V1__NOTE__INIT;
    bool ok = srv_notes_handlers.create_note(&fixture->notes, &fixture->ctx, &request, &response,
                                             &fixture->err);
    expect_error(fixture, ok, BASE_INVALID_ARGUMENT, "title is required");
    expect_violation(fixture, 0, "note.title", "title is required");
}

static void test_get_what_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *name;
        char *id;
        enum base_code code;
        const char *message;
    } rows[] = {
        {"no such note", MISSING_ID, BASE_NOT_FOUND, "note " MISSING_ID " not found"},
        {"no UUID", "xyz", BASE_NOT_FOUND, "note xyz not found"},
        {"longer than any key",
         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
         BASE_NOT_FOUND,
         "note 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef... not found"},
        {"empty", "", BASE_INVALID_ARGUMENT, "note_id is required"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        Notes__V1__Note note;
        expect_error(fixture, get(fixture, rows[i].id, &note), rows[i].code, rows[i].message);
    }
}

static bool list(struct fixture *fixture, int32_t page_size, char *page_token,
                 Notes__V1__ListNotesResponse *out)
{
    Notes__V1__ListNotesRequest request = NOTES__V1__LIST_NOTES_REQUEST__INIT;
    request.page_size = page_size;
    request.page_token = page_token;
    notes__v1__list_notes_response__init(out);
    return srv_notes_handlers.list_notes(&fixture->notes, &fixture->ctx, &request, out,
                                         &fixture->err);
}

static void test_a_failing_store_fails_every_method(void **state)
{
    struct fixture *fixture = *state;
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    Notes__V1__Note got;
    Notes__V1__ListNotesResponse notes;
    note.title = "t";
    fixture->fake.fails = BASE_UNAVAILABLE;
#define EXPECT_FAILURE(call) expect_error(fixture, call, BASE_UNAVAILABLE, "the fake store fails")
    EXPECT_FAILURE(get(fixture, FIRST_ID, &got));
    EXPECT_FAILURE(list(fixture, 0, "", &notes));
    EXPECT_FAILURE(send_create(fixture, &note));
    EXPECT_FAILURE(send_replace(fixture, &note));
    EXPECT_FAILURE(send_update(fixture, &note));
    EXPECT_FAILURE(send_delete(fixture, NULL));
#undef EXPECT_FAILURE
}

static void test_list_pages(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 250; i++) {
        create(fixture, "t", "");
    }
    static const struct {
        const char *name;
        int32_t page_size;
        size_t page_max; /* of the store */
        size_t pages[4];
    } rows[] = {
        {"default", 0, 0, {100, 100, 50}},
        {"more than there are", 1000, 0, {250}},
        {"clamped", 5000, 0, {250}},
        {"pages that the store ends early", 200, 90, {90, 90, 70}},
        {"exactly all", 125, 0, {125, 125}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        fixture->fake.page_max = rows[i].page_max;
        char *token = "";
        char *last_id = "";
        size_t page = 0;
        do {
            Notes__V1__ListNotesResponse response;
            assert_true(list(fixture, rows[i].page_size, token, &response));
            assert_int_equal(response.n_notes, rows[i].pages[page++]);
            for (size_t j = 0; j < response.n_notes; j++) {
                assert_true(strcmp(last_id, response.notes[j]->note_id) < 0);
                last_id = response.notes[j]->note_id;
            }
            token = response.next_page_token;
        } while (token[0] != '\0');
        assert_int_equal(rows[i].pages[page], 0);
    }
}

static void test_list_of_none_and_bad_requests(void **state)
{
    struct fixture *fixture = *state;
    Notes__V1__ListNotesResponse response;
    assert_true(list(fixture, 0, "", &response));
    assert_int_equal(response.n_notes, 0);
    assert_string_equal(response.next_page_token, "");
    expect_error(fixture, list(fixture, -5, "what?", &response), BASE_INVALID_ARGUMENT,
                 "page_size: at least 0, got -5; "
                 "page_token: not a token that a list has answered");
    expect_violation(fixture, 0, "page_size", "page_size: at least 0, got -5");
    expect_violation(fixture, 1, "page_token", "page_token: not a token that a list has answered");
}

static void test_replace(void **state)
{
    static const struct {
        const char *name;
        char *id;
        char *note_id;
        char *title;
        enum base_code code;
        const char *message;
    } rows[] = {
        {"id beside the note", FIRST_ID, "", "new", BASE_OK, NULL},
        {"id in the note", "", FIRST_ID, "new", BASE_OK, NULL},
        {"both alike", FIRST_ID, FIRST_ID, "new", BASE_OK, NULL},
        {"both alike but for capitals", FIRST_ID, "019B76DA-A800-7000-8000-000000000000", "new",
         BASE_OK, NULL},
        {"they differ", FIRST_ID, SECOND_ID, "new", BASE_INVALID_ARGUMENT,
         "note.note_id differs from note_id"},
        {"neither", "", "", "new", BASE_INVALID_ARGUMENT, "note_id is required"},
        {"neither, and no title", "", "", "", BASE_INVALID_ARGUMENT,
         "note_id is required; title is required"},
        {"missing", MISSING_ID, "", "new", BASE_NOT_FOUND, "note " MISSING_ID " not found"},
        {"no UUID", "a/b", "", "new", BASE_NOT_FOUND, "note a/b not found"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        set_up(state);
        struct fixture *fixture = *state;
        create(fixture, "old", "old content");
        fixture->clock.now_ns += 1500 * BASE_NS_PER_MS;
        Notes__V1__Note note = NOTES__V1__NOTE__INIT;
        note.note_id = rows[i].note_id;
        note.title = rows[i].title;
        Notes__V1__ReplaceNoteRequest request = NOTES__V1__REPLACE_NOTE_REQUEST__INIT;
        request.note_id = rows[i].id;
        request.note = &note;
        Notes__V1__Note response = NOTES__V1__NOTE__INIT;
        bool ok = srv_notes_handlers.replace_note(&fixture->notes, &fixture->ctx, &request,
                                                  &response, &fixture->err);
        Notes__V1__Note stored;
        struct base_err err = fixture->err;
        assert_true(get(fixture, FIRST_ID, &stored));
        if (rows[i].code == BASE_OK) {
            assert_true(ok);
            expect_note(&response, FIRST_ID, "new", "", 1500);
            expect_note(&stored, FIRST_ID, "new", "", 1500);
        } else {
            fixture->err = err;
            expect_error(fixture, ok, rows[i].code, rows[i].message);
            expect_note(&stored, FIRST_ID, "old", "old content", 0);
        }
        tear_down(state);
    }
}

#define NO_FIELD(name) "update_mask: a note has no field \"" name "\" to change"

static const struct update_row {
    const char *name;
    char *paths[3];
    char *title;
    char *content;
    const char *message; /* NULL: succeeds */
    const char *stored_title;
    const char *stored_content;
    int64_t stored_ms;
} update_rows[] = {
    {"title", {"title"}, "new", "x", NULL, "new", "old content", 1500},
    {"content", {"content"}, "x", "new content", NULL, "old", "new content", 1500},
    {"content emptied", {"content"}, "", "", NULL, "old", "", 1500},
    {"both", {"title", "content"}, "new", "", NULL, "new", "", 1500},
    {"all", {"*"}, "new", "", NULL, "new", "", 1500},
    {"no mask, both sent", {0}, "new", "new content", NULL, "new", "new content", 1500},
    {"no mask, title sent", {0}, "new", "", NULL, "new", "old content", 1500},
    {"no mask, content sent", {0}, "", "new content", NULL, "old", "new content", 1500},
    {"no mask, nothing sent", {0}, "", "", NULL, "old", "old content", 0},
    {"the server's", {"note_id", "timestamp"}, "new", "", NULL, "old", "old content", 0},
    {"the server's too", {"note_id", "title"}, "new", "", NULL, "new", "old content", 1500},
    {"title emptied", {"title"}, "", "", "title is required", "old", "old content", 0},
    {"unknown", {"colour"}, "new", "", NO_FIELD("colour"), "old", "old content", 0},
    {"JSON name", {"noteId"}, "new", "", NO_FIELD("noteId"), "old", "old content", 0},
    {"below a field", {"title.x"}, "new", "", NO_FIELD("title.x"), "old", "old content", 0},
    {"all that is wrong",
     {"", "title"},
     "",
     "",
     NO_FIELD("") "; title is required",
     "old",
     "old content",
     0},
};

static void test_update(void **state)
{
    for (size_t i = 0; i < sizeof update_rows / sizeof *update_rows; i++) {
        const struct update_row *row = &update_rows[i];
        print_message("  %s\n", row->name);
        set_up(state);
        struct fixture *fixture = *state;
        fixture->fake.runs = 2;
        create(fixture, "old", "old content");
        fixture->clock.now_ns += 1500 * BASE_NS_PER_MS;
        Notes__V1__Note note = NOTES__V1__NOTE__INIT;
        note.title = row->title;
        note.content = row->content;
        Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
        mask.paths = (char **)row->paths;
        while (mask.n_paths < 3 && mask.paths[mask.n_paths] != NULL) {
            mask.n_paths++;
        }
        Notes__V1__UpdateNoteRequest request = NOTES__V1__UPDATE_NOTE_REQUEST__INIT;
        request.note_id = FIRST_ID;
        request.note = &note;
        request.update_mask = mask.n_paths == 0 ? NULL : &mask;
        Notes__V1__Note response = NOTES__V1__NOTE__INIT;
        bool ok = srv_notes_handlers.update_note(&fixture->notes, &fixture->ctx, &request,
                                                 &response, &fixture->err);
        if (row->message != NULL) {
            expect_error(fixture, ok, BASE_INVALID_ARGUMENT, row->message);
        } else {
            assert_true(ok);
            expect_note(&response, FIRST_ID, row->stored_title, row->stored_content,
                        row->stored_ms);
        }
        Notes__V1__Note stored;
        assert_true(get(fixture, FIRST_ID, &stored));
        expect_note(&stored, FIRST_ID, row->stored_title, row->stored_content, row->stored_ms);
        tear_down(state);
    }
}

static void test_update_of_none(void **state)
{
    struct fixture *fixture = *state;
    Notes__V1__UpdateNoteRequest request = NOTES__V1__UPDATE_NOTE_REQUEST__INIT;
    request.note_id = MISSING_ID;
    Notes__V1__Note response = NOTES__V1__NOTE__INIT;
    bool ok = srv_notes_handlers.update_note(&fixture->notes, &fixture->ctx, &request, &response,
                                             &fixture->err);
    expect_error(fixture, ok, BASE_NOT_FOUND, "note " MISSING_ID " not found");
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    note.title = "t";
    request.note = &note;
    ok = srv_notes_handlers.update_note(&fixture->notes, &fixture->ctx, &request, &response,
                                        &fixture->err);
    expect_error(fixture, ok, BASE_NOT_FOUND, "note " MISSING_ID " not found");
}

static void test_delete(void **state)
{
    struct fixture *fixture = *state;
    create(fixture, "first", "");
    create(fixture, "second", "");
    Notes__V1__DeleteNoteRequest request = NOTES__V1__DELETE_NOTE_REQUEST__INIT;
    Google__Protobuf__Empty response = GOOGLE__PROTOBUF__EMPTY__INIT;
    request.note_id = FIRST_ID;
    assert_true(srv_notes_handlers.delete_note(&fixture->notes, &fixture->ctx, &request, &response,
                                               &fixture->err));
    bool again = srv_notes_handlers.delete_note(&fixture->notes, &fixture->ctx, &request, &response,
                                                &fixture->err);
    expect_error(fixture, again, BASE_NOT_FOUND, "note " FIRST_ID " not found");
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    note.note_id = SECOND_ID;
    request.note_id = "";
    request.note = &note;
    assert_true(srv_notes_handlers.delete_note(&fixture->notes, &fixture->ctx, &request, &response,
                                               &fixture->err));
    assert_int_equal(fixture->fake.count, 0);
    request.note = NULL;
    bool none = srv_notes_handlers.delete_note(&fixture->notes, &fixture->ctx, &request, &response,
                                               &fixture->err);
    expect_error(fixture, none, BASE_INVALID_ARGUMENT, "note_id is required");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create_then_get, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_create_ignores_what_is_the_servers, set_up, tear_down),
        cmocka_unit_test(test_limits),
        cmocka_unit_test_setup_teardown(test_create_without_a_note, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_get_what_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_failing_store_fails_every_method, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_of_none_and_bad_requests, set_up, tear_down),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_update),
        cmocka_unit_test_setup_teardown(test_update_of_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_delete, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
