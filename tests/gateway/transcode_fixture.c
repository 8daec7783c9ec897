#include "tests/gateway/transcode_fixture.h"

#include "gateway/wire_normal.h"
#include "tests/gateway/descriptor_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

/* Bytes of what json_to_hex and hex_to_json return, and of the wire bytes they take. */
#define RESULT_SIZE (64 * 1024)

const struct gw_transcode_options plain;

static struct gw_schema *schema;
static char result[RESULT_SIZE];

static void destroy_schema(void)
{
    gw_schema_destroy(schema);
}

const struct gw_schema *test_schema(void)
{
    if (schema == NULL) {
        schema = descriptor_file_schema(TRANSCODE_DESCRIPTOR_SET);
        atexit(destroy_schema);
    }
    return schema;
}

const struct gw_message *test_type(const char *name)
{
    char full_name[128];
    snprintf(full_name, sizeof full_name, "%s%s", strchr(name, '.') == NULL ? "test.v1." : "",
             name);
    const struct gw_message *type = gw_schema_message(test_schema(), base_str_of(full_name));
    if (type == NULL) {
        fail_msg("no type %s", full_name);
    }
    return type;
}

const char *json_to_hex(const char *type, const char *json, struct gw_transcode_options options)
{
    struct base_buf out;
    struct base_err err;
    options.schema = test_schema();
    base_buf_init(&out, OUTPUT_BYTES_MAX);
    if (gw_json_to_wire(test_type(type), base_str_of(json), &options, &out, &err)) {
        to_hex(base_buf_str(&out), result, sizeof result);
    } else {
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        snprintf(result, sizeof result, "%s", err.message);
    }
    base_buf_dispose(&out);
    return result;
}

const char *hex_to_json(const char *type, const char *hex, struct gw_transcode_options options)
{
    static char wire[RESULT_SIZE];
    struct base_buf out;
    struct base_err err;
    options.schema = test_schema();
    base_buf_init(&out, RESULT_SIZE - 1);
    if (gw_wire_to_json(test_type(type), from_hex(hex, wire, sizeof wire), &options, &out, &err)) {
        memcpy(result, out.data, out.len);
        result[out.len] = '\0';
    } else {
        assert_int_equal(err.code, BASE_INTERNAL);
        assert_int_equal(out.len, 0);
        snprintf(result, sizeof result, "%s", err.message);
    }
    base_buf_dispose(&out);
    return result;
}

const char *hex_to_normal(const char *type, const char *hex, const struct gw_schema *any_schema)
{
    static char wire[RESULT_SIZE];
    struct base_buf out;
    struct base_err err;
    base_buf_init(&out, RESULT_SIZE / 2 - 1);
    if (gw_wire_normalize(test_type(type), from_hex(hex, wire, sizeof wire), any_schema, &out,
                          &err)) {
        to_hex(base_buf_str(&out), result, sizeof result);
    } else {
        assert_int_equal(err.code, BASE_INTERNAL);
        assert_int_equal(out.len, 0);
        snprintf(result, sizeof result, "%s", err.message);
    }
    base_buf_dispose(&out);
    return result;
}

void check_rows(const struct transcode_row *rows, size_t count,
                const char *(*convert)(const char *type, const char *input,
                                       struct gw_transcode_options options),
                struct gw_transcode_options options)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = convert(rows[i].type, rows[i].input, options);
        if (strcmp(got, rows[i].want) != 0) {
            fail_msg("%s: %s, not %s", rows[i].name, got, rows[i].want);
        }
    }
}
