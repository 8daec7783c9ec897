/* Period: the calendar's minutes, hours, days, weeks and months, in UTC.
 *
 * Times are seconds since 1970-01-01T00:00:00Z, leap seconds not counted, of the years 1 to 9999.
 * Pure; any thread.
 */
#ifndef BASE_PERIOD_H
#define BASE_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#define BASE_SECONDS_PER_DAY 86400

/* The numbers are those of tollgate.Quota.Period. */
enum base_period_unit {
    BASE_PERIOD_MINUTE = 1,
    BASE_PERIOD_HOUR = 2,
    BASE_PERIOD_DAY = 3,
    BASE_PERIOD_WEEK = 4,
    BASE_PERIOD_MONTH = 5,
};

struct base_period {
    enum base_period_unit unit;
    int first_day; /* of a week: 0 (Sunday) to 6; of a month: 0 (the first) to 27; else 0 */
};

/* The name of a unit, "MINUTE", as quotas write it. Static. */
const char *base_period_unit_name(enum base_period_unit unit);

/* Whether `first_day` is one that a period of `unit` can begin on. */
bool base_period_is_valid(struct base_period period);

/* When the period that holds `at_s` began, and when the next one begins. */
int64_t base_period_start(struct base_period period, int64_t at_s);
int64_t base_period_end(struct base_period period, int64_t at_s);

#endif
