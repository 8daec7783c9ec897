/* Wire to JSON: canonical messages, and everything the wire allows besides: fields in any order,
 * scalars and messages in several pieces, packed or not, unknown fields, damage. */
#include "base/wire.h"
#include "gateway/wire_to_json.h"
#include "tests/gateway/transcode_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct transcode_row scalar_rows[] = {
    {"nothing", "Scalars", "", "{}"},
    {"double", "Scalars", "09000000000000f83f", "{\"aDouble\":1.5}"},
    {"double whole", "Scalars", "090000000000005940", "{\"aDouble\":100}"},
    {"double minus zero", "Scalars", "090000000000000080", "{\"aDouble\":-0}"},
    {"double shortest", "Scalars", "099a9999999999b93f", "{\"aDouble\":0.1}"},
    {"double third", "Scalars", "09555555555555d53f", "{\"aDouble\":0.3333333333333333}"},
    {"double NaN", "Scalars", "09000000000000f87f", "{\"aDouble\":\"NaN\"}"},
    {"double Infinity", "Scalars", "09000000000000f07f", "{\"aDouble\":\"Infinity\"}"},
    {"double -Infinity", "Scalars", "09000000000000f0ff", "{\"aDouble\":\"-Infinity\"}"},
    {"double largest", "Scalars", "09ffffffffffffef7f", "{\"aDouble\":1.7976931348623157e+308}"},
    {"double smallest", "Scalars", "090100000000000000", "{\"aDouble\":5e-324}"},
    {"double 1e20", "Scalars", "09408cb5781daf1544", "{\"aDouble\":100000000000000000000}"},
    {"double 1e21", "Scalars", "0950efe2d6e41a4b44", "{\"aDouble\":1e+21}"},
    {"double 1e-6", "Scalars", "098dedb5a0f7c6b03e", "{\"aDouble\":0.000001}"},
    {"double 1e-7", "Scalars", "0948afbc9af2d77a3e", "{\"aDouble\":1e-7}"},
    {"double 123456.789", "Scalars", "09c976be9f0c24fe40", "{\"aDouble\":123456.789}"},
    {"double 2^53", "Scalars", "090000000000004043", "{\"aDouble\":9007199254740992}"},
    {"float shortest", "Scalars", "15cdcccc3d", "{\"aFloat\":0.1}"},
    {"float largest", "Scalars", "15ffff7f7f", "{\"aFloat\":3.4028235e+38}"},
    {"float 2^24", "Scalars", "150000804b", "{\"aFloat\":16777216}"},
    {"float smallest", "Scalars", "1501000000", "{\"aFloat\":1e-45}"},
    {"float NaN", "Scalars", "150000c07f", "{\"aFloat\":\"NaN\"}"},
    {"int32", "Scalars", "189601", "{\"anInt32\":150}"},
    {"int32 least", "Scalars", "1880808080f8ffffffff01", "{\"anInt32\":-2147483648}"},
    {"int32 by its low bits", "Scalars", "1881808080f0ffffffff01", "{\"anInt32\":1}"},
    {"int32 long form", "Scalars", "18968100", "{\"anInt32\":150}"},
    {"int64", "Scalars", "2080808080808080808001", "{\"anInt64\":\"-9223372036854775808\"}"},
    {"uint32", "Scalars", "28ffffffff0f", "{\"aUint32\":4294967295}"},
    {"uint64", "Scalars", "30ffffffffffffffffff01", "{\"aUint64\":\"18446744073709551615\"}"},
    {"sint32", "Scalars", "38ffffffff0f", "{\"aSint32\":-2147483648}"},
    {"sint64", "Scalars", "40ffffffffffffffffff01", "{\"aSint64\":\"-9223372036854775808\"}"},
    {"fixed32", "Scalars", "4dffffffff", "{\"aFixed32\":4294967295}"},
    {"fixed64", "Scalars", "51ffffffffffffffff", "{\"aFixed64\":\"18446744073709551615\"}"},
    {"sfixed32", "Scalars", "5dffffffff", "{\"aSfixed32\":-1}"},
    {"sfixed64", "Scalars", "61ffffffffffffffff", "{\"aSfixed64\":\"-1\"}"},
    {"bool", "Scalars", "6801", "{\"aBool\":true}"},
    {"bool any bit", "Scalars", "6880808080808080808001", "{\"aBool\":true}"},
    {"string", "Scalars", "720368c3a9", "{\"aString\":\"h\xc3\xa9\"}"},
    {"string escapes", "Scalars", "720a225c2f080c0a0d09011f",
     "{\"aString\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\"}"},
    {"string NUL", "Scalars", "7203610062", "{\"aString\":\"a\\u0000b\"}"},
    {"string long plain", "Scalars",
     "721730313233343536373839616263646566"
     "67686a696b7f20",
     "{\"aString\":\"0123456789abcdefghjik\x7f \"}"},
    {"string escapes behind a block", "Scalars", "721230313233343536373839616263646566220a",
     "{\"aString\":\"0123456789abcdef\\\"\\n\"}"},
    {"bytes", "Scalars", "7a0200ff", "{\"someBytes\":\"AP8=\"}"},
    {"bytes three", "Scalars", "7a03fbffbf", "{\"someBytes\":\"+/+/\"}"},
    {"enum", "Scalars", "800102", "{\"aColor\":\"GREEN\"}"},
    {"enum negative", "Scalars", "8001ffffffffffffffffff01", "{\"aColor\":\"DARK\"}"},
    {"enum unknown", "Scalars", "80014d", "{\"aColor\":77}"},
    {"a field that is not known", "Scalars", "6801 a20603616263 f8ff0301", "{\"aBool\":true}"},
    {"a known field in another wire type", "Scalars", "6d01000000 6801", "{\"aBool\":true}"},
    {"the last scalar counts", "Scalars", "6800 1801 6801 1802", "{\"anInt32\":2,\"aBool\":true}"},
    {"zeros say nothing", "Scalars", "090000000000000000 1800 6800 7200 800100", "{}"},
    {"a last zero says nothing", "Scalars", "6801 1801 6800", "{\"anInt32\":1}"},
    {"zero by the low bits", "Scalars", "1880808080f0ffffffff01", "{}"},
};

static const struct transcode_row list_rows[] = {
    {"packed", "Lists", "1a0d010002ffffffffffffffffff01", "{\"int32s\":[1,0,2,-1]}"},
    {"packed where it need not be", "Lists", "8a01020102", "{\"loose\":[1,2]}"},
    {"not packed where it should", "Lists", "18011802", "{\"int32s\":[1,2]}"},
    {"both", "Lists", "1801 1a020203 1804", "{\"int32s\":[1,2,3,4]}"},
    {"an empty pack", "Lists", "1a00", "{}"},
    {"with others between", "Lists", "1801 720161 1802", "{\"int32s\":[1,2],\"strings\":[\"a\"]}"},
    {"doubles", "Lists", "0a10000000000000f03f000000000000f87f", "{\"doubles\":[1,\"NaN\"]}"},
    {"64 bits", "Lists", "22020102", "{\"int64s\":[\"1\",\"2\"]}"},
    {"messages", "Lists",
     "9201009201031201"
     "78",
     "{\"notes\":[{},{\"title\":\"x\"}]}"},
    {"half an element", "Lists", "0a03000000", "damaged bytes in a test.v1.Lists"},
    {"half a varint", "Lists", "1a0180", "damaged bytes in a test.v1.Lists"},
    {"NullValue", "Lists",
     "9a010200"
     "00",
     "{\"nulls\":[null,null]}"},
};

static const struct transcode_row map_rows[] = {
    {"strings", "Maps", "62050a01611001 62050a01621002", "{\"numbers\":{\"a\":1,\"b\":2}}"},
    {"the last of a key counts", "Maps", "62050a01621001 62050a01611002 62050a01621003",
     "{\"numbers\":{\"a\":2,\"b\":3}}"},
    {"others between", "Maps", "62050a01611001 6a050a016b1200 62050a01611002",
     "{\"numbers\":{\"a\":2},\"notes\":{\"k\":{}}}"},
    {"no key", "Maps", "62021001", "{\"numbers\":{\"\":1}}"},
    {"no value", "Maps", "62030a0161", "{\"numbers\":{\"a\":0}}"},
    {"no message", "Maps", "6a030a016b", "{\"notes\":{\"k\":{}}}"},
    {"value before key", "Maps", "620510010a0161", "{\"numbers\":{\"a\":1}}"},
    {"key twice", "Maps", "62080a01620a01611001", "{\"numbers\":{\"a\":1}}"},
    {"a message in pieces", "Maps",
     "6a0d0a016b12030a016912031201"
     "78",
     "{\"notes\":{\"k\":{\"noteId\":\"i\",\"title\":\"x\"}}}"},
    {"unknown in the entry", "Maps", "62070a016118051001", "{\"numbers\":{\"a\":1}}"},
    {"int32", "Maps", "0a0e08ffffffffffffffffff01120161", "{\"byInt32\":{\"-1\":\"a\"}}"},
    {"int32 equal by the low bits", "Maps",
     "0a0508011201"
     "61 0a0e0881808080f0ffffffff01120162",
     "{\"byInt32\":{\"1\":\"b\"}}"},
    {"sint32", "Maps", "2a0408011200", "{\"bySint32\":{\"-1\":\"\"}}"},
    {"sint64", "Maps", "320408011200", "{\"bySint64\":{\"-1\":\"\"}}"},
    {"uint64", "Maps", "220d08ffffffffffffffffff011200",
     "{\"byUint64\":{\"18446744073709551615\":\"\"}}"},
    {"sfixed32", "Maps", "4a070dffffffff1200", "{\"bySfixed32\":{\"-1\":\"\"}}"},
    {"bool", "Maps", "5a0408011200 5a0408001200", "{\"byBool\":{\"true\":\"\",\"false\":\"\"}}"},
    {"damaged entry", "Maps", "62030a0561", "damaged bytes in a test.v1.Maps"},
    {"invalid key", "Maps", "62050a01ff1001", "invalid UTF-8 in test.v1.Maps.NumbersEntry.key"},
};

static const struct transcode_row message_rows[] = {
    {"in pieces", "Nested", "0a031a0161 1a0162 0a020a00",
     "{\"child\":{\"child\":{},\"name\":\"a\"},\"name\":\"b\"}"},
    {"out of order deep down", "Nested", "0a070a051a01610a00 1a0162",
     "{\"child\":{\"child\":{\"child\":{},\"name\":\"a\"}},\"name\":\"b\"}"},
    {"a oneof is its last member", "Choices", "0a0161 1005", "{\"number\":5}"},
    {"a oneof back to the first", "Choices", "0a0161 1005 0a0162", "{\"text\":\"b\"}"},
    {"a oneof's message in pieces", "Choices", "1a030a0169 1a03120178",
     "{\"note\":{\"noteId\":\"i\",\"title\":\"x\"}}"},
    {"a oneof's pieces behind another member", "Choices", "1a030a0169 1005 1a03120178",
     "{\"note\":{\"title\":\"x\"}}"},
    {"two oneofs", "Choices", "4801 0a0161", "{\"text\":\"a\",\"yes\":true}"},
    {"a oneof's default", "Choices", "1000", "{\"number\":0}"},
    {"a oneof's null", "Choices", "2000", "{\"nothing\":null}"},
    {"optional defaults", "Choices", "30003a00", "{\"maybeNumber\":0,\"maybeText\":\"\"}"},
    {"invalid UTF-8", "Note", "1202c328", "invalid UTF-8 in test.v1.Note.title"},
    {"a string cut short", "Note", "120561", "damaged bytes in a test.v1.Note"},
    {"field 0", "Note", "0201", "damaged bytes in a test.v1.Note"},
    {"wire type 7", "Note", "0f", "damaged bytes in a test.v1.Note"},
    {"an end of no group", "Note", "0c", "damaged bytes in a test.v1.Note"},
    {"unknown group", "Note", "120178 2b 0801 2c", "{\"title\":\"x\"}"},
    {"far numbers", "Sparse", "0801 80ea3002 f8ffffff0f03", "{\"first\":1,\"far\":2,\"last\":3}"},
    {"wide", "Wide", "0801 e01202", "{\"f1\":1,\"f300\":2}"},
};

static const struct transcode_row legacy_rows[] = {
    {"closed enum", "test.v2.Legacy", "2001 3802", "{\"closed\":\"FIRST\",\"many\":[\"SECOND\"]}"},
    {"unknown to a closed enum", "test.v2.Legacy", "2001 2003 3803 3801",
     "{\"closed\":\"FIRST\",\"many\":[\"FIRST\"]}"},
    {"unknown to a closed enum, packed", "test.v2.Legacy", "3a03030102",
     "{\"many\":[\"FIRST\",\"SECOND\"]}"},
    {"only unknown", "test.v2.Legacy", "2003 3803 3a0103", "{}"},
    {"map value unknown to a closed enum", "test.v2.Legacy", "62050a01611007 62050a01621001",
     "{\"closedByName\":{\"b\":\"ONE\"}}"},
    {"map value of which the enum knows one", "test.v2.Legacy", "6209 0a0161 1007 1001 1009",
     "{\"closedByName\":{\"a\":\"ONE\"}}"},
    {"the same, out of order", "test.v2.Legacy", "6209 0a0161 1007 1001 1009 0801",
     "{\"number\":1,\"closedByName\":{\"a\":\"ONE\"}}"},
    {"group", "test.v2.Legacy", "530a016154", "{\"inner\":{\"name\":\"a\"}}"},
    {"group in pieces", "test.v2.Legacy", "530a016154 53120054",
     "{\"inner\":{\"name\":\"a\",\"again\":{}}}"},
    {"groups", "test.v2.Legacy", "5b08015c 5b5c", "{\"item\":[{\"size\":1},{}]}"},
    {"a group that does not end", "test.v2.Legacy", "530a0161",
     "damaged bytes in a test.v2.Legacy"},
    {"a group that ends as another", "test.v2.Legacy", "530a01615c",
     "damaged bytes in a test.v2.Legacy"},
};

static const struct transcode_row well_known_rows[] = {
    {"timestamp", "WellKnown", "0a0808011080cab5ee01",
     "{\"timestamp\":\"1970-01-01T00:00:01.500Z\"}"},
    {"timestamp empty", "WellKnown", "0a00", "{\"timestamp\":\"1970-01-01T00:00:00Z\"}"},
    {"timestamp first", "WellKnown", "0a0b088092b8c398feffffff01",
     "{\"timestamp\":\"0001-01-01T00:00:00Z\"}"},
    {"timestamp last", "WellKnown", "0a0d08ff82d1ffaf0710ff93ebdc03",
     "{\"timestamp\":\"9999-12-31T23:59:59.999999999Z\"}"},
    {"timestamp leap day", "WellKnown", "0a06088098ecc503",
     "{\"timestamp\":\"2000-02-29T00:00:00Z\"}"},
    {"timestamp micros", "WellKnown",
     "0a03"
     "10e807",
     "{\"timestamp\":\"1970-01-01T00:00:00.000001Z\"}"},
    {"timestamp too late", "WellKnown", "0a07088083d1ffaf07",
     "a google.protobuf.Timestamp out of range"},
    {"timestamp nanos below zero", "WellKnown", "0a0b10ffffffffffffffffff01",
     "a google.protobuf.Timestamp out of range"},
    {"duration", "WellKnown", "121608ffffffffffffffffff011080b6ca91feffffffff01",
     "{\"duration\":\"-1.500s\"}"},
    {"duration below a second", "WellKnown", "120b1080b6ca91feffffffff01",
     "{\"duration\":\"-0.500s\"}"},
    {"duration of nanos only", "WellKnown", "12061080cab5ee01", "{\"duration\":\"0.500s\"}"},
    {"duration of two signs", "WellKnown", "120d080110ffffffffffffffffff01",
     "a google.protobuf.Duration out of range"},
    {"duration of the other two", "WellKnown", "120d08ffffffffffffffffff011001",
     "a google.protobuf.Duration out of range"},
    {"mask", "WellKnown", "1a100a076e6f74655f69640a05612e625f63", "{\"mask\":\"noteId,a.bC\"}"},
    {"mask empty", "WellKnown", "1a00", "{\"mask\":\"\"}"},
    {"mask with a capital", "WellKnown", "1a040a026142",
     "a path of a google.protobuf.FieldMask that JSON cannot hold"},
    {"mask with a digit behind an underscore", "WellKnown", "1a050a03615f31",
     "a path of a google.protobuf.FieldMask that JSON cannot hold"},
    {"struct", "WellKnown", "22100a0e0a0161120911000000000000f03f", "{\"structure\":{\"a\":1}}"},
    {"struct empty", "WellKnown", "2200", "{\"structure\":{}}"},
    {"struct of several kinds", "WellKnown",
     "221a 0a070a016112020800 0a070a016212022001 0a060a01631a0178",
     "a google.protobuf.Value that is not set, or damaged"},
    {"value null", "WellKnown", "2a020800", "{\"value\":null}"},
    {"value null of another number", "WellKnown", "2a02082f", "{\"value\":null}"},
    {"NullValue of another number", "WellKnown", "382f", "{\"nothing\":47}"},
    {"value string", "WellKnown", "2a031a0161", "{\"value\":\"a\"}"},
    {"value NaN", "WellKnown", "2a0911000000000000f87f", "a google.protobuf.Value out of range"},
    {"value not set", "WellKnown", "2a00", "a google.protobuf.Value that is not set, or damaged"},
    {"value is its last kind", "WellKnown", "2a051a01612001", "{\"value\":true}"},
    {"value list in pieces", "WellKnown", "2a0c32040a02200132040a022000",
     "{\"value\":[true,false]}"},
    {"list", "WellKnown", "32080a0220010a023200", "{\"list\":[true,[]]}"},
    {"wrapper", "WellKnown", "5a020805", "{\"wrappedInt32\":5}"},
    {"wrapper empty", "WellKnown", "5a00", "{\"wrappedInt32\":0}"},
    {"wrapper in pieces", "WellKnown", "5a0408050806", "{\"wrappedInt32\":6}"},
    {"wrapped 64 bits", "WellKnown", "62020805", "{\"wrappedInt64\":\"5\"}"},
    {"wrapped bytes", "WellKnown", "9201030a0161", "{\"wrappedBytes\":\"YQ==\"}"},
    {"empty", "WellKnown", "4a00", "{\"empty\":{}}"},
    {"any", "WellKnown", "42150a0e612f746573742e76312e4e6f74651203120178",
     "{\"any\":{\"@type\":\"a/test.v1.Note\",\"title\":\"x\"}}"},
    {"any of a wrapper", "WellKnown",
     "42220a1c612f676f6f676c652e70726f746f6275662e496e74333256616c756512020805",
     "{\"any\":{\"@type\":\"a/google.protobuf.Int32Value\",\"value\":5}}"},
    {"any with nothing", "WellKnown", "4200", "{\"any\":{}}"},
    {"any of an unknown type", "WellKnown", "42050a03612f62",
     "a google.protobuf.Any of an unknown type"},
};

#define CHECKS(name)                                                                               \
    static void writes_##name(void **state)                                                        \
    {                                                                                              \
        (void)state;                                                                               \
        CHECK_ROWS(name##_rows, hex_to_json, plain);                                               \
    }
CHECKS(scalar)
CHECKS(list)
CHECKS(map)
CHECKS(message)
CHECKS(legacy)
CHECKS(well_known)

struct field_row {
    const char *type;
    const char *field;
    const char *wire;
    const char *json;
};

static const struct field_row field_rows[] = {
    {"NoteList", "notes", "0a03120178 120161", "[{\"title\":\"x\"}]"},
    {"NoteList", "notes", "0a03120178 120161 0a00", "[{\"title\":\"x\"},{}]"},
    {"NoteList", "notes", "", "[]"},
    {"NoteList", "next_page_token", "120161", "\"a\""},
    {"NoteList", "next_page_token", "120161 120162", "\"b\""},
    {"NoteList", "next_page_token", "", "\"\""},
    {"NoteList", "notes", "0a05", "damaged bytes in a test.v1.NoteList"},
    {"Maps", "numbers", "62050a01611001", "{\"a\":1}"},
    {"Maps", "numbers", "", "{}"},
    {"Nested", "child", "", "null"},
    {"Nested", "child", "0a00", "{}"},
    {"Nested", "child", "0a031a0161 0a020a00", "{\"child\":{},\"name\":\"a\"}"},
    {"Choices", "number", "1005 0a0161", "0"},
    {"Choices", "number", "0a0161 1005", "5"},
    {"Scalars", "an_int64", "", "\"0\""},
    {"Scalars", "a_color", "", "\"COLOR_UNSPECIFIED\""},
    {"WellKnown", "timestamp", "", "null"},
    {"WellKnown", "wrapped_int32", "5a020805", "5"},
    {"test.v2.Legacy", "number", "", "-7"},
    {"test.v2.Legacy", "text", "", "\"a \\\"quoted\\\" text\""},
    {"test.v2.Legacy", "blob", "", "\"AQr/\""},
    {"test.v2.Legacy", "closed", "", "\"SECOND\""},
    {"test.v2.Legacy", "unsaid", "", "\"FIRST\""},
    {"test.v2.Legacy", "real", "", "\"Infinity\""},
    {"test.v2.Legacy", "flag", "", "true"},
    {"test.v2.Legacy", "large", "", "\"18446744073709551615\""},
    {"test.v2.Legacy", "inner", "", "null"},
};

static void writes_the_value_of_a_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof field_rows / sizeof *field_rows; i++) {
        const struct field_row *row = &field_rows[i];
        const struct gw_transcode_options options = {.schema = test_schema()};
        const struct gw_field *field =
            gw_message_field_by_name(test_type(row->type), base_str_of(row->field));
        char storage[256];
        struct base_buf out;
        struct base_err err;
        base_buf_init(&out, OUTPUT_BYTES_MAX);
        bool ok = gw_wire_field_to_json(field, from_hex(row->wire, storage, sizeof storage),
                                        &options, &out, &err);
        assert_true(base_buf_append(&out, "", 1));
        assert_string_equal(ok ? out.data : err.message, row->json);
        base_buf_dispose(&out);
    }
}

/* A message nested `depth` deep, in order or with its fields turned round at every level. */
static bool write_nested(int depth, bool in_order, struct base_err *err)
{
    const struct gw_transcode_options options = {.schema = test_schema()};
    struct base_buf wire[2];
    struct base_buf out;
    base_buf_init(&wire[0], OUTPUT_BYTES_MAX);
    base_buf_init(&wire[1], OUTPUT_BYTES_MAX);
    base_buf_init(&out, OUTPUT_BYTES_MAX);
    for (int i = 0; i < depth; i++) {
        struct base_buf *inner = &wire[i % 2];
        struct base_buf *outer = &wire[(i + 1) % 2];
        outer->len = 0;
        bool ok = in_order || base_buf_append_str(outer, BASE_STR("\x1a\x01z"));
        ok = ok && base_buf_printf(outer, "\x0a%c%c", (int)(inner->len & 0x7F) | 0x80,
                                   (int)(inner->len >> 7));
        assert_true(ok && base_buf_append(outer, inner->data, inner->len));
    }
    bool ok =
        gw_wire_to_json(test_type("Nested"), base_buf_str(&wire[depth % 2]), &options, &out, err);
    base_buf_dispose(&wire[0]);
    base_buf_dispose(&wire[1]);
    base_buf_dispose(&out);
    return ok;
}

static void limits_nesting(void **state)
{
    (void)state;
    struct base_err err;
    assert_true(write_nested(GW_NESTING_MAX - 1, true, &err));
    assert_true(write_nested(GW_NESTING_MAX - 1, false, &err));
    for (int in_order = 0; in_order < 2; in_order++) {
        assert_false(write_nested(GW_NESTING_MAX, in_order != 0, &err));
        assert_string_equal(err.message, "a message nested deeper than 100");
        assert_int_equal(err.code, BASE_INTERNAL);
        assert_false(write_nested(2000, in_order != 0, &err));
    }
}

/* More records than the stack has room for, in reverse order. */
static void gathers_many_records(void **state)
{
    (void)state;
    const struct gw_transcode_options options = {.schema = test_schema()};
    struct base_buf wire, out, want;
    struct base_err err;
    base_buf_init(&wire, OUTPUT_BYTES_MAX);
    base_buf_init(&out, OUTPUT_BYTES_MAX);
    base_buf_init(&want, OUTPUT_BYTES_MAX);
    assert_true(base_buf_append_char(&want, '{'));
    for (unsigned number = 300; number > 0; number--) {
        uint8_t record[2 * BASE_VARINT_BYTES_MAX];
        uint8_t *end = base_wire_put_varint(record, number << 3);
        end = base_wire_put_varint(end, number);
        assert_true(base_buf_append(&wire, record, (size_t)(end - record)));
        assert_true(base_buf_printf(&want, "\"f%u\":%u%c", 301 - number, 301 - number,
                                    number == 1 ? '}' : ','));
    }
    assert_true(gw_wire_to_json(test_type("Wide"), base_buf_str(&wire), &options, &out, &err));
    assert_int_equal(out.len, want.len);
    assert_memory_equal(out.data, want.data, want.len);
    base_buf_dispose(&wire);
    base_buf_dispose(&out);
    base_buf_dispose(&want);
}

/* Bytes that are not in the order their normal form has are refused, not asserted: they come from
 * an upstream. */
static void refuses_a_normal_form_out_of_order(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *type;
        const char *wire;
        const char *alone; /* the field to write alone, or NULL */
    } rows[] = {
        {"fields turned round", "Note", "120162 0a0161", NULL},
        {"a message in two pieces in a map", "Maps", "6a0d 0a0161 12030a0178 1203120179", NULL},
        {"a string twice", "Note", "0a0161 0a0162", "note_id"},
        {"a list in two places", "Lists", "1801 720161 1802", "int32s"},
    };
    const struct gw_transcode_options options = {.schema = test_schema()};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        char wire[64];
        struct base_buf out;
        struct base_err err;
        base_buf_init(&out, OUTPUT_BYTES_MAX);
        struct gw_writer writer = {
            .options = &options, .out = &out, .err = &err, .is_normal = true};
        const struct gw_message *type = test_type(rows[i].type);
        struct base_str bytes = from_hex(rows[i].wire, wire, sizeof wire);
        char *at = gw_writer_start(&writer, bytes);
        assert_non_null(at);
        assert_null(rows[i].alone == NULL
                        ? gw_write_message(&writer, at, type, bytes)
                        : gw_write_field_alone(
                              &writer, at,
                              gw_message_field_by_name(type, base_str_of(rows[i].alone)), bytes));
        assert_int_equal(err.code, BASE_INTERNAL);
        assert_string_equal(err.message, "a message that is out of order in its normal form");
        base_buf_dispose(&out);
    }
}

/* Whatever the maximum, the output is within it or the message is refused, and nothing is left. */
static void keeps_within_the_output_maximum(void **state)
{
    (void)state;
    static const char json[] =
        "{\"notes\":[{\"title\":\"a\\nb\",\"timestamp\":\"2026-01-31T09:30:00Z\"},"
        "{\"noteId\":\"0123456789012345678901234567890123456789\"}],\"nextPageToken\":\"x\"}";
    const struct gw_transcode_options options = {.schema = test_schema()};
    struct base_buf wire;
    struct base_err err;
    base_buf_init(&wire, OUTPUT_BYTES_MAX);
    assert_true(gw_json_to_wire(test_type("NoteList"), base_str_of(json), &options, &wire, &err));
    bool was_written = false;
    for (size_t max = 0; max < 256; max++) {
        struct base_buf out;
        base_buf_init(&out, max);
        if (gw_wire_to_json(test_type("NoteList"), base_buf_str(&wire), &options, &out, &err)) {
            was_written = true;
            assert_true(base_str_eq(base_buf_str(&out), base_str_of(json)));
        } else {
            assert_false(was_written);
            assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
            assert_int_equal(out.len, 0);
        }
        base_buf_dispose(&out);
    }
    assert_true(was_written);
    base_buf_dispose(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_scalar),
        cmocka_unit_test(writes_list),
        cmocka_unit_test(writes_map),
        cmocka_unit_test(writes_message),
        cmocka_unit_test(writes_legacy),
        cmocka_unit_test(writes_well_known),
        cmocka_unit_test(writes_the_value_of_a_field),
        cmocka_unit_test(limits_nesting),
        cmocka_unit_test(gathers_many_records),
        cmocka_unit_test(refuses_a_normal_form_out_of_order),
        cmocka_unit_test(keeps_within_the_output_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
