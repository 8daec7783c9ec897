/* Files over REST: curl, the front, and a service in C, in this process and behind gRPC. Raw bodies
 * go in and out, and with them headers, trailers and the details of errors. */
#include "gateway/front_h2o.h"
#include "google/rpc/error_details.tg.h"
#include "rpc/channel_grpc.h"
#include "rpc/channel_inproc.h"
#include "rpc/listener_grpc.h"
#include "tests/e2e/http.h"
#include "tests/gateway/files_service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define GRACE_MS 5000

struct fixture {
    struct files_service files;
    struct rpc_worker_pool *pool;
    struct rpc_server *server;
    struct rpc_listener_grpc *listener; /* NULL in this process */
    struct rpc_channel *channel;
    struct gw_gateway *gateway;
    struct gw_front *front;
    struct e2e_client *client;
};

static struct fixture fix;

static struct rpc_channel *open_grpc(struct base_err *err)
{
    char address[64];
    fix.listener = rpc_listener_grpc_open(fix.server, "127.0.0.1:0", 1, err);
    assert_non_null(fix.listener);
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", rpc_listener_grpc_port(fix.listener));
    return rpc_channel_grpc_create(address, err);
}

static int open_all(bool over_grpc, enum e2e_http http)
{
    const struct gw_descriptor_set sets[] = {{.bytes = files_descriptor_set},
                                             {.bytes = google_rpc_error_details_descriptor_set}};
    struct base_err err = {0};
    files_service_init(&fix.files);
    fix.pool = rpc_worker_pool_create(2, 100);
    fix.server = rpc_server_create(fix.pool);
    assert_true(test_files_files_register(fix.server, &files_handlers, &fix.files, true, &err));
    fix.listener = NULL;
    fix.channel = over_grpc ? open_grpc(&err) : rpc_channel_inproc_create(fix.server);
    assert_non_null(fix.channel);
    fix.gateway = gw_gateway_create(&(struct gw_gateway_config){.descriptor_sets = sets,
                                                                .descriptor_set_count = 2,
                                                                .channel = fix.channel},
                                    &err);
    if (fix.gateway == NULL) {
        fail_msg("%s", err.message);
    }
    fix.front = gw_front_open(
        &(struct gw_front_config){.gateway = fix.gateway, .address = "127.0.0.1:0", .loops = 1},
        &err);
    assert_non_null(fix.front);
    fix.client = e2e_client_create(gw_front_port(fix.front), http);
    return 0;
}

static int open_inproc_http1(void **state)
{
    (void)state;
    return open_all(false, E2E_HTTP1);
}

static int open_grpc_http2(void **state)
{
    (void)state;
    return open_all(true, E2E_HTTP2);
}

static int close_all(void **state)
{
    (void)state;
    e2e_client_destroy(fix.client);
    gw_front_close(fix.front, GRACE_MS);
    gw_gateway_unref(fix.gateway);
    rpc_channel_destroy(fix.channel);
    rpc_listener_grpc_close(fix.listener, GRACE_MS);
    rpc_server_destroy(fix.server);
    rpc_worker_pool_destroy(fix.pool);
    files_service_dispose(&fix.files);
    return 0;
}

/* Sends a request and checks the answer's status and, where not NULL, its body. */
static const struct e2e_response *expect(const char *method, const char *path, const char *headers,
                                         struct base_str body, long status, const char *want)
{
    struct e2e_request request = {.method = method, .path = path, .headers = headers, .body = body};
    const struct e2e_response *response = e2e_client_call(fix.client, &request);
    assert_int_equal(response->outcome, CURLE_OK);
    if (response->status != status || (want != NULL && strcmp(response->body.data, want) != 0)) {
        fail_msg("%s %s: %ld %s", method, path, response->status, response->body.data);
    }
    return response;
}

static void expect_header(const struct e2e_response *response, const char *name, const char *want)
{
    char value[256];
    if (!e2e_response_header(response, name, value, sizeof value)) {
        fail_msg("no %s in %s", name, response->headers.data);
    }
    assert_string_equal(value, want);
}

static void a_file_goes_in_and_out(void **state)
{
    (void)state;
    struct base_str png = BASE_STR("\x89PNG\r\n\x1a\n\0\0\xff");
    const struct e2e_response *response =
        expect("PUT", "/files/a/b%20c.png", "content-type: image/png", png, 200,
               "{\"name\":\"a/b c.png\",\"contentType\":\"image/png\",\"size\":\"11\"}");
    expect_header(response, "content-type", "application/json");
    expect_header(response, "grpc-trailer-x-checksum", "168");
    response = expect("GET", "/files/a/b%20c.png", NULL, (struct base_str){0}, 200, NULL);
    assert_true(base_str_eq(base_buf_str(&response->body), png));
    expect_header(response, "content-type", "image/png");
    expect_header(response, "content-length", "11");
    expect_header(response, "x-size", "11");
    expect_header(response, "grpc-trailer-sum-bin", "qA==");
    response = expect("HEAD", "/files/a/b%20c.png", NULL, (struct base_str){0}, 200, "");
    expect_header(response, "content-type", "image/png");
    expect_header(response, "content-length", "11");
}

static void a_field_goes_out(void **state)
{
    (void)state;
    expect("POST", "/files?name=x&overwrite=true", "content-type: text/plain", BASE_STR("hello"),
           200, "{\"name\":\"x\",\"contentType\":\"text/plain\",\"size\":\"5\"}");
    const struct e2e_response *response =
        expect("GET", "/stored/x", NULL, (struct base_str){0}, 200, "hello");
    expect_header(response, "content-type", "text/plain");
    response = expect("GET", "/stats/x", NULL, (struct base_str){0}, 200,
                      "{\"file\":{\"contentType\":\"text/plain\",\"data\":\"aGVsbG8=\","
                      "\"extensions\":[]},\"versions\":[],\"size\":\"5\"}");
    expect_header(response, "content-type", "application/json");
}

static void empty_files_are_files(void **state)
{
    (void)state;
    expect("PUT", "/files/x", "content-type: text/plain", BASE_STR(""), 200,
           "{\"name\":\"x\",\"contentType\":\"text/plain\",\"size\":\"0\"}");
    const struct e2e_response *response =
        expect("GET", "/files/x", NULL, (struct base_str){0}, 200, "");
    expect_header(response, "content-type", "text/plain");
    expect_header(response, "content-length", "0");
    expect("PUT", "/files/x", "content-type:", BASE_STR(""), 200,
           "{\"name\":\"x\",\"contentType\":\"\",\"size\":\"0\"}");
    response = expect("GET", "/files/x", NULL, (struct base_str){0}, 200, "");
    expect_header(response, "content-type", "application/octet-stream");
}

/* Any Content-Type is taken, but a coding of the content would be lost. */
static void any_type_but_no_coding(void **state)
{
    (void)state;
    static const char *const types[] = {"application/json", "text/plain; charset=latin1",
                                        "multipart/form-data; boundary=x", "nonsense"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[64];
        (void)snprintf(header, sizeof header, "content-type: %s", types[i]);
        const struct e2e_response *response =
            expect("POST", "/echo", header, BASE_STR("{\"a\":"), 200, "{\"a\":");
        expect_header(response, "content-type", types[i]);
    }
    expect("POST", "/echo", "content-encoding: gzip", BASE_STR("x"), 415,
           "{\"code\":3,\"message\":\"the body must come without a Content-Encoding\","
           "\"details\":[]}");
    expect("POST", "/whole", "content-type: text/plain", BASE_STR("{}"), 415, NULL);
}

/* As large as the message may be, and what lies beyond: 413, whichever limit says so first. */
static void large_files(void **state)
{
    (void)state;
    static char data[GW_BODY_BYTES_MAX + 1];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (char)(i * 7 + i / 251);
    }
    struct base_str largest = base_str_make(data, GW_REQUEST_WIRE_BYTES_MAX - 64);
    const struct e2e_response *response =
        expect("POST", "/echo", "content-type: a/b", largest, 200, NULL);
    assert_true(base_str_eq(base_buf_str(&response->body), largest));
    expect_header(response, "content-type", "a/b");
    expect("POST", "/echo", "content-type: a/b", base_str_make(data, GW_BODY_BYTES_MAX), 413,
           "{\"code\":8,\"message\":\"the message would be larger than 4194304 bytes\","
           "\"details\":[]}");
    expect("POST", "/echo", "content-type: a/b", base_str_make(data, sizeof data), 413,
           "{\"code\":8,\"message\":\"request body is larger than 4194304 bytes\",\"details\":[]}");
}

/* What goes wrong is JSON, with details of types that the gateway knows and of one it does not. */
static void errors_are_json(void **state)
{
    (void)state;
    const struct e2e_response *response =
        expect("GET", "/files/nope", NULL, (struct base_str){0}, 404,
               "{\"code\":5,\"message\":\"file nope not found\",\"details\":[]}");
    expect_header(response, "content-type", "application/json");
    response = expect(
        "PUT", "/files/" FILES_DENIED, "content-type: text/plain", BASE_STR("x"), 401,
        "{\"code\":16,\"message\":\"who are you?\",\"details\":[{\"@type\":\"type.googleapis.com/"
        "google.rpc.ErrorInfo\",\"reason\":\"NO_TOKEN\",\"domain\":\"\",\"metadata\":{}},"
        "{\"@type\":\"type.googleapis.com/library.v1.Book\","
        "\"value\":\"Eg1Ib3cgdG8gbG9nIGlu\"}]}");
    expect_header(response, "www-authenticate", "Bearer");
}

#define INPROC(test) cmocka_unit_test_setup_teardown(test, open_inproc_http1, close_all)
#define GRPC(test) cmocka_unit_test_setup_teardown(test, open_grpc_http2, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        INPROC(a_file_goes_in_and_out),
        GRPC(a_file_goes_in_and_out),
        INPROC(a_field_goes_out),
        GRPC(a_field_goes_out),
        INPROC(empty_files_are_files),
        GRPC(empty_files_are_files),
        INPROC(any_type_but_no_coding),
        GRPC(any_type_but_no_coding),
        INPROC(large_files),
        GRPC(large_files),
        INPROC(errors_are_json),
        GRPC(errors_are_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
