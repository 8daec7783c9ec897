#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void formats_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        int64_t ns;
        const char *text;
    } rows[] = {
        {0, 0, "1970-01-01T00:00:00.000Z"},
        {0, 120000000, "1970-01-01T00:00:00.120Z"},
        {0, 999999, "1970-01-01T00:00:00.000Z"},
        {0, 1000000, "1970-01-01T00:00:00.001Z"},
        {0, -1, "1969-12-31T23:59:59.999Z"},
        {-1, 0, "1969-12-31T23:59:59.000Z"},
        {951782400, 0, "2000-02-29T00:00:00.000Z"},
        {1769851800, 123456789, "2026-01-31T09:30:00.123Z"},
        {-9223372036, 0, "1677-09-21T00:12:44.000Z"}, /* the ends of what int64_t holds */
        {9223372036, 854775807, "2262-04-11T23:47:16.854Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[BASE_CLOCK_TEXT_SIZE];
        base_clock_format_ms(rows[i].seconds * BASE_NS_PER_S + rows[i].ns, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void formats_days(void **state)
{
    (void)state;
    static const struct {
        int64_t day;
        const char *text;
    } rows[] = {
        {-354285, "1000-01-01"}, {-1, "1969-12-31"},     {0, "1970-01-01"},
        {11016, "2000-02-29"},   {106752, "2262-04-12"}, {2932896, "9999-12-31"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[BASE_CLOCK_DAY_SIZE];
        base_clock_format_day(rows[i].day, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void monotonic_never_goes_back(void **state)
{
    (void)state;
    int64_t last_ns = base_clock_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        int64_t now_ns = base_clock_monotonic_ns();
        assert_true(now_ns >= last_ns);
        last_ns = now_ns;
    }
}

static void system_clock_tells_the_time_of_day(void **state)
{
    (void)state;
    int64_t now_ns = base_clock_system.unix_ns(&base_clock_system);
    assert_true(now_ns > 1700000000 * BASE_NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_rfc_3339),
        cmocka_unit_test(formats_days),
        cmocka_unit_test(monotonic_never_goes_back),
        cmocka_unit_test(system_clock_tells_the_time_of_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
