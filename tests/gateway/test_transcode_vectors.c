/* Outside evidence, where its folder stands beside the project: JSONTestSuite's parsing cases and
 * the big list of naughty strings. The files are JSON and are read by the transcoder itself. */
#include "base/wire.h"
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
static struct base_wire_record field_in(struct base_str wire, uint32_t number)
{
    struct base_wire_record found = {.bytes = BASE_STR("")};
    struct base_wire_reader reader = base_wire_reader_make(wire);
    while (!base_wire_at_end(&reader)) {
        struct base_wire_record record;
        assert_true(base_wire_next(&reader, &record));
        if (record.number == number) {
            found = record;
        }
    }
    return found;
}

/* The rows to accept that we refuse: JSON allows a key twice, but a field has no place for two
 * values. */
static bool has_a_key_twice(struct base_str id)
{
    return base_str_eq(id, BASE_STR("y_object_duplicated_key")) ||
           base_str_eq(id, BASE_STR("y_object_duplicated_key_and_value"));
}

static void parses_json(void **state)
{
    (void)state;
    const struct gw_transcode_options options = {.schema = test_schema()};
    struct base_buf file;
    size_t count = 0;
    read_vectors("json_parsing.json", "test.vectors.JsonParsing", &file);
    struct base_wire_reader reader = base_wire_reader_make(base_buf_str(&file));
    for (struct base_wire_record row; !base_wire_at_end(&reader); count++) {
        assert_true(base_wire_next(&reader, &row));
        struct base_str id = field_in(row.bytes, 1).bytes;
        struct base_str expect = field_in(row.bytes, 2).bytes;
        struct base_buf wire;
        struct base_buf json;
        struct base_err err;
        base_buf_init(&wire, OUTPUT_BYTES_MAX);
        base_buf_init(&json, OUTPUT_BYTES_MAX);
        const struct gw_message *type = test_type("google.protobuf.Value");
        bool ok = gw_json_to_wire(type, field_in(row.bytes, 3).bytes, &options, &wire, &err);
        bool is_twice = has_a_key_twice(id);
        assert_true(!is_twice || (!ok && strstr(err.message, "duplicate key") != NULL));
        if ((base_str_eq(expect, BASE_STR("accept")) && !ok && !is_twice) ||
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

/* As a string, as a key and as text, each comes back as it was. */
static void keeps_naughty_strings(void **state)
{
    (void)state;
    const struct gw_transcode_options options = {.schema = test_schema()};
    struct base_buf file;
    struct base_err err;
    size_t count = 0;
    read_vectors("naughty_strings.json", "test.vectors.Naughty", &file);
    struct base_wire_reader reader = base_wire_reader_make(base_buf_str(&file));
    for (struct base_wire_record row; !base_wire_at_end(&reader); count++) {
        assert_true(base_wire_next(&reader, &row));
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
        cmocka_unit_test(keeps_naughty_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
