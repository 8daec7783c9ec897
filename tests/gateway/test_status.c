/* Status: every code's HTTP status, and the error body with and without details. */
#include "gateway/status.h"
#include "tests/gateway/descriptor_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void test_http(void **state)
{
    (void)state;
    /* In order of code, as every reference gateway has them. */
    static const int statuses[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                                   400, 409, 400, 501, 500, 503, 500, 401};
    for (size_t code = 0; code < BASE_CODE_COUNT; code++) {
        assert_int_equal(gw_status_http((enum base_code)code), statuses[code]);
    }
    assert_int_equal(gw_status_http((enum base_code)17), 500);
    assert_int_equal(gw_status_http((enum base_code) - 1), 500);
}

static void test_reason(void **state)
{
    (void)state;
    assert_string_equal(gw_status_reason(200), "OK");
    assert_string_equal(gw_status_reason(201), "Created");
    assert_string_equal(gw_status_reason(404), "Not Found");
    assert_string_equal(gw_status_reason(405), "Method Not Allowed");
    assert_string_equal(gw_status_reason(413), "Content Too Large");
    assert_string_equal(gw_status_reason(418), "Unknown");
    for (size_t code = 0; code < BASE_CODE_COUNT; code++) {
        const char *reason = gw_status_reason(gw_status_http((enum base_code)code));
        assert_string_not_equal(reason, "Unknown");
    }
}

struct message_row {
    const char *message;
    const char *json;
};

static const struct message_row message_rows[] = {
    {"", ""},
    {"note 42 not found", "note 42 not found"},
    {"expected \"}\", found \\", "expected \\\"}\\\", found \\\\"},
    {"a\nb\rc\td\be\x1f", "a\\nb\\rc\\td\\u0008e\\u001f"},
    {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"\xff", "\xef\xbf\xbd"},
    {"a\xff\xfe\"b", "a\xef\xbf\xbd\xef\xbf\xbd\\\"b"},
    {"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
};

static void expect_json(enum base_code code, const char *message, struct base_str details,
                        const struct gw_schema *schema, const char *want)
{
    struct gw_transcode_options options = {.schema = schema, .print_defaults = true};
    struct base_buf out;
    base_buf_init(&out, 1 << 16);
    assert_true(base_buf_append_char(&out, '>')); /* what is there stays */
    gw_status_to_json(code, base_str_of(message), details, &options, &out);
    assert_true(base_buf_append_char(&out, '\0'));
    assert_string_equal(out.data + 1, want);
    base_buf_dispose(&out);
}

static void test_messages(void **state)
{
    for (size_t i = 0; i < sizeof message_rows / sizeof message_rows[0]; i++) {
        char want[256];
        (void)snprintf(want, sizeof want, "{\"code\":5,\"message\":\"%s\",\"details\":[]}",
                       message_rows[i].json);
        expect_json(BASE_NOT_FOUND, message_rows[i].message, (struct base_str){0}, *state, want);
    }
}

struct details_row {
    const char *name;
    struct base_str status; /* google.rpc.Status: code 3 = 8, then details (field 3) */
    const char *details;
};

/* An Any: type_url (40 bytes) and a value. */
#define ANY_URL "type.googleapis.com/test.request.Author"
#define ANY_AUTHOR                                                                                 \
    "\x1a\x2e\x0a\x27" ANY_URL "\x12\x03\x0a\x01"                                                  \
    "A"
#define ANY_EMPTY "\x1a\x29\x0a\x27" ANY_URL
#define ANY_DAMAGED                                                                                \
    "\x1a\x2e\x0a\x27" ANY_URL "\x12\x03\x0a\x05"                                                  \
    "A"
#define ANY_UNKNOWN "\x1a\x29\x0a\x27type.googleapis.com/test.request.Nobody"
#define ANY_BOOK                                                                                   \
    "\x1a\x30\x0a\x25type.googleapis.com/test.request.Book\x12\x07\x42\x05\x0a\x03"                \
    "a/b"
#define UNKNOWN "{\"@type\":\"type.googleapis.com/test.request.Nobody\",\"value\":\"\"}"
#define ANN "{\"@type\":\"type.googleapis.com/test.request.Author\",\"name\":\"A\",\"age\":0}"
#define NOBODY "{\"@type\":\"type.googleapis.com/test.request.Author\",\"name\":\"\",\"age\":0}"

static const struct details_row details_rows[] = {
    {"none", {"", 0}, ""},
    {"a status without details", {"\x08\x03\x12\x01m", 5}, ""},
    {"one", {"\x08\x03" ANY_AUTHOR, sizeof ANY_AUTHOR + 1}, ANN},
    {"two", {ANY_AUTHOR ANY_EMPTY, sizeof ANY_AUTHOR ANY_EMPTY - 1}, ANN "," NOBODY},
    {"an unknown type shows its bytes",
     {ANY_UNKNOWN ANY_AUTHOR ANY_UNKNOWN ANY_EMPTY,
      sizeof ANY_UNKNOWN ANY_AUTHOR ANY_UNKNOWN ANY_EMPTY - 1},
     UNKNOWN "," ANN "," UNKNOWN "," NOBODY},
    {"so does a damaged value",
     {ANY_DAMAGED ANY_EMPTY, sizeof ANY_DAMAGED ANY_EMPTY - 1},
     "{\"@type\":\"type.googleapis.com/test.request.Author\",\"value\":\"CgVB\"}," NOBODY},
    {"a known type with an unknown one inside",
     {ANY_BOOK, sizeof ANY_BOOK - 1},
     "{\"@type\":\"type.googleapis.com/test.request.Book\",\"value\":\"QgUKA2EvYg==\"}"},
    {"a type with what JSON escapes",
     {"\x1a\x07\x0a\x05/\"\\\n\xff", 9},
     "{\"@type\":\"/\\\"\\\\\\n\xef\xbf\xbd\",\"value\":\"\"}"},
    {"without a type it is no Any", {"\x1a\x03\x12\x01x" ANY_EMPTY, sizeof ANY_EMPTY + 4}, NOBODY},
    {"a damaged Any is left out", {"\x1a\x03\x0a\x05x" ANY_EMPTY, sizeof ANY_EMPTY + 4}, NOBODY},
    {"a damaged status gives what stands before",
     {ANY_AUTHOR "\x1a\x7f", sizeof ANY_AUTHOR "\x1a\x7f" - 1},
     ANN},
    {"another wire type is no detail", {"\x18\x01" ANY_EMPTY, sizeof ANY_EMPTY + 1}, NOBODY},
    {"no status at all", {"\xff\xff\xff", 3}, ""},
};

static void test_details(void **state)
{
    for (size_t i = 0; i < sizeof details_rows / sizeof details_rows[0]; i++) {
        char want[512];
        (void)snprintf(want, sizeof want, "{\"code\":3,\"message\":\"m\",\"details\":[%s]}",
                       details_rows[i].details);
        expect_json(BASE_INVALID_ARGUMENT, "m", details_rows[i].status, *state, want);
    }
}

static void test_details_without_types(void **state)
{
    (void)state;
    struct gw_schema *schema = gw_schema_create();
    expect_json(BASE_INVALID_ARGUMENT, "m", details_rows[2].status, schema,
                "{\"code\":3,\"message\":\"m\",\"details\":[{\"@type\":"
                "\"type.googleapis.com/test.request.Author\",\"value\":\"CgFB\"}]}");
    gw_schema_destroy(schema);
}

/* What does not fit gives way: first message and details together, at last everything. */
static void test_small_buffers(void **state)
{
    static const char bare[] = "{\"code\":3,\"message\":\"\",\"details\":[]}";
    static const char whole[] = "{\"code\":3,\"message\":\"a message\",\"details\":[]}";
    struct gw_transcode_options options = {.schema = *state};
    for (size_t max = 0; max < sizeof whole + 10; max++) {
        struct base_buf out;
        base_buf_init(&out, max);
        gw_status_to_json(BASE_INVALID_ARGUMENT, BASE_STR("a message"), (struct base_str){0},
                          &options, &out);
        const char *want = max >= sizeof whole - 1 ? whole : max >= sizeof bare - 1 ? bare : "";
        assert_true(base_str_eq(base_buf_str(&out), base_str_of(want)));
        base_buf_dispose(&out);
    }
}

static int setup(void **state)
{
    *state = descriptor_file_schema(REQUEST_DESCRIPTOR_SET);
    return 0;
}

static int teardown(void **state)
{
    gw_schema_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_reason),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_details_without_types),
        cmocka_unit_test(test_small_buffers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
