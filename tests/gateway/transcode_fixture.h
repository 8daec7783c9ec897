/* What the tests of the transcoder share: the schema of protos/, and one call each
 * way with its bytes as hex. */
#ifndef GATEWAY_TRANSCODE_FIXTURE_H
#define GATEWAY_TRANSCODE_FIXTURE_H

#include "gateway/transcode.h"
#include "tests/hex.h"

#include <stddef.h>

/* Bytes of output a test allows. */
#define OUTPUT_BYTES_MAX (size_t)(4 * 1024 * 1024)

/* The schema of protos/; loaded once. */
const struct gw_schema *test_schema(void);

/* A message type of package test.v1, or by its full name; fails the test when there is none. */
const struct gw_message *test_type(const char *name);

/* What reading `json`, or writing the wire bytes that `hex` stands for, comes to: hex or JSON, else
 * the error's message. The options' schema is the tests'. What is returned lives until the next
 * call of either. */
const char *json_to_hex(const char *type, const char *json, struct gw_transcode_options options);
const char *hex_to_json(const char *type, const char *hex, struct gw_transcode_options options);

/* The same of the normal form of the wire bytes, as hex. */
const char *hex_to_normal(const char *type, const char *hex, const struct gw_schema *any_schema);

/* No option set. */
extern const struct gw_transcode_options plain;

/* What comes as a message of the type, and what it comes to. */
struct transcode_row {
    const char *name;
    const char *type;
    const char *input;
    const char *want;
};

/* Holds json_to_hex or hex_to_json to rows; a failure says which. */
void check_rows(const struct transcode_row *rows, size_t count,
                const char *(*convert)(const char *type, const char *input,
                                       struct gw_transcode_options options),
                struct gw_transcode_options options);
#define CHECK_ROWS(rows, convert, options)                                                         \
    check_rows(rows, sizeof(rows) / sizeof *(rows), convert, options)

#endif
