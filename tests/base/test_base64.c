#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* RFC 4648 section 10, and bytes whose characters differ between the alphabets. */
static const struct {
    struct base_str bytes;
    const char *standard;
    const char *url;
} rows[] = {
    {{"", 0}, "", ""},
    {{"f", 1}, "Zg==", "Zg"},
    {{"fo", 2}, "Zm8=", "Zm8"},
    {{"foo", 3}, "Zm9v", "Zm9v"},
    {{"foob", 4}, "Zm9vYg==", "Zm9vYg"},
    {{"fooba", 5}, "Zm9vYmE=", "Zm9vYmE"},
    {{"foobar", 6}, "Zm9vYmFy", "Zm9vYmFy"},
    {{"\xFB\xEF\xFF\0", 4}, "++//AA==", "--__AA"},
};

static void assert_decodes(const char *text, struct base_str bytes)
{
    char out[16];
    size_t len = SIZE_MAX;
    assert_true(base_base64_decode(base_str_of(text), out, &len));
    assert_true(base_str_eq(base_str_make(out, len), bytes));
}

static void encodes_and_decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[16];
        *base_base64_encode(rows[i].bytes, out) = '\0';
        assert_string_equal(out, rows[i].standard);
        assert_int_equal(strlen(out), BASE_BASE64_ENCODED_BYTES(rows[i].bytes.len));
        *base_base64_encode_url(rows[i].bytes, out) = '\0';
        assert_string_equal(out, rows[i].url);
        assert_decodes(rows[i].standard, rows[i].bytes);
        assert_decodes(rows[i].url, rows[i].bytes);
    }
}

static void refuses_what_is_no_base64(void **state)
{
    (void)state;
    static const char *const texts[] = {"Z",     "Zg=",     "Z===",   "====",    "=",    "==",
                                        "Zm9vY", "Zm9vZg=", "Zm 9",   "Zm9\xC3", "!AAA", "A!AA",
                                        "AA!A",  "AAA!",    "AAAAA!", "Zg==Zg=="};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char out[16];
        size_t len;
        assert_false(base_base64_decode(base_str_of(texts[i]), out, &len));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_and_decodes),
        cmocka_unit_test(refuses_what_is_no_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
