/* The wire reader record by record, and what it takes for damage. */
#include "base/wire.h"
#include "tests/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct row {
    const char *wire;
    const char *records; /* "number:type=value" with spaces between; damage as "!offset problem" */
};

static const struct row rows[] = {
    {"", ""},
    {"0801", "1:0=1"},
    {"08ffffffffffffffffff01", "1:0=ffffffffffffffff"},
    {"088000", "1:0=0"},
    {"08ffffffffffffffffff02", "!1 a varint is too long"},
    {"08ffffffffffffffffffff01", "!1 a varint is too long"},
    {"08ff", "!1 a varint breaks off"},
    {"08ffffffffffffffffff", "!1 a varint breaks off"},
    {"08ffffffffffffffffffff", "!1 a varint is too long"},
    {"08", "!1 a varint breaks off"},
    {"090100000000000080", "1:1=8000000000000001"},
    {"09010000000000", "!1 a field breaks off"},
    {"0d01000080", "1:5=80000001"},
    {"0d010000", "!1 a field breaks off"},
    {"0a00", "1:2=()"},
    {"0a0161 120162", "1:2=(61) 2:2=(62)"},
    {"0a810061", "1:2=(61)"},
    {"0a8000", "1:2=()"},
    {"0a0261", "!2 a field breaks off"},
    {"0a", "!1 a varint breaks off"},
    {"0a80", "!1 a varint breaks off"},
    {"0affffffffffffffffff01", "!1 a varint is too long"},
    {"0affffffff0f61", "!6 a field breaks off"},
    {"0affffffff", "!1 a varint breaks off"},
    {"0affffffffff", "!1 a varint is too long"},
    {"80808080", "!0 a varint breaks off"},
    {"8a0100", "17:2=()"},
    {"8a01026162", "17:2=(6162)"},
    {"faffffff0f00", "536870911:2=()"},
    {"8080808010"
     "00",
     "!0 a field number is out of range"},
    {"0000", "!0 a field number is out of range"},
    {"0200", "!0 a field number is out of range"},
    {"0b0c", "1:3=()"},
    {"0b10010c 1801", "1:3=(1001) 3:0=1"},
    {"0b13140c", "1:3=(1314)"},
    {"0b0a010c0c", "1:3=(0a010c)"},
    {"0b", "!1 a group does not end"},
    {"0b1001", "!3 a group does not end"},
    {"0b14", "!2 a group ends that did not start"},
    {"0c", "!1 a group ends that did not start"},
    {"0e", "!0 a wire type is unknown"},
    {"0f", "!0 a wire type is unknown"},
    {"0801 0e", "1:0=1 !2 a wire type is unknown"},
};

/* Appends what a record says. */
static size_t describe(const struct base_wire_record *record, char *out, size_t size)
{
    bool has_bytes = record->type == BASE_WIRE_LEN || record->type == BASE_WIRE_START_GROUP;
    int len = snprintf(out, size, "%u:%d=", record->number, (int)record->type);
    if (!has_bytes) {
        return (size_t)len + (size_t)snprintf(out + len, size - (size_t)len, "%llx",
                                              (unsigned long long)record->scalar);
    }
    char hex[256];
    to_hex(record->bytes, hex, sizeof hex);
    return (size_t)len + (size_t)snprintf(out + len, size - (size_t)len, "(%s)", hex);
}

static void reads_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char storage[64];
        char found[512] = "";
        size_t len = 0;
        struct base_str wire = from_hex(rows[i].wire, storage, sizeof storage);
        struct base_wire_reader reader = base_wire_reader_make(wire);
        while (!base_wire_at_end(&reader)) {
            const char *start = (const char *)reader.next;
            struct base_wire_record record;
            len += (size_t)snprintf(found + len, sizeof found - len, len == 0 ? "" : " ");
            if (!base_wire_next(&reader, &record)) {
                assert_non_null(reader.problem);
                snprintf(found + len, sizeof found - len, "!%zu %s",
                         (size_t)((const char *)reader.next - wire.data), reader.problem);
                break;
            }
            assert_ptr_equal(record.whole.data, start);
            assert_ptr_equal(record.whole.data + record.whole.len, reader.next);
            len += describe(&record, found + len, sizeof found - len);
        }
        if (strcmp(found, rows[i].records) != 0) {
            fail_msg("%s: %s, not %s", rows[i].wire, found, rows[i].records);
        }
    }
}

/* Reads `depth` groups inside each other. */
static bool read_groups(int depth)
{
    static uint8_t bytes[1024];
    memset(bytes, 0x0B, (size_t)depth);
    memset(bytes + depth, 0x0C, (size_t)depth);
    struct base_wire_reader reader =
        base_wire_reader_make(base_str_make((const char *)bytes, 2 * (size_t)depth));
    struct base_wire_record record;
    return base_wire_next(&reader, &record);
}

static void limits_groups(void **state)
{
    (void)state;
    assert_true(read_groups(100));
    assert_false(read_groups(101));
    assert_false(read_groups(500));
}

static void writes_varints(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        const char *hex;
    } varints[] = {
        {0, "00"},     {1, "01"},       {127, "7f"},       {128, "8001"},
        {300, "ac02"}, {16383, "ff7f"}, {16384, "808001"}, {UINT64_MAX, "ffffffffffffffffff01"},
    };
    for (size_t i = 0; i < sizeof varints / sizeof *varints; i++) {
        uint8_t bytes[BASE_VARINT_BYTES_MAX];
        char hex[32];
        uint8_t *end = base_wire_put_varint(bytes, varints[i].value);
        struct base_str text = base_str_make((const char *)bytes, (size_t)(end - bytes));
        to_hex(text, hex, sizeof hex);
        assert_string_equal(hex, varints[i].hex);
        struct base_wire_reader reader = base_wire_reader_make(text);
        uint64_t value;
        assert_true(base_wire_read_varint(&reader, &value));
        assert_int_equal(value, varints[i].value);
        assert_true(base_wire_at_end(&reader));
    }
}

static void closes_lengths(void **state)
{
    (void)state;
    struct base_buf out;
    base_buf_init(&out, 4);
    assert_true(base_buf_append_str(&out, BASE_STR("\x0a")));
    assert_true(base_buf_append_str(&out, BASE_STR("ab")));
    assert_true(base_wire_close_length(&out, 1));
    assert_true(base_str_eq(base_buf_str(&out), BASE_STR("\x0a\x02"
                                                         "ab")));
    assert_false(base_wire_close_length(&out, 1));
    base_buf_dispose(&out);

    char payload[300] = "x";
    base_buf_init(&out, 1000);
    assert_true(base_buf_append(&out, payload, sizeof payload));
    assert_true(base_wire_close_length(&out, 0));
    assert_int_equal(out.len, 302);
    assert_memory_equal(out.data, "\xac\x02x", 3);
    base_buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_records),
        cmocka_unit_test(limits_groups),
        cmocka_unit_test(writes_varints),
        cmocka_unit_test(closes_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
