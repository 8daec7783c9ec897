/* Calendar: the periods that hold now, remembered.
 *
 * Finding where a period begins and ends takes a dozen divisions; a busy thread asks for the same
 * few with every request, and the shortest holds for a minute. One period of each unit is
 * remembered: the last that was asked for. All zero is empty. One thread.
 */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include "base/period.h"

/* Of a period: when it begins, and when the next one does. */
struct base_span {
    int64_t start_s;
    int64_t end_s;
};

struct base_calendar {
    struct base_calendar_entry {
        int first_day;
        struct base_span span;
    } entries[BASE_PERIOD_MONTH + 1]; /* by unit */
};

/* Finds it anew and remembers it. */
struct base_span base_calendar_find(struct base_calendar *calendar, struct base_period period,
                                    int64_t at_s);

/* The span of the period that holds `at_s`: what base_period_start and base_period_end say. */
static inline struct base_span base_calendar_at(struct base_calendar *calendar,
                                                struct base_period period, int64_t at_s)
{
    const struct base_calendar_entry *entry = &calendar->entries[period.unit];
    bool holds = entry->first_day == period.first_day && at_s >= entry->span.start_s &&
                 at_s < entry->span.end_s;
    return holds ? entry->span : base_calendar_find(calendar, period, at_s);
}

#endif
