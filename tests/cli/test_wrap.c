#include "cli/wrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define TEN "123456789 "
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN

static void test_lines(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        size_t indent;
        const char *expected;
    } rows[] = {
        {"", 2, "\n"},
        {"one", 2, "  one\n"},
        {"  one   two ", 0, "one two\n"},
        {SEVENTY "123456789A", 0, SEVENTY "123456789A\n"},
        {SEVENTY "123456789AB", 0,
         TEN TEN TEN TEN TEN TEN "123456789\n"
                                 "123456789AB\n"},
        {SEVENTY "12345678", 2, "  " TEN TEN TEN TEN TEN TEN "123456789 12345678\n"},
        {SEVENTY "123456789", 2,
         "  " TEN TEN TEN TEN TEN TEN "123456789\n"
         "  123456789\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        cli_wrap_print(rows[i].text, rows[i].indent, out);
        fclose(out);
        assert_string_equal(text, rows[i].expected);
        free(text);
    }
}

static void test_a_long_word_has_its_own_line(void **state)
{
    (void)state;
    char word[2 * CLI_WRAP_COLUMNS + 1] = {0};
    char sentence[sizeof word + 8];
    char expected[sizeof word + 16];
    char got[sizeof expected] = "";
    for (size_t i = 0; i + 1 < sizeof word; i++) {
        word[i] = 'x';
    }
    snprintf(sentence, sizeof sentence, "a %s b", word);
    snprintf(expected, sizeof expected, " a\n %s\n b\n", word);
    FILE *out = fmemopen(got, sizeof got, "w");
    assert_non_null(out);
    cli_wrap_print(sentence, 1, out);
    fclose(out);
    assert_string_equal(got, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_a_long_word_has_its_own_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
