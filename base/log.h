/* Log: one structured line an event, on standard error.
 *
 * time=2026-01-31T09:30:00.000Z level=info event="listening" address=127.0.0.1:8080
 *
 * Only the edges log (cli, the front, the listeners, a store's background work); core modules
 * return errors. Payloads and credentials never appear. A line is written whole, so lines of
 * several threads do not mix, and by whom base/log_writer.h says. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

#include <stdint.h>

/* Bytes of a line; a longer one is cut. */
#define BASE_LOG_LINE_SIZE 2048

enum base_log_level { BASE_LOG_DEBUG, BASE_LOG_INFO, BASE_LOG_WARN, BASE_LOG_ERROR };

/* Lines below `level` are dropped. The default is BASE_LOG_INFO. Call before threads start. */
void base_log_set_level(enum base_log_level level);

/* Writes one line. After `event` come pairs of key and NUL-terminated value, then NULL; a value
 * with spaces, quotes, control characters or what is not ASCII is quoted; quotes, control
 * characters and what is not UTF-8 are escaped. */
void base_log(enum base_log_level level, const char *event, ...) __attribute__((sentinel));

/* A line put together by hand, for an edge that writes many at once. */
struct base_log_line {
    size_t len;
    char text[BASE_LOG_LINE_SIZE];
};

/* Begins a line with the time, the level and the event; the level is not looked at. */
void base_log_begin(struct base_log_line *line, enum base_log_level level, const char *event);

/* Adds one pair, quoted as by base_log. */
void base_log_put(struct base_log_line *line, const char *key, struct base_str value);

/* Adds a pair of key and number. */
void base_log_put_number(struct base_log_line *line, const char *key, uint64_t number);

/* Ends the line. Returns it, its newline included, borrowed. */
struct base_str base_log_end(struct base_log_line *line);

#endif
