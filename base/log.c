#include "base/log.h"

#include "base/clock.h"
#include "base/log_writer.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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
        unsigned char c = (unsigned char)value.data[i];
        if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\') {
            return false;
        }
    }
    return value.len > 0;
}

/* Bytes of the character that `rest` begins with, or 0 where it must not stand in a line: a control
 * character, be it ASCII's or one from U+0080 to U+009F, which terminals obey too, and what is no
 * UTF-8, which readers of logs stumble over. */
static size_t character_len(struct base_str rest)
{
    unsigned char first = (unsigned char)rest.data[0];
    if (first < 0x80) {
        return first >= ' ' && first != 0x7F;
    }
    size_t len = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    bool is_valid = len <= rest.len && base_utf8_valid(base_str_make(rest.data, len));
    bool is_control = first == 0xC2 && is_valid && (unsigned char)rest.data[1] < 0xA0;
    return is_valid && !is_control ? len : 0;
}

static void put_value(struct base_log_line *line, struct base_str value)
{
    if (is_plain(value)) {
        put_text(line, value);
        return;
    }
    put(line, '"');
    for (size_t i = 0, len; i < value.len; i += len) {
        struct base_str rest = base_str_make(value.data + i, value.len - i);
        len = character_len(rest);
        if (len == 0) {
            char escaped[5];
            snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned char)*rest.data);
            put_text(line, base_str_of(escaped));
            len = 1;
            continue;
        }
        if (*rest.data == '"' || *rest.data == '\\') {
            put(line, '\\');
        }
        put_text(line, base_str_make(rest.data, len));
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
    base_log_write(base_log_end(&line));
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
