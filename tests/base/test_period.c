#include "base/period.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static int64_t seconds_of(const char *text)
{
    struct tm utc = {0};
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &utc));
    return timegm(&utc);
}

/* "2026-11-26T10:08:21". */
static const char *text_of(int64_t seconds)
{
    static char text[BASE_CLOCK_TEXT_SIZE];
    base_clock_format_ms(seconds * BASE_NS_PER_S, text);
    text[19] = '\0';
    return text;
}

static const struct {
    struct base_period period;
    const char *at;
    const char *start;
    const char *end;
} rows[] = {
    {{BASE_PERIOD_MINUTE, 0}, "2026-11-26T10:08:21", "2026-11-26T10:08:00", "2026-11-26T10:09:00"},
    {{BASE_PERIOD_MINUTE, 0}, "2026-12-31T23:59:59", "2026-12-31T23:59:00", "2027-01-01T00:00:00"},
    {{BASE_PERIOD_HOUR, 0}, "2026-11-26T10:00:00", "2026-11-26T10:00:00", "2026-11-26T11:00:00"},
    {{BASE_PERIOD_DAY, 0}, "2024-02-28T23:59:59", "2024-02-28T00:00:00", "2024-02-29T00:00:00"},
    {{BASE_PERIOD_DAY, 0}, "1969-12-31T23:59:59", "1969-12-31T00:00:00", "1970-01-01T00:00:00"},
    /* 2026-11-26 is a Thursday. */
    {{BASE_PERIOD_WEEK, 0}, "2026-11-26T10:08:21", "2026-11-22T00:00:00", "2026-11-29T00:00:00"},
    {{BASE_PERIOD_WEEK, 1}, "2026-11-26T10:08:21", "2026-11-23T00:00:00", "2026-11-30T00:00:00"},
    {{BASE_PERIOD_WEEK, 4}, "2026-11-26T00:00:00", "2026-11-26T00:00:00", "2026-12-03T00:00:00"},
    {{BASE_PERIOD_WEEK, 5}, "2026-11-26T10:08:21", "2026-11-20T00:00:00", "2026-11-27T00:00:00"},
    {{BASE_PERIOD_WEEK, 6}, "1970-01-01T00:00:00", "1969-12-27T00:00:00", "1970-01-03T00:00:00"},
    {{BASE_PERIOD_MONTH, 0}, "2026-11-30T23:59:59", "2026-11-01T00:00:00", "2026-12-01T00:00:00"},
    {{BASE_PERIOD_MONTH, 0}, "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"},
    {{BASE_PERIOD_MONTH, 27}, "2023-03-01T00:00:00", "2023-02-28T00:00:00", "2023-03-28T00:00:00"},
    {{BASE_PERIOD_MONTH, 27}, "2024-02-28T00:00:00", "2024-02-28T00:00:00", "2024-03-28T00:00:00"},
    {{BASE_PERIOD_MONTH, 14}, "2026-01-14T23:59:59", "2025-12-15T00:00:00", "2026-01-15T00:00:00"},
    {{BASE_PERIOD_MONTH, 0}, "2000-02-29T12:00:00", "2000-02-01T00:00:00", "2000-03-01T00:00:00"},
    {{BASE_PERIOD_MONTH, 0}, "2100-02-28T12:00:00", "2100-02-01T00:00:00", "2100-03-01T00:00:00"},
};

static void periods_of_the_calendar(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t at_s = seconds_of(rows[i].at);
        assert_string_equal(text_of(base_period_start(rows[i].period, at_s)), rows[i].start);
        assert_string_equal(text_of(base_period_end(rows[i].period, at_s)), rows[i].end);
    }
}

/* Every moment lies in one period, and the periods follow each other without a gap: noon of each
 * day of 800 years, for every day a period can begin on. */
static void periods_join(void **state)
{
    (void)state;
    static const struct base_period kinds[] = {
        {BASE_PERIOD_DAY, 0},    {BASE_PERIOD_WEEK, 0},   {BASE_PERIOD_WEEK, 3},
        {BASE_PERIOD_WEEK, 6},   {BASE_PERIOD_MONTH, 0},  {BASE_PERIOD_MONTH, 1},
        {BASE_PERIOD_MONTH, 13}, {BASE_PERIOD_MONTH, 27},
    };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        int64_t first = seconds_of("1800-01-01T12:00:00");
        int64_t end = base_period_end(kinds[k], first);
        for (int64_t at = first; at < seconds_of("2600-01-01T00:00:00"); at += 86400) {
            int64_t start = base_period_start(kinds[k], at);
            if (start > at || base_period_end(kinds[k], at) <= at ||
                base_period_start(kinds[k], start) != start) {
                fail_msg("kind %zu at %s", k, text_of(at));
            }
            if (at >= end) {
                assert_int_equal(start, end);
                end = base_period_end(kinds[k], at);
            }
        }
    }
}

static void days_a_period_can_begin_on(void **state)
{
    (void)state;
    static const struct {
        struct base_period period;
        bool valid;
    } kinds[] = {
        {{BASE_PERIOD_MINUTE, 0}, true},        {{BASE_PERIOD_MINUTE, 1}, false},
        {{BASE_PERIOD_HOUR, 1}, false},         {{BASE_PERIOD_DAY, 0}, true},
        {{BASE_PERIOD_DAY, 1}, false},          {{BASE_PERIOD_WEEK, 6}, true},
        {{BASE_PERIOD_WEEK, 7}, false},         {{BASE_PERIOD_MONTH, 27}, true},
        {{BASE_PERIOD_MONTH, 28}, false},       {{BASE_PERIOD_MONTH, -1}, false},
        {{(enum base_period_unit)0, 0}, false}, {{(enum base_period_unit)6, 0}, false},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_int_equal(base_period_is_valid(kinds[i].period), kinds[i].valid);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(periods_of_the_calendar),
        cmocka_unit_test(periods_join),
        cmocka_unit_test(days_a_period_can_begin_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
