/* google.api.HttpBody: which rules take and give raw bytes, and what becomes of them. */
#include "gateway/http_body.h"

#include "tests/gateway/request_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RAW(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static struct request_fixture f;

static int setup(void **state)
{
    (void)state;
    request_fixture_open(&f, FILES_DESCRIPTOR_SET);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    request_fixture_close(&f);
    return 0;
}

/* ---- In ---- */

struct in_row {
    const char *rule;
    const char *request;
    struct gw_http_body body;
    const char *want; /* the message as JSON, or the error */
};

static const struct in_row in_rows[] = {
    {"a field takes the raw body beside a capture",
     "PUT /files/a/b.txt",
     {RAW("text/plain"), RAW("hello")},
     "{\"name\":\"a/b.txt\",\"file\":{\"contentType\":\"text/plain\",\"data\":\"aGVsbG8=\"}}"},
    {"beside a parameter of the query",
     "POST /files?name=x&overwrite=true",
     {RAW("image/png"), RAW("\x89PNG")},
     "{\"name\":\"x\",\"overwrite\":true,"
     "\"file\":{\"contentType\":\"image/png\",\"data\":\"iVBORw==\"}}"},
    {"beside both",
     "PUT /files/x?overwrite=true",
     {RAW("a/b"), RAW("1")},
     "{\"name\":\"x\",\"overwrite\":true,\"file\":{\"contentType\":\"a/b\",\"data\":\"MQ==\"}}"},
    {"zeros and bytes that are no UTF-8 stay",
     "PUT /files/x",
     {RAW("application/octet-stream"), RAW("\0\xff\0\n")},
     "{\"name\":\"x\",\"file\":{\"contentType\":\"application/octet-stream\","
     "\"data\":\"AP8ACg==\"}}"},
    {"JSON is bytes like any other",
     "PUT /files/x",
     {RAW("application/json"), RAW("{\"a\":")},
     "{\"name\":\"x\",\"file\":{\"contentType\":\"application/json\",\"data\":\"eyJhIjo=\"}}"},
    {"parameters of the type go with it",
     "PUT /files/x",
     {RAW("text/plain; charset=latin1"), RAW("\xe9")},
     "{\"name\":\"x\",\"file\":{\"contentType\":\"text/plain; "
     "charset=latin1\",\"data\":\"6Q==\"}}"},
    {"without a Content-Type there is none",
     "PUT /files/x",
     {{0}, RAW("hello")},
     "{\"name\":\"x\",\"file\":{\"data\":\"aGVsbG8=\"}}"},
    {"an empty body with a type is an empty file",
     "PUT /files/x",
     {RAW("text/plain"), {0}},
     "{\"name\":\"x\",\"file\":{\"contentType\":\"text/plain\"}}"},
    {"an empty body without one is no file", "PUT /files/x", {{0}, {0}}, "{\"name\":\"x\"}"},
    {"no file, so the query may set another of its oneof",
     "PUT /files/x?link=l",
     {{0}, {0}},
     "{\"name\":\"x\",\"link\":\"l\"}"},
    {"PATCH of a file fills no mask: its insides are no JSON",
     "PATCH /files/x",
     {RAW("text/plain"), RAW("hello")},
     "{\"name\":\"x\",\"file\":{\"contentType\":\"text/plain\",\"data\":\"aGVsbG8=\"}}"},
    {"the whole request",
     "POST /echo",
     {RAW("text/html"), RAW("<p>")},
     "{\"contentType\":\"text/html\",\"data\":\"PHA+\"}"},
    {"the whole, empty", "POST /echo", {{0}, {0}}, "{}"},
    {"the whole, beside a capture that agrees",
     "POST /echo/text%2Fhtml",
     {RAW("text/html"), RAW("<p>")},
     "{\"contentType\":\"text/html\",\"data\":\"PHA+\"}"},
    {"the whole, beside a capture, of no type",
     "POST /echo/text%2Fhtml",
     {{0}, RAW("<p>")},
     "{\"contentType\":\"text/html\",\"data\":\"PHA+\"}"},
    {"a field of bytes is JSON, in base64",
     "POST /echo-data",
     {RAW("application/json"), RAW("\"PHA+\"")},
     "{\"data\":\"PHA+\"}"},
    {"a HttpBody without a body comes out of the query",
     "GET /echo?content_type=a/b&data=PHA-",
     {{0}, {0}},
     "{\"contentType\":\"a/b\",\"data\":\"PHA+\"}"},
    {"inside a message with body * it is a message like any other",
     "POST /whole",
     {RAW("application/json"), RAW("{\"file\":{\"contentType\":\"a/b\",\"data\":\"PHA+\"}}")},
     "{\"file\":{\"contentType\":\"a/b\",\"data\":\"PHA+\"}}"},
    {"a list of them is JSON",
     "POST /many",
     {RAW("application/json"), RAW("[{\"data\":\"PHA+\"}]")},
     "{\"files\":[{\"data\":\"PHA+\"}]}"},
};

static const struct in_row in_errors[] = {
    {"a parameter inside the body's field",
     "PUT /files/x?file.content_type=a/b",
     {RAW("text/plain"), RAW("hello")},
     "query parameter \"file.content_type\": field file is the body"},
    {"a oneof beside a file",
     "PUT /files/x?link=l",
     {RAW("text/plain"), RAW("hello")},
     "query parameter \"link\": the body sets field file of the same oneof"},
    {"a oneof beside an empty file",
     "PUT /files/x?link=l",
     {RAW("text/plain"), {0}},
     "query parameter \"link\": the body sets field file of the same oneof"},
    {"a capture that disagrees with the type",
     "POST /echo/text%2Fplain",
     {RAW("text/html"), RAW("<p>")},
     "field content_type has one value in the path and another in the body"},
    {"a query with body *",
     "POST /echo?content_type=a/b",
     {{0}, RAW("<p>")},
     "query parameter \"content_type\": the body is the whole request and leaves no parameters"},
    {"a type that is not UTF-8",
     "PUT /files/x",
     {RAW("text/\xff"), RAW("hello")},
     "header content-type: expected UTF-8"},
    {"a body where the rule has none",
     "GET /echo",
     {RAW("text/plain"), RAW("hello")},
     "body of 5 bytes: expected none for GET \"/echo\""},
};

static void check_in(const struct in_row *row, bool is_error)
{
    struct base_buf wire;
    struct base_buf json;
    const struct gw_route *route;
    struct base_err err = {0};
    base_buf_init(&wire, 1 << 20);
    base_buf_init(&json, 1 << 20);
    bool fine = request_send(&f, row->request, &row->body, &wire, &route, &err);
    if (fine == is_error) {
        fail_msg("%s: %s", row->rule, fine ? "accepted" : err.message);
    }
    if (is_error) {
        assert_string_equal(err.message, row->want);
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    } else {
        const struct gw_message *input = route->method->input;
        assert_true(gw_wire_to_json(input, base_buf_str(&wire), &f.options, &json, &err));
        assert_true(base_buf_append_char(&json, '\0'));
        if (strcmp(json.data, row->want) != 0) {
            fail_msg("%s\n got %s\nwant %s", row->rule, json.data, row->want);
        }
    }
    base_buf_dispose(&wire);
    base_buf_dispose(&json);
}

static void what_goes_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof in_rows / sizeof *in_rows; i++) {
        check_in(&in_rows[i], false);
    }
    for (size_t i = 0; i < sizeof in_errors / sizeof *in_errors; i++) {
        check_in(&in_errors[i], true);
    }
}

/* Lengths of one, two, three and four bytes; each maximum of the output is enough or refused. */
static void large_bodies_go_in(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 127, 128, 16383, 16384, 2097151, 2097152, 4000000};
    static char data[4000000];
    memset(data, 0xA5, sizeof data);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct gw_http_body body = {BASE_STR("a/b"), base_str_make(data, sizes[i])};
        struct base_buf wire;
        const struct gw_route *route;
        struct base_err err = {0};
        struct gw_http_body back;
        base_buf_init(&wire, sizes[i] + 64);
        assert_true(request_send(&f, "PUT /files/x", &body, &wire, &route, &err));
        assert_true(gw_http_body_from_wire(route->body_field, base_buf_str(&wire), &back, &err));
        assert_true(base_str_eq(back.data, body.data));
        assert_true(base_str_eq(back.content_type, body.content_type));
        base_buf_dispose(&wire);
        base_buf_init(&wire, sizes[i]);
        assert_false(request_send(&f, "PUT /files/x", &body, &wire, &route, &err));
        assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
        assert_int_equal(wire.len, 0);
        base_buf_dispose(&wire);
    }
}

/* ---- Out ---- */

struct out_row {
    const char *rule;
    const char *request; /* whose answer it is */
    struct base_str wire;
    const char *content_type;
    struct base_str body;
};

static const struct out_row out_rows[] = {
    {"the whole answer", "GET /files/x",
     RAW("\x0a\x03"
         "a/b"
         "\x12\x02"
         "\x00\xff"),
     "a/b", RAW("\x00\xff")},
    {"no type is any bytes", "GET /files/x",
     RAW("\x12\x01"
         "x"),
     "application/octet-stream", RAW("x")},
    {"an empty type, too", "GET /files/x",
     RAW("\x0a\x00\x12\x01"
         "x"),
     "application/octet-stream", RAW("x")},
    {"nothing at all", "GET /files/x", {0}, "application/octet-stream", {0}},
    {"no data",
     "GET /files/x",
     RAW("\x0a\x03"
         "a/b"),
     "a/b",
     {0}},
    {"data before the type", "GET /files/x",
     RAW("\x12\x01"
         "x"
         "\x0a\x03"
         "a/b"),
     "a/b", RAW("x")},
    {"the last of each counts", "GET /files/x",
     RAW("\x0a\x03"
         "a/a"
         "\x12\x01"
         "x"
         "\x0a\x03"
         "b/b"
         "\x12\x01"
         "y"),
     "b/b", RAW("y")},
    {"extensions and unknown fields are not shown", "GET /files/x",
     RAW("\x1a\x02\x0a\x00"
         "\x28\x01"
         "\x12\x01"
         "x"),
     "application/octet-stream", RAW("x")},
    {"a type that would end the header's line is not sent", "GET /files/x",
     RAW("\x0a\x05"
         "a\r\nb:"
         "\x12\x01"
         "x"),
     "application/octet-stream", RAW("x")},
    {"nor one beyond ASCII", "GET /files/x",
     RAW("\x0a\x03"
         "a/\xe9"
         "\x12\x01"
         "x"),
     "application/octet-stream", RAW("x")},
    {"response_body", "GET /stored/x",
     RAW("\x0a\x08\x0a\x03"
         "a/b"
         "\x12\x01"
         "x"
         "\x18\x01"),
     "a/b", RAW("x")},
    {"response_body in two pieces", "GET /stored/x",
     RAW("\x0a\x05\x0a\x03"
         "a/b"
         "\x18\x01"
         "\x0a\x03\x12\x01"
         "x"),
     "a/b", RAW("x")},
    {"response_body unset", "GET /stored/x", RAW("\x18\x01"), "application/octet-stream", {0}},
    {"inside the answer it is a message like any other", "GET /stats/x",
     RAW("\x0a\x08\x0a\x03"
         "a/b"
         "\x12\x01"
         "x"
         "\x18\x01"),
     "application/json",
     RAW("{\"file\":{\"contentType\":\"a/b\",\"data\":\"eA==\"},\"size\":\"1\"}")},
    {"a list of them is JSON", "GET /versions/x",
     RAW("\x12\x03\x12\x01"
         "x"),
     "application/json", RAW("[{\"data\":\"eA==\"}]")},
};

/* The route of "GET /files/x". */
static const struct gw_route *route_of(const char *line)
{
    const struct gw_http_body none = {{0}, {0}};
    const struct gw_route *route;
    struct base_buf wire;
    struct base_err err = {0};
    base_buf_init(&wire, 1 << 10);
    assert_true(request_send(&f, line, &none, &wire, &route, &err));
    base_buf_dispose(&wire);
    return route;
}

static void what_comes_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof out_rows / sizeof *out_rows; i++) {
        const struct out_row *row = &out_rows[i];
        struct base_buf body;
        struct base_str type;
        struct base_err err = {0};
        base_buf_init(&body, 1 << 10);
        if (!gw_response_to_body(route_of(row->request), row->wire, &f.options, &body, &type,
                                 &err)) {
            fail_msg("%s: %s", row->rule, err.message);
        }
        if (!base_str_eq(type, base_str_of(row->content_type)) ||
            !base_str_eq(base_buf_str(&body), row->body)) {
            fail_msg("%s: got %.*s: %.*s", row->rule, BASE_STR_ARGS(type), (int)body.len,
                     body.data);
        }
        base_buf_dispose(&body);
    }
}

static void a_long_type_is_not_sent(void **state)
{
    (void)state;
    char text[GW_HTTP_BODY_TYPE_BYTES_MAX + 1];
    memset(text, 'a', sizeof text);
    for (size_t len = GW_HTTP_BODY_TYPE_BYTES_MAX; len <= sizeof text; len++) {
        const struct gw_http_body body = {base_str_make(text, len), BASE_STR("x")};
        struct base_buf wire;
        struct gw_http_body back;
        struct base_err err = {0};
        base_buf_init(&wire, 1 << 12);
        assert_true(gw_http_body_to_wire(NULL, &body, &wire, &err));
        assert_true(gw_http_body_from_wire(NULL, base_buf_str(&wire), &back, &err));
        assert_true(base_str_eq(back.content_type, len <= GW_HTTP_BODY_TYPE_BYTES_MAX
                                                       ? body.content_type
                                                       : BASE_STR("application/octet-stream")));
        base_buf_dispose(&wire);
    }
}

static void damage_and_size_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        struct base_str wire;
    } rows[] = {
        {"GET /files/x", RAW("\x12\x05x")},
        {"GET /stored/x", RAW("\x0a\x05x")},
        {"GET /stored/x", RAW("\x0a\x03\x12\x05x")},
    };
    struct base_buf body;
    struct base_str type;
    struct base_err err = {0};
    base_buf_init(&body, 4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(gw_response_to_body(route_of(rows[i].request), rows[i].wire, &f.options, &body,
                                         &type, &err));
        assert_int_equal(err.code, BASE_INTERNAL);
        assert_string_equal(err.message, "the answered google.api.HttpBody is damaged");
    }
    assert_false(gw_response_to_body(route_of("GET /files/x"), BASE_STR("\x12\x05hello"),
                                     &f.options, &body, &type, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "the answer would be larger than 4 bytes");
    base_buf_dispose(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in),
        cmocka_unit_test(large_bodies_go_in),
        cmocka_unit_test(what_comes_out),
        cmocka_unit_test(a_long_type_is_not_sent),
        cmocka_unit_test(damage_and_size_are_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
