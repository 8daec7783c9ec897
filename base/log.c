#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Digits of the largest 64-bit number. */
#define NUMBER_DIGITS_MAX 20

static enum base_log_level lowest = BASE_LOG_INFO;

static const char *const level_names[] = {
    [BASE_LOG_DEBUG] = "debug",
    [BASE_LOG_INFO] = "info",
    [BASE_LOG_WARN] = "warn",
    [BASE_LOG_ERROR] = "error",
};

/* The last byte is kept free for the newline. */
static void put(struct base_log_line *line, char c)
{
    if (line->len < sizeof line->text - 1) {
        line->text[line->len++] = c;
    }
}

static void put_text(struct base_log_line *line, struct base_str text)
{
    size_t room = sizeof line->text - 1 - line->len;
    size_t len = text.len < room ? text.len : room;
    if (len > 0) {
        memcpy(line->text + line->len, text.data, len);
        line->len += len;
    }
}

static bool is_plain(struct base_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7F) {
            return false;
        }
    }
    return value.len > 0;
}

static void put_value(struct base_log_line *line, struct base_str value)
{
    if (is_plain(value)) {
        put_text(line, value);
        return;
    }
    put(line, '"');
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if (c == '"' || c == '\\') {
            put(line, '\\');
            put(line, (char)c);
        } else if (c < ' ' || c == 0x7F) {
            char escaped[5];
            snprintf(escaped, sizeof escaped, "\\x%02x", c);
            put_text(line, base_str_of(escaped));
        } else {
            put(line, (char)c);
        }
    }
    put(line, '"');
}

void base_log_set_level(enum base_log_level level)
{
    lowest = level;
}

void base_log(enum base_log_level level, const char *event, ...)
{
    if (level < lowest) {
        return;
    }
    struct base_log_line line;
    base_log_begin(&line, level, event);
    va_list args;
    va_start(args, event);
    for (const char *key; (key = va_arg(args, const char *)) != NULL;) {
        base_log_put(&line, key, base_str_of(va_arg(args, const char *)));
    }
    va_end(args);
    struct base_str whole = base_log_end(&line);
    ssize_t written = write(STDERR_FILENO, whole.data, whole.len);
    (void)written; /* there is nowhere left to say that the log is gone */
}

void base_log_begin(struct base_log_line *line, enum base_log_level level, const char *event)
{
    char time[BASE_CLOCK_TEXT_SIZE];
    base_clock_format_ms(base_clock_system.unix_ns(&base_clock_system), time);
    line->len = 0;
    put_text(line, BASE_STR("time="));
    put_text(line, base_str_of(time));
    base_log_put(line, "level", base_str_of(level_names[level]));
    base_log_put(line, "event", base_str_of(event));
}

void base_log_put(struct base_log_line *line, const char *key, struct base_str value)
{
    put(line, ' ');
    put_text(line, base_str_of(key));
    put(line, '=');
    put_value(line, value);
}

void base_log_put_number(struct base_log_line *line, const char *key, uint64_t number)
{
    char digits[NUMBER_DIGITS_MAX];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    base_log_put(line, key, base_str_make(digits + at, sizeof digits - at));
}

struct base_str base_log_end(struct base_log_line *line)
{
    line->text[line->len++] = '\n';
    return base_str_make(line->text, line->len);
}
