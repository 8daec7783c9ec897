#include "tools/gen_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect(struct gen_text *text, const char *expected)
{
    gen_text_add(text, "%c", '\0');
    assert_string_equal(text->buf.data, expected);
    assert_false(text->is_cut);
    gen_text_dispose(text);
}

static void test_comment(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int indent;
        const char *comment;
        const char *expected;
    } rows[] = {
        {"none", 0, NULL, ""},
        {"blank", 0, " \n\n ", ""},
        {"one line", 0, " One note.\n", "/* One note. */\n"},
        {"indented", 4, " One note.\n", "    /* One note. */\n"},
        {"no blank behind the slashes", 0, "One\n", "/* One */\n"},
        {"lines are filled", 0, " One\n two\n   \n\n\n three\n", "/* One two\n *\n * three */\n"},
        {"a list keeps its lines", 0, " Either:\n - this,\n   or\n * that\n",
         "/* Either:\n * - this,\n *   or\n * * that */\n"},
        {"a comment inside", 0, " a /* b */ c /*/ d\n", "/* a / * b * / c / * / d */\n"},
        {"carriage returns", 0, " a\r\n b\r\n", "/* a b */\n"},
        {"a full line", 0,
         " 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
         "012345",
         "/* 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
         "0123456789 012345 */\n"},
        {"one more is broken before the end of the comment", 0,
         " 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
         "0123456",
         "/* 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
         "0123456789\n * 0123456 */\n"},
        {"a word longer than a line", 0,
         " a "
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
         "8901234567890123456789 b\n",
         "/* a\n * "
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
         "8901234567890123456789\n * b */\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        struct gen_text text;
        gen_text_init(&text);
        gen_text_comment(&text, rows[i].indent, rows[i].comment);
        expect(&text, rows[i].expected);
    }
}

static void test_comment_lines(void **state)
{
    (void)state;
    struct gen_text text;
    gen_text_init(&text);
    gen_text_comment_lines(&text, " One.\n\n Two.\n");
    gen_text_comment_lines(&text, NULL);
    expect(&text, " * One.\n *\n * Two.\n");
}

static void test_list(void **state)
{
    (void)state;
    static const char *const items[] = {"struct first *first", "struct second *second",
                                        "struct third *third"};
    static const struct {
        const char *name;
        const char *head;
        const char *expected;
    } rows[] = {
        {"fits", "bool f(",
         "bool f(struct first *first, struct second *second, struct third *third);\n"},
        {"aligned", "    bool a_function_with_a_longer_name_than_that(",
         "    bool a_function_with_a_longer_name_than_that(struct first *first, struct second "
         "*second,\n"
         "                                                 struct third *third);\n"},
        {"four columns in",
         "    bool "
         "a_function_with_a_name_so_long_that_an_argument_does_not_fit_behind_it_any_more(",
         "    bool "
         "a_function_with_a_name_so_long_that_an_argument_does_not_fit_behind_it_any_more(\n"
         "        struct first *first, struct second *second, struct third *third);\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        struct gen_text text;
        gen_text_init(&text);
        gen_text_list(&text, rows[i].head, items, 3, ");");
        expect(&text, rows[i].expected);
    }
}

static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct base_str bytes;
        const char *expected;
    } rows[] = {
        {"none", {"", 0}, ""},
        {"text", {"abc", 3}, "    \"abc\""},
        {"a digit behind an escape", {"\0001", 2}, "    \"\\0001\""},
        {"quotes, backslashes, trigraphs", {"\"\\?\?=", 5}, "    \"\\\"\\\\\\?\\?=\""},
        {"not ASCII", {"\x7f\x80\xff\n", 4}, "    \"\\177\\200\\377\\012\""},
        {"two lines",
         {"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
          "89012345",
          96},
         "    \"01234567890123456789012345678901234567890123456789012345678901234567890123456789"
         "01234567890123\"\n    \"45\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        struct gen_text text;
        gen_text_init(&text);
        gen_text_bytes(&text, rows[i].bytes);
        expect(&text, rows[i].expected);
    }
}

static void test_too_much(void **state)
{
    (void)state;
    struct gen_text text;
    gen_text_init(&text);
    text.buf.max_bytes = 16;
    gen_text_add(&text, "0123456789");
    assert_false(text.is_cut);
    gen_text_add(&text, "0123456789");
    assert_true(text.is_cut);
    gen_text_dispose(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comment),  cmocka_unit_test(test_comment_lines),
        cmocka_unit_test(test_list),     cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
