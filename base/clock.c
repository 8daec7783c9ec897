/* Log lines come many a second, and the text of a second is dear: each thread keeps its last. */
#include "base/clock.h"

#include "base/period.h"

#include <assert.h>
#include <string.h>
#include <time.h>

/* Bytes of "2026-01-31T09:30:00", and the NUL. */
#define SECOND_TEXT_SIZE 20

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * BASE_NS_PER_S + now.tv_nsec;
}

int64_t base_clock_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t system_unix_ns(const struct base_clock *self)
{
    (void)self;
    return read_clock(CLOCK_REALTIME);
}

const struct base_clock base_clock_system = {.unix_ns = system_unix_ns};

void base_clock_format_ms(int64_t unix_ns, char out[BASE_CLOCK_TEXT_SIZE])
{
    time_t seconds = (time_t)(unix_ns / BASE_NS_PER_S);
    int64_t rest = unix_ns % BASE_NS_PER_S;
    if (rest < 0) {
        rest += BASE_NS_PER_S;
        seconds--;
    }
    static _Thread_local time_t last_second;
    static _Thread_local char last_text[SECOND_TEXT_SIZE];
    if (seconds != last_second || last_text[0] == '\0') {
        struct tm utc;
        gmtime_r(&seconds, &utc);
        strftime(last_text, sizeof last_text, "%Y-%m-%dT%H:%M:%S", &utc);
        last_second = seconds;
    }
    int ms = (int)(rest / BASE_NS_PER_MS);
    memcpy(out, last_text, SECOND_TEXT_SIZE - 1);
    out[19] = '.';
    out[20] = (char)('0' + ms / 100);
    out[21] = (char)('0' + ms / 10 % 10);
    out[22] = (char)('0' + ms % 10);
    memcpy(out + 23, "Z", 2);
}

void base_clock_format_day(int64_t day, char out[BASE_CLOCK_DAY_SIZE])
{
    time_t seconds = (time_t)(day * BASE_SECONDS_PER_DAY);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t len = strftime(out, BASE_CLOCK_DAY_SIZE, "%Y-%m-%d", &utc);
    assert(len == BASE_CLOCK_DAY_SIZE - 1 && "a year of four digits");
    (void)len;
}
