/* Who the admin listener lets in, how it tells an import, and how its errors look. Signatures have
 * their own test (test_sigv4.c). */
#include "gateway/admin_dialect.h"

#include "gateway/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define HEADERS_MAX 4
#define SIGNED                                                                                     \
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "            \
    "SignedHeaders=host;x-amz-date, "                                                              \
    "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"

/* AWS's get-vanilla was signed then. */
static int64_t signing_time(const struct base_clock *self)
{
    (void)self;
    return INT64_C(1440938160) * BASE_NS_PER_S;
}

static const struct base_clock clock_then = {signing_time};

struct header_row {
    const char *name;
    const char *value;
};

struct header_array {
    struct gw_header_source source;
    const struct header_row *rows;
    size_t next;
};

static bool next_header(struct gw_header_source *source, struct gw_header *out)
{
    struct header_array *array = (struct header_array *)source;
    if (array->next == HEADERS_MAX || array->rows[array->next].name == NULL) {
        return false;
    }
    const struct header_row *row = &array->rows[array->next++];
    *out = (struct gw_header){base_str_of(row->name), base_str_of(row->value)};
    return true;
}

/* Sees one request; gives "PATH?QUERY", or the error. */
static void receive(const struct gw_admin_dialect *dialect, const char *method, const char *path,
                    const char *query, const char *authority, const struct header_row *headers,
                    char *out, size_t size)
{
    struct base_arena arena;
    struct base_err err;
    struct header_array array = {.source = {next_header}, .rows = headers};
    struct gw_exchange exchange = {
        .method = base_str_of(method),
        .raw_path = base_str_of(path),
        .raw_query = base_str_of(query),
        .hop = {.authority = base_str_of(authority)},
        .headers = &array.source,
    };
    base_arena_init(&arena, GW_CALL_ARENA_BYTES_MAX);
    if (dialect->dialect.receive(&dialect->dialect, &exchange, &arena, &err)) {
        struct gw_header header;
        size_t count = 0;
        while (exchange.headers->next(exchange.headers, &header)) {
            assert_string_equal(header.name.data, headers[count++].name);
        }
        assert_true(count == HEADERS_MAX || headers[count].name == NULL);
        snprintf(out, size, "%.*s?%.*s", BASE_STR_ARGS(exchange.raw_path),
                 BASE_STR_ARGS(exchange.raw_query));
    } else {
        snprintf(out, size, "%s: %s", base_code_name(err.code), err.message);
    }
    base_arena_dispose(&arena);
}

enum credentials { NONE = 0, KEY = 1, TOKEN = 2 };

static void init(struct gw_admin_dialect *dialect, int credentials)
{
    struct gw_sigv4_key key = {0};
    if (credentials & KEY) {
        key = (struct gw_sigv4_key){BASE_STR("AKIDEXAMPLE"),
                                    BASE_STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
    }
    gw_admin_dialect_init(dialect, &clock_then, key,
                          credentials & TOKEN ? BASE_STR("a token") : (struct base_str){0});
}

#define LOCAL_ONLY                                                                                 \
    "PERMISSION_DENIED: without credentials the admin listener is called by a name of loopback, "  \
    "such as localhost"
#define NO_PAGES                                                                                   \
    "PERMISSION_DENIED: without credentials the admin listener takes no request of a web page"
#define NEEDS_TOKEN "UNAUTHENTICATED: the admin listener needs credentials: a bearer token"

static void test_who_may_call(void **state)
{
    (void)state;
    static const struct {
        int credentials;
        const char *authority;
        struct header_row headers[HEADERS_MAX];
        const char *expected;
    } rows[] = {
        {NONE, "127.0.0.1:9901", {{0}}, "/?"},
        {NONE, "localhost", {{0}}, "/?"},
        {NONE, "[::1]:9901", {{0}}, "/?"},
        {NONE, "[::1]", {{0}}, "/?"},
        {NONE, "127.0.0.2:9901", {{0}}, "/?"},
        {NONE, "LocalHost:9901", {{0}}, "/?"},
        {NONE, "localhost:9901", {{"authorization", "AWS4-HMAC-SHA256 whatever"}}, "/?"},
        {NONE, "localhost.example.com", {{0}}, LOCAL_ONLY},
        {NONE, "127.0.0.1.example.com", {{0}}, LOCAL_ONLY},
        {NONE, "127.example.com:9901", {{0}}, LOCAL_ONLY},
        {NONE, "128.0.0.1:9901", {{0}}, LOCAL_ONLY},
        {NONE, "[::2]:9901", {{0}}, LOCAL_ONLY},
        {NONE, ":9901", {{0}}, LOCAL_ONLY},
        {NONE, "admin.example.com:9901", {{0}}, LOCAL_ONLY},
        {NONE, "", {{0}}, LOCAL_ONLY},
        {NONE, "localhost:9901", {{"origin", "http://localhost:9901"}}, NO_PAGES},
        {NONE, "localhost:9901", {{"origin", "null"}}, NO_PAGES},
        {TOKEN, "admin.example.com", {{"authorization", "Bearer a token"}}, "/?"},
        {TOKEN, "admin.example.com", {{"authorization", "bearer a token"}}, "/?"},
        {TOKEN,
         "localhost",
         {{"authorization", "Bearer a tokem"}},
         "UNAUTHENTICATED: the bearer token is not the right one"},
        {TOKEN, "localhost", {{"authorization", "Bearer "}}, NEEDS_TOKEN},
        {TOKEN, "localhost", {{0}}, NEEDS_TOKEN},
        {TOKEN, "example.amazonaws.com", {{"authorization", SIGNED}}, NEEDS_TOKEN},
        {KEY,
         "example.amazonaws.com",
         {{"x-amz-date", "20150830T123600Z"}, {"authorization", SIGNED}},
         "/?"},
        {KEY,
         "example.amazonaws.org",
         {{"x-amz-date", "20150830T123600Z"}, {"authorization", SIGNED}},
         "PERMISSION_DENIED: The request signature we calculated does not match the signature you "
         "provided. Check your secret access key and signing method."},
        {KEY,
         "localhost",
         {{"authorization", "Bearer a token"}},
         "UNAUTHENTICATED: the admin listener needs credentials: an AWS Signature Version 4"},
        {KEY | TOKEN,
         "localhost",
         {{0}},
         "UNAUTHENTICATED: the admin listener needs credentials: an AWS Signature Version 4 or a "
         "bearer token"},
        {KEY | TOKEN, "x", {{"authorization", "Bearer a token"}}, "/?"},
        {KEY | TOKEN,
         "example.amazonaws.com",
         {{"x-amz-date", "20150830T123600Z"}, {"authorization", SIGNED}},
         "/?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gw_admin_dialect dialect;
        char out[BASE_ERR_MESSAGE_SIZE];
        init(&dialect, rows[i].credentials);
        receive(&dialect, "GET", "/", "", rows[i].authority, rows[i].headers, out, sizeof out);
        if (strcmp(out, rows[i].expected) != 0) {
            fail_msg("row %zu: expected %s, got %s", i, rows[i].expected, out);
        }
    }
}

static void test_imports(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *path;
        const char *query;
        const char *expected;
    } rows[] = {
        {"POST", "/apikeys", "mode=import", "/apikeys:import?"},
        {"POST", "/apikeys", "mode=import&format=csv", "/apikeys:import?format=csv"},
        {"POST", "/apikeys", "a=b&mode=import&c=d", "/apikeys:import?a=b&c=d"},
        {"POST", "/apikeys", "format=csv&mode=import", "/apikeys:import?format=csv"},
        {"POST", "/apikeys", "", "/apikeys?"},
        {"POST", "/apikeys", "mode=imports", "/apikeys?mode=imports"},
        {"POST", "/apikeys", "xmode=import", "/apikeys?xmode=import"},
        {"GET", "/apikeys", "mode=import", "/apikeys?mode=import"},
        {"POST", "/usageplans", "mode=import", "/usageplans?mode=import"},
    };
    static const struct header_row none[HEADERS_MAX] = {{0}};
    struct gw_admin_dialect dialect;
    init(&dialect, NONE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[BASE_ERR_MESSAGE_SIZE];
        receive(&dialect, rows[i].method, rows[i].path, rows[i].query, "localhost", none, out,
                sizeof out);
        assert_string_equal(out, rows[i].expected);
    }
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        enum base_code code;
        const char *type;
    } rows[] = {
        {BASE_INVALID_ARGUMENT, "BadRequestException"},
        {BASE_FAILED_PRECONDITION, "BadRequestException"},
        {BASE_NOT_FOUND, "NotFoundException"},
        {BASE_ALREADY_EXISTS, "ConflictException"},
        {BASE_ABORTED, "ConflictException"},
        {BASE_RESOURCE_EXHAUSTED, "LimitExceededException"},
        {BASE_UNAUTHENTICATED, "UnauthorizedException"},
        {BASE_PERMISSION_DENIED, "ForbiddenException"},
        {BASE_UNAVAILABLE, "ServiceUnavailableException"},
        {BASE_DEADLINE_EXCEEDED, "ServiceUnavailableException"},
        {BASE_INTERNAL, "InternalFailure"},
        {(enum base_code)99, "InternalFailure"},
    };
    struct gw_admin_dialect dialect;
    init(&dialect, NONE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_buf body;
        base_buf_init(&body, 1024);
        struct gw_header header = dialect.dialect.write_error(&dialect.dialect, rows[i].code,
                                                              BASE_STR("a \"b\"\n"), &body);
        assert_string_equal(header.name.data, "x-amzn-errortype");
        assert_string_equal(header.value.data, rows[i].type);
        assert_int_equal(body.len, strlen("{\"message\":\"a \\\"b\\\"\\n\"}"));
        assert_memory_equal(body.data, "{\"message\":\"a \\\"b\\\"\\n\"}", body.len);
        base_buf_dispose(&body);
    }
}

/* Gives the same header for ever. */
static bool same_header(struct gw_header_source *source, struct gw_header *out)
{
    (void)source;
    *out = (struct gw_header){BASE_STR("x"), BASE_STR("y")};
    return true;
}

static void test_limits(void **state)
{
    (void)state;
    static const struct {
        size_t arena_bytes;
        enum base_code code;
        const char *message;
    } rows[] = {
        {GW_CALL_ARENA_BYTES_MAX, BASE_INVALID_ARGUMENT, "more than 64 headers"},
        {64, BASE_RESOURCE_EXHAUSTED, "the request's headers are too large"},
    };
    struct gw_admin_dialect dialect;
    init(&dialect, NONE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_arena arena;
        struct base_err err;
        struct gw_header_source endless = {same_header};
        struct gw_exchange exchange = {.headers = &endless};
        base_arena_init(&arena, rows[i].arena_bytes);
        assert_false(dialect.dialect.receive(&dialect.dialect, &exchange, &arena, &err));
        assert_int_equal(err.code, rows[i].code);
        assert_string_equal(err.message, rows[i].message);
        base_arena_dispose(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_may_call),
        cmocka_unit_test(test_imports),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
