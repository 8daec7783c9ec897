/* A request that is taken gives wire bytes that print; one that is refused leaves the buffer alone.
 * Input: a line "METHOD PATH?QUERY", then the body. */
#include "gateway/request.h"
#include "tests/fuzz/fuzz.h"
#include "tests/gateway/descriptor_file.h"

#include <string.h>

static struct gw_schema *schema;
static struct gw_routes *routes;

/* Once; what is made lives as long as the program. */
static void load(void)
{
    if (schema == NULL) {
        struct base_err err;
        schema = descriptor_file_schema(REQUEST_DESCRIPTOR_SET);
        routes = gw_routes_create(schema, &err);
        FUZZ_CHECK(routes != NULL);
    }
}

static void check_request(const struct gw_route *route, const struct gw_http_request *request,
                          bool ignore_unknown_fields)
{
    struct gw_transcode_options options = {.schema = schema,
                                           .ignore_unknown_fields = ignore_unknown_fields};
    struct base_buf wire;
    struct base_buf json;
    struct base_err err = {0};
    base_buf_init(&wire, (size_t)1 << 20);
    base_buf_init(&json, (size_t)1 << 24);
    FUZZ_CHECK(base_buf_append_char(&wire, '>'));
    if (gw_request_to_wire(route, request, &options, &wire, &err)) {
        struct base_str message = base_str_make(wire.data + 1, wire.len - 1);
        /* A mask in the query takes paths as they come, and JSON cannot hold all of them. */
        FUZZ_CHECK(gw_wire_to_json(route->method->input, message, &options, &json, &err) ||
                   strstr(err.message, "that JSON cannot hold") != NULL);
    } else {
        FUZZ_CHECK(err.code == BASE_INVALID_ARGUMENT || err.code == BASE_RESOURCE_EXHAUSTED);
        FUZZ_CHECK(err.message[0] != '\0');
        FUZZ_CHECK(wire.len == 1 && wire.data[0] == '>');
    }
    base_buf_dispose(&wire);
    base_buf_dispose(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    load();
    struct base_str body = base_str_make((const char *)data, size);
    struct base_str query = fuzz_take_until(&body, '\n');
    struct base_str method = fuzz_take_until(&query, ' ');
    struct base_str path = fuzz_take_until(&query, '?');
    void *route = NULL;
    struct gw_captures captures;
    if (gw_router_match(gw_routes_router(routes), method, path, &route, &captures) == GW_MATCHED) {
        struct gw_http_request request = {.captures = &captures, .raw_query = query, .body = body};
        check_request(route, &request, false);
        check_request(route, &request, true);
    }
    return 0;
}
