/* Civil dates are counted from 1 March of year 0, so that the leap day ends a year (Howard
 * Hinnant's days_from_civil and its inverse). */
#include "gateway/time_text.h"

#include "gateway/json_writer.h"

#define TIMESTAMP_SECONDS_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define TIMESTAMP_SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define DURATION_SECONDS_MAX INT64_C(315576000000)
#define NANOS_MAX 999999999

#define DAY_SECONDS 86400
#define ERA_DAYS INT64_C(146097)     /* of 400 years */
#define DAYS_TO_1970 INT64_C(719468) /* from 0000-03-01 */
#define TEXT_BYTES_MIN (size_t)20    /* 0001-01-01T00:00:00Z */

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400; /* years from 0001 on: year >= 0 */
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - DAYS_TO_1970;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* Reads exactly `count` digits. */
static bool read_digits(const char **next, const char *end, int count, int64_t *out_value)
{
    int64_t value = 0;
    for (int i = 0; i < count; i++) {
        if (*next == end || **next < '0' || **next > '9') {
            return false;
        }
        value = value * 10 + (*(*next)++ - '0');
    }
    *out_value = value;
    return true;
}

static bool read_char(const char **next, const char *end, char c)
{
    if (*next == end || **next != c) {
        return false;
    }
    (*next)++;
    return true;
}

/* Reads ".123" if a point stands here: one to nine digits. */
static bool read_fraction(const char **next, const char *end, int32_t *out_nanos)
{
    *out_nanos = 0;
    if (!read_char(next, end, '.')) {
        return true;
    }
    int digits = 0;
    int32_t nanos = 0;
    for (; *next < end && **next >= '0' && **next <= '9'; (*next)++) {
        if (++digits > 9) {
            return false;
        }
        nanos = nanos * 10 + (**next - '0');
    }
    for (int i = digits; i < 9; i++) {
        nanos *= 10;
    }
    *out_nanos = nanos;
    return digits > 0;
}

/* Reads "Z" or "+01:00"; out_seconds is what the local time is ahead of UTC. */
static bool read_offset(const char **next, const char *end, int64_t *out_seconds)
{
    *out_seconds = 0;
    if (read_char(next, end, 'Z')) {
        return true;
    }
    bool is_behind = read_char(next, end, '-');
    int64_t hours;
    int64_t minutes;
    if ((!is_behind && !read_char(next, end, '+')) || !read_digits(next, end, 2, &hours) ||
        !read_char(next, end, ':') || !read_digits(next, end, 2, &minutes) || hours > 23 ||
        minutes > 59) {
        return false;
    }
    int64_t seconds = hours * 3600 + minutes * 60;
    *out_seconds = is_behind ? -seconds : seconds;
    return true;
}

bool gw_timestamp_parse(struct base_str text, int64_t *out_seconds, int32_t *out_nanos)
{
    const char *next = text.data;
    const char *end = text.data + text.len;
    int64_t year, month, day, hour, minute, second, ahead;
    int32_t nanos;
    if (text.len < TEXT_BYTES_MIN || !read_digits(&next, end, 4, &year) ||
        !read_char(&next, end, '-') || !read_digits(&next, end, 2, &month) ||
        !read_char(&next, end, '-') || !read_digits(&next, end, 2, &day) ||
        !read_char(&next, end, 'T') || !read_digits(&next, end, 2, &hour) ||
        !read_char(&next, end, ':') || !read_digits(&next, end, 2, &minute) ||
        !read_char(&next, end, ':') || !read_digits(&next, end, 2, &second) ||
        !read_fraction(&next, end, &nanos) || !read_offset(&next, end, &ahead) || next != end) {
        return false;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
        hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t seconds = days_from_civil(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 +
                      second - ahead;
    if (seconds < TIMESTAMP_SECONDS_MIN || seconds > TIMESTAMP_SECONDS_MAX) {
        return false;
    }
    *out_seconds = seconds;
    *out_nanos = nanos;
    return true;
}

bool gw_duration_parse(struct base_str text, int64_t *out_seconds, int32_t *out_nanos)
{
    if (text.len == 0) {
        return false;
    }
    const char *next = text.data;
    const char *end = text.data + text.len;
    bool is_negative = read_char(&next, end, '-');
    const char *first = next;
    int64_t seconds = 0;
    for (; next < end && *next >= '0' && *next <= '9'; next++) {
        seconds = seconds * 10 + (*next - '0');
        if (seconds > DURATION_SECONDS_MAX) {
            return false;
        }
    }
    int32_t nanos;
    if (next == first || !read_fraction(&next, end, &nanos) || !read_char(&next, end, 's') ||
        next != end) {
        return false;
    }
    *out_seconds = is_negative ? -seconds : seconds;
    *out_nanos = is_negative ? -nanos : nanos;
    return true;
}

static char *put_pair(char *out, uint32_t value)
{
    memcpy(out, gw_digit_pairs + (size_t)2 * value, 2);
    return out + 2;
}

/* Writes a point and 3, 6 or 9 digits; nothing for 0. */
static char *put_fraction(char *out, uint32_t nanos)
{
    if (nanos == 0) {
        return out;
    }
    *out++ = '.';
    uint32_t millis = nanos / 1000000;
    uint32_t below = nanos % 1000000;
    *out++ = (char)('0' + millis / 100);
    out = put_pair(out, millis % 100);
    if (below == 0) {
        return out;
    }
    out = put_pair(out, below / 10000);
    out = put_pair(out, below / 100 % 100);
    out = put_pair(out, below % 100);
    return below % 1000 == 0 ? out - 3 : out; /* three zeros go again */
}

/* `days` count from 0000-03-01. */
static char *put_date(char *out, uint32_t days)
{
    uint32_t era = days / (uint32_t)ERA_DAYS;
    uint32_t day_of_era = days - era * (uint32_t)ERA_DAYS;
    uint32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t shifted = (5 * day_of_year + 2) / 153; /* month from March */
    uint32_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    uint32_t year = year_of_era + era * 400 + (month <= 2);
    out = put_pair(put_pair(out, year / 100), year % 100);
    *out++ = '-';
    out = put_pair(out, month);
    *out++ = '-';
    return put_pair(out, day_of_year - (153 * shifted + 2) / 5 + 1);
}

char *gw_timestamp_format(int64_t seconds, int32_t nanos, char *out)
{
    if (seconds < TIMESTAMP_SECONDS_MIN || seconds > TIMESTAMP_SECONDS_MAX || nanos < 0 ||
        nanos > NANOS_MAX) {
        return NULL;
    }
    uint64_t from_year_0 = (uint64_t)(seconds + DAYS_TO_1970 * DAY_SECONDS);
    uint32_t of_day = (uint32_t)(from_year_0 % DAY_SECONDS);
    out = put_date(out, (uint32_t)(from_year_0 / DAY_SECONDS));
    *out++ = 'T';
    out = put_pair(out, of_day / 3600);
    *out++ = ':';
    out = put_pair(out, of_day / 60 % 60);
    *out++ = ':';
    out = put_pair(out, of_day % 60);
    out = put_fraction(out, (uint32_t)nanos);
    *out++ = 'Z';
    return out;
}

char *gw_duration_format(int64_t seconds, int32_t nanos, char *out)
{
    if (seconds < -DURATION_SECONDS_MAX || seconds > DURATION_SECONDS_MAX || nanos < -NANOS_MAX ||
        nanos > NANOS_MAX || (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0)) {
        return NULL;
    }
    if (seconds < 0 || nanos < 0) {
        *out++ = '-';
        seconds = -seconds;
        nanos = -nanos;
    }
    out = gw_put_unsigned(out, (uint64_t)seconds);
    out = put_fraction(out, (uint32_t)nanos);
    *out++ = 's';
    return out;
}
