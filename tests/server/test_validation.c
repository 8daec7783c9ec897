#include "server/validation.h"

#include "google/rpc/error_details.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static Google__Rpc__BadRequest *take_detail(struct rpc_context *ctx)
{
    assert_int_equal(ctx->detail_count, 1);
    assert_true(base_str_eq(ctx->details[0].type_url,
                            BASE_STR("type.googleapis.com/google.rpc.BadRequest")));
    Google__Rpc__BadRequest *detail = google__rpc__bad_request__unpack(
        &ctx->allocator, ctx->details[0].value.len, (const uint8_t *)ctx->details[0].value.data);
    assert_non_null(detail);
    return detail;
}

static void test_nothing_wrong(void **state)
{
    (void)state;
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    struct srv_validation validation;
    srv_validation_init(&validation, &ctx);
    srv_validation_required(&validation, "note.title", "x");
    srv_validation_bytes_max(&validation, "note.title", "xyz", 3);
    struct base_err err;
    assert_true(srv_validation_end(&validation, &err));
    assert_int_equal(ctx.detail_count, 0);
    rpc_context_dispose(&ctx);
}

static void test_all_that_is_wrong_is_told(void **state)
{
    (void)state;
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    struct srv_validation validation;
    srv_validation_init(&validation, &ctx);
    srv_validation_required(&validation, "note.title", "");
    srv_validation_bytes_max(&validation, "note.content", "xyz", 2);
    srv_validation_required(&validation, "name", "");
    struct base_err err;
    assert_false(srv_validation_end(&validation, &err));
    assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    assert_string_equal(err.message,
                        "title is required; content: at most 2 bytes, got 3; name is required");
    const Google__Rpc__BadRequest *detail = take_detail(&ctx);
    assert_int_equal(detail->n_field_violations, 3);
    assert_string_equal(detail->field_violations[0]->field, "note.title");
    assert_string_equal(detail->field_violations[0]->description, "title is required");
    assert_string_equal(detail->field_violations[1]->field, "note.content");
    assert_string_equal(detail->field_violations[1]->description,
                        "content: at most 2 bytes, got 3");
    assert_string_equal(detail->field_violations[2]->field, "name");
    rpc_context_dispose(&ctx);
}

static void test_violations_beyond_the_most_are_left_out(void **state)
{
    (void)state;
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    struct srv_validation validation;
    srv_validation_init(&validation, &ctx);
    for (int i = 0; i < SRV_VALIDATION_VIOLATIONS_MAX + 5; i++) {
        srv_validation_add(&validation, "field", "%d is a description that takes some room", i);
    }
    struct base_err err;
    assert_false(srv_validation_end(&validation, &err));
    assert_int_equal(strlen(err.message), BASE_ERR_MESSAGE_SIZE - 1);
    assert_int_equal(take_detail(&ctx)->n_field_violations, SRV_VALIDATION_VIOLATIONS_MAX);
    rpc_context_dispose(&ctx);
}

static void test_quote(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        size_t len;
    } rows[] = {
        {"empty", "", 0},
        {"short", "abc", 3},
        {"just fits", "0123456789012345678901234567890123456789012345678901234567890123", 64},
        {"too long", "01234567890123456789012345678901234567890123456789012345678901234", 64},
        {"cut through a character",
         "012345678901234567890123456789012345678901234567890123456789012\xc3\xa4", 63},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        assert_int_equal(srv_validation_quote(rows[i].text).len, rows[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_wrong),
        cmocka_unit_test(test_all_that_is_wrong_is_told),
        cmocka_unit_test(test_violations_beyond_the_most_are_left_out),
        cmocka_unit_test(test_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
