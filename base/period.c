/* Days are counted from the first of March of the year 0, so that the leap day is the last of its
 * year and the lengths of the months repeat every five: the calendar in two divisions instead of
 * tables (the Gregorian calendar repeats every 146,097 days). */
#include "base/period.h"

#include <assert.h>
#include <stddef.h>

#define DAYS_PER_ERA 146097 /* 400 years */
#define DAYS_TO_1970 719468 /* from 0000-03-01 */
#define SUNDAY_OF_1970 3    /* 1970-01-04 */

/* A month counted from year 0, January being 0: 2026-11 is 2026 * 12 + 10. */
static int64_t month_of_day(int64_t day, int *out_day_of_month)
{
    int64_t shifted = day + DAYS_TO_1970;
    int64_t era = shifted / DAYS_PER_ERA;
    int64_t day_of_era = shifted % DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (DAYS_PER_ERA - 1)) /
        365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    *out_day_of_month = (int)(day_of_year - (153 * march_month + 2) / 5);
    return (era * 400 + year_of_era) * 12 + march_month + 2;
}

/* The day that a month begins on. */
static int64_t first_day_of_month(int64_t month)
{
    int64_t march_month = month - 2;
    int64_t year = march_month / 12;
    int64_t month_of_year = march_month % 12;
    return year * 365 + year / 4 - year / 100 + year / 400 + (153 * month_of_year + 2) / 5 -
           DAYS_TO_1970;
}

static int64_t floor_to(int64_t value, int64_t step)
{
    int64_t rest = value % step;
    return value - (rest < 0 ? rest + step : rest);
}

/* The month whose period holds `day`: the one before where this month's has not begun yet. */
static int64_t month_of_period(int first_day, int64_t day)
{
    int day_of_month;
    int64_t month = month_of_day(day, &day_of_month);
    return day_of_month < first_day ? month - 1 : month;
}

const char *base_period_unit_name(enum base_period_unit unit)
{
    static const char *const names[] = {"", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH"};
    return names[unit];
}

bool base_period_is_valid(struct base_period period)
{
    static const int last_days[] = {-1, 0, 0, 0, 6, 27};
    return period.unit >= BASE_PERIOD_MINUTE && period.unit <= BASE_PERIOD_MONTH &&
           period.first_day >= 0 && period.first_day <= last_days[period.unit];
}

/* The start of the period `ahead` after the one that holds `at_s`. */
static int64_t start_of(struct base_period period, int64_t at_s, int ahead)
{
    int64_t day = floor_to(at_s, BASE_SECONDS_PER_DAY) / BASE_SECONDS_PER_DAY;
    int64_t first = SUNDAY_OF_1970 + period.first_day;
    assert(base_period_is_valid(period));
    switch (period.unit) {
    case BASE_PERIOD_MINUTE:
        return floor_to(at_s, 60) + ahead * INT64_C(60);
    case BASE_PERIOD_HOUR:
        return floor_to(at_s, 3600) + ahead * INT64_C(3600);
    case BASE_PERIOD_WEEK:
        return (floor_to(day - first, 7) + first + ahead * INT64_C(7)) * BASE_SECONDS_PER_DAY;
    case BASE_PERIOD_MONTH:
        return (first_day_of_month(month_of_period(period.first_day, day) + ahead) +
                period.first_day) *
               BASE_SECONDS_PER_DAY;
    case BASE_PERIOD_DAY:
    default:
        return (day + ahead) * BASE_SECONDS_PER_DAY;
    }
}

int64_t base_period_start(struct base_period period, int64_t at_s)
{
    return start_of(period, at_s, 0);
}

int64_t base_period_end(struct base_period period, int64_t at_s)
{
    return start_of(period, at_s, 1);
}
