/* Well-known types, wire bytes and nesting: what editions of protobuf's conformance suite newer
 * than the one that is run (tests/conformance) ask for, and what they leave to us. Each row names
 * its rule, the message's type, what comes, and what is made of it: bytes in hex or JSON, else the
 * refusal. */
#include "tests/gateway/transcode_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Well-known types as JSON is read. */
static const struct transcode_row json_rows[] = {
    {"Duration, no s", "WellKnown", "{\"duration\":\"1\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found \"1\""},
    {"Duration, too small", "WellKnown", "{\"duration\":\"-315576000001.000000000s\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found "
     "\"-315576000001.000000000s\""},
    {"Duration, too large", "WellKnown", "{\"duration\":\"315576000001.000000000s\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found "
     "\"315576000001.000000000s\""},
    {"Duration, the least", "WellKnown", "{\"duration\":\"-315576000000.999999999s\"}",
     "12160880c4d1b1e8f6ffffff011081ec94a3fcffffffff01"},
    {"Duration, below zero by nanos", "WellKnown", "{\"duration\":\"-0.5s\"}",
     "120b1080b6ca91feffffffff01"},
    {"Duration, ten digits", "WellKnown", "{\"duration\":\"0.0000000001s\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found "
     "\"0.0000000001s\""},
    {"Duration, two signs", "WellKnown", "{\"duration\":\"--1s\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found \"--1s\""},
    {"Duration, a sign of nanos", "WellKnown", "{\"duration\":\"1.-5s\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found \"1.-5s\""},
    {"Duration, a plus sign", "WellKnown", "{\"duration\":\"+1s\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found \"+1s\""},
    {"Duration, an exponent", "WellKnown", "{\"duration\":\"1e3s\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found \"1e3s\""},
    {"Duration, a space", "WellKnown", "{\"duration\":\" 1s\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found \" 1s\""},
    {"Duration, a number", "WellKnown", "{\"duration\":1}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found a number"},
    {"Duration, no digits before the point", "WellKnown", "{\"duration\":\".5s\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found \".5s\""},
    {"Duration, no digits behind it", "WellKnown", "{\"duration\":\"1.s\"}",
     "body at byte 12, duration: expected a duration in seconds like \"1.5s\", found \"1.s\""},
    {"Timestamp, year 0", "WellKnown", "{\"timestamp\":\"0000-01-01T00:00:00Z\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found \"0000-01-01T00:00:00Z\""},
    {"Timestamp, year 10000", "WellKnown", "{\"timestamp\":\"10000-01-01T00:00:00Z\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found \"10000-01-01T00:00:00Z\""},
    {"Timestamp, no Z", "WellKnown", "{\"timestamp\":\"0001-01-01T00:00:00\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found \"0001-01-01T00:00:00\""},
    {"Timestamp, no T", "WellKnown", "{\"timestamp\":\"0001-01-01 00:00:00Z\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found \"0001-01-01 00:00:00Z\""},
    {"Timestamp, z in lower case", "WellKnown", "{\"timestamp\":\"0001-01-01T00:00:00z\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found \"0001-01-01T00:00:00z\""},
    {"Timestamp, t in lower case", "WellKnown", "{\"timestamp\":\"0001-01-01t00:00:00Z\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found \"0001-01-01t00:00:00Z\""},
    {"Timestamp, an offset without a colon", "WellKnown",
     "{\"timestamp\":\"1970-01-01T08:00:01+0800\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found "
     "\"1970-01-01T08:00:01+0800\""},
    {"Timestamp, an offset east", "WellKnown", "{\"timestamp\":\"1970-01-01T08:00:01+08:00\"}",
     "0a020801"},
    {"Timestamp, an offset west", "WellKnown", "{\"timestamp\":\"1969-12-31T16:00:01-08:00\"}",
     "0a020801"},
    {"Timestamp, an offset past the first year", "WellKnown",
     "{\"timestamp\":\"0001-01-01T00:00:00+00:01\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found "
     "\"0001-01-01T00:00:00+00:01\""},
    {"Timestamp, a nano before 1970", "WellKnown",
     "{\"timestamp\":\"1969-12-31T23:59:59.999999999Z\"}",
     "0a1108ffffffffffffffffff0110ff93ebdc03"},
    {"Timestamp, ten digits", "WellKnown", "{\"timestamp\":\"1970-01-01T00:00:00.0000000001Z\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found "
     "\"1970-01-01T00:00:00.0000000001Z\""},
    {"Timestamp, 30 February", "WellKnown", "{\"timestamp\":\"1970-02-30T00:00:00Z\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found \"1970-02-30T00:00:00Z\""},
    {"Timestamp, month 13", "WellKnown", "{\"timestamp\":\"1970-13-01T00:00:00Z\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found \"1970-13-01T00:00:00Z\""},
    {"Timestamp, hour 24", "WellKnown", "{\"timestamp\":\"1970-01-01T24:00:00Z\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found \"1970-01-01T24:00:00Z\""},
    {"Timestamp, a leap second", "WellKnown", "{\"timestamp\":\"1990-12-31T23:59:60Z\"}",
     "body at byte 13, timestamp: expected an RFC 3339 timestamp, found \"1990-12-31T23:59:60Z\""},
    {"FieldMask, an underscore", "WellKnown", "{\"mask\":\"foo,bar_bar\"}",
     "body at byte 8, mask: expected field paths with commas between, found \"foo,bar_bar\""},
    {"FieldMask, two paths", "WellKnown", "{\"mask\":\"foo,barBaz\"}",
     "1a0e0a03666f6f0a076261725f62617a"},
    {"FieldMask, none", "WellKnown", "{\"mask\":\"\"}", "1a00"},
    {"FieldMask, an empty path", "WellKnown", "{\"mask\":\"foo,,bar\"}",
     "body at byte 8, mask: expected field paths with commas between, found \"foo,,bar\""},
    {"a Struct with null", "WellKnown", "{\"structure\":{\"a\":null}}", "22090a070a016112020800"},
    {"a Struct that is a list", "WellKnown", "{\"structure\":[]}",
     "body at byte 13, structure: expected an object, found an array"},
    {"a ListValue that is an object", "WellKnown", "{\"list\":{}}",
     "body at byte 8, list: expected an array, found an object"},
    {"an empty list in a Struct", "WellKnown", "{\"structure\":{\"a\":[]}}",
     "22090a070a016112023200"},
    {"NaN in a Value", "WellKnown", "{\"value\":NaN}",
     "body at byte 9, value: expected a value, found \"N\""},
    {"NaN in quotes is text", "WellKnown", "{\"value\":\"NaN\"}", "2a051a034e614e"},
    {"a Value past a double", "WellKnown", "{\"value\":1e309}",
     "body at byte 9, value: expected a double, 1e309 is out of its range"},
    {"null is a Value", "WellKnown", "{\"value\":null}", "2a020800"},
    {"null for a Struct", "WellKnown", "{\"structure\":null}", ""},
    {"a name twice in a Struct", "WellKnown", "{\"structure\":{\"a\":1,\"a\":2}}",
     "body at byte 20, structure[\"a\"]: duplicate key"},
    {"wrapper, zero is set", "WellKnown", "{\"wrappedInt32\":0}", "5a00"},
    {"wrapper, null is unset", "WellKnown", "{\"wrappedInt32\":null}", ""},
    {"wrapper, a wrapper as an object", "WellKnown", "{\"wrappedInt32\":{\"value\":1}}",
     "body at byte 16, wrappedInt32: expected an int32, found an object"},
    {"wrapper, false is set", "WellKnown", "{\"wrappedBool\":false}", "5200"},
    {"wrapper, null in a list", "WellKnown", "{\"wrappedStrings\":[null]}",
     "body at byte 19, wrappedStrings[0]: expected a string, found null"},
    {"Any, nothing", "WellKnown", "{\"any\":{}}", "4200"},
    {"Any, null", "WellKnown", "{\"any\":null}", ""},
    {"Any, no @type", "WellKnown", "{\"any\":{\"title\":\"a\"}}",
     "body at byte 7, any: expected a \"@type\" in an Any, found none"},
    {"Any, an empty @type", "WellKnown", "{\"any\":{\"@type\":\"\",\"value\":\"\"}}",
     "body at byte 16, any: unknown type \"\""},
    {"Any, a @type that is no URL", "WellKnown",
     "{\"any\":{\"@type\":\"not_a_url\",\"value\":\"\"}}",
     "body at byte 16, any: unknown type \"not_a_url\""},
    {"Any, a @type without a host", "WellKnown", "{\"any\":{\"@type\":\"/test.v1.Note\"}}",
     "42110a0d2f746573742e76312e4e6f74651200"},
    {"Any, an unknown @type", "WellKnown", "{\"any\":{\"@type\":\"a/b.C\"}}",
     "body at byte 16, any: unknown type \"a/b.C\""},
    {"Any, a @type that is no string", "WellKnown", "{\"any\":{\"@type\":1}}",
     "body at byte 16, any: expected a string, found a number"},
    {"Any, @type twice", "WellKnown",
     "{\"any\":{\"@type\":\"a/test.v1.Note\",\"@type\":\"a/test.v1.Note\"}}",
     "body at byte 33, any: duplicate \"@type\""},
    {"Any, @type behind", "WellKnown", "{\"any\":{\"title\":\"x\",\"@type\":\"a/test.v1.Note\"}}",
     "42150a0e612f746573742e76312e4e6f74651203120178"},
    {"Any, a field the type lacks", "WellKnown",
     "{\"any\":{\"@type\":\"a/test.v1.Note\",\"none\":1}}",
     "body at byte 33, any: unknown field \"none\""},
    {"Any, an Any in an Any", "WellKnown",
     "{\"any\":{\"@type\":\"a/google.protobuf.Any\",\"value\":{\"@type\":\"a/"
     "test.v1.Note\",\"title\":\"x\"}}}",
     "422e0a15612f676f6f676c652e70726f746f6275662e416e7912150a0e612f746573742e76312e4e6f74651203120"
     "178"},
    {"Any, a Duration", "WellKnown",
     "{\"any\":{\"@type\":\"a/google.protobuf.Duration\",\"value\":\"1.5s\"}}",
     "42260a1a612f676f6f676c652e70726f746f6275662e4475726174696f6e120808011080cab5ee01"},
    {"Any, a Timestamp", "WellKnown",
     "{\"any\":{\"@type\":\"a/google.protobuf.Timestamp\",\"value\":\"1970-01-01T00:00:00Z\"}}",
     "421f0a1b612f676f6f676c652e70726f746f6275662e54696d657374616d701200"},
    {"Any, a FieldMask", "WellKnown",
     "{\"any\":{\"@type\":\"a/google.protobuf.FieldMask\",\"value\":\"foo,barBaz\"}}",
     "422d0a1b612f676f6f676c652e70726f746f6275662e4669656c644d61736b120e0a03666f6f0a076261725f62617"
     "a"},
    {"Any, a Struct", "WellKnown",
     "{\"any\":{\"@type\":\"a/google.protobuf.Struct\",\"value\":{\"a\":1}}}",
     "422c0a18612f676f6f676c652e70726f746f6275662e53747275637412100a0e0a0161120911000000000000f03"
     "f"},
    {"Any, a Value", "WellKnown", "{\"any\":{\"@type\":\"a/google.protobuf.Value\",\"value\":1}}",
     "42240a17612f676f6f676c652e70726f746f6275662e56616c7565120911000000000000f03f"},
    {"Any, a Value that is an object", "WellKnown",
     "{\"any\":{\"@type\":\"a/google.protobuf.Value\",\"value\":{\"a\":1}}}",
     "422d0a17612f676f6f676c652e70726f746f6275662e56616c756512122a100a0e0a0161120911000000000000f03"
     "f"},
    {"Any, a wrapper", "WellKnown",
     "{\"any\":{\"@type\":\"a/google.protobuf.Int32Value\",\"value\":12345}}",
     "42230a1c612f676f6f676c652e70726f746f6275662e496e74333256616c7565120308b960"},
    {"Any, an Empty", "WellKnown", "{\"any\":{\"@type\":\"a/google.protobuf.Empty\"}}",
     "421b0a17612f676f6f676c652e70726f746f6275662e456d7074791200"},
    {"Any, a wrapper without value", "WellKnown",
     "{\"any\":{\"@type\":\"a/google.protobuf.Int32Value\"}}",
     "body at byte 7, any: expected a \"value\" of google.protobuf.Int32Value, found none"},
    {"Any, a scalar", "WellKnown", "{\"any\":1}",
     "body at byte 7, any: expected an object, found a number"},
};

/* Wire bytes as they are written. */
static const struct transcode_row writing_rows[] = {
    {"float NaN of another pattern", "Scalars", "154523a17f", "{\"aFloat\":\"NaN\"}"},
    {"float NaN, signalling, below zero", "Scalars", "152143b5ff", "{\"aFloat\":\"NaN\"}"},
    {"double NaN of another pattern", "Scalars", "09bc9a78563412fa7f", "{\"aDouble\":\"NaN\"}"},
    {"double NaN, signalling, below zero", "Scalars", "0921436587a9cbfbff",
     "{\"aDouble\":\"NaN\"}"},
    {"Duration, seconds and nanos of two signs", "WellKnown", "120d080110ffffffffffffffffff01",
     "a google.protobuf.Duration out of range"},
    {"Duration, the other two signs", "WellKnown", "120d08ffffffffffffffffff011001",
     "a google.protobuf.Duration out of range"},
    {"Duration too small", "WellKnown", "120b08ffc3d1b1e8f6ffffff01",
     "a google.protobuf.Duration out of range"},
    {"Duration, nanos past a second", "WellKnown", "1206108094ebdc03",
     "a google.protobuf.Duration out of range"},
    {"Timestamp, nanos below zero", "WellKnown", "0a0b10ffffffffffffffffff01",
     "a google.protobuf.Timestamp out of range"},
    {"Timestamp, nanos past a second", "WellKnown", "0a06108094ebdc03",
     "a google.protobuf.Timestamp out of range"},
    {"Timestamp too early", "WellKnown", "0a0b08ff91b8c398feffffff01",
     "a google.protobuf.Timestamp out of range"},
    {"Timestamp too late", "WellKnown", "0a07088083d1ffaf07",
     "a google.protobuf.Timestamp out of range"},
    {"FieldMask, a capital", "WellKnown", "1a080a06666f6f426172",
     "a path of a google.protobuf.FieldMask that JSON cannot hold"},
    {"FieldMask, a digit behind an underscore", "WellKnown", "1a0b0a09666f6f5f335f626172",
     "a path of a google.protobuf.FieldMask that JSON cannot hold"},
    {"FieldMask, two underscores", "WellKnown", "1a0a0a08666f6f5f5f626172",
     "a path of a google.protobuf.FieldMask that JSON cannot hold"},
    {"Value, NaN", "WellKnown", "2a0911000000000000f87f", "a google.protobuf.Value out of range"},
    {"Value, Infinity", "WellKnown", "2a0911000000000000f07f",
     "a google.protobuf.Value out of range"},
    {"Value, -Infinity", "WellKnown", "2a0911000000000000f0ff",
     "a google.protobuf.Value out of range"},
    {"Value, NaN inside a Struct", "WellKnown", "22100a0e0a0161120911000000000000f87f",
     "a google.protobuf.Value out of range"},
    {"Any of an unknown type", "WellKnown", "42050a03612f62",
     "a google.protobuf.Any of an unknown type"},
    {"a NullValue that is not in a oneof is left out", "WellKnown", "3800", "{}"},
    {"invalid UTF-8", "Note", "0a01ff", "invalid UTF-8 in test.v1.Note.note_id"},
    {"invalid UTF-8 in a key", "Maps", "62050a01ff1001",
     "invalid UTF-8 in test.v1.Maps.NumbersEntry.key"},
    {"invalid UTF-8 of proto2", "test.v2.Legacy", "1201ff", "invalid UTF-8 in test.v2.Legacy.text"},
    {"an unknown number of an open enum", "Scalars", "80017b", "{\"aColor\":123}"},
};

/* Wire bytes as they are read. */
static const struct transcode_row wire_rows[] = {
    {"field number 0, varint", "Scalars", "0001", "damaged bytes in a test.v1.Scalars"},
    {"field number 0, fixed", "Scalars", "010000000000000000",
     "damaged bytes in a test.v1.Scalars"},
    {"field number 0, length", "Scalars", "0200", "damaged bytes in a test.v1.Scalars"},
    {"field number 2^29", "Scalars", "808080801001", "damaged bytes in a test.v1.Scalars"},
    {"field number past 32 bits", "Scalars", "88808080801001",
     "damaged bytes in a test.v1.Scalars"},
    {"a tag of five bytes", "Scalars", "988080800001", "1801"},
    {"a tag of six bytes", "Scalars", "98808080800001", "damaged bytes in a test.v1.Scalars"},
    {"a length of five bytes", "Note", "0a818080800061", "0a0161"},
    {"a length of six bytes", "Note", "0a81808080800061", "damaged bytes in a test.v1.Note"},
    {"a tag past ten bytes", "Scalars", "988080808080808080800001",
     "damaged bytes in a test.v1.Scalars"},
    {"wire type 6", "Scalars", "06", "damaged bytes in a test.v1.Scalars"},
    {"wire type 7", "Scalars", "07", "damaged bytes in a test.v1.Scalars"},
    {"an end of no group", "Scalars", "0c", "damaged bytes in a test.v1.Scalars"},
    {"a group that ends as another", "test.v2.Legacy", "535c", "damaged bytes in a test.v2.Legacy"},
    {"a group without an end", "test.v2.Legacy", "53", "damaged bytes in a test.v2.Legacy"},
    {"an end behind a group", "test.v2.Legacy", "535454", "damaged bytes in a test.v2.Legacy"},
    {"a length of 2^31", "Note", "0a8080808008", "damaged bytes in a test.v1.Note"},
    {"a length past 64 bits", "Note", "0affffffffffffffffff7f", "damaged bytes in a test.v1.Note"},
    {"invalid UTF-8", "Note", "0a01ff", "invalid UTF-8 in test.v1.Note.note_id"},
    {"invalid UTF-8 in a list", "Lists", "7201ff", "invalid UTF-8 in test.v1.Lists.strings"},
    {"invalid UTF-8 in a key", "Maps", "62050a01ff1001",
     "invalid UTF-8 in test.v1.Maps.NumbersEntry.key"},
    {"invalid UTF-8 of proto2 stays", "test.v2.Legacy", "1201ff", "1201ff"},
    {"a MessageSet stays as it is", "test.v2.OldSet", "0b10c8011a020a000c", "0b10c8011a020a000c"},
    {"whatever the order of its items", "test.v2.OldSet", "0b1a0010c8010c", "0b10c8011a000c"},
};

static void reads_json(void **state)
{
    (void)state;
    CHECK_ROWS(json_rows, json_to_hex, plain);
}

static void writes_wire_as_json(void **state)
{
    (void)state;
    CHECK_ROWS(writing_rows, hex_to_json, plain);
}

static const char *read_wire(const char *type, const char *hex, struct gw_transcode_options options)
{
    (void)options;
    return hex_to_normal(type, hex, NULL);
}

static void reads_wire_bytes(void **state)
{
    (void)state;
    CHECK_ROWS(wire_rows, read_wire, plain);
}

/* Appends `levels` arrays, or objects, inside each other. */
static void nest(struct base_buf *out, int levels, const char *open, const char *inside,
                 const char *close)
{
    for (int i = 0; i < levels; i++) {
        assert_true(base_buf_append_str(out, base_str_of(open)));
    }
    assert_true(base_buf_append_str(out, base_str_of(inside)));
    for (int i = 0; i < levels; i++) {
        assert_true(base_buf_append_str(out, base_str_of(close)));
    }
    assert_true(base_buf_append_char(out, '\0'));
}

/* Reads the JSON and, where that succeeds, writes it again. */
static void check_nested(const char *type, const char *json, bool fits)
{
    char hex[8192];
    snprintf(hex, sizeof hex, "%s", json_to_hex(type, json, plain));
    if (!fits) {
        assert_non_null(strstr(hex, ": nested deeper than 100"));
        return;
    }
    assert_string_equal(hex_to_json(type, hex, plain), json);
}

/* 25 and 100 levels go both ways, 101 and 200 are refused. */
static void limits_nesting(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *open;
        const char *inside;
        const char *close;
    } rows[] = {
        {"google.protobuf.ListValue", "[", "", "]"},
        {"google.protobuf.Value", "[", "", "]"},
        {"google.protobuf.Value", "{\"a\":", "1", "}"},
        {"google.protobuf.Struct", "{\"a\":", "null", "}"},
    };
    static const int levels[] = {25, GW_NESTING_MAX, GW_NESTING_MAX + 1, 200};
    for (size_t i = 0; i < sizeof rows / sizeof *rows * 4; i++) {
        int depth = levels[i % 4];
        struct base_buf json;
        base_buf_init(&json, OUTPUT_BYTES_MAX);
        nest(&json, depth, rows[i / 4].open, rows[i / 4].inside, rows[i / 4].close);
        print_message("  %s, %d levels\n", rows[i / 4].type, depth);
        check_nested(rows[i / 4].type, json.data, depth <= GW_NESTING_MAX);
        base_buf_dispose(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_json), cmocka_unit_test(writes_wire_as_json),
        cmocka_unit_test(reads_wire_bytes), cmocka_unit_test(limits_nesting)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
