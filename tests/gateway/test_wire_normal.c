/* The normal form: every freedom the encoding leaves, and what becomes of it. */
#include "gateway/wire_normal.h"

#include "base/wire.h"
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
    const char *wire; /* hex */
    const char *want; /* hex, without spaces, or the error */
};

static const struct row normal_rows[] = {
    {"nothing", "Scalars", "", ""},
    {"what is in order stays", "Note", "0a0161 120162", "0a0161120162"},
    {"fields stand by number", "Note", "120162 0a0161", "0a0161120162"},
    {"of a scalar the last counts", "Scalars", "1801 1802", "1802"},
    {"of a string the last counts", "Note", "0a0161 0a0162", "0a0162"},
    {"the last may be zero, which is none", "Scalars", "1801 1800", ""},
    {"zeros are left out", "Scalars", "1800 6800 7200 7a00 800100", ""},
    {"zeros with presence stay", "Choices", "3000", "3000"},
    {"minus zero is not zero", "Scalars", "090000000000000080", "090000000000000080"},
    {"a varint in too many bytes", "Scalars", "18818000", "1801"},
    {"a tag in too many bytes", "Scalars", "988000 01", "1801"},
    {"a length in too many bytes", "Note", "0a818000 61", "0a0161"},
    {"int32 by its low bits", "Scalars", "1881808080f0ffffffff01", "1801"},
    {"int32 below zero has ten bytes", "Scalars", "18ffffffff0f", "18ffffffffffffffffff01"},
    {"uint32 by its low bits", "Scalars", "2881808080f0ffffffff01", "2801"},
    {"sint32 by its low bits", "Scalars", "3883808080f0ffffffff01", "3803"},
    {"any bit makes a bool", "Scalars", "6880808080808080808001", "6801"},
    {"an open enum keeps what it does not know", "Scalars", "800163", "800163"},
    {"single elements are packed", "Lists", "1801 1802", "1a020102"},
    {"runs and single elements are one list", "Lists", "1801 1a020203 1804", "1a0401020304"},
    {"an empty run is none", "Lists", "1a00", ""},
    {"a packed run of an unpacked list", "Lists", "8a01020102", "880101880102"},
    {"elements keep their order around others", "Lists", "720161 1801 720162",
     "1a0101720161720162"},
    {"pieces of a message are merged", "Nested", "0a031a0161 0a0512031a0178",
     "0a0812031a01781a0161"},
    {"of a oneof the last member counts", "Choices", "0a0161 2801", "2801"},
    {"one that comes back starts anew", "Choices", "1a020801 0a0161 1a00", "1a00"},
    {"without other members its pieces are merged", "Choices", "1a030a0161 1a03120162",
     "1a060a0161120162"},
    {"entries of a map keep their order", "Maps", "62050a01621001 62050a01611002",
     "62050a0162100162050a01611002"},
    {"a value before its key", "Maps", "620510010a0161", "62050a01611001"},
    {"a map's value in pieces", "Maps", "6a0d 0a0161 12030a0178 1203120179",
     "6a0b0a016112060a0178120179"},
    {"what is unknown comes behind", "Note", "f83f01 0a0161", "0a0161f83f01"},
    {"and keeps its order", "Note", "f83f02 f03f01 0a0161", "0a0161f83f02f03f01"},
    {"unknown groups are whole", "Note", "fb3f0801fc3f 0a0161", "0a0161fb3f0801fc3f"},
    {"a known field of another wire type", "Note", "0801 0a0161", "0a01610801"},
    {"inside messages too", "NoteList", "0a06120162 0a0161", "0a060a0161120162"},
    {"groups", "test.v2.Legacy", "53 1200 0a0161 54", "530a0161120054"},
    {"pieces of a group", "test.v2.Legacy", "530a016154 53120054", "530a0161120054"},
    {"a group in a message in a group", "test.v2.Legacy", "53 1205 0a0161 1200 54",
     "5312050a0161120054"},
    {"a closed enum's unknown value", "test.v2.Legacy", "2009 0801", "08012009"},
    {"among single elements", "test.v2.Legacy", "3809 3801", "38013809"},
    {"in a packed run", "test.v2.Legacy", "3a03090102", "380138023809"},
    {"proto2 does not check UTF-8", "test.v2.Legacy", "1201ff", "1201ff"},
};

static const struct row refused_rows[] = {
    {"proto3 checks UTF-8", "Note", "0a01ff", "invalid UTF-8 in test.v1.Note.note_id"},
    {"in keys of maps too", "Maps", "62050a01ff1001",
     "invalid UTF-8 in test.v1.Maps.NumbersEntry.key"},
    {"a varint breaks off", "Scalars", "1880", "damaged bytes in a test.v1.Scalars"},
    {"a varint of eleven bytes", "Scalars", "188080808080808080808001",
     "damaged bytes in a test.v1.Scalars"},
    {"a varint past 64 bits", "Scalars", "1880808080808080808002",
     "damaged bytes in a test.v1.Scalars"},
    {"a fixed value breaks off", "Scalars", "09000000", "damaged bytes in a test.v1.Scalars"},
    {"a length past the end", "Note", "0a0261", "damaged bytes in a test.v1.Note"},
    {"inside a message", "NoteList", "0a020a05", "damaged bytes in a test.v1.Note"},
    {"inside a packed run", "Lists", "1a0180", "damaged bytes in a test.v1.Lists"},
    {"field number 0", "Note", "0001", "damaged bytes in a test.v1.Note"},
    {"a field number past 2^29-1", "Note", "808080801001", "damaged bytes in a test.v1.Note"},
    {"wire type 6", "Note", "0e", "damaged bytes in a test.v1.Note"},
    {"wire type 7", "Note", "0f", "damaged bytes in a test.v1.Note"},
    {"a group that ends without a start", "Note", "0c", "damaged bytes in a test.v1.Note"},
    {"an unknown group that does not end", "Note", "fb3f", "damaged bytes in a test.v1.Note"},
    {"an unknown group that ends as another", "Note", "fb3ff43f",
     "damaged bytes in a test.v1.Note"},
    {"a known group that does not end", "test.v2.Legacy", "53",
     "damaged bytes in a test.v2.Legacy"},
};

static void follows_the_encoding(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof normal_rows / sizeof *normal_rows; i++) {
        const struct row *row = &normal_rows[i];
        print_message("  %s\n", row->rule);
        assert_string_equal(hex_to_normal(row->type, row->wire, NULL), row->want);
        assert_string_equal(hex_to_normal(row->type, row->want, NULL), row->want);
    }
}

/* JSON is the same, whether the bytes are brought into their normal form first or not. */
static void keeps_what_json_shows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof normal_rows / sizeof *normal_rows; i++) {
        const struct row *row = &normal_rows[i];
        char json[1024];
        snprintf(json, sizeof json, "%s",
                 hex_to_json(row->type, row->wire, (struct gw_transcode_options){0}));
        print_message("  %s\n", row->rule);
        assert_string_equal(hex_to_json(row->type, row->want, (struct gw_transcode_options){0}),
                            json);
    }
}

static void refuses_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused_rows / sizeof *refused_rows; i++) {
        print_message("  %s\n", refused_rows[i].rule);
        assert_string_equal(hex_to_normal(refused_rows[i].type, refused_rows[i].wire, NULL),
                            refused_rows[i].want);
    }
}

/* An Any is opened where the schema is given and knows the type. */
static void opens_any(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *wire;
        const char *want;
        const char *want_opened;
    } rows[] = {
        {"a known type", "0a0e612f746573742e76312e4e6f7465 1206 120162 0a0161",
         "0a0e612f746573742e76312e4e6f746512061201620a0161",
         "0a0e612f746573742e76312e4e6f746512060a0161120162"},
        {"the value before its type", "1206 120162 0a0161 0a0e612f746573742e76312e4e6f7465",
         "0a0e612f746573742e76312e4e6f746512061201620a0161",
         "0a0e612f746573742e76312e4e6f746512060a0161120162"},
        {"an unknown type", "0a03612f62 1201ff", "0a03612f621201ff", "0a03612f621201ff"},
        {"no type", "1201ff", "1201ff", "1201ff"},
        {"damage in a known type", "0a0e612f746573742e76312e4e6f7465 1201ff",
         "0a0e612f746573742e76312e4e6f74651201ff", "damaged bytes in a test.v1.Note"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].rule);
        assert_string_equal(hex_to_normal("google.protobuf.Any", rows[i].wire, NULL), rows[i].want);
        assert_string_equal(hex_to_normal("google.protobuf.Any", rows[i].wire, test_schema()),
                            rows[i].want_opened);
    }
}

/* More records than fit on the stack, each of the two fields in turn. */
static void sorts_many_records(void **state)
{
    (void)state;
    enum { PAIRS = 100 };
    char wire[PAIRS * 12 + 1];
    char want[PAIRS * 12 + 1];
    for (int i = 0; i < PAIRS; i++) {
        snprintf(wire + (size_t)i * 12, 13, "7201%02x7a01%02x", 'a' + i % 26, 'a' + i % 25);
        snprintf(want + (size_t)i * 6, 7, "7201%02x", 'a' + i % 26);
    }
    for (int i = 0; i < PAIRS; i++) {
        snprintf(want + (size_t)(PAIRS + i) * 6, 7, "7a01%02x", 'a' + i % 25);
    }
    assert_string_equal(hex_to_normal("Lists", wire, NULL), want);
}

/* A packed run, out of order, of a list that is not packed: every element gets a tag
 * of two bytes. */
static void unpacks_a_long_run(void **state)
{
    (void)state;
    enum { ELEMENTS = 100 };
    char wire[6 + ELEMENTS * 2 + 4 + 1] = "8a0164";
    char want[32 + ELEMENTS * 2] = "{\"int32s\":[1],\"loose\":[1";
    for (int i = 0; i < ELEMENTS; i++) {
        memcpy(wire + 6 + (size_t)i * 2, "01", 2);
    }
    memcpy(wire + 6 + ELEMENTS * 2, "1801", 5);
    size_t len = strlen(want);
    for (int i = 1; i < ELEMENTS; i++, len += 2) {
        memcpy(want + len, ",1", 2);
    }
    memcpy(want + len, "]}", 3);
    assert_string_equal(hex_to_json("Lists", wire, (struct gw_transcode_options){0}), want);
}

/* `levels` messages inside each other, the innermost empty. */
static struct base_str nest(int levels, char *storage, size_t size)
{
    uint8_t head[1 + BASE_VARINT_BYTES_MAX];
    size_t at = size;
    for (int i = 0; i < levels; i++) {
        head[0] = 0x0A;
        size_t len = (size_t)(base_wire_put_varint(head + 1, size - at) - head);
        at -= len;
        memcpy(storage + at, head, len);
    }
    return base_str_make(storage + at, size - at);
}

static void limits_nesting(void **state)
{
    (void)state;
    char storage[4 * GW_WIRE_NESTING_MAX];
    struct base_buf out;
    struct base_err err;
    base_buf_init(&out, OUTPUT_BYTES_MAX);
    struct base_str wire = nest(GW_WIRE_NESTING_MAX - 1, storage, sizeof storage);
    assert_true(gw_wire_normalize(test_type("Nested"), wire, NULL, &out, &err));
    assert_int_equal(out.len, wire.len);
    assert_memory_equal(out.data, wire.data, wire.len);
    wire = nest(GW_WIRE_NESTING_MAX, storage, sizeof storage);
    assert_false(gw_wire_normalize(test_type("Nested"), wire, NULL, &out, &err));
    assert_string_equal(err.message, "messages nested deeper than 303");
    base_buf_dispose(&out);
}

static void limits_bytes(void **state)
{
    (void)state;
    char storage[16];
    struct base_str wire = from_hex("0a06 120162 0a0161", storage, sizeof storage);
    for (size_t max = 0; max <= wire.len; max++) {
        struct base_buf out;
        struct base_err err;
        base_buf_init(&out, max);
        bool ok = gw_wire_normalize(test_type("NoteList"), wire, NULL, &out, &err);
        assert_int_equal(ok, max == wire.len);
        assert_true(ok || err.code == BASE_RESOURCE_EXHAUSTED);
        base_buf_dispose(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_encoding), cmocka_unit_test(keeps_what_json_shows),
        cmocka_unit_test(refuses_damage),       cmocka_unit_test(opens_any),
        cmocka_unit_test(sorts_many_records),   cmocka_unit_test(unpacks_a_long_run),
        cmocka_unit_test(limits_nesting),       cmocka_unit_test(limits_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
