/* What the generator wrote for edge/edge_case.proto, compiled: the calls it makes possible, its
 * tables and its descriptor set. That this links at all says that its names are protoc-gen-c's. */
#include "edge/edge_case.tg.h"
#include "edge/other.tg.h"

#include "google/protobuf/descriptor.pb-c.h"
#include "rpc/channel_inproc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int answer; /* its address is the receiver that handlers must get */

static bool get_httpinfo(void *self, struct rpc_context *ctx,
                         const EdgeCase__V1beta1__HTTPApi__Outer__InnerPart *request,
                         EdgeCase__V1beta1__HTTPApi__Outer__HTTPInfo *response,
                         struct base_err *err)
{
    (void)ctx;
    (void)err;
    assert_ptr_equal(self, &answer);
    response->text = request->text;
    return true;
}

static bool descriptor_set(void *self, struct rpc_context *ctx, const LooseEnd *request,
                           LooseEnd *response, struct base_err *err)
{
    (void)self;
    (void)ctx;
    (void)response;
    return base_err_set(err, BASE_OUT_OF_RANGE, "no set %d", request->count);
}

/* service_ is left out. */
static const struct edge_case_v1beta1_httpapi_odd_service_handlers handlers = {
    .get_httpinfo = get_httpinfo,
    .descriptor_set_ = descriptor_set,
};

static bool second_service(void *self, struct rpc_context *ctx, const LooseEnd *request,
                           LooseEnd *response, struct base_err *err)
{
    (void)self;
    (void)ctx;
    (void)err;
    response->count = request->count + 1;
    return true;
}

static const struct edge_case_v1beta1_httpapi_second_handlers second_handlers = {
    .service_ = second_service,
};

struct fixture {
    struct rpc_worker_pool *pool;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct rpc_client_options options;
    struct base_arena arena;
    struct base_err err;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.pool = rpc_worker_pool_create(2, 16);
    fixture.server = rpc_server_create(fixture.pool);
    assert_true(edge_case_v1beta1_httpapi_odd_service_register(fixture.server, &handlers, &answer,
                                                               true, &fixture.err));
    assert_true(edge_case_v1beta1_httpapi_second_register(fixture.server, &second_handlers, NULL,
                                                          true, &fixture.err));
    fixture.channel = rpc_channel_inproc_create(fixture.server);
    base_arena_init(&fixture.arena, RPC_CONTEXT_ARENA_BYTES_MAX);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    base_arena_dispose(&fixture->arena);
    rpc_channel_destroy(fixture->channel);
    rpc_server_destroy(fixture->server);
    rpc_worker_pool_destroy(fixture->pool);
    return 0;
}

static void test_call(void **state)
{
    struct fixture *fixture = *state;
    EdgeCase__V1beta1__HTTPApi__Outer__InnerPart request =
        EDGE_CASE__V1BETA1__HTTPAPI__OUTER__INNER_PART__INIT;
    request.text = "round trip";
    EdgeCase__V1beta1__HTTPApi__Outer__HTTPInfo *response;
    assert_true(edge_case_v1beta1_httpapi_odd_service_get_httpinfo(
        fixture->channel, &fixture->options, &request, &fixture->arena, &response, NULL,
        &fixture->err));
    assert_string_equal(response->text, "round trip");
    LooseEnd loose = LOOSE_END__INIT;
    loose.count = 41;
    LooseEnd *more;
    assert_true(edge_case_v1beta1_httpapi_second_service_(
        fixture->channel, &fixture->options, &loose, &fixture->arena, &more, NULL, &fixture->err));
    assert_int_equal(more->count, 42);
}

static void test_failing_handler(void **state)
{
    struct fixture *fixture = *state;
    LooseEnd request = LOOSE_END__INIT;
    request.count = 7;
    LooseEnd *response = NULL;
    assert_false(edge_case_v1beta1_httpapi_odd_service_descriptor_set_(
        fixture->channel, &fixture->options, &request, &fixture->arena, &response, NULL,
        &fixture->err));
    assert_int_equal(fixture->err.code, BASE_OUT_OF_RANGE);
    assert_string_equal(fixture->err.message, "no set 7");
    assert_null(response);
}

static void test_empty_slot(void **state)
{
    struct fixture *fixture = *state;
    EdgeCase__V1beta1__HTTPApi__Outer__InnerPart request =
        EDGE_CASE__V1BETA1__HTTPAPI__OUTER__INNER_PART__INIT;
    EdgeCase__V1beta1__HTTPApi__Outer__InnerPart *response;
    assert_false(edge_case_v1beta1_httpapi_odd_service_service_(fixture->channel, &fixture->options,
                                                                &request, &fixture->arena,
                                                                &response, NULL, &fixture->err));
    assert_int_equal(fixture->err.code, BASE_UNIMPLEMENTED);
    assert_string_equal(fixture->err.message,
                        "edge_case.v1beta1.HTTPApi.Odd_Service.Service is not implemented");
}

static void test_method_table(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum rpc_kind kind;
        bool no_side_effects;
        bool has_handler;
    } rows[] = {
        {"GetHTTPInfo", RPC_UNARY, true, true},
        {"Service", RPC_UNARY, false, true},
        {"DescriptorSet", RPC_UNARY, false, true},
        {"Watch", RPC_SERVER_STREAMING, false, false},
        {"Upload", RPC_CLIENT_STREAMING, false, false},
        {"Chat", RPC_BIDI_STREAMING, false, false},
    };
    const struct rpc_service *service = &edge_case_v1beta1_httpapi_odd_service_service;
    assert_string_equal(service->name, "edge_case.v1beta1.HTTPApi.Odd_Service");
    assert_int_equal(service->method_count, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < service->method_count; i++) {
        const struct rpc_method *method = &service->methods[i];
        static const char prefix[] = "/edge_case.v1beta1.HTTPApi.Odd_Service/";
        assert_memory_equal(method->path, prefix, sizeof prefix - 1);
        assert_string_equal(method->path + sizeof prefix - 1, rows[i].path);
        assert_int_equal(method->kind, rows[i].kind);
        assert_int_equal(method->no_side_effects, rows[i].no_side_effects);
        assert_int_equal(method->unary != NULL, rows[i].has_handler);
    }
}

static Google__Protobuf__FileDescriptorSet *unpack_set(struct base_str bytes)
{
    Google__Protobuf__FileDescriptorSet *set =
        google__protobuf__file_descriptor_set__unpack(NULL, bytes.len, (const uint8_t *)bytes.data);
    assert_non_null(set);
    return set;
}

static void test_descriptor_set(void **state)
{
    (void)state;
    static const char *const names[] = {
        "edge/other.proto",
        "google/api/http.proto",
        "google/protobuf/descriptor.proto",
        "google/api/annotations.proto",
        "edge/edge_case.proto",
    };
    struct base_str bytes = edge_case_v1beta1_httpapi_second_service.descriptor_set;
    assert_true(base_str_eq(bytes, edge_edge_case_descriptor_set));
    Google__Protobuf__FileDescriptorSet *set = unpack_set(bytes);
    assert_int_equal(set->n_file, sizeof names / sizeof *names);
    for (size_t i = 0; i < set->n_file; i++) {
        assert_string_equal(set->file[i]->name, names[i]);
        assert_null(set->file[i]->source_code_info);
    }
    /* The option that descriptor.proto does not know came through. */
    const ProtobufCMessage *options = &set->file[4]->service[0]->method[0]->options->base;
    assert_int_equal(options->n_unknown_fields, 1);
    assert_int_equal(options->unknown_fields[0].tag, 72295728);
    google__protobuf__file_descriptor_set__free_unpacked(set, NULL);

    set = unpack_set(edge_other_descriptor_set);
    assert_int_equal(set->n_file, 1);
    assert_string_equal(set->file[0]->name, "edge/other.proto");
    google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failing_handler, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_slot, set_up, tear_down),
        cmocka_unit_test(test_method_table),
        cmocka_unit_test(test_descriptor_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
