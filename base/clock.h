/* Clocks: one that only goes forward, for deadlines, and one that tells the time of day.
 *
 * Code whose result depends on the time of day takes a `struct base_clock`, so that a test can hold
 * the hands. Any thread.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define BASE_NS_PER_US INT64_C(1000)
#define BASE_NS_PER_MS INT64_C(1000000)
#define BASE_NS_PER_S INT64_C(1000000000)

/* A deadline that never comes. */
#define BASE_NEVER_NS INT64_MAX

/* Nanoseconds of the monotonic clock; only differences mean anything. */
int64_t base_clock_monotonic_ns(void);

struct base_clock {
    /* Nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted. */
    int64_t (*unix_ns)(const struct base_clock *self);
};

/* The machine's own clock. */
extern const struct base_clock base_clock_system;

/* Room for base_clock_format_ms, its NUL included. */
#define BASE_CLOCK_TEXT_SIZE 25

/* Writes `unix_ns`, which is of the years 1677 to 2262, as RFC 3339 UTC with milliseconds,
 * "2026-01-31T09:30:00.000Z". */
void base_clock_format_ms(int64_t unix_ns, char out[BASE_CLOCK_TEXT_SIZE]);

/* Room for base_clock_format_day, its NUL included. */
#define BASE_CLOCK_DAY_SIZE 11

/* Writes the day that is `day` days after 1970-01-01 as "2026-01-31". The year must lie in 1000 to
 * 9999. */
void base_clock_format_day(int64_t day, char out[BASE_CLOCK_DAY_SIZE]);

#endif
