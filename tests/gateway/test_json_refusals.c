/* JSON that is refused, and the exact words: where, what was expected, what came. */
#include "tests/gateway/transcode_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct row {
    const char *type;
    const char *json;
    const char *error; /* without "body at byte " */
};

static const struct row syntax_rows[] = {
    {"Note", "", "0: expected an object, found the end"},
    {"Note", "[]", "0: expected an object, found an array"},
    {"Note", "null", "0: expected an object, found null"},
    {"Note", "\"a\"", "0: expected an object, found a string"},
    {"Note", "\xef\xbb\xbf{}", "0: expected an object, found byte 0xef"},
    {"Note", "{} x", "3: expected nothing more, found \"x\""},
    {"Note", "{}{}", "2: expected nothing more, found an object"},
    {"Note", "{", "1: expected a name in quotes, found the end"},
    {"Note", "{,", "1: expected a name in quotes, found \",\""},
    {"Note", "{\"title\"", "8: expected \":\", found the end"},
    {"Note", "{\"title\":", "9, title: expected a string, found the end"},
    {"Note", "{\"title\":}", "9, title: expected a string, found \"}\""},
    {"Note", "{\"title\":\"a\"", "12, title: expected a comma or \"}\", found the end"},
    {"Note", "{\"title\":\"a\",}", "13: expected a name in quotes, found \"}\""},
    {"Note", "{\"title\":\"a\" \"content\":\"b\"}",
     "13, title: expected a comma or \"}\", found a string"},
    {"Note", "{'title':1}", "1: expected a name in quotes, found \"'\""},
    {"Note", "{title:1}", "1: expected a name in quotes, found \"t\""},
    {"Note", "{\"title\":\"a", "11, title: the string does not end"},
    {"Note", "{\"title\":\"a\\", "12, title: the string does not end"},
    {"Note", "{\"title\":\"a\nb\"}", "11, title: control character 0x0a in a string"},
    {"Note", "{\"title\":\"\\x\"}", "10, title: no such escape"},
    {"Note", "{\"title\":\"\\u12g4\"}", "10, title: expected four hexadecimal digits behind \\u"},
    {"Note", "{\"title\":\"\\u12\"}", "10, title: expected four hexadecimal digits behind \\u"},
    {"Note", "{\"title\":\"\\ud800\"}", "10, title: half of a surrogate pair"},
    {"Note", "{\"title\":\"\\ud800x\"}", "10, title: half of a surrogate pair"},
    {"Note", "{\"title\":\"\\udc00\"}", "10, title: half of a surrogate pair"},
    {"Note", "{\"title\":\"\\ud800\\u0041\"}", "10, title: half of a surrogate pair"},
    {"Note", "{\"title\":\"ab\xff\"}", "12, title: invalid UTF-8 in a string"},
    {"Note", "{\"title\":\"\xed\xa0\x80\"}", "10, title: invalid UTF-8 in a string"},
    {"Note", "{\"title\":\"\\n\xc0\x80\"}", "9, title: invalid UTF-8 in a string"},
    {"Note", "{\"t\xff\":1}", "3: invalid UTF-8 in a string"},
    {"Note", "{\"title\":nul}", "9, title: expected null, found \"n\""},
    {"Note", "/**/{}", "0: expected an object, found \"/\""},
    {"Nested", "{\"children\":[{}", "15, children[0]: expected a comma or \"]\", found the end"},
    {"Nested", "{\"children\":[{},]}", "16, children[1]: expected an object, found \"]\""},
};

static const struct row field_rows[] = {
    {"Note", "{\"titel\":1}", "1: unknown field \"titel\""},
    {"Nested", "{\"child\":{\"children\":[{},{\"nam\":1}]}}",
     "26, child.children[1]: unknown field \"nam\""},
    {"Note", "{\"title\":\"a\",\"title\":\"b\"}", "13, title: duplicate field"},
    {"Names", "{\"snakeCase\":1,\"snake_case\":1}", "15, snakeCase: duplicate field"},
    {"Note", "{\"title\":null,\"title\":\"b\"}", "14, title: duplicate field"},
    {"Choices", "{\"text\":\"a\",\"number\":1}",
     "12, number: another field of its oneof is set already"},
    {"Choices", "{\"text\":\"a\",\"nothing\":null}",
     "12, nothing: another field of its oneof is set already"},
    {"Wide", "{\"f299\":1,\"f299\":1}", "10, f299: duplicate field"},
    {"NoteList", "{\"notes\":[{},{},{},{\"title\":7}]}",
     "28, notes[3].title: expected a string, found a number"},
    {"NoteList", "{\"notes\":{}}", "9, notes: expected an array, found an object"},
    {"NoteList", "{\"notes\":[null]}", "10, notes[0]: expected an object, found null"},
    {"NoteList", "{\"notes\":[[]]}", "10, notes[0]: expected an object, found an array"},
    {"Maps", "{\"notes\":{\"7\":{\"title\":7}}}",
     "23, notes[\"7\"].title: expected a string, found a number"},
    {"Maps", "{\"notes\":[]}", "9, notes: expected an object, found an array"},
    {"Maps", "{\"notes\":{\"7\":null}}", "14, notes[\"7\"]: expected an object, found null"},
    {"Maps", "{\"numbers\":{\"a\":1,\"\\u0061\":2}}", "18, numbers[\"\\u0061\"]: duplicate key"},
    {"Maps", "{\"byInt32\":{\"1\":\"\",\"1.0\":\"\"}}", "19, byInt32[\"1.0\"]: duplicate key"},
    {"Maps", "{\"byInt32\":{\"x\":\"\"}}", "12, byInt32[\"x\"]: expected an int32, found \"x\""},
    {"Maps", "{\"byInt32\":{\"\":\"\"}}", "12, byInt32[\"\"]: expected an int32, found \"\""},
    {"Maps", "{\"byBool\":{\"1\":\"\"}}", "11, byBool[\"1\"]: expected true or false, found \"1\""},
    {"Maps", "{\"byUint32\":{\"-1\":\"\"}}",
     "13, byUint32[\"-1\"]: expected a uint32, -1 is out of its range"},
    {"Maps", "{\"byInt32\":{1:\"\"}}", "12, byInt32: expected a name in quotes, found a number"},
    {"Lists", "{\"int32s\":[1,null]}", "13, int32s[1]: expected an int32, found null"},
    {"Lists", "{\"int32s\":1}", "10, int32s: expected an array, found a number"},
    {"Lists", "{\"int32s\":[[1]]}", "11, int32s[0]: expected an int32, found an array"},
    {"Lists", "{\"strings\":[null]}", "12, strings[0]: expected a string, found null"},
    {"test.v2.Strict", "{\"name\":\"a\"}", "0: the required field \"id\" is missing"},
    {"test.v2.Legacy", "{\"closed\":3}", "10, closed: expected a value of test.v2.Closed, found 3"},
    {"test.v2.Legacy", "{\"inner\":{\"nam\":1}}", "10, inner: unknown field \"nam\""},
};

static const struct row scalar_rows[] = {
    {"Scalars", "{\"anInt32\":1.5}", "11, anInt32: expected an int32, 1.5 is not a whole number"},
    {"Scalars", "{\"anInt32\":1e-1}", "11, anInt32: expected an int32, 1e-1 is not a whole number"},
    {"Scalars", "{\"anInt32\":2147483648}",
     "11, anInt32: expected an int32, 2147483648 is out of its range"},
    {"Scalars", "{\"anInt32\":-2147483649}",
     "11, anInt32: expected an int32, -2147483649 is out of its range"},
    {"Scalars", "{\"anInt32\":1e99999999999999999999}",
     "11, anInt32: expected an int32, 1e99999999999999999999 is out of its range"},
    {"Scalars", "{\"anInt32\":\"\"}", "11, anInt32: expected an int32, found \"\""},
    {"Scalars", "{\"anInt32\":\"12abc\"}", "11, anInt32: expected an int32, found \"12abc\""},
    {"Scalars", "{\"anInt32\":\" 1\"}", "11, anInt32: expected an int32, found \" 1\""},
    {"Scalars", "{\"anInt32\":true}", "11, anInt32: expected an int32, found a boolean"},
    {"Scalars", "{\"anInt32\":012}", "12, anInt32: expected a comma or \"}\", found a number"},
    {"Scalars", "{\"anInt32\":-}", "11, anInt32: malformed number"},
    {"Scalars", "{\"anInt32\":1.}", "11, anInt32: malformed number"},
    {"Scalars", "{\"anInt32\":+1}", "11, anInt32: expected an int32, found \"+\""},
    {"Scalars", "{\"anInt32\":NaN}", "11, anInt32: expected an int32, found \"N\""},
    {"Scalars", "{\"anInt32\":0x1}", "12, anInt32: expected a comma or \"}\", found \"x\""},
    {"Scalars", "{\"anInt64\":9223372036854775808}",
     "11, anInt64: expected an int64, 9223372036854775808 is out of its range"},
    {"Scalars", "{\"aUint64\":18446744073709551616}",
     "11, aUint64: expected a uint64, 18446744073709551616 is out of its range"},
    {"Scalars", "{\"aUint32\":-1}", "11, aUint32: expected a uint32, -1 is out of its range"},
    {"Scalars", "{\"aDouble\":1e309}", "11, aDouble: expected a double, 1e309 is out of its range"},
    {"Scalars", "{\"aDouble\":\"nan\"}", "11, aDouble: expected a double, found \"nan\""},
    {"Scalars", "{\"aDouble\":Infinity}", "11, aDouble: expected a double, found \"I\""},
    {"Scalars", "{\"aDouble\":\"\"}", "11, aDouble: expected a double, found \"\""},
    {"Scalars", "{\"aFloat\":3.5e38}", "10, aFloat: expected a float, 3.5e38 is out of its range"},
    {"Scalars", "{\"aBool\":\"true\"}", "9, aBool: expected true or false, found a string"},
    {"Scalars", "{\"aBool\":1}", "9, aBool: expected true or false, found a number"},
    {"Scalars", "{\"aString\":1}", "11, aString: expected a string, found a number"},
    {"Scalars", "{\"someBytes\":\"a\"}", "13, someBytes: expected base64 text, found \"a\""},
    {"Scalars", "{\"someBytes\":\"YQ=\"}", "13, someBytes: expected base64 text, found \"YQ=\""},
    {"Scalars", "{\"someBytes\":\"Y Q=\"}", "13, someBytes: expected base64 text, found \"Y Q=\""},
    {"Scalars", "{\"someBytes\":\"====\"}", "13, someBytes: expected base64 text, found \"====\""},
    {"Scalars", "{\"aColor\":\"PINK\"}",
     "10, aColor: expected a value of test.v1.Color, found \"PINK\""},
    {"Scalars", "{\"aColor\":\"1\"}", "10, aColor: expected a value of test.v1.Color, found \"1\""},
    {"Scalars", "{\"aColor\":1.5}", "10, aColor: expected an int32, 1.5 is not a whole number"},
    {"Scalars", "{\"aColor\":true}",
     "10, aColor: expected an enum value's name or number, found a boolean"},
};

#define MASK_WORDS "expected field paths with commas between, found "
#define TIME_WORDS "expected an RFC 3339 timestamp, found "
#define SPAN_WORDS "expected a duration in seconds like \"1.5s\", found "

static const struct row well_known_rows[] = {
    {"WellKnown", "{\"timestamp\":1}", "13, timestamp: " TIME_WORDS "a number"},
    {"WellKnown", "{\"timestamp\":\"1970-01-01t00:00:00Z\"}",
     "13, timestamp: " TIME_WORDS "\"1970-01-01t00:00:00Z\""},
    {"WellKnown", "{\"timestamp\":\"1970-01-01T00:00:00z\"}",
     "13, timestamp: " TIME_WORDS "\"1970-01-01T00:00:00z\""},
    {"WellKnown", "{\"timestamp\":\"1970-01-01T00:00:00\"}",
     "13, timestamp: " TIME_WORDS "\"1970-01-01T00:00:00\""},
    {"WellKnown", "{\"timestamp\":\"1970-01-01T00:00:00.Z\"}",
     "13, timestamp: " TIME_WORDS "\"1970-01-01T00:00:00.Z\""},
    {"WellKnown", "{\"timestamp\":\"1970-01-01T00:00:00.1234567890Z\"}",
     "13, timestamp: " TIME_WORDS "\"1970-01-01T00:00:00.1234567890Z\""},
    {"WellKnown", "{\"timestamp\":\"1900-02-29T00:00:00Z\"}",
     "13, timestamp: " TIME_WORDS "\"1900-02-29T00:00:00Z\""},
    {"WellKnown", "{\"timestamp\":\"2000-13-01T00:00:00Z\"}",
     "13, timestamp: " TIME_WORDS "\"2000-13-01T00:00:00Z\""},
    {"WellKnown", "{\"timestamp\":\"2000-01-01T24:00:00Z\"}",
     "13, timestamp: " TIME_WORDS "\"2000-01-01T24:00:00Z\""},
    {"WellKnown", "{\"timestamp\":\"0000-01-01T00:00:00Z\"}",
     "13, timestamp: " TIME_WORDS "\"0000-01-01T00:00:00Z\""},
    {"WellKnown", "{\"timestamp\":\"0001-01-01T00:00:00+01:00\"}",
     "13, timestamp: " TIME_WORDS "\"0001-01-01T00:00:00+01:00\""},
    {"WellKnown", "{\"timestamp\":\"2000-01-01T00:00:00+24:00\"}",
     "13, timestamp: " TIME_WORDS "\"2000-01-01T00:00:00+24:00\""},
    {"WellKnown", "{\"timestamp\":\"2000-01-01T00:00:00-00:60\"}",
     "13, timestamp: " TIME_WORDS "\"2000-01-01T00:00:00-00:60\""},
    {"WellKnown", "{\"duration\":\"1\"}", "12, duration: " SPAN_WORDS "\"1\""},
    {"WellKnown", "{\"duration\":\"1.s\"}", "12, duration: " SPAN_WORDS "\"1.s\""},
    {"WellKnown", "{\"duration\":\".5s\"}", "12, duration: " SPAN_WORDS "\".5s\""},
    {"WellKnown", "{\"duration\":\"s\"}", "12, duration: " SPAN_WORDS "\"s\""},
    {"WellKnown", "{\"duration\":\"--1s\"}", "12, duration: " SPAN_WORDS "\"--1s\""},
    {"WellKnown", "{\"duration\":\"315576000001s\"}",
     "12, duration: " SPAN_WORDS "\"315576000001s\""},
    {"WellKnown", "{\"mask\":\"a,,b\"}", "8, mask: " MASK_WORDS "\"a,,b\""},
    {"WellKnown", "{\"mask\":\"a_b\"}", "8, mask: " MASK_WORDS "\"a_b\""},
    {"WellKnown", "{\"mask\":\"a\\u007f\"}", "8, mask: " MASK_WORDS "\"a\x7f\""},
    {"WellKnown", "{\"mask\":\"a,\"}", "8, mask: " MASK_WORDS "\"a,\""},
    {"WellKnown", "{\"structure\":[]}", "13, structure: expected an object, found an array"},
    {"WellKnown", "{\"structure\":{\"a\":{\"b\":x}}}",
     "23, structure[\"a\"][\"b\"]: expected a value, found \"x\""},
    {"WellKnown", "{\"structure\":{\"a\":1,\"a\":2}}", "20, structure[\"a\"]: duplicate key"},
    {"WellKnown", "{\"list\":{}}", "8, list: expected an array, found an object"},
    {"WellKnown", "{\"value\":1e999}", "9, value: expected a double, 1e999 is out of its range"},
    {"WellKnown", "{\"nothing\":0.5}", "11, nothing: expected an int32, 0.5 is not a whole number"},
    {"WellKnown", "{\"wrappedInt32\":\"x\"}", "16, wrappedInt32: expected an int32, found \"x\""},
    {"WellKnown", "{\"wrappedString\":{\"value\":\"x\"}}",
     "17, wrappedString: expected a string, found an object"},
    {"WellKnown", "{\"wrappedStrings\":[null]}",
     "19, wrappedStrings[0]: expected a string, found null"},
    {"WellKnown", "{\"empty\":{\"a\":1}}", "10, empty: unknown field \"a\""},
    {"WellKnown", "{\"any\":{\"title\":1}}", "7, any: expected a \"@type\" in an Any, found none"},
    {"WellKnown", "{\"any\":{\"@type\":\"test.v1.Note\"}}",
     "16, any: unknown type \"test.v1.Note\""},
    {"WellKnown", "{\"any\":{\"@type\":\"a/test.v1.Nothing\"}}",
     "16, any: unknown type \"a/test.v1.Nothing\""},
    {"WellKnown", "{\"any\":{\"@type\":1}}", "16, any: expected a string, found a number"},
    {"WellKnown", "{\"any\":{\"@type\":\"a/test.v1.Note\",\"@type\":\"a/test.v1.Note\"}}",
     "33, any: duplicate \"@type\""},
    {"WellKnown", "{\"any\":{\"@type\":\"a/test.v1.Note\",\"title\":1}}",
     "41, any.title: expected a string, found a number"},
    {"WellKnown", "{\"any\":{\"@type\":\"a/google.protobuf.Int32Value\"}}",
     "7, any: expected a \"value\" of google.protobuf.Int32Value, found none"},
    {"WellKnown", "{\"any\":{\"@type\":\"a/google.protobuf.Int32Value\",\"valeu\":1}}",
     "47, any: unknown field \"valeu\""},
    {"WellKnown", "{\"any\":{\"@type\":\"a/google.protobuf.Empty\",\"value\":{}}}",
     "42, any: unknown field \"value\""},
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct gw_transcode_options options = {.schema = test_schema()};
        struct base_buf out;
        struct base_err err;
        char error[BASE_ERR_MESSAGE_SIZE];
        base_buf_init(&out, OUTPUT_BYTES_MAX);
        assert_true(base_buf_append_str(&out, BASE_STR("before")));
        if (gw_json_to_wire(test_type(rows[i].type), base_str_of(rows[i].json), &options, &out,
                            &err)) {
            fail_msg("%s was read", rows[i].json);
        }
        snprintf(error, sizeof error, "body at byte %s", rows[i].error);
        assert_string_equal(err.message, error);
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        assert_true(base_str_eq(base_buf_str(&out), BASE_STR("before")));
        base_buf_dispose(&out);
    }
}

#define CHECKS(name)                                                                               \
    static void refuses_##name(void **state)                                                       \
    {                                                                                              \
        (void)state;                                                                               \
        check(name##_rows, sizeof name##_rows / sizeof *name##_rows);                              \
    }
CHECKS(syntax)
CHECKS(field)
CHECKS(scalar)
CHECKS(well_known)

static void refuses_a_word_cut_short(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Scalars", "{\"aBool\":tru}", "9, aBool: expected true, found \"t\""},
        {"Scalars", "{\"aBool\":fals", "9, aBool: expected false, found \"f\""},
        {"Scalars", "{\"aBool\":truex}", "13, aBool: expected a comma or \"}\", found \"x\""},
    };
    check(rows, sizeof rows / sizeof *rows);
}

/* Opens `depth` objects or arrays of a Struct, closes them and reads them. */
static bool read_nested(const char *open, const char *close, int depth, struct base_err *err)
{
    const struct gw_transcode_options options = {.schema = test_schema()};
    struct base_buf json, out;
    base_buf_init(&json, OUTPUT_BYTES_MAX);
    base_buf_init(&out, OUTPUT_BYTES_MAX);
    for (int i = 0; i < depth; i++) {
        assert_true(base_buf_append_str(&json, base_str_of(open)));
    }
    assert_true(base_buf_append_str(&json, BASE_STR("1")));
    for (int i = 0; i < depth; i++) {
        assert_true(base_buf_append_str(&json, base_str_of(close)));
    }
    bool ok = gw_json_to_wire(test_type("google.protobuf.Value"), base_buf_str(&json), &options,
                              &out, err);
    base_buf_dispose(&json);
    base_buf_dispose(&out);
    return ok;
}

static void refuses_deep_nesting(void **state)
{
    (void)state;
    struct base_err err;
    assert_true(read_nested("[", "]", GW_NESTING_MAX, &err));
    assert_true(read_nested("{\"a\":", "}", GW_NESTING_MAX, &err));
    assert_false(read_nested("[", "]", GW_NESTING_MAX + 1, &err));
    assert_non_null(strstr(err.message, "body at byte 100, ..."));
    assert_non_null(strstr(err.message, "[0][0][0]: nested deeper than 100"));
    assert_false(read_nested("[", "]", 100000, &err));
    assert_false(read_nested("{\"a\":", "}", GW_NESTING_MAX + 1, &err));
}

/* Reads a string of a MiB in an Any in so many others, each with what tells its type before or
 * behind it. */
static bool read_nested_any(int depth, bool is_behind, struct base_err *err)
{
    const struct gw_transcode_options options = {.schema = test_schema()};
    const size_t text_len = (size_t)1024 * 1024;
    struct base_buf json, out;
    base_buf_init(&json, SIZE_MAX);
    base_buf_init(&out, SIZE_MAX);
    for (int i = 0; i <= depth; i++) {
        const char *type = i == depth ? "StringValue" : "Any";
        assert_true(is_behind ? base_buf_printf(&json, "{\"value\":")
                              : base_buf_printf(
                                    &json, "{\"@type\":\"a/google.protobuf.%s\",\"value\":", type));
    }
    assert_true(base_buf_append_char(&json, '"') && base_buf_reserve(&json, text_len));
    memset(base_buf_end(&json), 'x', text_len);
    json.len += text_len;
    assert_true(base_buf_append_char(&json, '"'));
    for (int i = depth; i >= 0; i--) {
        const char *type = i == depth ? "StringValue" : "Any";
        assert_true(is_behind ? base_buf_printf(&json, ",\"@type\":\"a/google.protobuf.%s\"}", type)
                              : base_buf_append_char(&json, '}'));
    }
    bool ok =
        gw_json_to_wire(test_type("google.protobuf.Any"), base_buf_str(&json), &options, &out, err);
    base_buf_dispose(&json);
    base_buf_dispose(&out);
    return ok;
}

/* What each search for a type costs adds up from one Any to the next around it. */
static void refuses_to_search_for_types_without_end(void **state)
{
    (void)state;
    const int searches_max = GW_ANY_SEARCH_BYTES_MAX >> 20;
    struct base_err err;
    assert_true(read_nested_any(searches_max - 2, true, &err));
    assert_false(read_nested_any(searches_max, true, &err));
    assert_non_null(
        strstr(err.message, ": a \"@type\" that stands behind too much: it belongs first"));
    assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    assert_true(read_nested_any(GW_NESTING_MAX - 1, false, &err));
}

/* What came from outside is shown only in part. */
static void cuts_what_it_shows(void **state)
{
    (void)state;
    char json[1024];
    char name[301];
    memset(name, 'n', 300);
    name[300] = '\0';
    snprintf(json, sizeof json, "{\"%s\":1}", name);
    const struct gw_transcode_options options = {.schema = test_schema()};
    struct base_buf out;
    struct base_err err;
    base_buf_init(&out, OUTPUT_BYTES_MAX);
    assert_false(gw_json_to_wire(test_type("Note"), base_str_of(json), &options, &out, &err));
    char want[256];
    snprintf(want, sizeof want, "body at byte 1: unknown field \"%.64s...\"", name);
    assert_string_equal(err.message, want);

    /* A character is not cut in two: 63 letters and one of two bytes. */
    snprintf(json, sizeof json, "{\"anInt32\":\"%.63s\xc3\xa9\"}", name);
    assert_false(gw_json_to_wire(test_type("Scalars"), base_str_of(json), &options, &out, &err));
    snprintf(want, sizeof want, "body at byte 11, anInt32: expected an int32, found \"%.63s...\"",
             name);
    assert_string_equal(err.message, want);

    snprintf(json, sizeof json, "{\"numbers\":{\"%s\":true}}", name);
    assert_false(gw_json_to_wire(test_type("Maps"), base_str_of(json), &options, &out, &err));
    snprintf(want, sizeof want,
             "body at byte 315, numbers[\"%.63s...\"]: expected an int32, found a boolean", name);
    assert_string_equal(err.message, want);
    base_buf_dispose(&out);
}

/* More keys than the pairwise comparison takes, with the last one repeated. */
static void finds_a_duplicate_among_many(void **state)
{
    (void)state;
    static const int counts[] = {2, 16, 17, 18, 33, 1000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (int repeats = 0; repeats < 2; repeats++) {
            const struct gw_transcode_options options = {.schema = test_schema()};
            struct base_buf json, out;
            struct base_err err;
            base_buf_init(&json, OUTPUT_BYTES_MAX);
            base_buf_init(&out, OUTPUT_BYTES_MAX);
            assert_true(base_buf_printf(&json, "{\"numbers\":{"));
            for (int key = 0; key < counts[i]; key++) {
                assert_true(base_buf_printf(&json, "\"some longer key %d\":%d,", key, key));
            }
            size_t at = json.len;
            assert_true(base_buf_printf(&json, "\"some longer key %d\":7}}",
                                        repeats ? counts[i] / 2 : counts[i]));
            bool ok = gw_json_to_wire(test_type("Maps"), base_buf_str(&json), &options, &out, &err);
            assert_int_equal(ok, repeats == 0);
            if (!ok) {
                char want[128];
                snprintf(want, sizeof want,
                         "body at byte %zu, numbers[\"some longer key %d\"]: duplicate key", at,
                         counts[i] / 2);
                assert_string_equal(err.message, want);
            }
            base_buf_dispose(&json);
            base_buf_dispose(&out);
        }
    }
}

/* Whatever the maximum, the output is within it or the message is refused, and nothing is left. */
static void keeps_within_the_output_maximum(void **state)
{
    (void)state;
    static const char json[] =
        "{\"notes\":[{\"title\":\"a\\nb\",\"timestamp\":\"2026-01-31T09:30:00.000Z\"},"
        "{\"noteId\":\"0123456789012345678901234567890123456789\"}],\"nextPageToken\":\"x\"}";
    const struct gw_transcode_options options = {.schema = test_schema()};
    bool was_read = false;
    for (size_t max = 0; max < 200; max++) {
        struct base_buf out;
        struct base_err err;
        base_buf_init(&out, max);
        if (gw_json_to_wire(test_type("NoteList"), base_str_of(json), &options, &out, &err)) {
            was_read = true;
            assert_true(out.len <= max);
        } else {
            assert_false(was_read);
            assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
            assert_int_equal(out.len, 0);
        }
        base_buf_dispose(&out);
    }
    assert_true(was_read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_syntax),
        cmocka_unit_test(refuses_field),
        cmocka_unit_test(refuses_scalar),
        cmocka_unit_test(refuses_well_known),
        cmocka_unit_test(refuses_a_word_cut_short),
        cmocka_unit_test(refuses_deep_nesting),
        cmocka_unit_test(refuses_to_search_for_types_without_end),
        cmocka_unit_test(cuts_what_it_shows),
        cmocka_unit_test(finds_a_duplicate_among_many),
        cmocka_unit_test(keeps_within_the_output_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
