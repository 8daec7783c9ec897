/* Headers: what becomes metadata, what comes back, and the two timeouts. */
#include "base/clock.h"
#include "gateway/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct in_row {
    const char *name;
    const char *value;
    const char *key; /* NULL: dropped */
    const char *metadata;
};

/* grpc-gateway writes grpcgateway-Accept and adds grpcgateway-authorization; the rest is its
 * matcher's. */
static const struct in_row in_rows[] = {
    {"authorization", "Bearer abc", "authorization", "Bearer abc"},
    {"accept", "application/json", "tollgate-accept", "application/json"},
    {"accept-charset", "utf-8", "tollgate-accept-charset", "utf-8"},
    {"if-schedule-tag-match", "\"x\"", "tollgate-if-schedule-tag-match", "\"x\""},
    {"if-unmodified-since", "now", "tollgate-if-unmodified-since", "now"},
    {"cookie", "a=b; c=d", "tollgate-cookie", "a=b; c=d"},
    {"host", "example.com", "tollgate-host", "example.com"},
    {"user-agent", "curl/7", "tollgate-user-agent", "curl/7"},
    {"warning", "199 - x", "tollgate-warning", "199 - x"},
    {"grpc-metadata-custom-header", "v", "custom-header", "v"},
    {"grpc-metadata-x_y.z", "", "x_y.z", ""},
    {"grpc-metadata-az-09", "", "az-09", ""},
    {"grpc-metadata-trace-bin", "AP8=", "trace-bin", "\x00\xff"},
    {"grpc-metadata-trace-bin", "AP8", "trace-bin", "\x00\xff"},
    {"grpc-metadata-trace-bin", "_-A", "trace-bin", "\xff\xe0"},
    {"grpc-metadata-trace-bin", "", "trace-bin", ""},
    {"x-forwarded-for", "10.0.0.1, 10.0.0.2", "x-forwarded-for", "10.0.0.1, 10.0.0.2"},
    {"x-forwarded-host", "example.com", "x-forwarded-host", "example.com"},
    /* neither permanent nor ours */
    {"custom-header", "v", NULL, NULL},
    {"x-api-key", "secret", NULL, NULL},
    {"x-custom", "v", NULL, NULL},
    {"accept-encoding", "gzip", NULL, NULL},
    {"content-length", "1", NULL, NULL},
    {"connection", "close", NULL, NULL},
    {"keep-alive", "1", NULL, NULL},
    {"te", "trailers", NULL, NULL},
    {"upgrade", "h2c", NULL, NULL},
    {"grpc-timeout", "1S", NULL, NULL},
    /* what metadata cannot carry */
    {"grpc-metadata-", "v", NULL, NULL},
    {"grpc-metadata-a!b", "v", NULL, NULL},
    {"grpc-metadata-note", "caf\xc3\xa9", NULL, NULL},
    {"user-agent", "tab\there", NULL, NULL},
    {"authorization", "line\nbreak", NULL, NULL},
    /* what would pass for somebody else's word */
    {"grpc-metadata-grpc-timeout", "1S", NULL, NULL},
    {"grpc-metadata-tollgate-host", "evil", NULL, NULL},
    {"grpc-metadata-x-forwarded-for", "127.0.0.1", NULL, NULL},
    {"grpc-metadata-connection", "close", NULL, NULL},
    {"grpc-metadata-content-type", "text/plain", NULL, NULL},
    {"grpc-metadata-te", "x", NULL, NULL},
};

static void check_in(const struct in_row *row, struct base_arena *arena)
{
    struct rpc_metadata metadata = {0};
    struct base_err err = {0};
    if (!gw_headers_to_metadata(base_str_of(row->name), base_str_of(row->value), arena, &metadata,
                                &err)) {
        fail_msg("%s: %s", row->name, err.message);
    }
    if (metadata.count != (row->key == NULL ? 0 : 1)) {
        fail_msg("%s: %s: %zu pairs", row->name, row->value, metadata.count);
    }
    if (row->key == NULL) {
        return;
    }
    assert_true(base_str_eq(metadata.entries[0].key, base_str_of(row->key)));
    struct base_str value = metadata.entries[0].value;
    /* The one value with a NUL starts with it. */
    size_t len = row->metadata[0] == '\0' && value.len > 0 ? 2 : strlen(row->metadata);
    assert_true(base_str_eq(value, base_str_make(row->metadata, len)));
}

static void test_in(void **state)
{
    (void)state;
    struct base_arena arena;
    base_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof in_rows / sizeof in_rows[0]; i++) {
        check_in(&in_rows[i], &arena);
    }
    base_arena_dispose(&arena);
}

/* "a,b" in one header is two values (gRPC over HTTP/2, "Custom-Metadata"). */
static void test_in_list(void **state)
{
    (void)state;
    struct base_arena arena;
    base_arena_init(&arena, 1 << 20);
    struct rpc_metadata metadata = {0};
    struct base_err err = {0};
    assert_true(gw_headers_to_metadata(BASE_STR("grpc-metadata-trace-bin"),
                                       BASE_STR("AP8=, YQ,,_-A="), &arena, &metadata, &err));
    static const struct base_str wanted[] = {{"\0\xff", 2}, {"a", 1}, {"", 0}, {"\xff\xe0", 2}};
    assert_int_equal(metadata.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(base_str_eq(metadata.entries[i].key, BASE_STR("trace-bin")));
        assert_true(base_str_eq(metadata.entries[i].value, wanted[i]));
    }
    assert_false(gw_headers_to_metadata(BASE_STR("grpc-metadata-trace-bin"), BASE_STR("YQ,%"),
                                        &arena, &metadata, &err));
    assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    base_arena_dispose(&arena);
}

static void test_in_refused(void **state)
{
    (void)state;
    struct base_arena arena;
    base_arena_init(&arena, (size_t)1 << 20);
    struct rpc_metadata metadata = {0};
    struct base_err err = {0};
    assert_false(gw_headers_to_metadata(BASE_STR("grpc-metadata-trace-bin"), BASE_STR("a%b"),
                                        &arena, &metadata, &err));
    assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    assert_string_equal(err.message,
                        "header grpc-metadata-trace-bin: expected base64, found \"a%b\"");
    assert_int_equal(metadata.count, 0);

    static char large[RPC_METADATA_BYTES_MAX + 1];
    memset(large, 'a', sizeof large);
    assert_false(gw_headers_to_metadata(BASE_STR("cookie"), base_str_make(large, sizeof large),
                                        &arena, &metadata, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    base_arena_dispose(&arena);

    base_arena_init(&arena, 8);
    assert_false(gw_headers_to_metadata(BASE_STR("grpc-metadata-a-bin"),
                                        BASE_STR("AAAAAAAAAAAAAAAAAAAA"), &arena, &metadata, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "the request's headers are too large");
    base_arena_dispose(&arena);
}

struct out_row {
    const char *key;
    struct base_str value;
    const char *name; /* NULL: no header */
    const char *header;
};

static const struct out_row out_rows[] = {
    {"x-next-page-token", {"abc", 3}, "x-next-page-token", "abc"},
    {"custom", {"v", 1}, "grpc-metadata-custom", "v"},
    {"etag", {"\"1\"", 3}, "grpc-metadata-etag", "\"1\""},
    {"trace-bin", {"\0\xff", 2}, "grpc-metadata-trace-bin", "AP8="},
    {"x-trace-bin", {"", 0}, "x-trace-bin", ""},
    {"connection", {"close", 5}, NULL, NULL},
    {"transfer-encoding", {"chunked", 7}, NULL, NULL},
    {"content-type", {"application/grpc", 16}, NULL, NULL},
    {"grpc-status", {"0", 1}, NULL, NULL},
    {"grpc-accept-encoding", {"gzip", 4}, NULL, NULL},
    {":status", {"200", 3}, NULL, NULL},
    {"x-split", {"a\r\nb", 4}, NULL, NULL},
    {"x-bad name", {"v", 1}, NULL, NULL},
    {"", {"v", 1}, NULL, NULL},
    {"www-authenticate", {"Basic realm=\"a\"", 15}, "www-authenticate", "Basic realm=\"a\""},
};

static const struct out_row trailer_rows[] = {
    {"x-checksum", {"abc", 3}, "grpc-trailer-x-checksum", "abc"},
    {"custom", {"v", 1}, "grpc-trailer-custom", "v"},
    {"trace-bin", {"\0\xff", 2}, "grpc-trailer-trace-bin", "AP8="},
    {"connection", {"close", 5}, NULL, NULL},
    {"grpc-status-details-bin", {"\x08\x05", 2}, NULL, NULL},
    {"x-split", {"a\r\nb", 4}, NULL, NULL},
    {"www-authenticate", {"Basic realm=\"a\"", 15}, "www-authenticate", "Basic realm=\"a\""},
};

static void check_out(const struct out_row *row, bool is_trailer)
{
    struct base_arena arena;
    base_arena_init(&arena, 1 << 20);
    struct rpc_metadata_entry entry = {base_str_of(row->key), row->value};
    struct base_str name = {0};
    struct base_str value = {0};
    bool is_header = gw_headers_from_metadata(&entry, is_trailer, &arena, &name, &value);
    if (is_header != (row->name != NULL)) {
        fail_msg("%s", row->key);
    }
    if (is_header) {
        assert_true(base_str_eq(name, base_str_of(row->name)));
        assert_true(base_str_eq(value, base_str_of(row->header)));
    }
    base_arena_dispose(&arena);
}

static void test_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof out_rows / sizeof out_rows[0]; i++) {
        check_out(&out_rows[i], false);
    }
    for (size_t i = 0; i < sizeof trailer_rows / sizeof trailer_rows[0]; i++) {
        check_out(&trailer_rows[i], true);
    }
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct base_arena arena;
    base_arena_init(&arena, 0);
    struct base_str name;
    struct base_str value;
    struct rpc_metadata_entry custom = {BASE_STR("custom"), BASE_STR("v")};
    struct rpc_metadata_entry binary = {BASE_STR("x-a-bin"), BASE_STR("vvv")};
    struct rpc_metadata_entry borrowed = {BASE_STR("x-a"), BASE_STR("v")};
    assert_false(gw_headers_from_metadata(&custom, false, &arena, &name, &value));
    assert_false(gw_headers_from_metadata(&binary, false, &arena, &name, &value));
    assert_true(gw_headers_from_metadata(&borrowed, false, &arena, &name, &value));
    base_arena_dispose(&arena);
}

struct timeout_row {
    const char *value;
    int64_t ns; /* -1: refused */
};

#define MAX_NS (GW_TIMEOUT_MS_MAX * BASE_NS_PER_MS)

static const struct timeout_row grpc_rows[] = {
    {"1n", 1},
    {"0S", 0},
    {"999u", 999000},
    {"10m", 10 * BASE_NS_PER_MS},
    {"2S", 2 * BASE_NS_PER_S},
    {"3M", 180 * BASE_NS_PER_S},
    {"1H", MAX_NS},
    {"2H", MAX_NS},
    {"00000001S", BASE_NS_PER_S},
    {"99999999H", MAX_NS},
    {"99999999n", 99999999},
    {"", -1},
    {"S", -1},
    {"10", -1},
    {"123456789S", -1},
    {"1s", -1},
    {"1h", -1},
    {"-1S", -1},
    {"+1S", -1},
    {"1.5S", -1},
    {" 1S", -1},
    {"1S ", -1},
    {"1SS", -1},
    {"99999999999999999999999999S", -1},
};

static const struct timeout_row server_rows[] = {
    {"0", 0},
    {"1", BASE_NS_PER_S},
    {"1.5", 1500 * BASE_NS_PER_MS},
    {"0.000000001", 1},
    {"0.0000000019", 1},
    {"0001.0", BASE_NS_PER_S},
    {"3600", MAX_NS},
    {"3599.999999999", MAX_NS - 1},
    {"3600.5", MAX_NS},
    {"99999999999999999999999999", MAX_NS},
    {"1.99999999999999999999999999", 1999999999},
    {"", -1},
    {"soon", -1},
    {".5", -1},
    {"1.", -1},
    {"1.5.5", -1},
    {"-1", -1},
    {"1e3", -1},
    {"1s", -1},
    {"1 ", -1},
    {"NaN", -1},
};

static void check_timeout(const struct timeout_row *row,
                          bool (*parse)(struct base_str, int64_t *, struct base_err *),
                          const char *expected)
{
    struct base_err err = {0};
    int64_t ns = -1;
    bool fine = parse(base_str_of(row->value), &ns, &err);
    if (fine != (row->ns >= 0) || ns != row->ns) {
        fail_msg("%s: %lld", row->value, (long long)ns);
    }
    if (!fine) {
        char want[256];
        (void)snprintf(want, sizeof want, "%s, found \"%s\"", expected, row->value);
        assert_string_equal(err.message, want);
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    }
}

static void test_timeouts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof grpc_rows / sizeof grpc_rows[0]; i++) {
        check_timeout(&grpc_rows[i], gw_headers_grpc_timeout,
                      "header grpc-timeout: expected at most 8 digits and a unit of H, M, S, m, u "
                      "or n");
    }
    for (size_t i = 0; i < sizeof server_rows / sizeof server_rows[0]; i++) {
        check_timeout(&server_rows[i], gw_headers_server_timeout,
                      "header x-server-timeout: expected seconds such as 1.5");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in),
        cmocka_unit_test(test_in_list),
        cmocka_unit_test(test_in_refused),
        cmocka_unit_test(test_out),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_timeouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
