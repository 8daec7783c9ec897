#include "base/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HOUR_S 3600
#define START_S INT64_C(1795687701) /* 2026-11-26T10:08:21Z */

static const struct base_period periods[] = {
    {BASE_PERIOD_MINUTE, 0}, {BASE_PERIOD_HOUR, 0},  {BASE_PERIOD_DAY, 0},   {BASE_PERIOD_WEEK, 0},
    {BASE_PERIOD_WEEK, 3},   {BASE_PERIOD_MONTH, 0}, {BASE_PERIOD_MONTH, 27}};

static void assert_same(struct base_calendar *calendar, int64_t at_s)
{
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        struct base_span span = base_calendar_at(calendar, periods[i], at_s);
        assert_int_equal(span.start_s, base_period_start(periods[i], at_s));
        assert_int_equal(span.end_s, base_period_end(periods[i], at_s));
    }
}

/* Through two months, asking for several periods of a unit in turn, and back again. */
static void remembers_what_holds(void **state)
{
    (void)state;
    struct base_calendar calendar = {0};
    for (int hours = 0; hours < 62 * 24; hours++) {
        assert_same(&calendar, START_S + hours * HOUR_S + hours % 60);
    }
    for (int hours = 62 * 24; hours >= 0; hours--) {
        assert_same(&calendar, START_S + hours * HOUR_S);
    }
    assert_same(&calendar, 0);
    assert_same(&calendar, -1);
}

/* A period begins with its first second and ends before the first of the next. */
static void turns_with_the_second(void **state)
{
    (void)state;
    struct base_calendar calendar = {0};
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        int64_t end_s = base_period_end(periods[i], START_S);
        assert_int_equal(base_calendar_at(&calendar, periods[i], START_S).end_s, end_s);
        assert_int_equal(base_calendar_at(&calendar, periods[i], end_s - 1).end_s, end_s);
        assert_int_equal(base_calendar_at(&calendar, periods[i], end_s).start_s, end_s);
        assert_int_equal(base_calendar_at(&calendar, periods[i], end_s - 1).end_s, end_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_what_holds),
        cmocka_unit_test(turns_with_the_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
