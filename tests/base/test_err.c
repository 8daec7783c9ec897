#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void set_fills_and_returns_false(void **state)
{
    (void)state;
    struct base_err err;
    assert_false(base_err_set(&err, BASE_NOT_FOUND, "note %d not found", 42));
    assert_int_equal(err.code, BASE_NOT_FOUND);
    assert_string_equal(err.message, "note 42 not found");
}

static void wrap_prepends_and_keeps_the_code(void **state)
{
    (void)state;
    struct base_err err;
    base_err_set(&err, BASE_INVALID_ARGUMENT, "expected a string");
    assert_false(base_err_wrap(&err, "field %s", "title"));
    assert_false(base_err_wrap(&err, "body"));
    assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    assert_string_equal(err.message, "body: field title: expected a string");
    base_err_set(&err, BASE_INTERNAL, "inner");
    assert_false(base_err_wrap(&err, "was %s", err.message));
    assert_string_equal(err.message, "was inner: inner");
}

static void long_messages_are_cut_at_a_character(void **state)
{
    (void)state;
    enum { ROOM = BASE_ERR_MESSAGE_SIZE - 1 };
    static const struct {
        const char *name;
        size_t ascii; /* letters before the character */
        const char *character;
        size_t kept;
    } rows[] = {
        {"ascii only", ROOM + 100, "", ROOM},
        {"fits exactly", ROOM - 2, "\xC3\xA9", ROOM},
        {"two bytes, cut after one", ROOM - 1, "\xC3\xA9", ROOM - 1},
        {"three bytes, cut after two", ROOM - 2, "\xE2\x82\xAC", ROOM - 2},
        {"four bytes, cut after three", ROOM - 3, "\xF0\x9F\x98\x80", ROOM - 3},
        {"four bytes, cut after one", ROOM - 1, "\xF0\x9F\x98\x80", ROOM - 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[2 * BASE_ERR_MESSAGE_SIZE] = {0};
        memset(text, 'a', rows[i].ascii);
        memcpy(text + rows[i].ascii, rows[i].character, strlen(rows[i].character));
        struct base_err err;
        base_err_set(&err, BASE_UNKNOWN, "%s", text);
        if (strlen(err.message) != rows[i].kept || strncmp(err.message, text, rows[i].kept) != 0) {
            fail_msg("%s: kept %zu", rows[i].name, strlen(err.message));
        }
    }
}

static void codes_have_their_names(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *name;
    } rows[] = {
        {0, "OK"},       {1, "CANCELLED"}, {5, "NOT_FOUND"}, {16, "UNAUTHENTICATED"},
        {17, "UNKNOWN"}, {-1, "UNKNOWN"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(base_code_name((enum base_code)rows[i].code), rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_and_returns_false),
        cmocka_unit_test(wrap_prepends_and_keeps_the_code),
        cmocka_unit_test(long_messages_are_cut_at_a_character),
        cmocka_unit_test(codes_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
