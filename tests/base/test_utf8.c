#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *name;
    struct base_str text;
    size_t valid_len;
} rows[] = {
    {"nothing", {"", 0}, 0},
    {"ASCII", {"hello, world: longer than a word", 32}, 32},
    {"NUL is a character", {"a\0b", 3}, 3},
    {"two bytes", {"\xc2\x80\xdf\xbf", 4}, 4},
    {"three bytes", {"\xe0\xa0\x80\xef\xbf\xbf", 6}, 6},
    {"around the surrogates", {"\xed\x9f\xbf\xee\x80\x80", 6}, 6},
    {"four bytes", {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8}, 8},
    {"lone continuation", {"a\x80", 2}, 1},
    {"bad byte in the second word", {"12345678901\xff", 12}, 11},
    {"bad byte after an odd start",
     {"\xc3\xa9"
      "12345678\xff",
      11},
     10},
    {"overlong in two", {"\xc0\x80", 2}, 0},
    {"overlong in two, the last", {"\xc1\xbf", 2}, 0},
    {"overlong in three", {"\xe0\x9f\xbf", 3}, 0},
    {"overlong in four", {"\xf0\x8f\xbf\xbf", 4}, 0},
    {"first surrogate", {"\xed\xa0\x80", 3}, 0},
    {"last surrogate", {"\xed\xbf\xbf", 3}, 0},
    {"past U+10FFFF", {"\xf4\x90\x80\x80", 4}, 0},
    {"no first byte of four", {"\xf5\x80\x80\x80", 4}, 0},
    {"five bytes", {"\xf8\x88\x80\x80\x80", 5}, 0},
    {"two bytes cut", {"ab\xc3", 3}, 2},
    {"three bytes cut", {"ab\xe2\x82", 4}, 2},
    {"four bytes cut", {"ab\xf0\x9f\x98", 5}, 2},
    {"cut before what would go on", {"ab\xe2\x82\xac", 4}, 2},
    {"a word to its last byte", {"1234567\x80", 8}, 7},
    {"bad third byte", {"\xe2\x82\x28", 3}, 0},
    {"bad fourth byte", {"\xf0\x9f\x98\x28", 4}, 0},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        assert_int_equal(base_utf8_valid_len(rows[i].text), rows[i].valid_len);
        assert_int_equal(base_utf8_valid(rows[i].text), rows[i].valid_len == rows[i].text.len);
    }
}

/* Every code point, encoded by the book, is valid; every surrogate is not. */
static void test_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0x80; c <= 0x10FFFF; c++) {
        char text[4];
        size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
        for (size_t i = len - 1; i > 0; i--) {
            text[i] = (char)(0x80 | (c >> (6 * (len - 1 - i)) & 0x3F));
        }
        text[0] = (char)(first[len] | c >> (6 * (len - 1)));
        bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
        assert_int_equal(base_utf8_valid(base_str_make(text, len)), !is_surrogate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_code_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
