/* JSON of scalars, lists, maps and oneofs: what editions of protobuf's conformance suite newer than
 * the one that is run (tests/conformance) ask for, and what they leave to us. Each row names its
 * rule, the message's type, what comes, and what is made of it: bytes in hex or JSON, else the
 * refusal. */
#include "tests/gateway/transcode_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct row {
    const char *rule;
    const char *type;
    const char *input;
    const char *want;
};

/* JSON as it is read by default. */
static const struct row strict_rows[] = {
    {"\"\" for anInt32", "Scalars", "{\"anInt32\":\"\"}",
     "body at byte 11, anInt32: expected an int32, found \"\""},
    {"a number with a tail for anInt32", "Scalars", "{\"anInt32\":\"12abc\"}",
     "body at byte 11, anInt32: expected an int32, found \"12abc\""},
    {"no number for anInt32", "Scalars", "{\"anInt32\":\"abc\"}",
     "body at byte 11, anInt32: expected an int32, found \"abc\""},
    {"quoted exponent for anInt32", "Scalars", "{\"anInt32\":\"1e5\"}", "18a08d06"},
    {"\"\" for aUint32", "Scalars", "{\"aUint32\":\"\"}",
     "body at byte 11, aUint32: expected a uint32, found \"\""},
    {"a number with a tail for aUint32", "Scalars", "{\"aUint32\":\"12abc\"}",
     "body at byte 11, aUint32: expected a uint32, found \"12abc\""},
    {"no number for aUint32", "Scalars", "{\"aUint32\":\"abc\"}",
     "body at byte 11, aUint32: expected a uint32, found \"abc\""},
    {"quoted exponent for aUint32", "Scalars", "{\"aUint32\":\"1e5\"}", "28a08d06"},
    {"\"\" for anInt64", "Scalars", "{\"anInt64\":\"\"}",
     "body at byte 11, anInt64: expected an int64, found \"\""},
    {"a number with a tail for anInt64", "Scalars", "{\"anInt64\":\"12abc\"}",
     "body at byte 11, anInt64: expected an int64, found \"12abc\""},
    {"no number for anInt64", "Scalars", "{\"anInt64\":\"abc\"}",
     "body at byte 11, anInt64: expected an int64, found \"abc\""},
    {"quoted exponent for anInt64", "Scalars", "{\"anInt64\":\"1e5\"}", "20a08d06"},
    {"\"\" for aUint64", "Scalars", "{\"aUint64\":\"\"}",
     "body at byte 11, aUint64: expected a uint64, found \"\""},
    {"a number with a tail for aUint64", "Scalars", "{\"aUint64\":\"12abc\"}",
     "body at byte 11, aUint64: expected a uint64, found \"12abc\""},
    {"no number for aUint64", "Scalars", "{\"aUint64\":\"abc\"}",
     "body at byte 11, aUint64: expected a uint64, found \"abc\""},
    {"quoted exponent for aUint64", "Scalars", "{\"aUint64\":\"1e5\"}", "30a08d06"},
    {"\"\" for aFloat", "Scalars", "{\"aFloat\":\"\"}",
     "body at byte 10, aFloat: expected a float, found \"\""},
    {"a number with a tail for aFloat", "Scalars", "{\"aFloat\":\"12abc\"}",
     "body at byte 10, aFloat: expected a float, found \"12abc\""},
    {"no number for aFloat", "Scalars", "{\"aFloat\":\"abc\"}",
     "body at byte 10, aFloat: expected a float, found \"abc\""},
    {"quoted exponent for aFloat", "Scalars", "{\"aFloat\":\"1e5\"}", "150050c347"},
    {"\"\" for aDouble", "Scalars", "{\"aDouble\":\"\"}",
     "body at byte 11, aDouble: expected a double, found \"\""},
    {"a number with a tail for aDouble", "Scalars", "{\"aDouble\":\"12abc\"}",
     "body at byte 11, aDouble: expected a double, found \"12abc\""},
    {"no number for aDouble", "Scalars", "{\"aDouble\":\"abc\"}",
     "body at byte 11, aDouble: expected a double, found \"abc\""},
    {"quoted exponent for aDouble", "Scalars", "{\"aDouble\":\"1e5\"}", "0900000000006af840"},
    {"a space before", "Scalars", "{\"anInt32\":\" 1\"}",
     "body at byte 11, anInt32: expected an int32, found \" 1\""},
    {"a space behind", "Scalars", "{\"anInt32\":\"1 \"}",
     "body at byte 11, anInt32: expected an int32, found \"1 \""},
    {"plus sign", "Scalars", "{\"anInt32\":+1}",
     "body at byte 11, anInt32: expected an int32, found \"+\""},
    {"quoted plus sign", "Scalars", "{\"anInt32\":\"+1\"}",
     "body at byte 11, anInt32: expected an int32, found \"+1\""},
    {"leading zero", "Scalars", "{\"anInt32\":01}",
     "body at byte 12, anInt32: expected a comma or \"}\", found a number"},
    {"quoted leading zero", "Scalars", "{\"anInt32\":\"01\"}",
     "body at byte 11, anInt32: expected an int32, found \"01\""},
    {"negative leading zero", "Scalars", "{\"anInt32\":-01}",
     "body at byte 13, anInt32: expected a comma or \"}\", found a number"},
    {"hexadecimal", "Scalars", "{\"anInt32\":\"0x1\"}",
     "body at byte 11, anInt32: expected an int32, found \"0x1\""},
    {"digits with an x", "Scalars", "{\"anInt32\":\"3x3\"}",
     "body at byte 11, anInt32: expected an int32, found \"3x3\""},
    {"a fraction", "Scalars", "{\"anInt32\":\"0.5\"}",
     "body at byte 11, anInt32: expected an int32, 0.5 is not a whole number"},
    {"past the range", "Scalars", "{\"anInt32\":2147483648}",
     "body at byte 11, anInt32: expected an int32, 2147483648 is out of its range"},
    {"below it", "Scalars", "{\"anInt32\":-2147483649}",
     "body at byte 11, anInt32: expected an int32, -2147483649 is out of its range"},
    {"zero, quoted", "Scalars", "{\"anInt32\":\"0\"}", ""},
    {"trailing zeros", "Scalars", "{\"anInt32\":100000.000}", "18a08d06"},
    {"an exponent", "Scalars", "{\"anInt32\":1e5}", "18a08d06"},
    {"the largest as a real", "Scalars", "{\"anInt32\":2.147483647e9}", "18ffffffff07"},
    {"the least as a real", "Scalars", "{\"anInt32\":-2.147483648e9}", "1880808080f8ffffffff01"},
    {"a boolean", "Scalars", "{\"anInt32\":true}",
     "body at byte 11, anInt32: expected an int32, found a boolean"},
    {"an array", "Scalars", "{\"anInt32\":[1]}",
     "body at byte 11, anInt32: expected an int32, found an array"},
    {"an object", "Scalars", "{\"anInt32\":{}}",
     "body at byte 11, anInt32: expected an int32, found an object"},
    {"NaN", "Scalars", "{\"anInt32\":\"NaN\"}",
     "body at byte 11, anInt32: expected an int32, found \"NaN\""},
    {"the largest whole double", "Scalars", "{\"anInt64\":9223372036854774784}",
     "2080f8ffffffffffff7f"},
    {"the largest whole double of uint64", "Scalars", "{\"aUint64\":18446744073709549568}",
     "3080f0ffffffffffffff01"},
    {"float, NaN bare", "Scalars", "{\"aFloat\":NaN}",
     "body at byte 10, aFloat: expected a float, found \"N\""},
    {"float, Infinity bare", "Scalars", "{\"aFloat\":Infinity}",
     "body at byte 10, aFloat: expected a float, found \"I\""},
    {"float, -Infinity bare", "Scalars", "{\"aFloat\":-Infinity}",
     "body at byte 10, aFloat: malformed number"},
    {"float, in another case", "Scalars", "{\"aFloat\":\"nan\"}",
     "body at byte 10, aFloat: expected a float, found \"nan\""},
    {"float, inf is not a name", "Scalars", "{\"aFloat\":\"inf\"}",
     "body at byte 10, aFloat: expected a float, found \"inf\""},
    {"float, past the range", "Scalars", "{\"aFloat\":3.502823e+38}",
     "body at byte 10, aFloat: expected a float, 3.502823e+38 is out of its range"},
    {"float, below it", "Scalars", "{\"aFloat\":-3.502823e+38}",
     "body at byte 10, aFloat: expected a float, -3.502823e+38 is out of its range"},
    {"float, quoted", "Scalars", "{\"aFloat\":\"1\"}", "150000803f"},
    {"double, past the range", "Scalars", "{\"aDouble\":1.89769e+308}",
     "body at byte 11, aDouble: expected a double, 1.89769e+308 is out of its range"},
    {"double, below it", "Scalars", "{\"aDouble\":-1.89769e+308}",
     "body at byte 11, aDouble: expected a double, -1.89769e+308 is out of its range"},
    {"double, least normal", "Scalars", "{\"aDouble\":2.22507e-308}", "09d059812efeff0f00"},
    {"0 is no boolean", "Scalars", "{\"aBool\":0}",
     "body at byte 9, aBool: expected true or false, found a number"},
    {"1 is no boolean", "Scalars", "{\"aBool\":1}",
     "body at byte 9, aBool: expected true or false, found a number"},
    {"True is no boolean", "Scalars", "{\"aBool\":True}",
     "body at byte 9, aBool: expected true or false, found \"T\""},
    {"TRUE is no boolean", "Scalars", "{\"aBool\":TRUE}",
     "body at byte 9, aBool: expected true or false, found \"T\""},
    {"'true' is no boolean", "Scalars", "{\"aBool\":\"true\"}",
     "body at byte 9, aBool: expected true or false, found a string"},
    {"an enum name not in quotes", "Scalars", "{\"aColor\":RED}",
     "body at byte 10, aColor: expected an enum value's name or number, found \"R\""},
    {"an enum name in another case", "Scalars", "{\"aColor\":\"red\"}",
     "body at byte 10, aColor: expected a value of test.v1.Color, found \"red\""},
    {"an alias", "Scalars", "{\"aColor\":\"VERT\"}", "800102"},
    {"an unknown number of an open enum", "Scalars", "{\"aColor\":123}", "80017b"},
    {"an unknown enum name", "Scalars", "{\"aColor\":\"PINK\"}",
     "body at byte 10, aColor: expected a value of test.v1.Color, found \"PINK\""},
    {"an unknown enum name in a list", "Lists", "{\"colors\":[\"PINK\"]}",
     "body at byte 11, colors[0]: expected a value of test.v1.Color, found \"PINK\""},
    {"among known ones", "Lists", "{\"colors\":[\"RED\",\"PINK\",\"RED\"]}",
     "body at byte 17, colors[1]: expected a value of test.v1.Color, found \"PINK\""},
    {"an unknown enum name in a map", "Maps", "{\"colors\":{\"a\":\"PINK\"}}",
     "body at byte 15, colors[\"a\"]: expected a value of test.v1.Color, found \"PINK\""},
    {"beside a known one", "Maps", "{\"colors\":{\"a\":\"RED\",\"b\":\"PINK\"}}",
     "body at byte 25, colors[\"b\"]: expected a value of test.v1.Color, found \"PINK\""},
    {"in a oneof", "Choices", "{\"color\":\"PINK\"}",
     "body at byte 9, color: expected a value of test.v1.Color, found \"PINK\""},
    {"an unknown field", "Note", "{\"none\":{\"a\":[1,null]}}",
     "body at byte 1: unknown field \"none\""},
    {"an unknown field that is malformed", "Note", "{\"none\":{\"a\":[1,]}}",
     "body at byte 1: unknown field \"none\""},
    {"an unknown field with half a surrogate pair", "Note", "{\"none\":\"\\ud800\"}",
     "body at byte 1: unknown field \"none\""},
    {"an unknown enum number of a closed enum", "test.v2.Legacy", "{\"closed\":9}",
     "body at byte 10, closed: expected a value of test.v2.Closed, found 9"},
    {"an unknown name of a closed enum", "test.v2.Legacy", "{\"closed\":\"NONE\"}",
     "body at byte 10, closed: expected a value of test.v2.Closed, found \"NONE\""},
    {"string, U of an escape in upper case", "Scalars", "{\"aString\":\"\\U8C37\"}",
     "body at byte 12, aString: no such escape"},
    {"string, an escape of no digits", "Scalars", "{\"aString\":\"\\uXXXX\"}",
     "body at byte 12, aString: expected four hexadecimal digits behind \\u"},
    {"string, an escape of three digits", "Scalars", "{\"aString\":\"\\u8C3\"}",
     "body at byte 12, aString: expected four hexadecimal digits behind \\u"},
    {"string, a high surrogate alone", "Scalars", "{\"aString\":\"\\uD800\"}",
     "body at byte 12, aString: half of a surrogate pair"},
    {"string, a low surrogate alone", "Scalars", "{\"aString\":\"\\uDC00\"}",
     "body at byte 12, aString: half of a surrogate pair"},
    {"string, surrogates in wrong order", "Scalars", "{\"aString\":\"\\uDE01\\uD83D\"}",
     "body at byte 12, aString: half of a surrogate pair"},
    {"string, a surrogate pair", "Scalars", "{\"aString\":\"\\uD83D\\uDE01\"}", "7204f09f9881"},
    {"string, U+0000", "Scalars", "{\"aString\":\"\\u0000\"}", "720100"},
    {"string, a number", "Scalars", "{\"aString\":12345}",
     "body at byte 11, aString: expected a string, found a number"},
    {"string, single quotes", "Scalars", "{\"aString\":'a'}",
     "body at byte 11, aString: expected a string, found \"'\""},
    {"string, a string that ends in its escape", "Scalars", "{\"aString\":\"a\\",
     "body at byte 14, aString: the string does not end"},
    {"string, invalid UTF-8", "Scalars",
     "{\"aString\":\"\xff"
     "\"}",
     "body at byte 12, aString: invalid UTF-8 in a string"},
    {"string, overlong UTF-8", "Scalars",
     "{\"aString\":\"\xc0"
     "\xaf"
     "\"}",
     "body at byte 12, aString: invalid UTF-8 in a string"},
    {"string, a surrogate in UTF-8", "Scalars",
     "{\"aString\":\"\xed"
     "\xa0"
     "\x80"
     "\"}",
     "body at byte 12, aString: invalid UTF-8 in a string"},
    {"string, past U+10FFFF", "Scalars",
     "{\"aString\":\"\xf4"
     "\x90"
     "\x80"
     "\x80"
     "\"}",
     "body at byte 12, aString: invalid UTF-8 in a string"},
    {"invalid UTF-8 in a name", "Note",
     "{\"\xff"
     "\":1}",
     "body at byte 2: invalid UTF-8 in a string"},
    {"bytes, the URL's alphabet", "Scalars", "{\"someBytes\":\"-_\"}", "7a01fb"},
    {"bytes, no base64", "Scalars", "{\"someBytes\":\"a\"}",
     "body at byte 13, someBytes: expected base64 text, found \"a\""},
    {"list, a scalar where a list is due", "Lists", "{\"int32s\":1}",
     "body at byte 10, int32s: expected an array, found a number"},
    {"list, an object where a list is due", "Lists", "{\"int32s\":{}}",
     "body at byte 10, int32s: expected an array, found an object"},
    {"list, a string where a list is due", "Lists", "{\"int32s\":\"1\"}",
     "body at byte 10, int32s: expected an array, found a string"},
    {"list, a boolean in it", "Lists", "{\"int32s\":[1,false]}",
     "body at byte 13, int32s[1]: expected an int32, found a boolean"},
    {"list, text in it", "Lists", "{\"int32s\":[1,\"name\"]}",
     "body at byte 13, int32s[1]: expected an int32, found \"name\""},
    {"list, a message in it", "Lists", "{\"int32s\":[1,{\"a\":4}]}",
     "body at byte 13, int32s[1]: expected an int32, found an object"},
    {"list, null in it", "Lists", "{\"int32s\":[1,null,2]}",
     "body at byte 13, int32s[1]: expected an int32, found null"},
    {"list, a comma at the end", "Lists", "{\"int32s\":[1,2,]}",
     "body at byte 15, int32s[2]: expected an int32, found \"]\""},
    {"list, a comma with space", "Lists", "{\"int32s\":[1,2 , ]}",
     "body at byte 17, int32s[2]: expected an int32, found \"]\""},
    {"list, a list in it", "Lists", "{\"int32s\":[[1]]}",
     "body at byte 11, int32s[0]: expected an int32, found an array"},
    {"list, null for it", "Lists", "{\"int32s\":null}", ""},
    {"strings, a number", "Lists", "{\"strings\":[\"1\",2]}",
     "body at byte 16, strings[1]: expected a string, found a number"},
    {"strings, a boolean", "Lists", "{\"strings\":[\"1\",false]}",
     "body at byte 16, strings[1]: expected a string, found a boolean"},
    {"strings, a message", "Lists", "{\"strings\":[\"1\",{\"a\":4}]}",
     "body at byte 16, strings[1]: expected a string, found an object"},
    {"messages, a number", "Lists", "{\"notes\":[{},2]}",
     "body at byte 13, notes[1]: expected an object, found a number"},
    {"messages, a boolean", "Lists", "{\"notes\":[{},false]}",
     "body at byte 13, notes[1]: expected an object, found a boolean"},
    {"messages, a string", "Lists", "{\"notes\":[{},\"2\"]}",
     "body at byte 13, notes[1]: expected an object, found a string"},
    {"messages, null", "Lists", "{\"notes\":[{},null]}",
     "body at byte 13, notes[1]: expected an object, found null"},
    {"null is a NullValue in a list", "Lists", "{\"nulls\":[null]}", "9a010100"},
    {"null is a Value in a list", "Lists", "{\"values\":[null]}", "a201020800"},
    {"a list where a message is due", "Nested", "{\"child\":[]}",
     "body at byte 9, child: expected an object, found an array"},
    {"a list where a scalar is due", "Scalars", "{\"aString\":[\"a\"]}",
     "body at byte 11, aString: expected a string, found an array"},
    {"map, a list where an object is due", "Maps", "{\"byInt32\":[]}",
     "body at byte 11, byInt32: expected an object, found an array"},
    {"map, a key not in quotes", "Maps", "{\"byInt32\":{1:\"a\"}}",
     "body at byte 12, byInt32: expected a name in quotes, found a number"},
    {"map, a null key", "Maps", "{\"byInt32\":{null:\"a\"}}",
     "body at byte 12, byInt32: expected a name in quotes, found null"},
    {"map, a null value", "Maps", "{\"byInt32\":{\"0\":null}}",
     "body at byte 16, byInt32[\"0\"]: expected a string, found null"},
    {"map, a key twice", "Maps", "{\"byInt32\":{\"1\":\"a\",\"1\":\"b\"}}",
     "body at byte 20, byInt32[\"1\"]: duplicate key"},
    {"map, a key twice, spelt otherwise", "Maps", "{\"byInt32\":{\"1\":\"a\",\"1e0\":\"b\"}}",
     "body at byte 20, byInt32[\"1e0\"]: duplicate key"},
    {"map, an escaped key", "Maps", "{\"byInt32\":{\"\\u0031\":\"a\"}}", "0a050801120161"},
    {"map, a key that is no number", "Maps", "{\"byInt32\":{\"a\":\"a\"}}",
     "body at byte 12, byInt32[\"a\"]: expected an int32, found \"a\""},
    {"map, an empty key", "Maps", "{\"byInt32\":{\"\":\"a\"}}",
     "body at byte 12, byInt32[\"\"]: expected an int32, found \"\""},
    {"map, a bool key escaped", "Maps", "{\"byBool\":{\"tr\\u0075e\":\"a\"}}", "5a050801120161"},
    {"map, a bool key in another case", "Maps", "{\"byBool\":{\"True\":\"a\"}}",
     "body at byte 11, byBool[\"True\"]: expected true or false, found \"True\""},
    {"null for the whole message", "Note", "null",
     "body at byte 0: expected an object, found null"},
    {"a list for the whole message", "Note", "[]",
     "body at byte 0: expected an object, found an array"},
    {"a name not in quotes", "Note", "{title:1}",
     "body at byte 1: expected a name in quotes, found \"t\""},
    {"a comma at the end", "Note", "{\"title\":\"a\",}",
     "body at byte 13: expected a name in quotes, found \"}\""},
    {"a comma with space", "Note", "{\"title\":\"a\" , }",
     "body at byte 15: expected a name in quotes, found \"}\""},
    {"a comment", "Note", "{/**/\"title\":\"a\"}",
     "body at byte 1: expected a name in quotes, found \"/\""},
    {"no comma", "Note", "{\"title\":\"a\" \"content\":\"b\"}",
     "body at byte 13, title: expected a comma or \"}\", found a string"},
    {"a name twice", "Note", "{\"title\":\"a\",\"title\":\"b\"}",
     "body at byte 13, title: duplicate field"},
    {"a name twice, spelt both ways", "Note", "{\"note_id\":\"a\",\"noteId\":\"b\"}",
     "body at byte 15, noteId: duplicate field"},
    {"an escaped name", "Note", "{\"titl\\u0065\":\"a\"}", "120161"},
    {"text behind the end", "Note", "{} {}",
     "body at byte 3: expected nothing more, found an object"},
    {"nothing at all", "Note", "", "body at byte 0: expected an object, found the end"},
    {"oneof, two of a oneof", "Choices", "{\"text\":\"a\",\"number\":1}",
     "body at byte 12, number: another field of its oneof is set already"},
    {"oneof, null before another", "Choices", "{\"number\":null,\"text\":\"a\"}", "0a0161"},
    {"oneof, null behind another", "Choices", "{\"text\":\"a\",\"number\":null}", "0a0161"},
    {"oneof, zero is set", "Choices", "{\"number\":0}", "1000"},
    {"oneof, an empty string is set", "Choices", "{\"text\":\"\"}", "0a00"},
    {"oneof, an empty message is set", "Choices", "{\"note\":{}}", "1a00"},
    {"oneof, a NullValue by name", "Choices", "{\"nothing\":\"NULL_VALUE\"}", "2000"},
    {"oneof, a NullValue by null", "Choices", "{\"nothing\":null}", "2000"},
};

/* The same, where names that are not known are passed over. */
static const struct row lenient_rows[] = {
    {"an unknown enum name", "Scalars", "{\"aColor\":\"PINK\"}", ""},
    {"an unknown enum name in a list", "Lists", "{\"colors\":[\"PINK\"]}", ""},
    {"among known ones", "Lists", "{\"colors\":[\"RED\",\"PINK\",\"RED\"]}", "8201020101"},
    {"an unknown enum name in a map", "Maps", "{\"colors\":{\"a\":\"PINK\"}}", ""},
    {"beside a known one", "Maps", "{\"colors\":{\"a\":\"RED\",\"b\":\"PINK\"}}", "72050a01611001"},
    {"in a oneof", "Choices", "{\"color\":\"PINK\"}", ""},
    {"an unknown field", "Note", "{\"none\":{\"a\":[1,null]}}", ""},
    {"an unknown field that is malformed", "Note", "{\"none\":{\"a\":[1,]}}",
     "body at byte 16: expected a value, found \"]\""},
    {"an unknown field with half a surrogate pair", "Note", "{\"none\":\"\\ud800\"}",
     "body at byte 9: half of a surrogate pair"},
    {"an unknown enum number of a closed enum", "test.v2.Legacy", "{\"closed\":9}",
     "body at byte 10, closed: expected a value of test.v2.Closed, found 9"},
    {"an unknown name of a closed enum", "test.v2.Legacy", "{\"closed\":\"NONE\"}", ""},
};

static const char *read_strictly(const struct row *row)
{
    return json_to_hex(row->type, row->input, (struct gw_transcode_options){0});
}

static const char *read_leniently(const struct row *row)
{
    return json_to_hex(row->type, row->input,
                       (struct gw_transcode_options){.ignore_unknown_fields = true});
}

static void check(const struct row *rows, size_t count,
                  const char *(*convert)(const struct row *row))
{
    for (size_t i = 0; i < count; i++) {
        print_message("  %s\n", rows[i].rule);
        assert_string_equal(convert(&rows[i]), rows[i].want);
    }
}

#define CHECK(rows, convert) check(rows, sizeof(rows) / sizeof *(rows), convert)

static void reads_json(void **state)
{
    (void)state;
    CHECK(strict_rows, read_strictly);
}

static void passes_over_what_is_not_known(void **state)
{
    (void)state;
    CHECK(lenient_rows, read_leniently);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_json),
                                       cmocka_unit_test(passes_over_what_is_not_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
