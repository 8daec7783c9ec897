/* JSON to wire: every scalar in every spelling, lists, maps, oneofs, names, well-known types. What
 * is refused stands in test_json_refusals.c. */
#include "tests/gateway/transcode_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct transcode_row scalar_rows[] = {
    {"nothing", "Scalars", "{}", ""},
    {"space around", "Scalars", " \t\r\n{ } \n", ""},
    {"zeros are left out", "Scalars",
     "{\"aDouble\":0,\"anInt32\":0,\"aBool\":false,\"aString\":\"\",\"someBytes\":\"\","
     "\"aColor\":0}",
     ""},
    {"null is unset", "Scalars", "{\"aDouble\":null,\"aString\":null}", ""},
    {"double", "Scalars", "{\"aDouble\":1.5}", "09000000000000f83f"},
    {"double in quotes", "Scalars", "{\"aDouble\":\"1.5\"}", "09000000000000f83f"},
    {"double minus zero", "Scalars", "{\"aDouble\":-0}", "090000000000000080"},
    {"double NaN", "Scalars", "{\"aDouble\":\"NaN\"}", "09000000000000f87f"},
    {"double Infinity", "Scalars", "{\"aDouble\":\"Infinity\"}", "09000000000000f07f"},
    {"double -Infinity", "Scalars", "{\"aDouble\":\"-Infinity\"}", "09000000000000f0ff"},
    {"double largest", "Scalars", "{\"aDouble\":1.7976931348623157e308}", "09ffffffffffffef7f"},
    {"double smallest", "Scalars", "{\"aDouble\":4.9e-324}", "090100000000000000"},
    {"double too small is zero", "Scalars", "{\"aDouble\":1e-400}", ""},
    {"double halfway", "Scalars", "{\"aDouble\":9007199254740993}", "090000000000004043"},
    {"float", "Scalars", "{\"aFloat\":-2.5e0}", "15000020c0"},
    {"float rounds once", "Scalars", "{\"aFloat\":1.00000017881393432617187499}", "150100803f"},
    {"float NaN", "Scalars", "{\"aFloat\":\"NaN\"}", "150000c07f"},
    {"float largest", "Scalars", "{\"aFloat\":3.4028235e38}", "15ffff7f7f"},
    {"int32", "Scalars", "{\"anInt32\":150}", "189601"},
    {"int32 least", "Scalars", "{\"anInt32\":-2147483648}", "1880808080f8ffffffff01"},
    {"int32 in quotes", "Scalars", "{\"anInt32\":\"150\"}", "189601"},
    {"int32 with an exponent", "Scalars", "{\"anInt32\":1.5e2}", "189601"},
    {"int32 with a zero fraction", "Scalars", "{\"anInt32\":150.000}", "189601"},
    {"int32 with a negative exponent", "Scalars", "{\"anInt32\":15000E-2}", "189601"},
    {"int32 quoted exponent", "Scalars", "{\"anInt32\":\"1.5e2\"}", "189601"},
    {"int32 escaped digits", "Scalars", "{\"anInt32\":\"\\u00315\\u0030\"}", "189601"},
    {"int32 zero with an exponent", "Scalars", "{\"anInt32\":0e999999999999999999999}", ""},
    {"int64 largest", "Scalars", "{\"anInt64\":\"9223372036854775807\"}", "20ffffffffffffffff7f"},
    {"int64 least", "Scalars", "{\"anInt64\":-9223372036854775808}", "2080808080808080808001"},
    {"int64 is exact", "Scalars", "{\"anInt64\":9007199254740993}",
     "2081808080808080"
     "10"},
    {"uint32 largest", "Scalars", "{\"aUint32\":4294967295}", "28ffffffff0f"},
    {"uint32 largest as real", "Scalars", "{\"aUint32\":4.294967295e9}", "28ffffffff0f"},
    {"uint64 largest", "Scalars", "{\"aUint64\":18446744073709551615}", "30ffffffffffffffffff01"},
    {"sint32", "Scalars", "{\"aSint32\":-2}", "3803"},
    {"sint32 least", "Scalars", "{\"aSint32\":-2147483648}", "38ffffffff0f"},
    {"sint64", "Scalars", "{\"aSint64\":\"-1\"}", "4001"},
    {"sint64 least", "Scalars", "{\"aSint64\":\"-9223372036854775808\"}", "40ffffffffffffffffff01"},
    {"fixed32", "Scalars", "{\"aFixed32\":1}", "4d01000000"},
    {"fixed64", "Scalars", "{\"aFixed64\":\"1\"}", "510100000000000000"},
    {"sfixed32", "Scalars", "{\"aSfixed32\":-1}", "5dffffffff"},
    {"sfixed64", "Scalars", "{\"aSfixed64\":\"-1\"}", "61ffffffffffffffff"},
    {"bool", "Scalars", "{\"aBool\":true}", "6801"},
    {"string", "Scalars", "{\"aString\":\"h\xc3\xa9\"}", "720368c3a9"},
    {"string escapes", "Scalars", "{\"aString\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
     "7208225c2f080c0a0d09"},
    {"string NUL", "Scalars", "{\"aString\":\"a\\u0000b\"}", "7203610062"},
    {"string unicode", "Scalars", "{\"aString\":\"\\u00e9\\u20AC\\uD83D\\uDE00x\"}",
     "720ac3a9e282acf09f988078"},
    {"string of 20 and an escape", "Scalars", "{\"aString\":\"01234567890123456789\\n\"}",
     "721530313233343536373839303132333435363738390a"},
    {"string DEL is plain", "Scalars", "{\"aString\":\"\x7f\"}", "72017f"},
    {"bytes", "Scalars", "{\"someBytes\":\"AP8=\"}", "7a0200ff"},
    {"bytes without padding", "Scalars", "{\"someBytes\":\"AP8\"}", "7a0200ff"},
    {"bytes of the URL alphabet", "Scalars", "{\"someBytes\":\"-_-_\"}", "7a03fbffbf"},
    {"bytes of the standard alphabet", "Scalars", "{\"someBytes\":\"+\\/+/\"}", "7a03fbffbf"},
    {"enum by name", "Scalars", "{\"aColor\":\"RED\"}", "800101"},
    {"enum by alias", "Scalars", "{\"aColor\":\"VERT\"}", "800102"},
    {"enum by number", "Scalars", "{\"aColor\":-1}", "8001ffffffffffffffffff01"},
    {"enum unknown number", "Scalars", "{\"aColor\":77}", "80014d"},
    {"enum number as real", "Scalars", "{\"aColor\":2.0}", "800102"},
};

static const struct transcode_row list_rows[] = {
    {"empty", "Lists", "{\"int32s\":[]}", ""},
    {"null is unset", "Lists", "{\"int32s\":null}", ""},
    {"packed", "Lists", "{\"int32s\":[1,0,\"2\",-1]}", "1a0d010002ffffffffffffffffff01"},
    {"packed doubles", "Lists", "{\"doubles\":[1,\"NaN\"]}",
     "0a10000000000000f03f000000000000f87f"},
    {"packed bools", "Lists", "{\"bools\":[true,false]}", "6a020100"},
    {"packed enums", "Lists", "{\"colors\":[\"RED\",0]}", "8201020100"},
    {"not packed", "Lists", "{\"loose\":[1,0]}", "880101880100"},
    {"strings", "Lists", "{\"strings\":[\"\",\"a\"]}", "7200720161"},
    {"bytes", "Lists", "{\"blobs\":[\"\",\"YQ\"]}", "7a007a0161"},
    {"messages", "Lists", "{\"notes\":[{},{\"title\":\"x\"}]}",
     "92010092010312"
     "0178"},
    {"NullValue takes null", "Lists", "{\"nulls\":[null,\"NULL_VALUE\"]}", "9a01020000"},
    {"Value takes null", "Lists", "{\"values\":[null]}", "a201020800"},
};

static const struct transcode_row map_rows[] = {
    {"empty", "Maps", "{\"byInt32\":{}}", ""},
    {"int32", "Maps", "{\"byInt32\":{\"-1\":\"a\"}}", "0a0e08ffffffffffffffffff01120161"},
    {"int64", "Maps", "{\"byInt64\":{\"7\":\"\"}}", "120408071200"},
    {"uint32", "Maps", "{\"byUint32\":{\"7\":\"\"}}", "1a0408071200"},
    {"uint64", "Maps", "{\"byUint64\":{\"7\":\"\"}}", "220408071200"},
    {"sint32", "Maps", "{\"bySint32\":{\"-1\":\"\"}}", "2a0408011200"},
    {"sint64", "Maps", "{\"bySint64\":{\"-1\":\"\"}}", "320408011200"},
    {"fixed32", "Maps", "{\"byFixed32\":{\"1\":\"\"}}", "3a070d010000001200"},
    {"fixed64", "Maps", "{\"byFixed64\":{\"1\":\"\"}}", "420b0901000000000000001200"},
    {"sfixed32", "Maps", "{\"bySfixed32\":{\"-1\":\"\"}}", "4a070dffffffff1200"},
    {"sfixed64", "Maps", "{\"bySfixed64\":{\"-1\":\"\"}}", "520b09ffffffffffffffff1200"},
    {"bool", "Maps", "{\"byBool\":{\"true\":\"\",\"false\":\"\"}}", "5a04080112005a0408001200"},
    {"string", "Maps", "{\"numbers\":{\"\":0,\"a\\n\":1}}", "62040a00100062060a02610a1001"},
    {"messages", "Maps", "{\"notes\":{\"k\":{\"title\":\"x\"}}}", "6a080a016b1203120178"},
    {"enums", "Maps", "{\"colors\":{\"k\":\"RED\"}}", "72050a016b1001"},
    {"bytes", "Maps", "{\"blobs\":{\"k\":\"YQ==\"}}", "7a060a016b120161"},
    {"Value takes null", "Maps", "{\"values\":{\"k\":null}}", "8201070a016b12020800"},
};

static const struct transcode_row choice_rows[] = {
    {"a default is set", "Choices", "{\"number\":0}", "1000"},
    {"an empty text is set", "Choices", "{\"text\":\"\"}", "0a00"},
    {"null does not choose", "Choices", "{\"number\":null,\"text\":\"a\"}", "0a0161"},
    {"null behind the choice", "Choices", "{\"text\":\"a\",\"number\":null}", "0a0161"},
    {"NullValue chooses with null", "Choices", "{\"nothing\":null}", "2000"},
    {"optional default is set", "Choices", "{\"maybeNumber\":0,\"maybeText\":\"\"}", "30003a00"},
    {"two oneofs", "Choices", "{\"text\":\"a\",\"yes\":false}", "0a01614800"},
};

static const struct transcode_row name_rows[] = {
    {"JSON name", "Names", "{\"snakeCase\":1}", "0801"},
    {"proto name", "Names", "{\"snake_case\":1}", "0801"},
    {"json_name", "Names", "{\"other-name\":1}", "1001"},
    {"proto name of a renamed", "Names", "{\"renamed\":1}", "1001"},
    {"JSON names win over proto names", "Names", "{\"crossed\":1,\"swapped\":2}", "18012002"},
    {"leading underscore", "Names", "{\"Leading\":1}", "2801"},
    {"two underscores", "Names", "{\"withTwo\":1}", "3001"},
    {"capitals", "Names", "{\"UPPERCase\":1}", "3801"},
    {"escaped name", "Names", "{\"\\u0073nakeCase\":1}", "0801"},
    {"space before the colon", "Names", "{\"snakeCase\" : 1}", "0801"},
    {"out of order", "Names", "{\"UPPER_case\":1,\"snakeCase\":2}", "38010802"},
    {"far numbers", "Sparse", "{\"last\":1,\"far\":2}", "f8ffffff0f0180ea3002"},
    {"field 300 of 300", "Wide", "{\"f300\":1,\"f1\":1}", "e012010801"},
};

static const struct transcode_row well_known_rows[] = {
    {"timestamp", "WellKnown", "{\"timestamp\":\"1970-01-01T00:00:01.5Z\"}",
     "0a0808011080cab5ee01"},
    {"timestamp zero", "WellKnown", "{\"timestamp\":\"1970-01-01T00:00:00Z\"}", "0a00"},
    {"timestamp offset", "WellKnown", "{\"timestamp\":\"1970-01-01T01:00:00+01:00\"}", "0a00"},
    {"timestamp offset, longest", "WellKnown", "{\"timestamp\":\"1970-01-01T23:59:00+23:59\"}",
     "0a00"},
    {"timestamp first", "WellKnown", "{\"timestamp\":\"0001-01-01T00:00:00Z\"}",
     "0a0b088092b8c398feffffff01"},
    {"timestamp last", "WellKnown", "{\"timestamp\":\"9999-12-31T23:59:59.999999999Z\"}",
     "0a0d08ff82d1ffaf0710ff93ebdc03"},
    {"timestamp leap day", "WellKnown", "{\"timestamp\":\"2000-02-29T00:00:00Z\"}",
     "0a06088098ecc503"},
    {"duration", "WellKnown", "{\"duration\":\"-1.5s\"}",
     "121608ffffffffffffffffff011080b6ca91feffffffff01"},
    {"duration whole", "WellKnown", "{\"duration\":\"3s\"}", "12020803"},
    {"mask", "WellKnown", "{\"mask\":\"noteId,a.bC\"}", "1a100a076e6f74655f69640a05612e625f63"},
    {"mask empty", "WellKnown", "{\"mask\":\"\"}", "1a00"},
    {"mask escaped", "WellKnown", "{\"mask\":\"\\u0061,b\\u0043\"}", "1a080a01610a03625f63"},
    {"struct", "WellKnown", "{\"structure\":{\"a\":1}}",
     "22100a0e0a01611209"
     "11000000000000f03f"},
    {"value null", "WellKnown", "{\"value\":null}", "2a020800"},
    {"value string", "WellKnown", "{\"value\":\"\"}", "2a021a00"},
    {"value false", "WellKnown", "{\"value\":false}", "2a022000"},
    {"value zero", "WellKnown", "{\"value\":0}", "2a09110000000000000000"},
    {"value list", "WellKnown", "{\"value\":[]}", "2a023200"},
    {"value object", "WellKnown", "{\"value\":{}}", "2a022a00"},
    {"list", "WellKnown", "{\"list\":[true,[]]}", "32080a0220010a023200"},
    {"null of NullValue", "WellKnown", "{\"nothing\":null}", ""},
    {"empty", "WellKnown", "{\"empty\":{}}", "4a00"},
    {"wrapper", "WellKnown", "{\"wrappedInt32\":5}", "5a020805"},
    {"wrapper zero", "WellKnown", "{\"wrappedInt32\":0}", "5a00"},
    {"wrapper null", "WellKnown", "{\"wrappedInt32\":null}", ""},
    {"wrapped 64 bits", "WellKnown", "{\"wrappedInt64\":\"5\"}", "62020805"},
    {"wrapped bytes", "WellKnown", "{\"wrappedBytes\":\"YQ\"}", "9201030a0161"},
    {"any", "WellKnown",
     "{\"any\":{\"@type\":\"type.googleapis.com/test.v1.Note\",\"title\":\"x\"}}",
     "42270a20747970652e676f6f676c65617069732e636f6d2f746573742e76312e4e6f7465"
     "1203120178"},
    {"any with its type last", "WellKnown",
     "{\"any\":{\"title\":\"x\",\"@type\":\"a/test.v1.Note\"}}",
     "42150a0e612f746573742e76312e4e6f74651203120178"},
    {"any of a wrapper", "WellKnown",
     "{\"any\":{\"@type\":\"a/google.protobuf.Int32Value\",\"value\":5}}",
     "42220a1c612f676f6f676c652e70726f746f6275662e496e74333256616c756512020805"},
    {"any with nothing", "WellKnown", "{\"any\":{}}", "4200"},
};

static const struct transcode_row legacy_rows[] = {
    {"zero is set", "test.v2.Legacy", "{\"number\":0}", "0800"},
    {"closed enum", "test.v2.Legacy", "{\"closed\":\"FIRST\",\"many\":[2]}", "20013802"},
    {"packed or not", "test.v2.Legacy", "{\"loose\":[1,2],\"tight\":[1,2]}", "400140024a020102"},
    {"group", "test.v2.Legacy", "{\"inner\":{\"name\":\"a\",\"again\":{}}}", "530a0161120054"},
    {"required", "test.v2.Strict", "{\"id\":0}", "0800"},
};

#define CHECKS(name)                                                                               \
    static void reads_##name(void **state)                                                         \
    {                                                                                              \
        (void)state;                                                                               \
        CHECK_ROWS(name##_rows, json_to_hex, plain);                                               \
    }
CHECKS(scalar)
CHECKS(list)
CHECKS(map)
CHECKS(choice)
CHECKS(name)
CHECKS(well_known)
CHECKS(legacy)

/* Unknown names of fields and of enum values are passed over when asked. */
static void ignores_the_unknown(void **state)
{
    (void)state;
    static const struct transcode_row rows[] = {
        {"a field", "Note", "{\"titel\":{\"a\":[1,{}]},\"title\":\"x\"}", "120178"},
        {"an enum name", "Scalars", "{\"aColor\":\"PINK\",\"aBool\":true}", "6801"},
        {"an enum name in a list", "Lists", "{\"colors\":[\"PINK\",\"RED\"]}", "82010101"},
        {"an enum name in a map", "Maps", "{\"colors\":{\"a\":\"PINK\",\"b\":\"RED\"}}",
         "72050a01621001"},
    };
    const struct gw_transcode_options lenient = {.ignore_unknown_fields = true};
    CHECK_ROWS(rows, json_to_hex, lenient);
}

struct field_row {
    const char *type;
    const char *field;
    const char *text;
    const char *wire; /* or the error, when it is not hex */
};

static const struct field_row field_rows[] = {
    {"NoteList", "notes", "[{\"title\":\"x\"}]", "0a03120178"},
    {"NoteList", "next_page_token", "\"a\"", "120161"},
    {"NoteList", "notes", " null ", ""},
    {"Maps", "numbers", "{\"a\":1}", "62050a01611001"},
    {"NoteList", "notes", "[{\"title\":7}]",
     "body at byte 10, notes[0].title: expected a string, found a number"},
    {"NoteList", "notes", "{}", "body at byte 0, notes: expected an array, found an object"},
    {"NoteList", "notes", "", "body at byte 0, notes: expected an array, found the end"},
};

/* `read` is what makes wire bytes of one field's text. */
static void check_fields(const struct field_row *rows, size_t count,
                         bool (*read)(const struct gw_field *field, struct base_str text,
                                      const struct gw_transcode_options *options,
                                      struct base_buf *out, struct base_err *err))
{
    for (size_t i = 0; i < count; i++) {
        const struct field_row *row = &rows[i];
        const struct gw_transcode_options options = {.schema = test_schema()};
        const struct gw_field *field =
            gw_message_field_by_name(test_type(row->type), base_str_of(row->field));
        struct base_buf out;
        struct base_err err;
        char hex[256];
        base_buf_init(&out, OUTPUT_BYTES_MAX);
        bool ok = read(field, base_str_of(row->text), &options, &out, &err);
        to_hex(base_buf_str(&out), hex, sizeof hex);
        assert_string_equal(ok ? hex : err.message, row->wire);
        base_buf_dispose(&out);
    }
}

static void reads_the_value_of_a_field(void **state)
{
    (void)state;
    check_fields(field_rows, sizeof field_rows / sizeof *field_rows, gw_json_to_wire_field);
}

/* As in a path or a query: nothing is quoted, and zero is written, for it must win over a body. */
static const struct field_row text_rows[] = {
    {"Scalars", "an_int32", "150", "189601"},
    {"Scalars", "an_int32", "0", "1800"},
    {"Scalars", "an_int32", "", "expected an int32, found \"\""},
    {"Scalars", "an_int32", "x", "expected an int32, found \"x\""},
    {"Scalars", "an_int32", "+1", "expected an int32, found \"+1\""},
    {"Scalars", "an_int32", " 1", "expected an int32, found \" 1\""},
    {"Scalars", "an_int32", "0x10", "expected an int32, found \"0x10\""},
    {"Scalars", "an_int32", "2147483648", "expected an int32, 2147483648 is out of its range"},
    {"Scalars", "an_int32", "1.5", "expected an int32, 1.5 is not a whole number"},
    {"Scalars", "a_uint64", "-1", "expected a uint64, -1 is out of its range"},
    {"Scalars", "a_double", "-Infinity", "09000000000000f0ff"},
    {"Scalars", "a_double", "1e400", "expected a double, 1e400 is out of its range"},
    {"Scalars", "a_float", "1.5", "150000c03f"},
    {"Scalars", "a_bool", "true", "6801"},
    {"Scalars", "a_bool", "false", "6800"},
    {"Scalars", "a_bool", "1", "expected true or false, found \"1\""},
    {"Scalars", "a_string", "", "7200"},
    {"Scalars", "a_string", "\"a\"", "7203226122"},
    {"Scalars", "a_string", "\xff", "expected UTF-8, found \"...\""},
    {"Scalars", "some_bytes", "-_8", "7a02fbff"},
    {"Scalars", "some_bytes", "!", "expected base64 text, found \"!\""},
    {"Scalars", "a_color", "RED", "800101"},
    {"Scalars", "a_color", "2", "800102"},
    {"Scalars", "a_color", "77", "80014d"},
    {"Scalars", "a_color", "PINK", "expected a value of test.v1.Color, found \"PINK\""},
    {"Lists", "int32s", "5", "1a0105"},
    {"Lists", "loose", "5", "880105"},
    {"Lists", "strings", "a", "720161"},
    {"WellKnown", "timestamp", "1970-01-01T00:00:01Z", "0a020801"},
    {"WellKnown", "timestamp", "yesterday", "expected an RFC 3339 timestamp, found \"yesterday\""},
    {"WellKnown", "duration", "2s", "12020802"},
    {"WellKnown", "mask", "noteId,note_id", "1a120a076e6f74655f69640a076e6f74655f6964"},
    {"WellKnown", "mask", "a,,b", "expected field paths with commas between, found \"a,,b\""},
    {"WellKnown", "wrapped_int32", "0", "5a020800"},
    {"WellKnown", "wrapped_string", "\"a\"", "8a01050a03226122"},
    {"WellKnown", "any", "x", "a google.protobuf.Any cannot be written as one value"},
    {"WellKnown", "value", "1", "a google.protobuf.Value cannot be written as one value"},
    {"Maps", "numbers", "x", "a test.v1.Maps.NumbersEntry cannot be written as one value"},
    {"test.v2.Legacy", "closed", "3", "expected a value of test.v2.Closed, found \"3\""},
    {"test.v2.Legacy", "inner", "x", "a group cannot be written as text"},
};

static void reads_text(void **state)
{
    (void)state;
    check_fields(text_rows, sizeof text_rows / sizeof *text_rows, gw_text_to_wire_field);
}

/* A payload of each length's size: the room guessed for the length is right or is corrected. */
static void moves_payloads_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 123, 124, 125, 126, 127, 128, 16379, 16380, 16381, 70000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i];
        const struct gw_transcode_options options = {.schema = test_schema()};
        struct base_buf json, wire, back;
        struct base_err err;
        base_buf_init(&json, OUTPUT_BYTES_MAX);
        base_buf_init(&wire, OUTPUT_BYTES_MAX);
        base_buf_init(&back, OUTPUT_BYTES_MAX);
        assert_true(base_buf_append_str(&json, BASE_STR("{\"notes\":[{},{\"title\":\"")));
        for (size_t j = 0; j < size; j++) {
            assert_true(base_buf_append_char(&json, (char)('a' + j % 26)));
        }
        assert_true(base_buf_append_str(&json, BASE_STR("\"},{\"title\":\"x\"}]}")));
        assert_true(
            gw_json_to_wire(test_type("NoteList"), base_buf_str(&json), &options, &wire, &err));
        assert_true(
            gw_wire_to_json(test_type("NoteList"), base_buf_str(&wire), &options, &back, &err));
        if (size > 0) {
            assert_int_equal(back.len, json.len);
            assert_memory_equal(back.data, json.data, json.len);
        }
        base_buf_dispose(&json);
        base_buf_dispose(&wire);
        base_buf_dispose(&back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_scalar),
        cmocka_unit_test(reads_list),
        cmocka_unit_test(reads_map),
        cmocka_unit_test(reads_choice),
        cmocka_unit_test(reads_name),
        cmocka_unit_test(reads_well_known),
        cmocka_unit_test(reads_legacy),
        cmocka_unit_test(ignores_the_unknown),
        cmocka_unit_test(reads_the_value_of_a_field),
        cmocka_unit_test(reads_text),
        cmocka_unit_test(moves_payloads_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
