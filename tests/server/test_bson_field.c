/* Names of fields, keys of maps and paths, each by itself. */
#include "server/bson_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_fields_as_protojson_does(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"note", "note"},        {"note_id", "noteId"},
        {"a_az_z", "aAzZ"},      {"a__b", "aB"},
        {"a_1", "a1"},           {"_id", "Id"},
        {"_version", "Version"}, {"a_", "a"},
        {"a_B", "aB"},           {"A", "A"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[SRV_BSON_NAME_SIZE];
        assert_true(srv_bson_field_name(rows[i][0], name));
        assert_string_equal(name, rows[i][1]);
    }
}

static void refuses_names_that_are_too_long(void **state)
{
    (void)state;
    char proto_name[SRV_BSON_NAME_SIZE + 1];
    char name[SRV_BSON_NAME_SIZE];
    memset(proto_name, 'n', sizeof proto_name);
    proto_name[SRV_BSON_NAME_SIZE] = '\0';
    assert_false(srv_bson_field_name(proto_name, name));
    proto_name[SRV_BSON_NAME_SIZE - 1] = '\0';
    assert_true(srv_bson_field_name(proto_name, name));
    assert_string_equal(name, proto_name);
}

static void escapes_keys_and_back(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},       {"plain", "plain"}, {"a.b", "a%2Eb"},
        {"$a", "%24a"}, {"%2E", "%252E"},   {"%.$\xC3\xBC", "%25%2E%24\xC3\xBC"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char escaped[SRV_BSON_MAP_KEY_SIZE];
        char back[SRV_BSON_MAP_KEY_SIZE];
        assert_true(srv_bson_escape_key(base_str_of(rows[i][0]), escaped));
        assert_string_equal(escaped, rows[i][1]);
        srv_bson_unescape_key(escaped, back);
        assert_string_equal(back, rows[i][0]);
    }
    char as_it_is[SRV_BSON_MAP_KEY_SIZE];
    srv_bson_unescape_key("%2e%zz%", as_it_is);
    assert_string_equal(as_it_is, "%2e%zz%");
}

static void refuses_keys_that_are_too_long(void **state)
{
    (void)state;
    char key[SRV_BSON_MAP_KEY_BYTES_MAX + 1];
    char escaped[SRV_BSON_MAP_KEY_SIZE];
    memset(key, '.', sizeof key);
    assert_false(srv_bson_escape_key(base_str_make(key, sizeof key), escaped));
    assert_true(srv_bson_escape_key(base_str_make(key, sizeof key - 1), escaped));
    assert_int_equal(strlen(escaped), sizeof escaped - 1);
}

static void tells_where_it_stands(void **state)
{
    (void)state;
    const struct srv_bson_place books = {NULL, "books"};
    const struct srv_bson_place first = {&books, "0"};
    const struct srv_bson_place name = {&first, "n\xC3\xBC"};
    static const struct {
        size_t size;
        const char *path;
    } rows[] = {
        {32, "books.0.n\xC3\xBC"},
        {12, "books.0.n\xC3\xBC"},
        {11, "books.0.n"},
        {10, "books.0.n"},
        {9, "books.0."},
        {8, "books.0"},
        {7, "books."},
        {1, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[32];
        srv_bson_place_format(&name, path, rows[i].size);
        assert_string_equal(path, rows[i].path);
    }
    char path[32];
    srv_bson_place_format(NULL, path, sizeof path);
    assert_string_equal(path, "document");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_fields_as_protojson_does),
        cmocka_unit_test(refuses_names_that_are_too_long),
        cmocka_unit_test(escapes_keys_and_back),
        cmocka_unit_test(refuses_keys_that_are_too_long),
        cmocka_unit_test(tells_where_it_stands),
    };
    return cmocka_run_group_tests_name("bson_field", tests, NULL, NULL);
}
