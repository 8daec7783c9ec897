#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct line {
    size_t len;
    char text[BASE_LOG_LINE_SIZE];
};

static enum base_log_level lowest = BASE_LOG_INFO;

static const char *const level_names[] = {
    [BASE_LOG_DEBUG] = "debug",
    [BASE_LOG_INFO] = "info",
    [BASE_LOG_WARN] = "warn",
    [BASE_LOG_ERROR] = "error",
};

/* The last byte is kept free for the newline. */
static void put(struct line *line, char c)
{
    if (line->len < sizeof line->text - 1) {
        line->text[line->len++] = c;
    }
}

static void put_text(struct line *line, const char *text)
{
    for (; *text != '\0'; text++) {
        put(line, *text);
    }
}

static bool is_plain(const char *value)
{
    if (*value == '\0') {
        return false;
    }
    for (; *value != '\0'; value++) {
        if (*value <= ' ' || *value == '"' || *value == '=' || *value == '\\' || *value == 0x7F) {
            return false;
        }
    }
    return true;
}

static void put_value(struct line *line, const char *value)
{
    if (is_plain(value)) {
        put_text(line, value);
        return;
    }
    put(line, '"');
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        if (c == '"' || c == '\\') {
            put(line, '\\');
            put(line, (char)c);
        } else if (c < ' ' || c == 0x7F) {
            char escaped[5];
            snprintf(escaped, sizeof escaped, "\\x%02x", c);
            put_text(line, escaped);
        } else {
            put(line, (char)c);
        }
    }
    put(line, '"');
}

static void put_pair(struct line *line, const char *key, const char *value)
{
    put(line, ' ');
    put_text(line, key);
    put(line, '=');
    put_value(line, value);
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
    char time[BASE_CLOCK_TEXT_SIZE];
    base_clock_format_ms(base_clock_system.unix_ns(&base_clock_system), time);
    struct line line = {0};
    put_text(&line, "time=");
    put_text(&line, time);
    put_pair(&line, "level", level_names[level]);
    put_pair(&line, "event", event);
    va_list args;
    va_start(args, event);
    for (const char *key; (key = va_arg(args, const char *)) != NULL;) {
        const char *value = va_arg(args, const char *);
        put_pair(&line, key, value == NULL ? "" : value);
    }
    va_end(args);
    line.text[line.len++] = '\n';
    ssize_t written = write(STDERR_FILENO, line.text, line.len);
    (void)written; /* there is nowhere left to say that the log is gone */
}
