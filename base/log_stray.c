/* stderr is a variable in glibc, and may be set (glibc manual, "Standard Streams"). The stream's
 * own lock is held while it writes, which guards what stands here. */
#include "base/log_stray.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/log_writer.h"

#include <stdio.h>
#include <string.h>

static FILE *standard_error;
static int64_t second_began_ns;
static int lines_in_second;
static size_t left_out_count;

/* Whether one more line may be written now. */
static bool may_write(void)
{
    int64_t now_ns = base_clock_monotonic_ns();
    if (now_ns - second_began_ns >= BASE_NS_PER_S) {
        second_began_ns = now_ns;
        lines_in_second = 0;
    }
    return lines_in_second++ < BASE_LOG_STRAY_LINES_PER_S;
}

static void write_line(struct base_str text)
{
    struct base_log_line line;
    if (!may_write()) {
        left_out_count++;
        return;
    }
    base_log_begin(&line, BASE_LOG_WARN, "library");
    base_log_put(&line, "message", text);
    if (left_out_count > 0) {
        base_log_put_number(&line, "left_out", left_out_count);
        left_out_count = 0;
    }
    base_log_write_now(base_log_end(&line));
}

static ssize_t on_write(void *cookie, const char *text, size_t size)
{
    (void)cookie;
    for (size_t at = 0; at < size;) {
        const char *newline = memchr(text + at, '\n', size - at);
        size_t len = newline != NULL ? (size_t)(newline - text) - at : size - at;
        if (len > 0) {
            write_line(base_str_make(text + at, len));
        }
        at += len + 1;
    }
    return (ssize_t)size;
}

void base_log_stray_take(void)
{
    FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = on_write});
    if (stream != NULL) { /* else they print as they do */
        setvbuf(stream, NULL, _IOLBF, BUFSIZ);
        standard_error = stderr;
        stderr = stream;
    }
}

void base_log_stray_release(void)
{
    if (standard_error != NULL) {
        fclose(stderr);
        stderr = standard_error;
        standard_error = NULL;
    }
}
