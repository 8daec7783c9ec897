/* What the options of writing JSON change. */
#include "tests/gateway/transcode_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CHECK(rows, ...) CHECK_ROWS(rows, hex_to_json, ((struct gw_transcode_options){__VA_ARGS__}))

static void int64_as_numbers(void **state)
{
    (void)state;
    static const struct transcode_row rows[] = {
        {"small", "Scalars", "2001", "{\"anInt64\":1}"},
        {"below zero", "Scalars", "20ffffffffffffffffff01", "{\"anInt64\":-1}"},
        {"2^53", "Scalars", "208080808080808010", "{\"anInt64\":9007199254740992}"},
        {"past 2^53", "Scalars", "208180808080808010", "{\"anInt64\":\"9007199254740993\"}"},
        {"-2^53", "Scalars", "2080808080808080f0ff01", "{\"anInt64\":-9007199254740992}"},
        {"below -2^53", "Scalars", "20ffffffffffffffefff01", "{\"anInt64\":\"-9007199254740993\"}"},
        {"uint64 2^53", "Scalars", "308080808080808010", "{\"aUint64\":9007199254740992}"},
        {"uint64 past it", "Scalars", "308180808080808010", "{\"aUint64\":\"9007199254740993\"}"},
        {"uint64 largest", "Scalars", "30ffffffffffffffffff01",
         "{\"aUint64\":\"18446744073709551615\"}"},
        {"sint64", "Scalars", "4003", "{\"aSint64\":-2}"},
        {"fixed64", "Scalars", "510100000000000000", "{\"aFixed64\":1}"},
        {"sfixed64", "Scalars", "61ffffffffffffffff", "{\"aSfixed64\":-1}"},
        {"in lists", "Lists", "220201 02", "{\"int64s\":[1,2]}"},
        {"in wrappers", "WellKnown", "62020805", "{\"wrappedInt64\":5}"},
        {"keys of maps stay strings", "Maps", "1205080112 0161", "{\"byInt64\":{\"1\":\"a\"}}"},
    };
    CHECK(rows, .print_int64_numbers = true);
}

static void enums_as_numbers(void **state)
{
    (void)state;
    static const struct transcode_row rows[] = {
        {"a field", "Scalars", "800102", "{\"aColor\":2}"},
        {"below zero", "Scalars", "8001ffffffffffffffffff01", "{\"aColor\":-1}"},
        {"in lists", "Lists", "8201020102", "{\"colors\":[1,2]}"},
        {"in maps", "Maps", "72050a01611001", "{\"colors\":{\"a\":1}}"},
        {"NullValue stays null", "Choices", "2000", "{\"nothing\":null}"},
    };
    CHECK(rows, .print_enum_numbers = true);
}

static void proto_names(void **state)
{
    (void)state;
    static const struct transcode_row rows[] = {
        {"snake case", "Note", "0a0161", "{\"note_id\":\"a\"}"},
        {"whatever json_name says", "Names", "0801 1002", "{\"snake_case\":1,\"renamed\":2}"},
        {"inside an Any", "google.protobuf.Any", "0a0e612f746573742e76312e4e6f7465 1203 0a0161",
         "{\"@type\":\"a/test.v1.Note\",\"note_id\":\"a\"}"},
        {"paths of a FieldMask stay camel case", "WellKnown", "1a09 0a076e6f74655f6964",
         "{\"mask\":\"noteId\"}"},
    };
    CHECK(rows, .print_proto_names = true);
}

static void defaults(void **state)
{
    (void)state;
    static const struct transcode_row rows[] = {
        {"around what is set", "Note", "120178",
         "{\"noteId\":\"\",\"title\":\"x\",\"content\":\"\"}"},
        {"out of order", "Note", "120178 0a0169",
         "{\"noteId\":\"i\",\"title\":\"x\",\"content\":\"\"}"},
        {"lists, maps, but no messages", "Nested", "",
         "{\"children\":[],\"name\":\"\",\"named\":{}}"},
        {"inside a message", "Nested", "0a00",
         "{\"child\":{\"children\":[],\"name\":\"\",\"named\":{}},\"children\":[],\"name\":\"\","
         "\"named\":{}}"},
        {"not what has presence", "Choices", "", "{}"},
        {"every scalar", "Scalars", "",
         "{\"aDouble\":0,\"aFloat\":0,\"anInt32\":0,\"anInt64\":\"0\",\"aUint32\":0,"
         "\"aUint64\":\"0\",\"aSint32\":0,\"aSint64\":\"0\",\"aFixed32\":0,\"aFixed64\":\"0\","
         "\"aSfixed32\":0,\"aSfixed64\":\"0\",\"aBool\":false,\"aString\":\"\",\"someBytes\":\"\","
         "\"aColor\":\"COLOR_UNSPECIFIED\"}"},
        {"of proto2, lists alone", "test.v2.Legacy", "",
         "{\"many\":[],\"loose\":[],\"tight\":[],\"item\":[],\"closedByName\":{}}"},
        {"numbers far apart", "Sparse", "", "{\"first\":0,\"far\":0,\"last\":0}"},
        {"every map, and inside a map", "Maps", "6a050a01611200",
         "{\"byInt32\":{},\"byInt64\":{},\"byUint32\":{},\"byUint64\":{},\"bySint32\":{},"
         "\"bySint64\":{},\"byFixed32\":{},\"byFixed64\":{},\"bySfixed32\":{},\"bySfixed64\":{},"
         "\"byBool\":{},\"numbers\":{},\"notes\":{\"a\":{\"noteId\":\"\",\"title\":\"\","
         "\"content\":\"\"}},\"colors\":{},\"blobs\":{},\"values\":{}}"},
    };
    CHECK(rows, .print_defaults = true);
}

static void indentation(void **state)
{
    (void)state;
    static const struct transcode_row rows[] = {
        {"an empty message", "Note", "", "{}"},
        {"members", "Note", "0a0161 120162", "{\n  \"noteId\": \"a\",\n  \"title\": \"b\"\n}"},
        {"elements", "Lists", "1a020102", "{\n  \"int32s\": [\n    1,\n    2\n  ]\n}"},
        {"messages in a list, one of them empty", "NoteList", "0a00 0a030a0161",
         "{\n  \"notes\": [\n    {},\n    {\n      \"noteId\": \"a\"\n    }\n  ]\n}"},
        {"brackets, commas and quotes in strings", "Note", "0a08 7b2c223a5c5d5b7d",
         "{\n  \"noteId\": \"{,\\\":\\\\][}\"\n}"},
        {"a string that ends in a backslash", "Note", "0a015c", "{\n  \"noteId\": \"\\\\\"\n}"},
        {"a scalar", "google.protobuf.Int32Value", "0805", "5"},
        {"a string", "google.protobuf.StringValue", "0a022c3a", "\",:\""},
        {"an Any", "google.protobuf.Any", "0a0e612f746573742e76312e4e6f7465 1203 0a0161",
         "{\n  \"@type\": \"a/test.v1.Note\",\n  \"noteId\": \"a\"\n}"},
        {"out of order", "Note", "120162 0a0161", "{\n  \"noteId\": \"a\",\n  \"title\": \"b\"\n}"},
    };
    CHECK(rows, .indent = 2);
    assert_string_equal(hex_to_json("Note", "0a0161", (struct gw_transcode_options){.indent = 8}),
                        "{\n        \"noteId\": \"a\"\n}");
    assert_string_equal(
        hex_to_json("Nested", "",
                    (struct gw_transcode_options){.indent = 1, .print_defaults = true}),
        "{\n \"children\": [],\n \"name\": \"\",\n \"named\": {}\n}");
}

/* The buffer's maximum holds for the lines too, and what stood in it before is left alone. */
static void indentation_is_limited(void **state)
{
    (void)state;
    const char compact[] = "ab{\"noteId\":\"x\"}";
    const char want[] = "ab{\n    \"noteId\": \"x\"\n}";
    for (size_t max = sizeof compact - 1; max < sizeof want; max++) {
        struct base_buf out;
        base_buf_init(&out, max);
        assert_true(base_buf_append(&out, compact, sizeof compact - 1));
        bool ok = gw_json_indent(&out, 2, 4);
        assert_int_equal(ok, max == sizeof want - 1);
        assert_int_equal(out.len, ok ? sizeof want - 1 : sizeof compact - 1);
        assert_memory_equal(out.data, ok ? want : compact, out.len);
        base_buf_dispose(&out);
    }
    struct gw_transcode_options options = {.schema = test_schema(), .indent = 8};
    struct base_buf out;
    struct base_err err;
    base_buf_init(&out, 64);
    assert_false(gw_wire_to_json(test_type("Lists"), BASE_STR("\x1a\x04\x01\x02\x03\x04"), &options,
                                 &out, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "the JSON would be larger than 64 bytes");
    assert_int_equal(out.len, 0);
    base_buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int64_as_numbers), cmocka_unit_test(enums_as_numbers),
        cmocka_unit_test(proto_names),      cmocka_unit_test(defaults),
        cmocka_unit_test(indentation),      cmocka_unit_test(indentation_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
