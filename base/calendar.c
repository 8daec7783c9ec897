#include "base/calendar.h"

struct base_span base_calendar_find(struct base_calendar *calendar, struct base_period period,
                                    int64_t at_s)
{
    struct base_span span = {base_period_start(period, at_s), base_period_end(period, at_s)};
    calendar->entries[period.unit] = (struct base_calendar_entry){period.first_day, span};
    return span;
}
