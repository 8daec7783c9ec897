/* Civil dates are counted from 1 March of year 0, so that the leap day ends a year (Howard
 * Hinnant's days_from_civil; the way back is put_date's). */
#include "gateway/time_text.h"

#include "gateway/json_writer.h"

#define TIMESTAMP_SECONDS_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define TIMESTAMP_SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define DURATION_SECONDS_MAX INT64_C(315576000000)
#define NANOS_MAX 999999999

#define DAY_SECONDS 86400
#define ERA_DAYS 146097              /* of 400 years */
#define DAYS_TO_1970 INT64_C(719468) /* from 0000-03-01 */
#define DATE_TIME_BYTES (size_t)19   /* 0001-01-01T00:00:00 */

/* Days from 0000-03-01; years from 0001 on. */
static uint32_t days_from_civil(uint32_t year, uint32_t month, uint32_t day)
{
    year -= month <= 2;
    uint32_t century = year / 100;
    uint32_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return year * 365 + year / 4 - century + century / 4 + day_of_year;
}

static uint32_t days_in_month(uint32_t year, uint32_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && is_leap ? 29U : days[month - 1];
}

/* Two digits; sets `is_bad` when they are none, and else leaves it alone. */
static uint32_t pair_at(const char *at, bool *is_bad)
{
    uint32_t tens = (uint32_t)(at[0] - '0');
    uint32_t ones = (uint32_t)(at[1] - '0');
    *is_bad |= tens > 9 || ones > 9;
    return tens * 10 + ones;
}

/* Reads "2006-01-02T15:04:05", of which all bytes are there, as seconds from 0000-03-01. Every byte
 * is looked at before anything is decided: the bytes are good nearly always, and branches cost more
 * than they save. */
static bool read_date_time(const char *at, int64_t *out_seconds)
{
    bool is_bad = at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' || at[16] != ':';
    uint32_t year = pair_at(at, &is_bad) * 100 + pair_at(at + 2, &is_bad);
    uint32_t month = pair_at(at + 5, &is_bad), day = pair_at(at + 8, &is_bad);
    uint32_t hour = pair_at(at + 11, &is_bad), minute = pair_at(at + 14, &is_bad);
    uint32_t second = pair_at(at + 17, &is_bad);
    if (is_bad || year < 1 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    uint32_t of_day = (hour * 60 + minute) * 60 + second;
    *out_seconds = (int64_t)days_from_civil(year, month, day) * DAY_SECONDS + of_day;
    return true;
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
    /* Nanoseconds of the last digit, by the number of digits. */
    static const int32_t units[] = {0,     100000000, 10000000, 1000000, 100000,
                                    10000, 1000,      100,      10,      1};
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
    *out_nanos = nanos * units[digits];
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
    const char *next = text.data + DATE_TIME_BYTES;
    const char *end = text.data + text.len;
    int64_t from_year_0, ahead;
    int32_t nanos;
    if (text.len <= DATE_TIME_BYTES || !read_date_time(text.data, &from_year_0) ||
        !read_fraction(&next, end, &nanos) || !read_offset(&next, end, &ahead) || next != end) {
        return false;
    }
    int64_t seconds = from_year_0 - DAYS_TO_1970 * DAY_SECONDS - ahead;
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

/* `days` count from 0000-03-01. The divisions of a year and of a month into days are
 * multiplications whose high half is the quotient and whose low half is the rest, scaled (C. Neri
 * and L. Schneider, Euclidean affine functions and their application to calendar algorithms, 2022).
 */
static char *put_date(char *out, uint32_t days)
{
    uint32_t quarters = 4 * days + 3;
    uint32_t century = quarters / ERA_DAYS;
    uint64_t years = UINT64_C(2939745) * (quarters % ERA_DAYS / 4 * 4 + 3);
    uint32_t day_of_year = (uint32_t)years / 2939745 / 4;
    uint32_t months = 2141 * day_of_year + 197913;
    bool is_next_year = day_of_year >= 306; /* January and February */
    uint32_t year = century * 100 + (uint32_t)(years >> 32) + is_next_year;
    uint32_t month = (months >> 16) - (is_next_year ? 12 : 0);
    out = put_pair(put_pair(out, year / 100), year % 100);
    *out++ = '-';
    out = put_pair(out, month);
    *out++ = '-';
    return put_pair(out, (months & 0xFFFF) / 2141 + 1);
}

char *gw_timestamp_format(int64_t seconds, int32_t nanos, struct gw_date_text *date, char *out)
{
    if (seconds < TIMESTAMP_SECONDS_MIN || seconds > TIMESTAMP_SECONDS_MAX || nanos < 0 ||
        nanos > NANOS_MAX) {
        return NULL;
    }
    uint64_t from_year_0 = (uint64_t)(seconds + DAYS_TO_1970 * DAY_SECONDS);
    uint32_t of_day = (uint32_t)(from_year_0 % DAY_SECONDS);
    uint32_t days = (uint32_t)(from_year_0 / DAY_SECONDS);
    if (date->days != days) {
        date->days = days;
        *put_date(date->text, days) = 'T';
    }
    memcpy(out, date->text, sizeof date->text);
    out += sizeof date->text;
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
