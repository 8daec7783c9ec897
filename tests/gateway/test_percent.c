/* Percent: validity, the three decodings, and look-ups on raw text. */
#include "gateway/percent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct base_str str(const char *text)
{
    return base_str_of(text);
}

struct valid_row {
    const char *raw;
    size_t valid_len;
};

static const struct valid_row valid_rows[] = {
    {"", 0},    {"abc", 3},  {"%41", 3},   {"a%2fb%2F", 8}, {"%", 0},    {"a%", 1},
    {"a%4", 1}, {"a%4g", 1}, {"a%g4", 1},  {"%41%", 3},     {"%%41", 0}, {"%zz", 0},
    {"%+1", 0}, {"% 1", 0},  {"a%00b", 5}, {"%25zz", 5},    {"ab%c", 2},
};

static void test_valid_len(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof valid_rows / sizeof valid_rows[0]; i++) {
        const struct valid_row *row = &valid_rows[i];
        if (gw_percent_valid_len(str(row->raw)) != row->valid_len) {
            fail_msg("%s: %zu", row->raw, gw_percent_valid_len(str(row->raw)));
        }
    }
}

/* What stands behind the text is none of it. */
static void test_valid_len_of_a_slice(void **state)
{
    (void)state;
    assert_int_equal(gw_percent_valid_len(base_str_make("%41%42", 5)), 3);
    assert_int_equal(gw_percent_valid_len(base_str_make("%41%42", 4)), 3);
}

struct decode_row {
    const char *raw;
    const char *all;
    const char *keep_slash;
    const char *form;
};

/* The path rows are those of the references' own tests; where they keep %2F in a capture of several
 * segments, some write it in capitals: we leave it as it came. */
static const struct decode_row decode_rows[] = {
    {"", "", "", ""},
    {"foo", "foo", "foo", "foo"},
    {"foo%2Fbar", "foo/bar", "foo%2Fbar", "foo/bar"},
    {"foo%2fbar", "foo/bar", "foo%2fbar", "foo/bar"},
    {"foo%252Fbar", "foo%2Fbar", "foo%2Fbar", "foo%2Fbar"},
    {"a/b", "a/b", "a/b", "a/b"},
    {"%2f%23/%20%2523", "/#/ %23", "%2f#/ %23", "/#/ %23"},
    {"a+b%2B", "a+b+", "a+b+", "a b+"},
    {"%E2%82%AC", "\xe2\x82\xac", "\xe2\x82\xac", "\xe2\x82\xac"},
    {"%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D", "!#$&'()*+,/:;=?@[]",
     "!#$&'()*+,%2F:;=?@[]", "!#$&'()*+,/:;=?@[]"},
};

static void expect_decoded(const char *raw, enum gw_percent_mode mode, const char *want)
{
    char out[128];
    size_t len = gw_percent_decode(str(raw), mode, out);
    assert_true(len < sizeof out);
    out[len] = '\0';
    assert_string_equal(out, want);
}

static void test_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof decode_rows / sizeof decode_rows[0]; i++) {
        const struct decode_row *row = &decode_rows[i];
        expect_decoded(row->raw, GW_PERCENT_ALL, row->all);
        expect_decoded(row->raw, GW_PERCENT_KEEP_SLASH, row->keep_slash);
        expect_decoded(row->raw, GW_PERCENT_FORM, row->form);
    }
}

static void test_every_byte_decodes_in_place(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[4];
        (void)snprintf(text, sizeof text, byte % 2 ? "%%%02x" : "%%%02X", byte);
        assert_int_equal(gw_percent_decode(str(text), GW_PERCENT_ALL, text), 1);
        assert_int_equal((unsigned char)text[0], byte);
    }
}

static void test_lookups_see_what_is_decoded(void **state)
{
    (void)state;
    static const char *const spellings[] = {"a%2Fb%25", "%61%2f%62%25", "a/b%25"};
    struct base_str decoded = str("a/b%");
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        assert_true(gw_percent_eq(str(spellings[i]), decoded));
        assert_int_equal(gw_percent_hash(str(spellings[i])), gw_percent_hash_decoded(decoded));
    }
    assert_false(gw_percent_eq(str("a%2Fb"), decoded));
    assert_false(gw_percent_eq(str("a%2Fb%25c"), decoded));
    assert_false(gw_percent_eq(str("a%2Fc%25"), decoded));
    assert_true(gw_percent_eq(str("plain"), str("plain")));
    assert_true(gw_percent_eq(str(""), str("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_len),
        cmocka_unit_test(test_valid_len_of_a_slice),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_every_byte_decodes_in_place),
        cmocka_unit_test(test_lookups_see_what_is_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
