/* The schema: what the tables say of protos/. */
#include "tests/gateway/transcode_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct gw_field *field_of(const char *type, const char *name)
{
    const struct gw_field *field = gw_message_field_by_name(test_type(type), base_str_of(name));
    assert_non_null(field);
    return field;
}

static bool is(struct base_str text, const char *want)
{
    return base_str_eq(text, base_str_of(want));
}

static void describes_fields(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *name;
        const char *json_key;
        const char *tag;   /* hex */
        const char *marks; /* r repeated, m map, p packed, q required, e presence, u checks UTF-8 */
        int oneof;
    } rows[] = {
        {"Scalars", "a_double", "\"aDouble\":", "09", "", -1},
        {"Scalars", "a_string", "\"aString\":", "72", "u", -1},
        {"Scalars", "a_color", "\"aColor\":", "8001", "", -1},
        {"Lists", "int32s", "\"int32s\":", "1a", "rp", -1},
        {"Lists", "loose", "\"loose\":", "8801", "r", -1},
        {"Lists", "strings", "\"strings\":", "72", "ru", -1},
        {"Lists", "colors", "\"colors\":", "8201", "rp", -1},
        {"Maps", "numbers", "\"numbers\":", "62", "rm", -1},
        {"Choices", "text", "\"text\":", "0a", "eu", 0},
        {"Choices", "color", "\"color\":", "28", "e", 0},
        {"Choices", "maybe_number", "\"maybeNumber\":", "30", "e", -1},
        {"Choices", "yes", "\"yes\":", "48", "e", 1},
        {"Names", "renamed", "\"other-name\":", "10", "", -1},
        {"Note", "timestamp", "\"timestamp\":", "22", "e", -1},
        {"Sparse", "last", "\"last\":", "f8ffffff0f", "", -1},
        {"test.v2.Legacy", "text", "\"text\":", "12", "e", -1},
        {"test.v2.Legacy", "inner", "\"inner\":", "53", "e", -1},
        {"test.v2.Legacy", "loose", "\"loose\":", "40", "r", -1},
        {"test.v2.Legacy", "tight", "\"tight\":", "4a", "rp", -1},
        {"test.v2.Strict", "id", "\"id\":", "08", "qe", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct gw_field *field = field_of(rows[i].type, rows[i].name);
        char tag[16];
        char marks[8];
        to_hex(base_str_make((const char *)field->tag, field->tag_len), tag, sizeof tag);
        snprintf(marks, sizeof marks, "%s%s%s%s%s%s", field->is_repeated ? "r" : "",
                 field->is_map ? "m" : "", field->is_packed ? "p" : "",
                 field->is_required ? "q" : "", field->has_presence ? "e" : "",
                 field->checks_utf8 ? "u" : "");
        assert_true(is(field->json_key, rows[i].json_key));
        assert_string_equal(tag, rows[i].tag);
        assert_string_equal(marks, rows[i].marks);
        assert_int_equal(field->oneof, rows[i].oneof);
        assert_ptr_equal(field, &field->parent->fields[field->index]);
    }
    assert_int_equal(test_type("Choices")->oneof_count, 2);
    assert_true(test_type("test.v2.Strict")->has_required);
    assert_true(is(field_of("test.v2.Legacy", "number")->default_value, "-7"));
}

static void finds_fields(void **state)
{
    (void)state;
    const struct gw_message *names = test_type("Names");
    static const struct {
        const char *text;
        const char *by_text; /* the field's proto name, or NULL */
        const char *by_name;
    } rows[] = {
        {"snakeCase", "snake_case", NULL}, {"snake_case", "snake_case", "snake_case"},
        {"other-name", "renamed", NULL},   {"renamed", "renamed", "renamed"},
        {"crossed", "swapped", "crossed"}, {"swapped", "crossed", "swapped"},
        {"nothing", NULL, NULL},           {"", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_str text = base_str_of(rows[i].text);
        const struct gw_field *field = gw_message_field_by_text(names, text);
        assert_int_equal(field != NULL, rows[i].by_text != NULL);
        assert_true(field == NULL || is(field->name, rows[i].by_text));
        field = gw_message_field_by_name(names, text);
        assert_int_equal(field != NULL, rows[i].by_name != NULL);
        assert_true(field == NULL || is(field->name, rows[i].by_name));
    }
    const struct gw_message *wide = test_type("Wide");
    for (uint32_t i = 0; i < wide->field_count; i++) {
        assert_ptr_equal(gw_message_field_by_text(wide, wide->fields[i].json_name),
                         &wide->fields[i]);
        assert_ptr_equal(gw_message_field_by_number(wide, i + 1), &wide->fields[i]);
    }
    assert_null(gw_message_field_by_number(wide, 0));
    assert_null(gw_message_field_by_number(wide, 301));
    const struct gw_message *sparse = test_type("Sparse");
    assert_true(is(gw_message_field_by_number(sparse, 100000)->name, "far"));
    assert_true(is(gw_message_field_by_number(sparse, 536870911)->name, "last"));
    assert_null(gw_message_field_by_number(sparse, 2));
}

static void finds_enum_values(void **state)
{
    (void)state;
    const struct gw_enum *color = gw_schema_enum(test_schema(), BASE_STR("test.v1.Color"));
    assert_false(color->is_closed);
    assert_true(is(gw_enum_by_number(color, 2)->name, "GREEN")); /* declared before its alias */
    assert_true(is(gw_enum_by_number(color, -1)->json, "\"DARK\""));
    assert_null(gw_enum_by_number(color, 3));
    assert_int_equal(gw_enum_by_name(color, BASE_STR("VERT"))->number, 2);
    assert_null(gw_enum_by_name(color, BASE_STR("VER")));
    assert_null(gw_enum_by_name(color, BASE_STR("VERTE")));
    assert_true(gw_schema_enum(test_schema(), BASE_STR("test.v2.Closed"))->is_closed);
    assert_null(gw_schema_enum(test_schema(), BASE_STR("test.v1.Note")));
    assert_null(gw_schema_message(test_schema(), BASE_STR("test.v1.Color")));
}

static void describes_methods(void **state)
{
    (void)state;
    assert_int_equal(gw_schema_method_count(test_schema()), 2);
    const struct gw_method *get = gw_schema_method(test_schema(), 0);
    assert_true(is(get->full_name, "test.v1.Everything.GetNote"));
    assert_string_equal(get->path, "/test.v1.Everything/GetNote");
    assert_ptr_equal(get->input, test_type("Note"));
    assert_true(get->api_key_required);
    assert_int_equal(get->success_status, 201);
    assert_int_equal(get->rule_count, 3);
    assert_true(is(get->rules[0].http_method, "GET"));
    assert_true(is(get->rules[0].path_template, "/notes/{note_id}"));
    assert_true(is(get->rules[1].http_method, "HEAD"));
    assert_true(is(get->rules[2].body, "*"));
    assert_true(is(get->rules[2].response_body, "title"));
    const struct gw_method *watch = gw_schema_method(test_schema(), 1);
    assert_true(watch->client_streaming && watch->server_streaming);
    assert_int_equal(watch->rule_count, 0);
    assert_int_equal(watch->success_status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_fields),
        cmocka_unit_test(finds_fields),
        cmocka_unit_test(finds_enum_values),
        cmocka_unit_test(describes_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
