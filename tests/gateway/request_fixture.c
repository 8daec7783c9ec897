#include "tests/gateway/request_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void request_fixture_open(struct request_fixture *f, const char *descriptor_set)
{
    struct base_err err = {0};
    f->schema = descriptor_file_schema(descriptor_set);
    f->routes = gw_routes_create(f->schema, &err);
    if (f->routes == NULL) {
        fail_msg("%s", err.message);
    }
    f->options = (struct gw_transcode_options){.schema = f->schema};
}

void request_fixture_close(struct request_fixture *f)
{
    gw_routes_destroy(f->routes);
    gw_schema_destroy(f->schema);
}

bool request_send(const struct request_fixture *f, const char *line,
                  const struct gw_http_body *body, struct base_buf *wire,
                  const struct gw_route **out_route, struct base_err *err)
{
    const char *space = strchr(line, ' ');
    const char *question = strchr(line, '?');
    const char *end = question == NULL ? line + strlen(line) : question;
    struct base_str method = base_str_make(line, (size_t)(space - line));
    struct base_str path = base_str_make(space + 1, (size_t)(end - space - 1));
    void *route = NULL;
    struct gw_captures captures;
    if (gw_router_match(gw_routes_router(f->routes), method, path, &route, &captures) !=
        GW_MATCHED) {
        fail_msg("%s reaches no route", line);
    }
    struct gw_http_request request = {
        .captures = &captures,
        .raw_query = base_str_of(question == NULL ? NULL : question + 1),
        .body = body->data,
        .content_type = body->content_type,
    };
    *out_route = route;
    return gw_request_to_wire(route, &request, &f->options, wire, err);
}

bool request_to_wire(const struct request_fixture *f, const struct request_row *row,
                     struct base_buf *wire, const struct gw_route **out_route, struct base_err *err)
{
    struct gw_http_body body = {.data = base_str_of(row->body)};
    return request_send(f, row->request, &body, wire, out_route, err);
}

void request_row_check(const struct request_fixture *f, const struct request_row *row,
                       bool is_error)
{
    struct base_buf wire;
    struct base_buf json;
    base_buf_init(&wire, 1 << 20);
    base_buf_init(&json, 1 << 20);
    assert_true(base_buf_append(&wire, "\x9a\x06\x00", 3)); /* field 99, empty: stays in front */
    const struct gw_route *route;
    struct base_err err = {0};
    bool fine = request_to_wire(f, row, &wire, &route, &err);
    if (fine == is_error) {
        fail_msg("%s: %s: %s", row->name, row->request, fine ? "accepted" : err.message);
    }
    if (is_error) {
        assert_string_equal(err.message, row->want);
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        assert_int_equal(wire.len, 3);
    } else {
        assert_true(
            gw_wire_to_json(route->method->input, base_buf_str(&wire), &f->options, &json, &err));
        assert_true(base_buf_append_char(&json, '\0'));
        if (strcmp(json.data, row->want) != 0) {
            fail_msg("%s: %s\n got %s\nwant %s", row->name, row->request, json.data, row->want);
        }
    }
    base_buf_dispose(&wire);
    base_buf_dispose(&json);
}
