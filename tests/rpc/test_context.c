#include "google/protobuf/duration.pb-c.h"
#include "rpc/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct rpc_context ctx;
    rpc_context_init(&ctx);
    *state = &ctx;
    return 0;
}

static int teardown(void **state)
{
    rpc_context_dispose(*state);
    return 0;
}

static void test_fresh(void **state)
{
    struct rpc_context *ctx = *state;
    struct base_err err;
    assert_true(rpc_context_check(ctx, &err));
    assert_false(rpc_context_is_over(ctx));
    assert_int_equal(ctx->deadline_ns, BASE_NEVER_NS);
    assert_int_equal(ctx->request.count + ctx->headers.count + ctx->trailers.count, 0);
}

static void test_memory(void **state)
{
    struct rpc_context *ctx = *state;
    struct base_err err;
    const char *zeroed = rpc_context_alloc(ctx, 3, &err);
    assert_memory_equal(zeroed, "\0\0\0", 3);
    assert_string_equal(rpc_context_strdup(ctx, base_str_make("abcd", 3), &err), "abc");
    assert_string_equal(rpc_context_strdup(ctx, base_str_make(NULL, 0), &err), "");
    assert_null(rpc_context_alloc(ctx, RPC_CONTEXT_ARENA_BYTES_MAX + 1, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "the call needs more than 67108864 bytes of memory");
    ProtobufCAllocator *allocator = &ctx->allocator;
    void *block = allocator->alloc(allocator->allocator_data, 16);
    assert_non_null(block);
    allocator->free(allocator->allocator_data, block);
}

static void test_over(void **state)
{
    struct rpc_context *ctx = *state;
    struct base_err err;
    ctx->deadline_ns = base_clock_monotonic_ns() + BASE_NS_PER_S;
    assert_true(rpc_context_check(ctx, &err));
    atomic_store(&ctx->cancelled, true);
    assert_true(rpc_context_is_over(ctx));
    assert_false(rpc_context_check(ctx, &err));
    assert_int_equal(err.code, BASE_CANCELLED);
    assert_string_equal(err.message, "the call was cancelled");
    /* the deadline is the cause of the cancellation, not the other way round */
    ctx->deadline_ns = base_clock_monotonic_ns() - 1;
    assert_false(rpc_context_check(ctx, &err));
    assert_int_equal(err.code, BASE_DEADLINE_EXCEEDED);
    assert_string_equal(err.message, "deadline exceeded");
}

static void test_headers_and_trailers(void **state)
{
    struct rpc_context *ctx = *state;
    struct base_err err;
    assert_true(rpc_context_add_header(ctx, BASE_STR("x-a"), BASE_STR("1"), &err));
    assert_true(rpc_context_add_trailer(ctx, BASE_STR("x-b"), BASE_STR("2"), &err));
    assert_false(rpc_context_add_header(ctx, BASE_STR("X"), BASE_STR("1"), &err));
    assert_int_equal(ctx->headers.count, 1);
    assert_int_equal(ctx->trailers.count, 1);
}

static void test_details(void **state)
{
    struct rpc_context *ctx = *state;
    Google__Protobuf__Duration detail = GOOGLE__PROTOBUF__DURATION__INIT;
    detail.seconds = 5;
    for (int i = 0; i < RPC_CONTEXT_DETAILS_MAX + 3; i++) {
        rpc_context_add_detail(ctx, &detail.base);
    }
    assert_int_equal(ctx->detail_count, RPC_CONTEXT_DETAILS_MAX);
    assert_true(base_str_eq(ctx->details[0].type_url,
                            BASE_STR("type.googleapis.com/google.protobuf.Duration")));
    assert_true(base_str_eq(ctx->details[0].value, BASE_STR("\x08\x05")));
}

static void test_detail_that_does_not_fit_is_left_out(void **state)
{
    struct rpc_context *ctx = *state;
    struct base_err err;
    while (base_arena_alloc(&ctx->arena, 1024) != NULL) {
    }
    while (base_arena_alloc(&ctx->arena, 1) != NULL) {
    }
    assert_null(rpc_context_strdup(ctx, BASE_STR("x"), &err));
    Google__Protobuf__Duration detail = GOOGLE__PROTOBUF__DURATION__INIT;
    rpc_context_add_detail(ctx, &detail.base);
    assert_int_equal(ctx->detail_count, 0);
}

static void test_reset(void **state)
{
    struct rpc_context *ctx = *state;
    struct base_err err;
    Google__Protobuf__Duration detail = GOOGLE__PROTOBUF__DURATION__INIT;
    rpc_context_add_detail(ctx, &detail.base);
    assert_true(rpc_context_add_header(ctx, BASE_STR("x-a"), BASE_STR("1"), &err));
    ctx->deadline_ns = 1;
    atomic_store(&ctx->cancelled, true);
    rpc_context_reset(ctx);
    test_fresh(state);
    assert_int_equal(ctx->detail_count, 0);
    assert_int_equal(ctx->arena.used_bytes, 0);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROW(test_fresh),   ROW(test_memory),
        ROW(test_over),    ROW(test_headers_and_trailers),
        ROW(test_details), ROW(test_detail_that_does_not_fit_is_left_out),
        ROW(test_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
