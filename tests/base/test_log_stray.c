#include "base/log_stray.h"

#include "base/clock.h"
#include "base/log.h"
#include "tests/base/stderr_capture.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Standard error goes into a pipe between the two. */
static struct stderr_capture captured;
static char text[64 * 1024];

static int capture(void **state)
{
    (void)state;
    captured = stderr_capture_begin();
    base_log_stray_take();
    return 0;
}

static int give_back(void **state)
{
    (void)state;
    base_log_stray_release();
    stderr_capture_end(&captured);
    close(captured.read_fd);
    return 0;
}

/* What stands in the pipe now. */
static const char *written(void)
{
    struct pollfd readable = {.fd = captured.read_fd, .events = POLLIN};
    ssize_t len = poll(&readable, 1, 0) > 0 ? read(captured.read_fd, text, sizeof text - 1) : 0;
    text[len] = '\0';
    return text;
}

/* A new second, in which all lines may be written. */
static void wait_a_second(void)
{
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
}

static void what_is_printed_becomes_lines(void **state)
{
    (void)state;
    fprintf(stderr, "skipping frame (type:%d)\n", 10);
    assert_memory_equal(written(), "time=", 5);
    assert_string_equal(strchr(text, ' '),
                        " level=warn event=library message=\"skipping frame (type:10)\"\n");
    fputs("two\n\nlines, the second without an end", stderr);
    fflush(stderr);
    assert_non_null(strstr(written(), " event=library message=two\n"));
    assert_non_null(strstr(text, " message=\"lines, the second without an end\"\n"));
}

/* Prints as many lines within a second. A machine that is too busy for that gets another try: more
 * may be written in the next second. The line before them tells what was left out until then. */
static void flood(int count)
{
    int64_t begun_ns;
    do {
        wait_a_second();
        fprintf(stderr, "before\n");
        wait_a_second();
        written();
        begun_ns = base_clock_monotonic_ns();
        for (int i = 0; i < count; i++) {
            fprintf(stderr, "frame\n");
        }
    } while (base_clock_monotonic_ns() - begun_ns >= BASE_NS_PER_S);
}

static void a_flood_is_counted_not_written(void **state)
{
    (void)state;
    enum { FLOOD = 1000 };
    flood(FLOOD);
    int lines = 0;
    written();
    for (const char *at = text; (at = strstr(at, "event=library message=frame\n")) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, BASE_LOG_STRAY_LINES_PER_S);
    wait_a_second();
    fprintf(stderr, "another\n");
    char expected[64];
    snprintf(expected, sizeof expected, " event=library message=another left_out=%d\n",
             FLOOD - BASE_LOG_STRAY_LINES_PER_S);
    assert_non_null(strstr(written(), expected));
}

static void released_it_is_as_it_was(void **state)
{
    (void)state;
    base_log_stray_release();
    fprintf(stderr, "plain\n");
    assert_string_equal(written(), "plain\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_printed_becomes_lines, capture, give_back),
        cmocka_unit_test_setup_teardown(a_flood_is_counted_not_written, capture, give_back),
        cmocka_unit_test_setup_teardown(released_it_is_as_it_was, capture, give_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
