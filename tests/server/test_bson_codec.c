/* Every rule of server/bson_codec.h as rows. The wire bytes were written by protoc --encode. */
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

struct row {
    const char *name;
    const ProtobufCMessageDescriptor *type;
    const char *wire; /* in hexadecimal */
    const char *json; /* extended JSON of the document */
};

static void assert_reads(struct base_arena *arena, const struct row *row)
{
    struct base_err err;
    struct base_str expected = bson_pack(arena, bson_message_of_hex(arena, row->type, row->wire));
    ProtobufCMessage *message = bson_message_of_json(arena, row->type, row->json, false, &err);
    if (message == NULL) {
        fail_msg("%s: %s", row->name, err.message);
    }
    if (!base_str_eq(bson_pack(arena, message), expected)) {
        fail_msg("%s: reads as another message", row->name);
    }
}

static void assert_writes(struct base_arena *arena, const struct row *row)
{
    const char *json =
        bson_json_of_message(arena, bson_message_of_hex(arena, row->type, row->wire));
    if (strcmp(json, row->json) != 0) {
        fail_msg("%s: expected\n%s\ngot\n%s", row->name, row->json, json);
    }
}

/* Long: a flat table. */
static void writes_and_reads(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"false", &bson_test__bool__descriptor, "", "{ \"v\" : false }"},
        {"true", &bson_test__bool__descriptor, "0801", "{ \"v\" : true }"},
        {"int32", &bson_test__int32__descriptor, "08ffffffff07",
         "{ \"v\" : { \"$numberInt\" : \"2147483647\" } }"},
        {"int32, least", &bson_test__int32__descriptor, "0880808080f8ffffffff01",
         "{ \"v\" : { \"$numberInt\" : \"-2147483648\" } }"},
        {"sint32", &bson_test__sint32__descriptor, "0805",
         "{ \"v\" : { \"$numberInt\" : \"-3\" } }"},
        {"sfixed32", &bson_test__sfixed32__descriptor, "0dfcffffff",
         "{ \"v\" : { \"$numberInt\" : \"-4\" } }"},
        {"int64", &bson_test__int64__descriptor, "08ffffffffffffffff7f",
         "{ \"v\" : { \"$numberLong\" : \"9223372036854775807\" } }"},
        {"int64, least", &bson_test__int64__descriptor, "0880808080808080808001",
         "{ \"v\" : { \"$numberLong\" : \"-9223372036854775808\" } }"},
        {"sint64", &bson_test__sint64__descriptor, "0809",
         "{ \"v\" : { \"$numberLong\" : \"-5\" } }"},
        {"sfixed64", &bson_test__sfixed64__descriptor, "09faffffffffffffff",
         "{ \"v\" : { \"$numberLong\" : \"-6\" } }"},
        {"uint32 past int32", &bson_test__uint32__descriptor, "08ffffffff0f",
         "{ \"v\" : { \"$numberLong\" : \"4294967295\" } }"},
        {"fixed32", &bson_test__fixed32__descriptor, "0dfeffffff",
         "{ \"v\" : { \"$numberLong\" : \"4294967294\" } }"},
        {"uint64 in int64", &bson_test__uint64__descriptor, "08ffffffffffffffff7f",
         "{ \"v\" : { \"$numberLong\" : \"9223372036854775807\" } }"},
        {"uint64 past int64", &bson_test__uint64__descriptor, "0880808080808080808001",
         "{ \"v\" : { \"$numberDecimal\" : \"9223372036854775808\" } }"},
        {"fixed64, greatest", &bson_test__fixed64__descriptor, "09ffffffffffffffff",
         "{ \"v\" : { \"$numberDecimal\" : \"18446744073709551615\" } }"},
        {"float", &bson_test__float__descriptor, "0d0000003f",
         "{ \"v\" : { \"$numberDouble\" : \"0.5\" } }"},
        {"float, NaN", &bson_test__float__descriptor, "0d0000c07f",
         "{ \"v\" : { \"$numberDouble\" : \"NaN\" } }"},
        {"float, infinite", &bson_test__float__descriptor, "0d000080ff",
         "{ \"v\" : { \"$numberDouble\" : \"-Infinity\" } }"},
        {"double", &bson_test__double__descriptor, "099a9999999999b93f",
         "{ \"v\" : { \"$numberDouble\" : \"0.10000000000000000555\" } }"},
        {"double, minus zero", &bson_test__double__descriptor, "090000000000000080",
         "{ \"v\" : { \"$numberDouble\" : \"-0.0\" } }"},
        {"double, infinite", &bson_test__double__descriptor, "09000000000000f07f",
         "{ \"v\" : { \"$numberDouble\" : \"Infinity\" } }"},
        {"string", &bson_test__string__descriptor, "0a056772c3bc6e", "{ \"v\" : \"grün\" }"},
        {"string, empty", &bson_test__string__descriptor, "", "{ \"v\" : \"\" }"},
        {"bytes", &bson_test__bytes__descriptor, "0a0200ff",
         "{ \"v\" : { \"$binary\" : { \"base64\" : \"AP8=\", \"subType\" : \"00\" } } }"},
        {"bytes, none", &bson_test__bytes__descriptor, "",
         "{ \"v\" : { \"$binary\" : { \"base64\" : \"\", \"subType\" : \"00\" } } }"},
        {"enum, the zero", &bson_test__enum__descriptor, "", "{ \"v\" : \"COLOUR_UNSPECIFIED\" }"},
        {"enum, negative", &bson_test__enum__descriptor, "08f9ffffffffffffffff01",
         "{ \"v\" : \"BLUE\" }"},
        {"enum, a number without a name", &bson_test__enum__descriptor, "0809",
         "{ \"v\" : { \"$numberInt\" : \"9\" } }"},
        {"time, unset", &bson_test__time__descriptor, "", "{ }"},
        {"time, 1970", &bson_test__time__descriptor, "0a00",
         "{ \"v\" : { \"$date\" : { \"$numberLong\" : \"0\" } } }"},
        {"time in whole milliseconds", &bson_test__time__descriptor, "0a0b0880e2cfaa0610c0a9d33a",
         "{ \"v\" : { \"$date\" : { \"$numberLong\" : \"1700000000123\" } } }"},
        {"time finer", &bson_test__time__descriptor, "0a0b0880e2cfaa0610959aef3a",
         "{ \"v\" : { \"date\" : { \"$date\" : { \"$numberLong\" : \"1700000000123\" } }, "
         "\"nanos\" : { \"$numberInt\" : \"456789\" } } }"},
        {"time before 1970", &bson_test__time__descriptor, "0a1108ffffffffffffffffff0110c08faedc03",
         "{ \"v\" : { \"$date\" : { \"$numberLong\" : \"-1\" } } }"},
        {"time before 1970, finer", &bson_test__time__descriptor, "0a0d08feffffffffffffffff011001",
         "{ \"v\" : { \"date\" : { \"$date\" : { \"$numberLong\" : \"-2000\" } }, \"nanos\" : { "
         "\"$numberInt\" : \"1\" } } }"},
        {"time in year 1", &bson_test__time__descriptor, "0a0b088092b8c398feffffff01",
         "{ \"v\" : { \"$date\" : { \"$numberLong\" : \"-62135596800000\" } } }"},
        {"names", &bson_test__names__descriptor, "0a01611201621a0163220164",
         "{ \"noteId\" : \"a\", \"isbn13\" : \"b\", \"HiddenName\" : \"c\", \"a1b\" : \"d\" }"},
        {"lists", &bson_test__lists__descriptor,
         "0a01610a00120b01ffffffffffffffffff011a001a020a00220201052a002a017832020801",
         "{ \"texts\" : [ \"a\", \"\" ], \"numbers\" : [ { \"$numberInt\" : \"1\" }, { "
         "\"$numberInt\" : \"-1\" } ], \"times\" : [ {  }, { \"v\" : { \"$date\" : { "
         "\"$numberLong\" : \"0\" } } } ], \"colours\" : [ \"RED\", { \"$numberInt\" : \"5\" } ], "
         "\"blobs\" : [ { \"$binary\" : { \"base64\" : \"\", \"subType\" : \"00\" } }, { "
         "\"$binary\" : { \"base64\" : \"eA==\", \"subType\" : \"00\" } } ], \"stamps\" : [ { "
         "\"$date\" : { \"$numberLong\" : \"1000\" } } ] }"},
        {"lists, empty", &bson_test__lists__descriptor, "",
         "{ \"texts\" : [  ], \"numbers\" : [  ], \"times\" : [  ], \"colours\" : [  ], \"blobs\" "
         ": [  ], \"stamps\" : [  ] }"},
        {"map, empty", &bson_test__string_map__descriptor, "", "{ \"v\" : {  } }"},
        {"map, awkward keys", &bson_test__string_map__descriptor,
         "0a080a03612e621201310a090a04247365741201320a050a001201330a090a04313030251201340a080a03253"
         "2451201350a080a035f69641201360a060a0130120137",
         "{ \"v\" : { \"a%2Eb\" : \"1\", \"%24set\" : \"2\", \"\" : \"3\", \"100%25\" : \"4\", "
         "\"%252E\" : \"5\", \"_id\" : \"6\", \"0\" : \"7\" } }"},
        {"map of bool", &bson_test__bool_map__descriptor, "0a04080110010a0408001002",
         "{ \"v\" : { \"true\" : { \"$numberInt\" : \"1\" }, \"false\" : { \"$numberInt\" : \"2\" "
         "} } }"},
        {"map of int32", &bson_test__int32_map__descriptor,
         "0a0e0880808080f8ffffffff011201780a0408071200",
         "{ \"v\" : { \"-2147483648\" : { \"$binary\" : { \"base64\" : \"eA==\", \"subType\" : "
         "\"00\" } }, \"7\" : { \"$binary\" : { \"base64\" : \"\", \"subType\" : \"00\" } } } }"},
        {"map of fixed32", &bson_test__uint32_map__descriptor, "0a0e0dffffffff11000000000000f83f",
         "{ \"v\" : { \"4294967295\" : { \"$numberDouble\" : \"1.5\" } } }"},
        {"map of sint64", &bson_test__int64_map__descriptor, "0a0d08ffffffffffffffffff011001",
         "{ \"v\" : { \"-9223372036854775808\" : \"RED\" } }"},
        {"map of uint64", &bson_test__uint64_map__descriptor, "0a0f08ffffffffffffffffff0112020801",
         "{ \"v\" : { \"18446744073709551615\" : { \"v\" : { \"$numberInt\" : \"1\" } } } }"},
        {"map to times", &bson_test__time_map__descriptor, "0a070a016112021001",
         "{ \"v\" : { \"a\" : { \"date\" : { \"$date\" : { \"$numberLong\" : \"0\" } }, \"nanos\" "
         ": { \"$numberInt\" : \"1\" } } } }"},
        {"entries that are no map", &bson_test__no_map__descriptor, "0a0c09000000000000f03f120161",
         "{ \"v\" : [ { \"key\" : { \"$numberDouble\" : \"1.0\" }, \"value\" : \"a\" } ] }"},
        {"oneof, none", &bson_test__choice__descriptor, "", "{ }"},
        {"oneof, text", &bson_test__choice__descriptor, "0a00", "{ \"text\" : \"\" }"},
        {"oneof, number", &bson_test__choice__descriptor, "1000",
         "{ \"number\" : { \"$numberLong\" : \"0\" } }"},
        {"oneof, message", &bson_test__choice__descriptor, "1a00",
         "{ \"message\" : { \"v\" : { \"$numberInt\" : \"0\" } } }"},
        {"oneof, bool", &bson_test__choice__descriptor, "2000", "{ \"flag\" : false }"},
        {"oneof, bytes", &bson_test__choice__descriptor, "2a0161",
         "{ \"blob\" : { \"$binary\" : { \"base64\" : \"YQ==\", \"subType\" : \"00\" } } }"},
        {"oneof, time", &bson_test__choice__descriptor, "32020802",
         "{ \"time\" : { \"$date\" : { \"$numberLong\" : \"2000\" } } }"},
        {"oneof, enum", &bson_test__choice__descriptor, "3801", "{ \"colour\" : \"RED\" }"},
        {"nested", &bson_test__tree__descriptor, "0a016112030a0162",
         "{ \"name\" : \"a\", \"child\" : { \"name\" : \"b\", \"children\" : [  ], \"byName\" : {  "
         "} }, \"children\" : [  ], \"byName\" : {  } }"},
        {"proto2, only what is required", &bson_legacy__legacy__descriptor, "0801",
         "{ \"id\" : { \"$numberInt\" : \"1\" }, \"counts\" : {  }, \"packed\" : [  ] }"},
        {"proto2, set to the zero or the default", &bson_legacy__legacy__descriptor,
         "080010291a002200280230003a040a001000420201024a00",
         "{ \"id\" : { \"$numberInt\" : \"0\" }, \"number\" : { \"$numberInt\" : \"41\" }, "
         "\"text\" : \"\", \"blob\" : { \"$binary\" : { \"base64\" : \"\", \"subType\" : \"00\" } "
         "}, \"size\" : \"LARGE\", \"flag\" : false, \"counts\" : { \"\" : { \"$numberInt\" : "
         "\"0\" } }, \"packed\" : [ { \"$numberInt\" : \"1\" }, { \"$numberInt\" : \"2\" } ], "
         "\"name\" : \"\" }"},
        {"proto2, the other of the oneof", &bson_legacy__legacy__descriptor,
         "0801510000000000000040",
         "{ \"id\" : { \"$numberInt\" : \"1\" }, \"counts\" : {  }, \"packed\" : [  ], \"weight\" "
         ": { \"$numberDouble\" : \"2.0\" } }"},
    };
    struct base_arena arena;
    base_arena_init(&arena, BSON_SUPPORT_ARENA_BYTES);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_writes(&arena, &rows[i]);
        assert_reads(&arena, &rows[i]);
    }
    base_arena_dispose(&arena);
}

/* Long: a flat table. */
static void reads_what_it_would_not_write(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"missing fields", &bson_test__everything__descriptor, "", "{ }"},
        {"the store's own fields", &bson_test__string__descriptor, "0a0161",
         "{ \"_id\" : 1, \"v\" : \"a\", \"_version\" : { \"$oid\" : \"000000000000000000000001\" } "
         "}"},
        {"null is unset", &bson_test__choice__descriptor, "",
         "{ \"number\" : null, \"text\" : null }"},
        {"null is an empty list", &bson_test__lists__descriptor, "", "{ \"texts\" : null }"},
        {"null is an empty map", &bson_test__string_map__descriptor, "", "{ \"v\" : null }"},
        {"null is the zero", &bson_test__int32__descriptor, "", "{ \"v\" : null }"},
        {"unknown fields", &bson_test__string__descriptor, "0a0161",
         "{ \"w\" : { \"x\" : 1 }, \"v\" : \"a\", \"y\" : [ 1 ] }"},
        {"a field that stands twice", &bson_test__string__descriptor, "0a0162",
         "{ \"v\" : \"a\", \"v\" : \"b\" }"},
        {"two of a oneof", &bson_test__choice__descriptor, "2001",
         "{ \"text\" : \"a\", \"flag\" : true }"},
        {"int32 from long", &bson_test__int32__descriptor, "0807",
         "{ \"v\" : { \"$numberLong\" : \"7\" } }"},
        {"int32 from double", &bson_test__int32__descriptor, "0807", "{ \"v\" : 7.0 }"},
        {"int32 from decimal", &bson_test__int32__descriptor, "08f9ffffffffffffffff01",
         "{ \"v\" : { \"$numberDecimal\" : \"-7\" } }"},
        {"int32 from decimal with zeros", &bson_test__int32__descriptor, "0846",
         "{ \"v\" : { \"$numberDecimal\" : \"70.00\" } }"},
        {"int64 from decimal with exponent", &bson_test__int64__descriptor, "08d836",
         "{ \"v\" : { \"$numberDecimal\" : \"7E+3\" } }"},
        {"int64 from decimal zero", &bson_test__int64__descriptor, "",
         "{ \"v\" : { \"$numberDecimal\" : \"0E+6000\" } }"},
        {"int64 from decimal zero with places", &bson_test__int64__descriptor, "",
         "{ \"v\" : { \"$numberDecimal\" : \"0.00\" } }"},
        {"int64 from one digit of decimal", &bson_test__int64__descriptor, "08808090bbbad6adf00d",
         "{ \"v\" : { \"$numberDecimal\" : \"1E+18\" } }"},
        {"int64, least, from double", &bson_test__int64__descriptor, "0880808080808080808001",
         "{ \"v\" : -9223372036854775808.0 }"},
        {"int64 from decimal, greatest", &bson_test__int64__descriptor, "08ffffffffffffffff7f",
         "{ \"v\" : { \"$numberDecimal\" : \"9223372036854775807\" } }"},
        {"uint64 from double", &bson_test__uint64__descriptor, "0880808080808080808001",
         "{ \"v\" : 9223372036854775808.0 }"},
        {"uint64 from minus zero", &bson_test__uint64__descriptor, "", "{ \"v\" : -0.0 }"},
        {"uint32 from int", &bson_test__uint32__descriptor, "0801",
         "{ \"v\" : { \"$numberInt\" : \"1\" } }"},
        {"double from int", &bson_test__double__descriptor, "090000000000000840",
         "{ \"v\" : { \"$numberInt\" : \"3\" } }"},
        {"double from long", &bson_test__double__descriptor, "090000000000000840",
         "{ \"v\" : { \"$numberLong\" : \"3\" } }"},
        {"double from decimal", &bson_test__double__descriptor, "09000000000000d03f",
         "{ \"v\" : { \"$numberDecimal\" : \"0.25\" } }"},
        {"double from decimal NaN", &bson_test__double__descriptor, "09000000000000f87f",
         "{ \"v\" : { \"$numberDecimal\" : \"NaN\" } }"},
        {"float from decimal infinity", &bson_test__float__descriptor, "0d000080ff",
         "{ \"v\" : { \"$numberDecimal\" : \"-Infinity\" } }"},
        {"float to the nearest", &bson_test__float__descriptor, "0dcdcccc3d", "{ \"v\" : 0.1 }"},
        {"enum from its number", &bson_test__enum__descriptor, "0801", "{ \"v\" : 1.0 }"},
        {"bytes of any subtype", &bson_test__bytes__descriptor, "0a0178",
         "{ \"v\" : { \"$binary\" : { \"base64\" : \"eA==\", \"subType\" : \"80\" } } }"},
        {"time with nanos as long", &bson_test__time__descriptor, "0a021007",
         "{ \"v\" : { \"nanos\" : { \"$numberLong\" : \"7\" }, \"date\" : { \"$date\" : { "
         "\"$numberLong\" : \"0\" } } } }"},
        {"map key that is no escape", &bson_test__string_map__descriptor,
         "0a0a0a05257a7a2532120161", "{ \"v\" : { \"%zz%2\" : \"a\" } }"},
        {"map key with zeros in front", &bson_test__int32_map__descriptor,
         "0a0d08f9ffffffffffffffff011200",
         "{ \"v\" : { \"-007\" : { \"$binary\" : { \"base64\" : \"\", \"subType\" : \"00\" } } } "
         "}"},
    };
    struct base_arena arena;
    base_arena_init(&arena, BSON_SUPPORT_ARENA_BYTES);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_reads(&arena, &rows[i]);
    }
    base_arena_dispose(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads),
        cmocka_unit_test(reads_what_it_would_not_write),
    };
    return cmocka_run_group_tests_name("bson_codec", tests, NULL, NULL);
}
