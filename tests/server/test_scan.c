/* Scans of a store in memory whose lists end early. */
#include "server/scan.h"

#include "tests/server/fake_store.h"

#include "library/v1/library.pb-c.h"
#include "notes/v1/notes.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct srv_collection users = {
    .name = "users", .key_kind = SRV_KEY_NUMBER, .type = &library__v1__user__descriptor};
static const struct srv_collection notes = {
    .name = "notes", .key_kind = SRV_KEY_TEXT, .type = &notes__v1__note__descriptor};

static const char note_keys[] = "abcde";

struct fixture {
    struct fake_store fake;
    struct rpc_context ctx;
    struct base_err err;
};

/* Users 0 to 9, called "even" and "odd", and a note for each of note_keys. */
static int set_up(void **state)
{
    static struct fixture fixture;
    struct srv_store *store = &fixture.fake.store;
    fake_store_init(&fixture.fake);
    rpc_context_init(&fixture.ctx);
    for (int64_t i = 0; i < 10; i++) {
        Library__V1__User user = LIBRARY__V1__USER__INIT;
        user.name = i % 2 == 0 ? "even" : "odd";
        assert_true(srv_store_insert(store, &fixture.ctx, &users, srv_key_number(i), &user.base,
                                     &fixture.err));
    }
    for (const char *key = note_keys; *key != '\0'; key++) {
        Notes__V1__Note note = NOTES__V1__NOTE__INIT;
        assert_true(srv_store_insert(store, &fixture.ctx, &notes,
                                     srv_key_text(base_str_make(key, 1)), &note.base,
                                     &fixture.err));
    }
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

static bool is_odd(const struct srv_scan *self, const ProtobufCMessage *message)
{
    (void)self;
    return strcmp(((const Library__V1__User *)message)->name, "odd") == 0;
}

static bool is_nobody(const struct srv_scan *self, const ProtobufCMessage *message)
{
    (void)self;
    (void)message;
    return false;
}

static void reads_on_until_the_page_is_full(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        size_t page_max; /* of the store; 0 for none */
        bool (*wants)(const struct srv_scan *self, const ProtobufCMessage *message);
        int64_t after; /* -1: from the start */
        size_t limit;
        const char *page;
    } rows[] = {
        {0, NULL, -1, 3, "0 1 2 ..."},
        {0, NULL, -1, 10, "0 1 2 3 4 5 6 7 8 9"},
        {3, NULL, -1, 5, "0 1 2 3 4 ..."},
        {3, NULL, -1, 20, "0 1 2 3 4 5 6 7 8 9"},
        {0, NULL, 7, 5, "8 9"},
        {0, NULL, 9, 5, ""},
        {0, is_odd, -1, 9, "1 3 5 7 9"},
        {3, is_odd, -1, 9, "1 3 5 7 9"},
        {3, is_odd, -1, 5, "1 3 5 7 9"},
        {3, is_odd, -1, 4, "1 3 5 7 ..."},
        {4, is_odd, -1, 2, "1 3 ..."},
        {0, is_odd, 3, 2, "5 7 ..."},
        {1, is_odd, 4, 2, "5 7 ..."},
        {2, is_nobody, -1, 5, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct srv_key after = srv_key_number(rows[i].after);
        const struct srv_scan scan = {&users, rows[i].after < 0 ? NULL : &after, rows[i].limit,
                                      rows[i].wants};
        struct srv_page page;
        char text[64] = "";
        size_t len = 0;
        fixture->fake.page_max = rows[i].page_max;
        assert_true(srv_scan_run(&scan, &fixture->fake.store, &fixture->ctx, &page, &fixture->err));
        for (size_t j = 0; j < page.count; j++) {
            int64_t number = page.documents[j].key.number;
            const Library__V1__User *user = (const Library__V1__User *)page.documents[j].message;
            assert_string_equal(user->name, number % 2 == 0 ? "even" : "odd");
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%d", j > 0 ? " " : "",
                                    (int)number);
        }
        snprintf(text + len, sizeof text - len, "%s", page.has_more ? " ..." : "");
        if (strcmp(text, rows[i].page) != 0) {
            fail_msg("row %zu: %s, expected %s", i, text, rows[i].page);
        }
    }
}

static void goes_on_behind_text_keys(void **state)
{
    struct fixture *fixture = *state;
    const struct srv_scan scan = {&notes, NULL, 10, NULL};
    struct srv_page page;
    fixture->fake.page_max = 2;
    assert_true(srv_scan_run(&scan, &fixture->fake.store, &fixture->ctx, &page, &fixture->err));
    assert_int_equal(page.count, 5);
    assert_false(page.has_more);
    for (size_t i = 0; i < page.count; i++) {
        assert_true(base_str_eq(page.documents[i].key.text, base_str_make(&note_keys[i], 1)));
    }
}

static void fails_as_the_store_does(void **state)
{
    struct fixture *fixture = *state;
    const struct srv_scan scan = {&notes, NULL, 10, NULL};
    struct srv_page page;
    fixture->fake.fails = BASE_UNAVAILABLE;
    assert_false(srv_scan_run(&scan, &fixture->fake.store, &fixture->ctx, &page, &fixture->err));
    assert_string_equal(fixture->err.message, "the fake store fails");
    fixture->fake.fails = BASE_OK;
    fixture->ctx.arena.cap_bytes = fixture->ctx.arena.used_bytes + 512;
    assert_false(srv_scan_run(&scan, &fixture->fake.store, &fixture->ctx, &page, &fixture->err));
    assert_int_equal(fixture->err.code, BASE_RESOURCE_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_on_until_the_page_is_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(goes_on_behind_text_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fails_as_the_store_does, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
