/* What the BSON codec refuses, keeps and passes over, and that it says where. */
#include "server/bson_codec.h"

#include "base/mem.h"
#include "bson_legacy.pb-c.h"
#include "bson_support.h"
#include "bson_test.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define TYPE(name) &bson_test__##name##__descriptor

/* Long: a flat table. */
static void names_the_field_that_does_not_fit(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const ProtobufCMessageDescriptor *type;
        const char *json;
        const char *error;
    } rows[] = {
        {"bool", TYPE(bool), "{\"v\":1}", "v: expected true or false"},
        {"int32 from text", TYPE(int32), "{\"v\":\"1\"}", "v: expected a 32-bit integer"},
        {"int32, too large", TYPE(int32), "{\"v\":2147483648}", "v: expected a 32-bit integer"},
        {"int32, too small", TYPE(sint32), "{\"v\":-2147483649}", "v: expected a 32-bit integer"},
        {"int32, no whole", TYPE(sfixed32), "{\"v\":1.5}", "v: expected a 32-bit integer"},
        {"int32, no number", TYPE(int32), "{\"v\":{\"$numberDouble\":\"NaN\"}}",
         "v: expected a 32-bit integer"},
        {"int64, too large", TYPE(int64), "{\"v\":9223372036854775808.0}",
         "v: expected a 64-bit integer"},
        {"int64, infinite", TYPE(sint64), "{\"v\":{\"$numberDouble\":\"Infinity\"}}",
         "v: expected a 64-bit integer"},
        {"int64, a large decimal", TYPE(sfixed64),
         "{\"v\":{\"$numberDecimal\":\"9223372036854775808\"}}", "v: expected a 64-bit integer"},
        {"int64, a huge decimal", TYPE(int64), "{\"v\":{\"$numberDecimal\":\"1E+6000\"}}",
         "v: expected a 64-bit integer"},
        {"int64, a broken decimal", TYPE(int64), "{\"v\":{\"$numberDecimal\":\"1.5\"}}",
         "v: expected a 64-bit integer"},
        {"int64, a tiny decimal", TYPE(int64), "{\"v\":{\"$numberDecimal\":\"1E-6000\"}}",
         "v: expected a 64-bit integer"},
        {"int64, decimal NaN", TYPE(int64), "{\"v\":{\"$numberDecimal\":\"NaN\"}}",
         "v: expected a 64-bit integer"},
        {"int64, decimal infinity", TYPE(int64), "{\"v\":{\"$numberDecimal\":\"-Infinity\"}}",
         "v: expected a 64-bit integer"},
        {"uint32, negative", TYPE(uint32), "{\"v\":-1}", "v: expected an unsigned 32-bit integer"},
        {"uint32, too large", TYPE(fixed32), "{\"v\":4294967296}",
         "v: expected an unsigned 32-bit integer"},
        {"uint64, negative", TYPE(uint64), "{\"v\":-1}", "v: expected an unsigned 64-bit integer"},
        {"uint64, too large", TYPE(fixed64),
         "{\"v\":{\"$numberDecimal\":\"18446744073709551616\"}}",
         "v: expected an unsigned 64-bit integer"},
        {"float from text", TYPE(float), "{\"v\":\"1\"}", "v: expected a number"},
        {"float, too large", TYPE(float), "{\"v\":1e39}", "v: out of a float's range"},
        {"double from bool", TYPE(double), "{\"v\":true}", "v: expected a number"},
        {"string from int", TYPE(string), "{\"v\":1}", "v: expected a string"},
        {"string from symbol", TYPE(string), "{\"v\":{\"$symbol\":\"a\"}}", "v: expected a string"},
        {"string with NUL", TYPE(string), "{\"v\":\"a\\u0000b\"}", "v: expected UTF-8 without NUL"},
        {"bytes from string", TYPE(bytes), "{\"v\":\"eA==\"}", "v: expected binary data"},
        {"enum, no such name", TYPE(enum), "{\"v\":\"GREEN\"}",
         "v: a name that the enum does not have"},
        {"enum, a name and more", TYPE(enum), "{\"v\":\"RED\\u0000\"}",
         "v: a name that the enum does not have"},
        {"enum from bool", TYPE(enum), "{\"v\":true}",
         "v: expected a name of the enum, or a 32-bit integer"},
        {"time from text", TYPE(time), "{\"v\":\"2026-01-01T00:00:00Z\"}", "v: expected a date"},
        {"time without nanos", TYPE(time), "{\"v\":{\"date\":{\"$date\":{\"$numberLong\":\"0\"}}}}",
         "v: expected a date, or a date and nanos from 0 to 999999"},
        {"time without date", TYPE(time), "{\"v\":{\"nanos\":1}}",
         "v: expected a date, or a date and nanos from 0 to 999999"},
        {"time with a whole millisecond of nanos", TYPE(time),
         "{\"v\":{\"date\":{\"$date\":{\"$numberLong\":\"0\"}},\"nanos\":1000000}}",
         "v: expected a date, or a date and nanos from 0 to 999999"},
        {"time with negative nanos", TYPE(time),
         "{\"v\":{\"date\":{\"$date\":{\"$numberLong\":\"0\"}},\"nanos\":-1}}",
         "v: expected a date, or a date and nanos from 0 to 999999"},
        {"list from document", TYPE(lists), "{\"texts\":{\"0\":\"a\"}}",
         "texts: expected an array"},
        {"element", TYPE(lists), "{\"numbers\":[1,2,\"3\"]}",
         "numbers.2: expected a 32-bit integer"},
        {"null in a list", TYPE(lists), "{\"texts\":[\"a\",null]}", "texts.1: expected a string"},
        {"message in a list", TYPE(lists), "{\"times\":[{\"v\":1}]}", "times.0.v: expected a date"},
        {"map from array", TYPE(string_map), "{\"v\":[]}", "v: expected a document"},
        {"map value", TYPE(string_map), "{\"v\":{\"a\":\"b\",\"c\":4}}", "v.c: expected a string"},
        {"null in a map", TYPE(uint64_map), "{\"v\":{\"1\":null}}", "v.1: expected a document"},
        {"bool key", TYPE(bool_map), "{\"v\":{\"yes\":1}}",
         "v.yes: a name that is no key of the map"},
        {"int32 key, too large", TYPE(int32_map), "{\"v\":{\"2147483648\":\"\"}}",
         "v.2147483648: a name that is no key of the map"},
        {"int32 key, empty", TYPE(int32_map), "{\"v\":{\"\":\"\"}}",
         "v.: a name that is no key of the map"},
        {"int32 key, only a sign", TYPE(int32_map), "{\"v\":{\"-\":\"\"}}",
         "v.-: a name that is no key of the map"},
        {"uint32 key, negative", TYPE(uint32_map), "{\"v\":{\"-1\":0}}",
         "v.-1: a name that is no key of the map"},
        {"int64 key with a space", TYPE(int64_map), "{\"v\":{\" 1\":0}}",
         "v. 1: a name that is no key of the map"},
        {"uint64 key, too large", TYPE(uint64_map), "{\"v\":{\"18446744073709551616\":{}}}",
         "v.18446744073709551616: a name that is no key of the map"},
        {"message from text", TYPE(tree), "{\"child\":{\"child\":\"x\"}}",
         "child.child: expected a document"},
        {"message from array", TYPE(tree), "{\"child\":[]}", "child: expected a document"},
        {"proto2", &bson_legacy__legacy__descriptor, "{\"id\":1,\"size\":\"MEDIUM\"}",
         "size: a name that the enum does not have"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_arena arena;
        struct base_err err;
        base_arena_init(&arena, BSON_SUPPORT_ARENA_BYTES);
        if (bson_message_of_json(&arena, rows[i].type, rows[i].json, false, &err) != NULL) {
            fail_msg("%s: is not refused", rows[i].name);
        }
        if (err.code != BASE_DATA_LOSS || strcmp(err.message, rows[i].error) != 0) {
            fail_msg("%s: %s", rows[i].name, err.message);
        }
        base_arena_dispose(&arena);
    }
}

/* What an update does to fields that the message type does not have. */
static void keeps_fields_of_others(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const ProtobufCMessageDescriptor *type;
        const char *before;
        const char *kept;
        const char *read;
    } rows[] = {
        {"top", TYPE(string), "{\"_id\":1,\"x\":{\"y\":[true]},\"v\":\"a\",\"_version\":2}",
         "{ \"v\" : \"a\", \"x\" : { \"y\" : [ true ] } }", "{ \"v\" : \"a\" }"},
        {"an underscore in front", TYPE(string), "{\"_class\":\"C\",\"v\":\"a\"}",
         "{ \"v\" : \"a\", \"_class\" : \"C\" }", "{ \"v\" : \"a\" }"},
        {"several", TYPE(string),
         "{\"b\":null,\"v\":\"\",\"a\":{\"$oid\":\"0123456789abcdef01234567\"}}",
         "{ \"v\" : \"\", \"b\" : null, \"a\" : { \"$oid\" : \"0123456789abcdef01234567\" } }",
         "{ \"v\" : \"\" }"},
        {"in a message", TYPE(choice), "{\"message\":{\"v\":{\"$numberInt\":\"1\"},\"_id\":true}}",
         "{ \"message\" : { \"v\" : { \"$numberInt\" : \"1\" }, \"_id\" : true } }",
         "{ \"message\" : { \"v\" : { \"$numberInt\" : \"1\" } } }"},
        {"in elements", TYPE(no_map), "{\"v\":[{\"value\":\"a\",\"x\":true},{\"y\":\"b\"}]}",
         "{ \"v\" : [ { \"key\" : { \"$numberDouble\" : \"0.0\" }, \"value\" : \"a\", \"x\" : true "
         "}, "
         "{ \"key\" : { \"$numberDouble\" : \"0.0\" }, \"value\" : \"\", \"y\" : \"b\" } ] }",
         "{ \"v\" : [ { \"key\" : { \"$numberDouble\" : \"0.0\" }, \"value\" : \"a\" }, "
         "{ \"key\" : { \"$numberDouble\" : \"0.0\" }, \"value\" : \"\" } ] }"},
        {"in a map's values", TYPE(uint64_map), "{\"v\":{\"1\":{\"x\":true}}}",
         "{ \"v\" : { \"1\" : { \"v\" : { \"$numberInt\" : \"0\" }, \"x\" : true } } }",
         "{ \"v\" : { \"1\" : { \"v\" : { \"$numberInt\" : \"0\" } } } }"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_arena arena;
        struct base_err err;
        base_arena_init(&arena, BSON_SUPPORT_ARENA_BYTES);
        ProtobufCMessage *kept =
            bson_message_of_json(&arena, rows[i].type, rows[i].before, true, &err);
        ProtobufCMessage *read =
            bson_message_of_json(&arena, rows[i].type, rows[i].before, false, &err);
        assert_non_null(kept);
        assert_non_null(read);
        assert_string_equal(bson_json_of_message(&arena, kept), rows[i].kept);
        assert_string_equal(bson_json_of_message(&arena, read), rows[i].read);
        base_arena_dispose(&arena);
    }
}

/* A client may send any field it likes, with a document of its own in it: none of it is written. */
static void writes_no_field_that_a_client_made_up(void **state)
{
    (void)state;
    static const char *const wires[] = {
        "0a0161"
        "120d"
        "0d000000"
        "085f69640001"
        "000000", /* field 2: a document */
        "0a0161"
        "faffffff0f0d"
        "0d000000"
        "085f69640001"
        "000000", /* the highest number */
        "0a0161"
        "1001"
        "1901020304050607081d01020304", /* other wire types */
    };
    for (size_t i = 0; i < sizeof wires / sizeof *wires; i++) {
        struct base_arena arena;
        base_arena_init(&arena, BSON_SUPPORT_ARENA_BYTES);
        ProtobufCMessage *message = bson_message_of_hex(&arena, TYPE(string), wires[i]);
        assert_true(message->n_unknown_fields > 0);
        assert_string_equal(bson_json_of_message(&arena, message), "{ \"v\" : \"a\" }");
        base_arena_dispose(&arena);
    }
}

static void assert_encoding(const ProtobufCMessage *message, const char *expected)
{
    struct base_arena arena;
    base_arena_init(&arena, BSON_SUPPORT_ARENA_BYTES);
    assert_string_equal(bson_json_of_message(&arena, message), expected);
    base_arena_dispose(&arena);
}

static void refuses_what_has_no_bson_form(void **state)
{
    (void)state;
    static char long_key[SRV_BSON_MAP_KEY_BYTES_MAX + 2];
    memset(long_key, 'k', sizeof long_key - 1);
    BsonTest__StringMap__VEntry entry = BSON_TEST__STRING_MAP__VENTRY__INIT;
    BsonTest__StringMap__VEntry *entries[] = {&entry};
    BsonTest__StringMap map = BSON_TEST__STRING_MAP__INIT;
    map.v = entries;
    map.n_v = 1;
    entry.key = long_key;
    assert_encoding(&map.base, "INVALID_ARGUMENT: v: a map key is too long");
    entry.key = (char *)"\xff";
    assert_encoding(&map.base, "INVALID_ARGUMENT: v: a map key with invalid UTF-8");
    entry.key = (char *)"k";
    entry.value = (char *)"a\xc3";
    assert_encoding(&map.base, "INVALID_ARGUMENT: v.k: invalid UTF-8");

    Google__Protobuf__Timestamp stamp = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    BsonTest__Time time = BSON_TEST__TIME__INIT;
    time.v = &stamp;
    stamp.seconds = INT64_MAX / 1000;
    assert_encoding(&time.base, "INVALID_ARGUMENT: v: the timestamp is out of a date's range");
    stamp.seconds = INT64_MIN;
    assert_encoding(&time.base, "INVALID_ARGUMENT: v: the timestamp is out of a date's range");
    stamp.seconds = 0;
    stamp.nanos = 1000000000;
    assert_encoding(&time.base, "INVALID_ARGUMENT: v: nanos must be from 0 to 999999999");
    stamp.nanos = -1;
    assert_encoding(&time.base, "INVALID_ARGUMENT: v: nanos must be from 0 to 999999999");
}

/* What protobuf-c leaves NULL is empty. */
static void writes_what_is_missing_as_empty(void **state)
{
    (void)state;
    BsonTest__Uint64Map__VEntry entry = BSON_TEST__UINT64_MAP__VENTRY__INIT;
    BsonTest__Uint64Map__VEntry *entries[] = {&entry};
    BsonTest__Uint64Map map = BSON_TEST__UINT64_MAP__INIT;
    map.v = entries;
    map.n_v = 1;
    assert_encoding(&map.base, "{ \"v\" : { \"0\" : {  } } }");
    BsonTest__TimeMap__VEntry time = BSON_TEST__TIME_MAP__VENTRY__INIT;
    BsonTest__TimeMap__VEntry *times[] = {&time};
    BsonTest__TimeMap time_map = BSON_TEST__TIME_MAP__INIT;
    time_map.v = times;
    time_map.n_v = 1;
    assert_encoding(&time_map.base,
                    "{ \"v\" : { \"\" : { \"$date\" : { \"$numberLong\" : \"0\" } } } }");
    BsonTest__Choice choice = BSON_TEST__CHOICE__INIT;
    choice.v_case = BSON_TEST__CHOICE__V_MESSAGE;
    assert_encoding(&choice.base, "{ }");
}

/* Writes `depth` trees inside one another, and reads what it wrote. */
static const char *write_chain(size_t depth, bool in_lists)
{
    BsonTest__Tree *trees = base_calloc(depth + 1, sizeof *trees);
    BsonTest__Tree **children = base_calloc(depth + 1, sizeof *children);
    for (size_t i = 0; i <= depth; i++) {
        bson_test__tree__init(&trees[i]);
        children[i] = &trees[i];
    }
    for (size_t i = 0; i < depth; i++) {
        trees[i].child = in_lists ? NULL : &trees[i + 1];
        trees[i].children = &children[i + 1];
        trees[i].n_children = in_lists ? 1 : 0;
    }
    struct base_arena arena;
    static struct base_err err;
    ProtobufCMessage *back;
    bson_t document;
    bson_init(&document);
    base_arena_init(&arena, BSON_SUPPORT_ARENA_BYTES);
    bool ok = srv_bson_encode(&trees[0].base, &document, &err);
    assert_true(!ok || srv_bson_decode(TYPE(tree), &document, false, &arena, &back, &err));
    base_arena_dispose(&arena);
    bson_destroy(&document);
    base_free(children);
    base_free(trees);
    return ok ? "OK" : err.message + strlen(err.message) - strlen("nested too deeply");
}

/* The innermost tree has an array of its own, and arrays count. */
static void limits_nesting_as_mongodb_does(void **state)
{
    (void)state;
    assert_string_equal(write_chain(SRV_BSON_NESTING_MAX - 1, false), "OK");
    assert_string_equal(write_chain(SRV_BSON_NESTING_MAX, false), "nested too deeply");
    assert_string_equal(write_chain(SRV_BSON_NESTING_MAX / 2 - 1, true), "OK");
    assert_string_equal(write_chain(SRV_BSON_NESTING_MAX / 2, true), "nested too deeply");
}

/* 120 documents inside one another, which libbson reads without complaint. */
static void reads_no_deeper_than_it_writes(void **state)
{
    (void)state;
    struct base_arena arena;
    struct base_err err;
    base_arena_init(&arena, BSON_SUPPORT_ARENA_BYTES);
    bson_t document = BSON_INITIALIZER;
    for (int i = 0; i < 120; i++) {
        bson_t outer = BSON_INITIALIZER;
        BSON_APPEND_DOCUMENT(&outer, "child", &document);
        bson_destroy(&document);
        bson_copy_to(&outer, &document);
        bson_destroy(&outer);
    }
    ProtobufCMessage *message;
    assert_false(srv_bson_decode(TYPE(tree), &document, true, &arena, &message, &err));
    assert_int_equal(err.code, BASE_DATA_LOSS);
    assert_true(base_str_starts_with(base_str_of(err.message), BASE_STR("child.child.child")));
    bson_destroy(&document);
    base_arena_dispose(&arena);
}

#define MANY 400000

/* 2 bytes each on the wire, more than 40 as BSON. */
static void stops_at_mongodbs_limit(void **state)
{
    (void)state;
    static BsonTest__Tree leaf = BSON_TEST__TREE__INIT;
    BsonTest__Tree **leaves = base_calloc(MANY, sizeof *leaves);
    for (size_t i = 0; i < MANY; i++) {
        leaves[i] = &leaf;
    }
    BsonTest__Tree tree = BSON_TEST__TREE__INIT;
    tree.children = leaves;
    tree.n_children = MANY;
    assert_encoding(&tree.base, "RESOURCE_EXHAUSTED: children: too large, expected at most "
                                "16777216 bytes as BSON");
    base_free(leaves);
}

static void stops_at_the_arenas_cap(void **state)
{
    (void)state;
    struct base_err err;
    for (size_t cap = 0; cap < 2000; cap += 7) {
        struct base_arena arena;
        base_arena_init(&arena, cap);
        const ProtobufCMessage *message = bson_message_of_json(
            &arena, TYPE(everything),
            "{\"aString\":\"a\",\"lists\":{\"texts\":[\"b\"],\"x\":1},\"stringMap\":{\"v\":{\"c\":"
            "\"d\"}},"
            "\"aTime\":{\"$date\":{\"$numberLong\":\"0\"}},\"someBytes\":{\"$binary\":{\"base64\":"
            "\"eA==\",\"subType\":\"00\"}},\"y\":2}",
            true, &err);
        assert_true(message != NULL || err.code == BASE_RESOURCE_EXHAUSTED);
        base_arena_dispose(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_field_that_does_not_fit),
        cmocka_unit_test(keeps_fields_of_others),
        cmocka_unit_test(writes_no_field_that_a_client_made_up),
        cmocka_unit_test(refuses_what_has_no_bson_form),
        cmocka_unit_test(writes_what_is_missing_as_empty),
        cmocka_unit_test(limits_nesting_as_mongodb_does),
        cmocka_unit_test(reads_no_deeper_than_it_writes),
        cmocka_unit_test(stops_at_mongodbs_limit),
        cmocka_unit_test(stops_at_the_arenas_cap),
    };
    return cmocka_run_group_tests_name("bson_refused", tests, NULL, NULL);
}
