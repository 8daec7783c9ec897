#include "cli/visible.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_visible(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"", ""},
        {"plain text, Zo\xc3\xab, \xe6\x97\xa5\xe6\x9c\xac, "
         "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac",
         "plain text, Zo\xc3\xab, \xe6\x97\xa5\xe6\x9c\xac, "
         "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac"},
        {"back\\slash", "back\\slash"},
        {"\x1b[2J\a", "\\u001b[2J\\u0007"},
        {"a\nb\rc\td\x7f", "a\\u000ab\\u000dc\\u0009d\\u007f"},
        {"\xc2\x9b"
         "31m",
         "\\u009b31m"},           /* CSI in one character */
        {"\xc2\xa0", "\xc2\xa0"}, /* the first behind C1 */
        {"\xe2\x80\xae"
         "txt.exe",
         "\\u202etxt.exe"}, /* right-to-left override */
        {"\xe2\x81\xa6"
         "a\xe2\x81\xa9",
         "\\u2066a\\u2069"}, /* isolates */
        {"\xe2\x80\xa8\xe2\x80\x8e\xd8\x9c", "\\u2028\\u200e\\u061c"},
        {"\xe2\x81\xa5", "\xe2\x81\xa5"},         /* before the isolates */
        {"\xd7\xa9\xd7\x9c", "\xd7\xa9\xd7\x9c"}, /* Hebrew itself is text */
        {"a\xff\xc3", "a\\xff\\xc3"},
        {"\xed\xa0\x80"
         "b",
         "\\xed\\xa0\\x80b"}, /* a surrogate */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_buf out;
        base_buf_init(&out, SIZE_MAX);
        assert_true(cli_visible_append(base_str_of(rows[i].text), &out));
        assert_int_equal(out.len, strlen(rows[i].expected));
        if (out.len > 0) {
            assert_memory_equal(out.data, rows[i].expected, out.len);
        }
        base_buf_dispose(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_visible)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
