/* Bindings: text of a path or a query for a field of each type, and answers whose body is a field
 * of each kind, as google/api/http.proto and ProtoJSON have it. */
#include "tests/gateway/request_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct request_fixture f;

static int setup(void **state)
{
    (void)state;
    request_fixture_open(&f, TYPES_DESCRIPTOR_SET);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    request_fixture_close(&f);
    return 0;
}

/* ---- In ---- */

/* Each is sent twice, as the capture of "/FIELD/{FIELD}" and as a parameter of the query. */
struct binding_row {
    const char *rule;
    const char *field;
    const char *text; /* percent-encoded */
    const char *want; /* the message as JSON, or the error */
};

static const struct binding_row good_rows[] = {
    {"a decimal", "a_double", "1.5", "{\"aDouble\":1.5}"},
    {"minus zero is kept", "a_double", "-0", "{\"aDouble\":-0}"},
    {"an exponent", "a_double", "1e300", "{\"aDouble\":1e+300}"},
    {"the least", "a_double", "-1.7976931348623157e308", "{\"aDouble\":-1.7976931348623157e+308}"},
    {"the smallest", "a_double", "4.9e-324", "{\"aDouble\":5e-324}"},
    {"NaN by its name", "a_double", "NaN", "{\"aDouble\":\"NaN\"}"},
    {"infinity by its name", "a_double", "Infinity", "{\"aDouble\":\"Infinity\"}"},
    {"minus infinity", "a_double", "-Infinity", "{\"aDouble\":\"-Infinity\"}"},
    {"a decimal", "a_float", "1.5", "{\"aFloat\":1.5}"},
    {"the largest", "a_float", "3.4028235e38", "{\"aFloat\":3.4028235e+38}"},
    {"too small is zero", "a_float", "1e-46", "{}"},
    {"NaN by its name", "a_float", "NaN", "{\"aFloat\":\"NaN\"}"},
    {"minus infinity", "a_float", "-Infinity", "{\"aFloat\":\"-Infinity\"}"},
    {"a number", "an_int32", "42", "{\"anInt32\":42}"},
    {"zero is the default", "an_int32", "0", "{}"},
    {"so is minus zero", "an_int32", "-0", "{}"},
    {"the largest", "an_int32", "2147483647", "{\"anInt32\":2147483647}"},
    {"the least", "an_int32", "-2147483648", "{\"anInt32\":-2147483648}"},
    {"a fraction of nothing", "an_int32", "1.0", "{\"anInt32\":1}"},
    {"an exponent", "an_int32", "1e3", "{\"anInt32\":1000}"},
    {"the largest", "an_int64", "9223372036854775807", "{\"anInt64\":\"9223372036854775807\"}"},
    {"the least", "an_int64", "-9223372036854775808", "{\"anInt64\":\"-9223372036854775808\"}"},
    {"an exponent", "an_int64", "1e18", "{\"anInt64\":\"1000000000000000000\"}"},
    {"the largest", "a_uint32", "4294967295", "{\"aUint32\":4294967295}"},
    {"minus zero", "a_uint32", "-0", "{}"},
    {"the largest", "a_uint64", "18446744073709551615", "{\"aUint64\":\"18446744073709551615\"}"},
    {"the least", "a_sint32", "-2147483648", "{\"aSint32\":-2147483648}"},
    {"the least", "a_sint64", "-9223372036854775808", "{\"aSint64\":\"-9223372036854775808\"}"},
    {"the largest", "a_fixed32", "4294967295", "{\"aFixed32\":4294967295}"},
    {"the largest", "a_fixed64", "18446744073709551615", "{\"aFixed64\":\"18446744073709551615\"}"},
    {"the least", "a_sfixed32", "-2147483648", "{\"aSfixed32\":-2147483648}"},
    {"the least", "a_sfixed64", "-9223372036854775808", "{\"aSfixed64\":\"-9223372036854775808\"}"},
    {"true", "a_bool", "true", "{\"aBool\":true}"},
    {"false is the default", "a_bool", "false", "{}"},
    {"escapes are decoded first", "a_bool", "%74rue", "{\"aBool\":true}"},
    {"text", "a_string", "a", "{\"aString\":\"a\"}"},
    {"two bytes of UTF-8", "a_string", "%C3%A9", "{\"aString\":\"é\"}"},
    {"four bytes of UTF-8", "a_string", "%F0%9F%98%80", "{\"aString\":\"😀\"}"},
    {"a zero", "a_string", "%00", "{\"aString\":\"\\u0000\"}"},
    {"a line end", "a_string", "%0A", "{\"aString\":\"\\n\"}"},
    {"a slash in one segment", "a_string", "a%2Fb", "{\"aString\":\"a/b\"}"},
    {"a percent sign", "a_string", "%25", "{\"aString\":\"%\"}"},
    {"decoded once", "a_string", "%2525", "{\"aString\":\"%25\"}"},
    {"what JSON escapes", "a_string", "%22%5C", "{\"aString\":\"\\\"\\\\\"}"},
    {"null is text", "a_string", "null", "{\"aString\":\"null\"}"},
    {"dots stay", "a_string", "..", "{\"aString\":\"..\"}"},
    {"base64 with padding", "some_bytes", "AP8=", "{\"someBytes\":\"AP8=\"}"},
    {"without", "some_bytes", "AP8", "{\"someBytes\":\"AP8=\"}"},
    {"the alphabet for URLs", "some_bytes", "_-A=", "{\"someBytes\":\"/+A=\"}"},
    {"without padding", "some_bytes", "_-A", "{\"someBytes\":\"/+A=\"}"},
    {"the standard alphabet", "some_bytes", "%2F%2BA=", "{\"someBytes\":\"/+A=\"}"},
    {"padding escaped", "some_bytes", "AP8%3D", "{\"someBytes\":\"AP8=\"}"},
    {"by name", "a_color", "RED", "{\"aColor\":\"RED\"}"},
    {"a value below zero by name", "a_color", "BLUE", "{\"aColor\":\"BLUE\"}"},
    {"zero is the default", "a_color", "COLOR_UNSPECIFIED", "{}"},
    {"by number", "a_color", "1", "{\"aColor\":\"RED\"}"},
    {"by a number below zero", "a_color", "-2", "{\"aColor\":\"BLUE\"}"},
    {"zero by number", "a_color", "0", "{}"},
    {"a number without a name", "a_color", "7", "{\"aColor\":7}"},
    {"a whole number", "a_color", "1.0", "{\"aColor\":\"RED\"}"},
    {"a second", "time", "2026-01-31T09:30:00Z", "{\"time\":\"2026-01-31T09:30:00Z\"}"},
    {"tenths", "time", "2026-01-31T09:30:00.5Z", "{\"time\":\"2026-01-31T09:30:00.500Z\"}"},
    {"nanoseconds", "time", "2026-01-31T09:30:00.123456789Z",
     "{\"time\":\"2026-01-31T09:30:00.123456789Z\"}"},
    {"an offset to the east", "time", "2026-01-31T10:30:00%2B01:00",
     "{\"time\":\"2026-01-31T09:30:00Z\"}"},
    {"an offset to the west", "time", "2026-01-31T08:30:00-01:00",
     "{\"time\":\"2026-01-31T09:30:00Z\"}"},
    {"the first", "time", "0001-01-01T00:00:00Z", "{\"time\":\"0001-01-01T00:00:00Z\"}"},
    {"the last", "time", "9999-12-31T23:59:59.999999999Z",
     "{\"time\":\"9999-12-31T23:59:59.999999999Z\"}"},
    {"a second", "wait", "1s", "{\"wait\":\"1s\"}"},
    {"a fraction", "wait", "1.5s", "{\"wait\":\"1.500s\"}"},
    {"below zero", "wait", "-0.5s", "{\"wait\":\"-0.500s\"}"},
    {"nothing is set", "wait", "0s", "{\"wait\":\"0s\"}"},
    {"the longest", "wait", "315576000000s", "{\"wait\":\"315576000000s\"}"},
    {"a path", "mask", "a", "{\"mask\":\"a\"}"},
    {"paths", "mask", "a,b", "{\"mask\":\"a,b\"}"},
    {"a JSON name", "mask", "noteId", "{\"mask\":\"noteId\"}"},
    {"a proto name", "mask", "note_id", "{\"mask\":\"noteId\"}"},
    {"a path of two names", "mask", "a.b,cD", "{\"mask\":\"a.b,cD\"}"},
    {"proto names of two", "mask", "a_b.c_d", "{\"mask\":\"aB.cD\"}"},
    {"the comma escaped", "mask", "a%2Cb", "{\"mask\":\"a,b\"}"},
    {"a wrapper is its value", "boxed_double", "1.5", "{\"boxedDouble\":1.5}"},
    {"a wrapper is its value", "boxed_float", "1.5", "{\"boxedFloat\":1.5}"},
    {"a wrapper is its value", "boxed_int32", "-1", "{\"boxedInt32\":-1}"},
    {"zero is set", "boxed_int32", "0", "{\"boxedInt32\":0}"},
    {"a wrapper is its value", "boxed_int64", "-1", "{\"boxedInt64\":\"-1\"}"},
    {"a wrapper is its value", "boxed_uint32", "1", "{\"boxedUint32\":1}"},
    {"a wrapper is its value", "boxed_uint64", "18446744073709551615",
     "{\"boxedUint64\":\"18446744073709551615\"}"},
    {"false is set", "boxed_bool", "false", "{\"boxedBool\":false}"},
    {"quotes are text", "boxed_string", "%22a%22", "{\"boxedString\":\"\\\"a\\\"\"}"},
    {"a wrapper is its value", "boxed_bytes", "AP8", "{\"boxedBytes\":\"AP8=\"}"},
    {"a field with presence", "maybe", "-1", "{\"maybe\":-1}"},
    {"zero is set", "maybe", "0", "{\"maybe\":0}"},
};

/* The error behind "path parameter ...: " or "query parameter ...: ". */
static const struct binding_row bad_rows[] = {
    {"beyond the largest", "a_double", "1e400", "expected a double, 1e400 is out of its range"},
    {"names are as JSON has them", "a_double", "nan", "expected a double, found \"nan\""},
    {"no other names", "a_double", "inf", "expected a double, found \"inf\""},
    {"a comma is no point", "a_double", "1,5", "expected a double, found \"1,5\""},
    {"no hexadecimal", "a_double", "0x10", "expected a double, found \"0x10\""},
    {"digits behind the point", "a_double", "1.", "expected a double, found \"1.\""},
    {"digits before the point", "a_double", ".5", "expected a double, found \".5\""},
    {"digits in the exponent", "a_double", "1e", "expected a double, found \"1e\""},
    {"no space before", "a_double", "%201", "expected a double, found \" 1\""},
    {"beyond the largest", "a_float", "3.5e38", "expected a float, 3.5e38 is out of its range"},
    {"no number", "a_float", "x", "expected a float, found \"x\""},
    {"beyond the largest", "an_int32", "2147483648",
     "expected an int32, 2147483648 is out of its range"},
    {"beyond the least", "an_int32", "-2147483649",
     "expected an int32, -2147483649 is out of its range"},
    {"beyond any", "an_int32", "99999999999999999999999999",
     "expected an int32, 99999999999999999999999999 is out of its range"},
    {"a fraction", "an_int32", "1.5", "expected an int32, 1.5 is not a whole number"},
    {"an exponent that leaves a fraction", "an_int32", "1e-1",
     "expected an int32, 1e-1 is not a whole number"},
    {"no plus", "an_int32", "%2B1", "expected an int32, found \"+1\""},
    {"no zero before", "an_int32", "01", "expected an int32, found \"01\""},
    {"no hexadecimal", "an_int32", "0x1f", "expected an int32, found \"0x1f\""},
    {"no underscores", "an_int32", "1_000", "expected an int32, found \"1_000\""},
    {"ASCII digits alone", "an_int32", "%EF%BC%91", "expected an int32, found \"１\""},
    {"no names", "an_int32", "NaN", "expected an int32, found \"NaN\""},
    {"null is no number", "an_int32", "null", "expected an int32, found \"null\""},
    {"nor is true", "an_int32", "true", "expected an int32, found \"true\""},
    {"beyond the largest", "an_int64", "9223372036854775808",
     "expected an int64, 9223372036854775808 is out of its range"},
    {"an exponent beyond", "an_int64", "1e19", "expected an int64, 1e19 is out of its range"},
    {"a fraction", "an_int64", "1.5", "expected an int64, 1.5 is not a whole number"},
    {"beyond the largest", "a_uint32", "4294967296",
     "expected a uint32, 4294967296 is out of its range"},
    {"below zero", "a_uint32", "-1", "expected a uint32, -1 is out of its range"},
    {"beyond the largest", "a_uint64", "18446744073709551616",
     "expected a uint64, 18446744073709551616 is out of its range"},
    {"below zero", "a_uint64", "-1", "expected a uint64, -1 is out of its range"},
    {"beyond the largest", "a_sint32", "2147483648",
     "expected an sint32, 2147483648 is out of its range"},
    {"beyond the largest", "a_sint64", "9223372036854775808",
     "expected an sint64, 9223372036854775808 is out of its range"},
    {"below zero", "a_fixed32", "-1", "expected a fixed32, -1 is out of its range"},
    {"no number", "a_fixed64", "x", "expected a fixed64, found \"x\""},
    {"beyond the largest", "a_sfixed32", "2147483648",
     "expected an sfixed32, 2147483648 is out of its range"},
    {"beyond the least", "a_sfixed64", "-9223372036854775809",
     "expected an sfixed64, -9223372036854775809 is out of its range"},
    {"small letters", "a_bool", "True", "expected true or false, found \"True\""},
    {"small letters", "a_bool", "TRUE", "expected true or false, found \"TRUE\""},
    {"whole words", "a_bool", "t", "expected true or false, found \"t\""},
    {"no numbers", "a_bool", "1", "expected true or false, found \"1\""},
    {"no numbers", "a_bool", "0", "expected true or false, found \"0\""},
    {"no other words", "a_bool", "yes", "expected true or false, found \"yes\""},
    {"half a character", "a_string", "%C3", "expected UTF-8, found \"...\""},
    {"half a surrogate pair", "a_string", "%ED%A0%80", "expected UTF-8, found \"...\""},
    {"too short", "some_bytes", "A", "expected base64 text, found \"A\""},
    {"no base64", "some_bytes", "!!!!", "expected base64 text, found \"!!!!\""},
    {"too much padding", "some_bytes", "AP8==", "expected base64 text, found \"AP8==\""},
    {"a space", "some_bytes", "A%20P8", "expected base64 text, found \"A P8\""},
    {"names as they are declared", "a_color", "red",
     "expected a value of test.types.Color, found \"red\""},
    {"no such name", "a_color", "GREEN", "expected a value of test.types.Color, found \"GREEN\""},
    {"beyond any", "a_color", "2147483648",
     "expected a value of test.types.Color, found \"2147483648\""},
    {"shown as far as its NUL", "a_color", "red%00x",
     "expected a value of test.types.Color, found \"red...\""},
    {"before the first", "time", "0000-12-31T23:59:59Z",
     "expected an RFC 3339 timestamp, found \"0000-12-31T23:59:59Z\""},
    {"no such day", "time", "2026-02-30T00:00:00Z",
     "expected an RFC 3339 timestamp, found \"2026-02-30T00:00:00Z\""},
    {"a day alone", "time", "2026-01-31", "expected an RFC 3339 timestamp, found \"2026-01-31\""},
    {"capitals", "time", "2026-01-31t09:30:00z",
     "expected an RFC 3339 timestamp, found \"2026-01-31t09:30:00z\""},
    {"no zone", "time", "2026-01-31T09:30:00",
     "expected an RFC 3339 timestamp, found \"2026-01-31T09:30:00\""},
    {"a space for the T", "time", "2026-01-31%2009:30:00Z",
     "expected an RFC 3339 timestamp, found \"2026-01-31 09:30:00Z\""},
    {"no number of seconds", "time", "1769851800",
     "expected an RFC 3339 timestamp, found \"1769851800\""},
    {"no quotes", "time", "%222026-01-31T09:30:00Z%22",
     "expected an RFC 3339 timestamp, found \"\"2026-01-31T09:30:00Z\"\""},
    {"no leap second", "time", "2026-01-31T09:30:60Z",
     "expected an RFC 3339 timestamp, found \"2026-01-31T09:30:60Z\""},
    {"beyond nanoseconds", "time", "2026-01-31T09:30:00.1234567890Z",
     "expected an RFC 3339 timestamp, found \"2026-01-31T09:30:00.1234567890Z\""},
    {"beyond the longest", "wait", "315576000001s",
     "expected a duration in seconds like \"1.5s\", found \"315576000001s\""},
    {"beyond nanoseconds", "wait", "1.0000000001s",
     "expected a duration in seconds like \"1.5s\", found \"1.0000000001s\""},
    {"no unit", "wait", "1", "expected a duration in seconds like \"1.5s\", found \"1\""},
    {"no other unit", "wait", "1m", "expected a duration in seconds like \"1.5s\", found \"1m\""},
    {"no Go", "wait", "1h30m", "expected a duration in seconds like \"1.5s\", found \"1h30m\""},
    {"no number", "wait", "s", "expected a duration in seconds like \"1.5s\", found \"s\""},
    {"no quotes", "wait", "%221s%22",
     "expected a duration in seconds like \"1.5s\", found \"\"1s\"\""},
    {"an empty path", "mask", "a,,b", "expected field paths with commas between, found \"a,,b\""},
    {"empty paths alone", "mask", ",", "expected field paths with commas between, found \",\""},
    {"and refused like it", "boxed_double", "x", "expected a double, found \"x\""},
    {"and refused like it", "boxed_float", "3.5e38",
     "expected a float, 3.5e38 is out of its range"},
    {"and refused like it", "boxed_int32", "2147483648",
     "expected an int32, 2147483648 is out of its range"},
    {"and refused like it", "boxed_int64", "1.5", "expected an int64, 1.5 is not a whole number"},
    {"and refused like it", "boxed_uint32", "-1", "expected a uint32, -1 is out of its range"},
    {"and refused like it", "boxed_uint64", "-1", "expected a uint64, -1 is out of its range"},
    {"and refused like it", "boxed_bool", "1", "expected true or false, found \"1\""},
    {"and refused like it", "boxed_string", "%FF", "expected UTF-8, found \"...\""},
    {"and refused like it", "boxed_bytes", "!", "expected base64 text, found \"!\""},
    {"no number", "maybe", "x", "expected an int32, found \"x\""},
};

static void check_binding(const struct binding_row *row, bool is_error)
{
    static const struct {
        const char *start;
        const char *between;
        const char *part;
    } ways[] = {{"GET /", "/", "path"}, {"GET /q?", "=", "query"}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char request[256];
        char error[512];
        (void)snprintf(request, sizeof request, "%s%s%s%s", ways[i].start, row->field,
                       ways[i].between, row->text);
        (void)snprintf(error, sizeof error, "%s parameter \"%s\": %s", ways[i].part, row->field,
                       row->want);
        struct request_row whole = {row->rule, request, NULL, is_error ? error : row->want};
        request_row_check(&f, &whole, is_error);
    }
}

static void text_becomes_a_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good_rows / sizeof *good_rows; i++) {
        check_binding(&good_rows[i], false);
    }
    for (size_t i = 0; i < sizeof bad_rows / sizeof *bad_rows; i++) {
        check_binding(&bad_rows[i], true);
    }
}

/* An empty capture is no match, so these are a query's alone. */
static const struct request_row empty_rows[] = {
    {"an empty string", "GET /q?a_string=", NULL, "{}"},
    {"empty bytes", "GET /q?some_bytes=", NULL, "{}"},
    {"an empty mask is set", "GET /q?mask=", NULL, "{\"mask\":\"\"}"},
    {"an empty string in a wrapper is set", "GET /q?boxed_string=", NULL, "{\"boxedString\":\"\"}"},
};

static const struct request_row empty_errors[] = {
    {"no empty number", "GET /q?an_int64=", NULL,
     "query parameter \"an_int64\": expected an int64, found \"\""},
    {"no empty boolean", "GET /q?a_bool=", NULL,
     "query parameter \"a_bool\": expected true or false, found \"\""},
    {"no empty enum", "GET /q?a_color=", NULL,
     "query parameter \"a_color\": expected a value of test.types.Color, found \"\""},
    {"no empty time", "GET /q?time=", NULL,
     "query parameter \"time\": expected an RFC 3339 timestamp, found \"\""},
    {"no empty duration", "GET /q?wait=", NULL,
     "query parameter \"wait\": expected a duration in seconds like \"1.5s\", found \"\""},
    {"no empty number in a wrapper", "GET /q?boxed_int32=", NULL,
     "query parameter \"boxed_int32\": expected an int32, found \"\""},
};

/* Plus signs differ: a space in a query, themselves in a path. Names and depth are free in both. */
static const struct request_row way_rows[] = {
    {"a plus in a query is a space", "GET /q?a_string=a+b", NULL, "{\"aString\":\"a b\"}"},
    {"a plus in a path is a plus", "GET /a_string/a+b", NULL, "{\"aString\":\"a+b\"}"},
    {"fields of messages inside each other", "GET /deep/RED/2026-01-31T09:30:00Z", NULL,
     "{\"inner\":{\"time\":\"2026-01-31T09:30:00Z\",\"inner\":{\"aColor\":\"RED\"}}}"},
    {"JSON names and proto names at each level",
     "GET /q?inner.inner.aColor=RED&inner.boxedInt64=0&inner.inner.maybe=0", NULL,
     "{\"inner\":{\"boxedInt64\":\"0\",\"inner\":{\"aColor\":\"RED\",\"maybe\":0}}}"},
    {"a part of a well-known type by its field", "GET /q?time.seconds=1&wait.nanos=5", NULL,
     "{\"time\":\"1970-01-01T00:00:01Z\",\"wait\":\"0.000000005s\"}"},
    {"the value of a wrapper by its field", "GET /q?boxed_int32.value=7", NULL,
     "{\"boxedInt32\":7}"},
    {"the paths of a mask by its field", "GET /q?mask.paths=a_b&mask.paths=c", NULL,
     "{\"mask\":\"aB,c\"}"},
};

static const struct request_row part_errors[] = {
    {"seconds past the last", "GET /q?time.seconds=253402300800", NULL,
     "a google.protobuf.Timestamp out of range"},
    {"nanos below zero", "GET /q?time.seconds=1&time.nanos=-1", NULL,
     "a google.protobuf.Timestamp out of range"},
    {"parts of different signs", "GET /q?wait.seconds=1&wait.nanos=-5", NULL,
     "a google.protobuf.Duration out of range"},
    {"a path that is none", "GET /q?mask.paths=a__b", NULL,
     "a path of a google.protobuf.FieldMask that JSON cannot hold"},
};

static void what_is_empty_and_what_differs(void **state)
{
    (void)state;
    REQUEST_ROWS_CHECK(&f, empty_rows, false)
    REQUEST_ROWS_CHECK(&f, empty_errors, true)
    REQUEST_ROWS_CHECK(&f, way_rows, false)
    REQUEST_ROWS_CHECK(&f, part_errors, true)
}

/* ---- Patterns ---- */

static const struct request_row pattern_rows[] = {
    {"get", "GET /pattern?an_int32=1", NULL, "{\"anInt32\":1}"},
    {"HEAD is a GET", "HEAD /pattern?an_int32=1", NULL, "{\"anInt32\":1}"},
    {"put", "PUT /pattern", "{\"anInt32\":1}", "{\"anInt32\":1}"},
    {"post", "POST /pattern", "{\"anInt32\":1}", "{\"anInt32\":1}"},
    {"delete", "DELETE /pattern?an_int32=1", NULL, "{\"anInt32\":1}"},
    {"patch", "PATCH /pattern", "{\"anInt32\":1}",
     "{\"mask\":\"anInt32\",\"inner\":{\"anInt32\":1}}"},
    {"custom HEAD", "HEAD /pattern/head?an_int32=1", NULL, "{\"anInt32\":1}"},
    {"custom method of its own", "LOCK /pattern?an_int32=1", "\"x\"",
     "{\"anInt32\":1,\"aString\":\"x\"}"},
    {"custom \"*\" takes GET", "GET /pattern/any", NULL, "{}"},
    {"custom \"*\" takes OPTIONS", "OPTIONS /pattern/any", NULL, "{}"},
    {"custom \"*\" takes methods nobody knows", "BREW /pattern/any", "{\"anInt32\":1}",
     "{\"anInt32\":1}"},
};

static void every_pattern_of_http_rule(void **state)
{
    (void)state;
    REQUEST_ROWS_CHECK(&f, pattern_rows, false)
}

/* ---- Out ---- */

struct answer_row {
    const char *rule;
    const char *path; /* "/get/time": the route's response_body is the field time */
    const char *message;
    const char *want;
};

static const struct answer_row answer_rows[] = {
    {"a double", "/get/a_double", "{\"aDouble\":1.5}", "1.5"},
    {"a double not set", "/get/a_double", "{}", "0"},
    {"no number", "/get/a_double", "{\"aDouble\":\"NaN\"}", "\"NaN\""},
    {"a float", "/get/a_float", "{\"aFloat\":0.1}", "0.1"},
    {"an int32", "/get/an_int32", "{\"anInt32\":-1}", "-1"},
    {"an int64 is a string", "/get/an_int64", "{\"anInt64\":\"9223372036854775807\"}",
     "\"9223372036854775807\""},
    {"an int64 not set", "/get/an_int64", "{}", "\"0\""},
    {"a uint64 is a string", "/get/a_uint64", "{\"aUint64\":\"18446744073709551615\"}",
     "\"18446744073709551615\""},
    {"an sint32", "/get/a_sint32", "{\"aSint32\":-7}", "-7"},
    {"a fixed64 is a string", "/get/a_fixed64", "{\"aFixed64\":\"1\"}", "\"1\""},
    {"a boolean", "/get/a_bool", "{\"aBool\":true}", "true"},
    {"a boolean not set", "/get/a_bool", "{}", "false"},
    {"a string", "/get/a_string", "{\"aString\":\"a\\\"b\"}", "\"a\\\"b\""},
    {"a string not set", "/get/a_string", "{}", "\"\""},
    {"bytes are base64", "/get/some_bytes", "{\"someBytes\":\"AP8=\"}", "\"AP8=\""},
    {"an enum is its name", "/get/a_color", "{\"aColor\":\"RED\"}", "\"RED\""},
    {"an enum without a name is its number", "/get/a_color", "{\"aColor\":7}", "7"},
    {"an enum not set", "/get/a_color", "{}", "\"COLOR_UNSPECIFIED\""},
    {"a Timestamp", "/get/time", "{\"time\":\"2026-01-31T09:30:00.5Z\"}",
     "\"2026-01-31T09:30:00.500Z\""},
    {"a Timestamp not set", "/get/time", "{}", "null"},
    {"a Duration", "/get/wait", "{\"wait\":\"1.5s\"}", "\"1.500s\""},
    {"a FieldMask", "/get/mask", "{\"mask\":\"aB,c\"}", "\"aB,c\""},
    {"an empty FieldMask", "/get/mask", "{\"mask\":\"\"}", "\"\""},
    {"a wrapper is its value", "/get/boxed_int64", "{\"boxedInt64\":\"5\"}", "\"5\""},
    {"a zero of a wrapper", "/get/boxed_bool", "{\"boxedBool\":false}", "false"},
    {"a wrapper not set", "/get/boxed_string", "{}", "null"},
    {"a field with presence", "/get/maybe", "{\"maybe\":0}", "0"},
    {"a message", "/get/inner", "{\"inner\":{\"maybe\":1,\"mask\":\"a\"}}",
     "{\"aDouble\":0,\"aFloat\":0,\"anInt32\":0,\"anInt64\":\"0\",\"aUint32\":0,\"aUint64\":\"0\","
     "\"aSint32\":0,\"aSint64\":\"0\",\"aFixed32\":0,\"aFixed64\":\"0\",\"aSfixed32\":0,"
     "\"aSfixed64\":\"0\",\"aBool\":false,\"aString\":\"\",\"someBytes\":\"\",\"aColor\":\"COLOR_"
     "UNSPECIFIED\",\"mask\":\"a\",\"maybe\":1}"},
    {"a message not set", "/get/inner", "{}", "null"},
    {"a list", "/many/numbers", "{\"numbers\":[1,-2]}", "[1,-2]"},
    {"an empty list", "/many/numbers", "{}", "[]"},
    {"a list of strings", "/many/texts", "{\"texts\":[\"a\",\"\"]}", "[\"a\",\"\"]"},
    {"a list of messages", "/many/times", "{\"times\":[\"1970-01-01T00:00:01Z\"]}",
     "[\"1970-01-01T00:00:01Z\"]"},
    {"a list of enums", "/many/colors", "{\"colors\":[\"RED\",0,7]}",
     "[\"RED\",\"COLOR_UNSPECIFIED\",7]"},
    {"a map in its order", "/many/counts", "{\"counts\":{\"b\":\"2\",\"a\":\"1\"}}",
     "{\"b\":\"2\",\"a\":\"1\"}"},
    {"an empty map", "/many/counts", "{}", "{}"},
    {"an empty map of messages", "/many/named", "{}", "{}"},
    {"a member of a oneof", "/many/word", "{\"word\":\"w\"}", "\"w\""},
    {"an empty member of a oneof", "/many/word", "{\"word\":\"\"}", "\"\""},
    {"the other member of a oneof", "/many/one", "{\"word\":\"w\"}", "null"},
    {"a Struct", "/many/structure", "{\"structure\":{\"a\":{\"b\":[1,null]}}}",
     "{\"a\":{\"b\":[1,null]}}"},
    {"a Value", "/many/value", "{\"value\":[true,\"x\"]}", "[true,\"x\"]"},
    {"a null Value", "/many/value", "{\"value\":null}", "null"},
    {"a ListValue", "/many/list", "{\"list\":[1,\"a\"]}", "[1,\"a\"]"},
    {"an Any", "/many/any",
     "{\"any\":{\"@type\":\"type.googleapis.com/google.protobuf.Duration\",\"value\":\"1s\"}}",
     "{\"@type\":\"type.googleapis.com/google.protobuf.Duration\",\"value\":\"1s\"}"},
    {"Empty", "/many/empty", "{\"empty\":{}}", "{}"},
    {"Empty not set", "/many/empty", "{}", "null"},
    {"a NullValue", "/many/nothing", "{\"nothing\":null}", "null"},
};

static const struct gw_route *route_of(const char *path)
{
    void *route = NULL;
    struct gw_captures captures;
    assert_int_equal(gw_router_match(gw_routes_router(f.routes), BASE_STR("GET"), base_str_of(path),
                                     &route, &captures),
                     GW_MATCHED);
    return route;
}

static void a_field_of_any_kind_is_the_body(void **state)
{
    (void)state;
    struct gw_transcode_options options = {.schema = f.schema, .print_defaults = true};
    for (size_t i = 0; i < sizeof answer_rows / sizeof *answer_rows; i++) {
        const struct answer_row *row = &answer_rows[i];
        const struct gw_route *route = route_of(row->path);
        struct base_buf wire;
        struct base_buf body;
        struct base_str type;
        struct base_err err = {0};
        base_buf_init(&wire, 1 << 16);
        base_buf_init(&body, 1 << 16);
        if (!gw_json_to_wire(route->method->output, base_str_of(row->message), &options, &wire,
                             &err) ||
            !gw_response_to_body(route, base_buf_str(&wire), &options, &body, &type, &err)) {
            fail_msg("%s %s: %s", row->rule, row->path, err.message);
        }
        if (!base_str_eq(base_buf_str(&body), base_str_of(row->want)) ||
            !base_str_eq(type, BASE_STR("application/json"))) {
            fail_msg("%s %s\n got %.*s\nwant %s", row->rule, row->path, (int)body.len, body.data,
                     row->want);
        }
        base_buf_dispose(&wire);
        base_buf_dispose(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_a_field),
        cmocka_unit_test(what_is_empty_and_what_differs),
        cmocka_unit_test(every_pattern_of_http_rule),
        cmocka_unit_test(a_field_of_any_kind_is_the_body),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
