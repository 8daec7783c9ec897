#include "base/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DIGITS_63 "000000000000000000000000000000000000000000000000000000000000001"
#define DIGITS_64 "0" DIGITS_63

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double number;
    } rows[] = {
        {"0", 0},         {"7", 7},      {"007", 7},      {"0.5", 0.5},
        {"12.25", 12.25}, {"1e3", 1000}, {"1E+03", 1000}, {"5e-1", 0.5},
        {"2.5e1", 25},    {"1e-999", 0}, {DIGITS_63, 1},  {"1e308", 1e308},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double number = -1;
        if (!base_decimal_read(base_str_of(rows[i].text), &number) || number != rows[i].number) {
            fail_msg("%s is read as %g", rows[i].text, number);
        }
    }
}

static void test_no_numbers(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",      " ",        " 1",    "1 ",      "+1",  "-1",   "-0",       "0x10", "0x1p3",
        "inf",   "Infinity", "nan",   ".5",      "5.",  "1.e3", "1e",       "1e+",  "1,5",
        "1.2.3", "e5",       "1e999", DIGITS_64, "1_0", "1\n",  "\xd9\xa1",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double number = -1;
        if (base_decimal_read(base_str_of(rows[i]), &number) || number != -1) {
            fail_msg("\"%s\" is read as %g", rows[i], number);
        }
    }
}

static void test_whole_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t max;
        int64_t number; /* -1: none */
    } rows[] = {
        {"0", 0, 0},
        {"1", 0, -1},
        {"12", 12, 12},
        {"13", 12, -1},
        {"0012", 12, 12},
        {"9223372036854775807", INT64_MAX, INT64_MAX},
        {"9223372036854775808", INT64_MAX, -1},
        {"99999999999999999999999", INT64_MAX, -1},
        {"", 9, -1},
        {"+1", 9, -1},
        {"-1", 9, -1},
        {" 1", 9, -1},
        {"1 ", 9, -1},
        {"1.0", 9, -1},
        {"0x1", 9, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t number = -1;
        bool ok = base_decimal_read_whole(base_str_of(rows[i].text), rows[i].max, &number);
        if (ok != (rows[i].number != -1) || number != rows[i].number) {
            fail_msg("\"%s\" is read as %lld", rows[i].text, (long long)number);
        }
    }
}

static void test_digits(void **state)
{
    (void)state;
    int number = -1;
    assert_true(base_decimal_read_digits(BASE_STR("0999"), &number));
    assert_int_equal(number, 999);
    assert_true(base_decimal_read_digits(BASE_STR("999999999"), &number));
    assert_int_equal(number, 999999999);
    assert_false(base_decimal_read_digits(BASE_STR("1000000000"), &number));
    assert_false(base_decimal_read_digits(BASE_STR("1 "), &number));
    assert_false(base_decimal_read_digits(BASE_STR(""), &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_no_numbers),
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
