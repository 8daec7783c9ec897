/* Requests as the tests write them down: one line of HTTP and a body, and the message they become,
 * as JSON, or the words they are refused with. */
#ifndef GATEWAY_REQUEST_FIXTURE_H
#define GATEWAY_REQUEST_FIXTURE_H

#include "gateway/http_body.h"
#include "gateway/request.h"
#include "tests/gateway/descriptor_file.h"

struct request_fixture {
    struct gw_schema *schema;
    struct gw_routes *routes;
    struct gw_transcode_options options;
};

struct request_row {
    const char *name;
    const char *request; /* "GET /things/1?tag=a" */
    const char *body;    /* NULL: none */
    const char *want;    /* JSON, or the error's message */
};

/* Loads a descriptor set with its routes; fails the test when that cannot be. */
void request_fixture_open(struct request_fixture *f, const char *descriptor_set);
void request_fixture_close(struct request_fixture *f);

/* Routes "GET /things/1?tag=a" with a body of any bytes, and transcodes it; false with `err` set
 * when it is refused. Fails the test when no route takes it. */
bool request_send(const struct request_fixture *f, const char *line,
                  const struct gw_http_body *body, struct base_buf *wire,
                  const struct gw_route **out_route, struct base_err *err) BASE_MUST_CHECK;

/* As request_send, of a row. */
bool request_to_wire(const struct request_fixture *f, const struct request_row *row,
                     struct base_buf *wire, const struct gw_route **out_route,
                     struct base_err *err) BASE_MUST_CHECK;

/* Fails the test unless the row becomes what it wants. */
void request_row_check(const struct request_fixture *f, const struct request_row *row,
                       bool is_error);

#define REQUEST_ROWS_CHECK(f, rows, is_error)                                                      \
    for (size_t row_ = 0; row_ < sizeof(rows) / sizeof(rows)[0]; row_++) {                         \
        request_row_check(f, &(rows)[row_], is_error);                                             \
    }

#endif
