#include "server/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LONGEST_KEY                                                                                \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_size(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int32_t page_size;
        size_t limit; /* 0: refused */
        const char *message;
    } rows[] = {
        {"not given", 0, 100, NULL},
        {"one", 1, 1, NULL},
        {"most", 1000, 1000, NULL},
        {"over the most", 1001, 1000, NULL},
        {"far over", INT32_MAX, 1000, NULL},
        {"negative", -1, 0, "page_size: at least 0, got -1"},
        {"most negative", INT32_MIN, 0, "page_size: at least 0, got -2147483648"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        struct rpc_context ctx;
        rpc_context_init(&ctx);
        struct srv_page_request request;
        struct base_err err;
        bool ok =
            srv_page_request_read(&ctx, rows[i].page_size, "", SRV_KEY_TEXT, 100, &request, &err);
        assert_int_equal(ok, rows[i].limit != 0);
        if (ok) {
            assert_int_equal(request.limit, rows[i].limit);
            assert_false(request.has_after);
        } else {
            assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
            assert_string_equal(err.message, rows[i].message);
            assert_int_equal(ctx.detail_count, 1);
        }
        rpc_context_dispose(&ctx);
    }
}

static void test_token_round_trip(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct srv_key key;
        const char *token;
    } rows[] = {
        {"zero", {.kind = SRV_KEY_NUMBER, .number = 0}, "MA"},
        {"number", {.kind = SRV_KEY_NUMBER, .number = 4294967295}, "NDI5NDk2NzI5NQ"},
        {"largest number",
         {.kind = SRV_KEY_NUMBER, .number = 999999999999999999},
         "OTk5OTk5OTk5OTk5OTk5OTk5"},
        {"one byte", {.kind = SRV_KEY_TEXT, .text = {"a", 1}}, "YQ"},
        {"two bytes", {.kind = SRV_KEY_TEXT, .text = {"ab", 2}}, "YWI"},
        {"three bytes", {.kind = SRV_KEY_TEXT, .text = {"abc", 3}}, "YWJj"},
        {"both last letters",
         {.kind = SRV_KEY_TEXT, .text = {"\xc3\xbf\xc3\xbe>?", 6}},
         "w7_Dvj4_"},
        {"longest", {.kind = SRV_KEY_TEXT, .text = {LONGEST_KEY, 256}}, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        struct rpc_context ctx;
        rpc_context_init(&ctx);
        struct srv_document documents[] = {{.key = rows[i].key}};
        struct srv_page page = {documents, 1, true};
        struct base_err err;
        char *token;
        assert_true(srv_page_token(&ctx, &page, &token, &err));
        if (rows[i].token != NULL) {
            assert_string_equal(token, rows[i].token);
        }
        struct srv_page_request request;
        assert_true(srv_page_request_read(&ctx, 0, token, rows[i].key.kind, 100, &request, &err));
        assert_true(request.has_after);
        assert_int_equal(request.after.kind, rows[i].key.kind);
        if (rows[i].key.kind == SRV_KEY_NUMBER) {
            assert_int_equal(request.after.number, rows[i].key.number);
        } else {
            assert_true(base_str_eq(request.after.text, rows[i].key.text));
        }
        rpc_context_dispose(&ctx);
    }
}

static void test_last_page_has_no_token(void **state)
{
    (void)state;
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    struct srv_page page = {NULL, 0, false};
    struct base_err err;
    char *token;
    assert_true(srv_page_token(&ctx, &page, &token, &err));
    assert_string_equal(token, "");
    rpc_context_dispose(&ctx);
}

/* What no store says, unless its database does. */
static void test_an_empty_page_with_more(void **state)
{
    (void)state;
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    struct srv_page page = {NULL, 0, true};
    struct base_err err;
    char *token;
    assert_false(srv_page_token(&ctx, &page, &token, &err));
    assert_int_equal(err.code, BASE_INTERNAL);
    assert_string_equal(err.message, "a page of nothing has more behind it");
    rpc_context_dispose(&ctx);
}

static void test_bad_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum srv_key_kind kind;
        const char *token;
    } rows[] = {
        {"not of the alphabet", SRV_KEY_TEXT, "YWJ!"},
        {"standard base64", SRV_KEY_TEXT, "w7/Dvj4/"},
        {"padded", SRV_KEY_TEXT, "YQ=="},
        {"impossible length", SRV_KEY_TEXT, "YWJjZ"},
        {"one letter", SRV_KEY_TEXT, "Y"},
        {"left-over bits set", SRV_KEY_TEXT, "YR"},
        {"NUL in the key", SRV_KEY_TEXT, "YQBi"},
        {"not UTF-8", SRV_KEY_TEXT, "_w"},
        {"key too long", SRV_KEY_TEXT,
         "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAx"
         "MjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIz"
         "NDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1"
         "Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjA"},
        {"a word for a number", SRV_KEY_NUMBER, "YWJj"},
        {"a sign", SRV_KEY_NUMBER, "LTE"},
        {"a leading zero", SRV_KEY_NUMBER, "MDE"},
        {"too many digits", SRV_KEY_NUMBER, "OTk5OTk5OTk5OTk5OTk5OTk5OQ"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        struct rpc_context ctx;
        rpc_context_init(&ctx);
        struct srv_page_request request;
        struct base_err err;
        assert_false(
            srv_page_request_read(&ctx, 0, rows[i].token, rows[i].kind, 100, &request, &err));
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        assert_string_equal(err.message, "page_token: not a token that a list has answered");
        rpc_context_dispose(&ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_token_round_trip),
        cmocka_unit_test(test_last_page_has_no_token),
        cmocka_unit_test(test_an_empty_page_with_more),
        cmocka_unit_test(test_bad_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
