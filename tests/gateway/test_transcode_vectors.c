/* Outside evidence, where its folder stands beside the project: JSONTestSuite's parsing cases, the
 * scalars of grpc-gateway's parameters and the big list of naughty strings. The files are JSON and
 * are read by the transcoder itself. */
#include "gateway/wire.h"
#include "tests/gateway/descriptor_file.h"
#include "tests/gateway/transcode_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* Reads VECTORS/name as a message of test.vectors; skips the test where it does not stand. */
static void read_vectors(const char *name, const char *type, struct base_buf *out)
{
    char path[512];
    snprintf(path, sizeof path, VECTORS_FOLDER "/%s", name);
    base_buf_init(out, OUTPUT_BYTES_MAX);
    if (access(path, R_OK) != 0) {
        printf("%s does not stand beside the project\n", name);
        skip();
    }
    const struct gw_transcode_options options = {.schema = test_schema(),
                                                 .ignore_unknown_fields = true};
    struct base_buf json;
    struct base_err err;
    base_buf_init(&json, OUTPUT_BYTES_MAX);
    descriptor_file_read(path, &json);
    if (!gw_json_to_wire(test_type(type), base_buf_str(&json), &options, out, &err)) {
        fail_msg("%s: %s", name, err.message);
    }
    base_buf_dispose(&json);
}

/* The last record of a field in `wire`; empty when there is none. */
static struct gw_wire_record field_in(struct base_str wire, uint32_t number)
{
    struct gw_wire_record found = {.bytes = BASE_STR("")};
    struct gw_wire_reader reader = gw_wire_reader_make(wire);
    while (!gw_wire_at_end(&reader)) {
        struct gw_wire_record record;
        assert_true(gw_wire_next(&reader, &record));
        if (record.number == number) {
            found = record;
        }
    }
    return found;
}

static void parses_json(void **state)
{
    (void)state;
    const struct gw_transcode_options options = {.schema = test_schema()};
    struct base_buf file;
    size_t count = 0;
    read_vectors("json_parsing.json", "test.vectors.JsonParsing", &file);
    struct gw_wire_reader reader = gw_wire_reader_make(base_buf_str(&file));
    for (struct gw_wire_record row; !gw_wire_at_end(&reader); count++) {
        assert_true(gw_wire_next(&reader, &row));
        struct base_str id = field_in(row.bytes, 1).bytes;
        struct base_str expect = field_in(row.bytes, 2).bytes;
        struct base_buf wire;
        struct base_buf json;
        struct base_err err;
        base_buf_init(&wire, OUTPUT_BYTES_MAX);
        base_buf_init(&json, OUTPUT_BYTES_MAX);
        const struct gw_message *type = test_type("google.protobuf.Value");
        bool ok = gw_json_to_wire(type, field_in(row.bytes, 3).bytes, &options, &wire, &err);
        /* Objects with a key twice are among those to accept; ours are refused (no place for two
         * values of one field), so those rows may fail with these words and no others. */
        bool is_duplicate = !ok && strstr(err.message, "duplicate key") != NULL;
        if ((base_str_eq(expect, BASE_STR("accept")) && !ok && !is_duplicate) ||
            (base_str_eq(expect, BASE_STR("reject")) && ok)) {
            fail_msg("%.*s: %s", BASE_STR_ARGS(id), ok ? "was read" : err.message);
        }
        if (ok) {
            assert_true(gw_wire_to_json(type, base_buf_str(&wire), &options, &json, &err));
        }
        base_buf_dispose(&wire);
        base_buf_dispose(&json);
    }
    printf("%zu vectors of json_parsing.json\n", count);
    base_buf_dispose(&file);
}

/* Which of our fields stands for a kind of the file. */
static const struct {
    const char *kind;
    const char *type;
    const char *field;
} kinds[] = {
    {"Timestamp", "WellKnown", "timestamps"}, {"Duration", "WellKnown", "duration"},
    {"StringSlice", "Lists", "strings"},      {"BoolSlice", "Lists", "bools"},
    {"Float64Slice", "Lists", "doubles"},     {"Float32Slice", "Lists", "floats"},
    {"Int64Slice", "Lists", "int64s"},        {"Int32Slice", "Lists", "int32s"},
    {"Uint64Slice", "Maps", "by_uint64"},     {"Uint32Slice", "Maps", "by_uint32"},
    {"BytesSlice", "Lists", "blobs"},
};

/* Rows of another dialect than ours. */
static const struct {
    const char *id;
    const char *reason;
} foreign_rows[] = {
    {"scalar-0001", "text in a path or query has no quotes around it"},
    {"scalar-0006", "text in a path or query has no quotes around it"},
    {"scalar-0015", "booleans are true and false, as in JSON; 1 and 0 are Go's"},
};

static const char *foreign_reason(struct base_str id)
{
    for (size_t i = 0; i < sizeof foreign_rows / sizeof *foreign_rows; i++) {
        if (base_str_eq(id, base_str_of(foreign_rows[i].id))) {
            return foreign_rows[i].reason;
        }
    }
    return NULL;
}

/* The field that takes the values of a row; NULL for the enums, whose names are the row's own. */
static const struct gw_field *field_of_kind(struct base_str kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (base_str_eq(kind, base_str_of(kinds[i].kind))) {
            const struct gw_field *field =
                gw_message_field_by_name(test_type(kinds[i].type), base_str_of(kinds[i].field));
            return field->is_map ? &field->message->fields[0] : field; /* an unsigned key */
        }
    }
    return NULL;
}

/* Reads the values of a row, between its separators, one by one. */
static bool read_values(const struct gw_field *field, struct base_str input, struct base_str sep,
                        struct base_buf *out, struct base_err *err)
{
    const struct gw_transcode_options options = {.schema = test_schema()};
    for (;;) {
        const char *end = sep.len == 0 ? NULL : memchr(input.data, sep.data[0], input.len);
        size_t len = end == NULL ? input.len : (size_t)(end - input.data);
        if (!gw_text_to_wire_field(field, base_str_make(input.data, len), &options, out, err)) {
            return false;
        }
        if (end == NULL) {
            return true;
        }
        input = base_str_make(end + 1, input.len - len - 1);
    }
}

static void reads_scalars(void **state)
{
    (void)state;
    struct base_buf file;
    size_t count = 0;
    read_vectors("scalars.json", "test.vectors.Scalars", &file);
    struct gw_wire_reader reader = gw_wire_reader_make(base_buf_str(&file));
    for (struct gw_wire_record row; !gw_wire_at_end(&reader);) {
        assert_true(gw_wire_next(&reader, &row));
        struct base_str id = field_in(row.bytes, 1).bytes;
        const struct gw_field *field = field_of_kind(field_in(row.bytes, 2).bytes);
        if (field == NULL) {
            continue;
        }
        struct base_buf out;
        struct base_err err;
        base_buf_init(&out, OUTPUT_BYTES_MAX);
        bool ok = read_values(field, field_in(row.bytes, 3).bytes, field_in(row.bytes, 4).bytes,
                              &out, &err);
        bool wanted = field_in(row.bytes, 5).scalar == 0;
        if ((ok == wanted) != (foreign_reason(id) == NULL)) {
            fail_msg("%.*s: %s", BASE_STR_ARGS(id), ok ? "was read" : err.message);
        }
        base_buf_dispose(&out);
        count++;
    }
    printf("%zu vectors of scalars.json\n", count);
    base_buf_dispose(&file);
}

/* As a string, as a key and as text, each comes back as it was. */
static void keeps_naughty_strings(void **state)
{
    (void)state;
    const struct gw_transcode_options options = {.schema = test_schema()};
    struct base_buf file;
    struct base_err err;
    size_t count = 0;
    read_vectors("naughty_strings.json", "test.vectors.Naughty", &file);
    struct gw_wire_reader reader = gw_wire_reader_make(base_buf_str(&file));
    for (struct gw_wire_record row; !gw_wire_at_end(&reader); count++) {
        assert_true(gw_wire_next(&reader, &row));
        struct base_buf wire, json, again;
        base_buf_init(&wire, OUTPUT_BYTES_MAX);
        base_buf_init(&json, OUTPUT_BYTES_MAX);
        base_buf_init(&again, OUTPUT_BYTES_MAX);
        const struct gw_message *structure = test_type("google.protobuf.Struct");
        const struct gw_field *text =
            gw_message_field_by_name(test_type("Lists"), BASE_STR("strings"));
        assert_true(gw_text_to_wire_field(text, row.bytes, &options, &wire, &err));
        assert_true(base_str_eq(field_in(base_buf_str(&wire), text->number).bytes, row.bytes));
        assert_true(
            gw_wire_to_json(test_type("Lists"), base_buf_str(&wire), &options, &json, &err));
        assert_true(
            gw_json_to_wire(test_type("Lists"), base_buf_str(&json), &options, &again, &err));
        assert_true(base_str_eq(base_buf_str(&wire), base_buf_str(&again)));

        struct base_str list = base_str_make(json.data + strlen("{\"strings\":["),
                                             json.len - strlen("{\"strings\":[]}"));
        struct base_buf object;
        base_buf_init(&object, OUTPUT_BYTES_MAX);
        assert_true(base_buf_append_char(&object, '{') && base_buf_append_str(&object, list) &&
                    base_buf_append_char(&object, ':') && base_buf_append_str(&object, list) &&
                    base_buf_append_char(&object, '}'));
        wire.len = json.len = 0;
        assert_true(gw_json_to_wire(structure, base_buf_str(&object), &options, &wire, &err));
        assert_true(gw_wire_to_json(structure, base_buf_str(&wire), &options, &json, &err));
        assert_true(base_str_eq(base_buf_str(&object), base_buf_str(&json)));
        base_buf_dispose(&object);
        base_buf_dispose(&wire);
        base_buf_dispose(&json);
        base_buf_dispose(&again);
    }
    printf("%zu vectors of naughty_strings.json\n", count);
    base_buf_dispose(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_json),
        cmocka_unit_test(reads_scalars),
        cmocka_unit_test(keeps_naughty_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
