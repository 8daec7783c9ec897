#include "base/clock.h"

#include <stdio.h>
#include <time.h>

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
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t len = strftime(out, BASE_CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + len, BASE_CLOCK_TEXT_SIZE - len, ".%03dZ", (int)(rest / BASE_NS_PER_MS));
}
