#include "base/log_writer.h"

#include "base/clock.h"
#include "base/log.h"
#include "tests/base/stderr_capture.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Far more than a pipe and the writer hold. */
enum { LINES = 6000, LONG_BYTES = 600, TEXT_SIZE = 8 * 1024 * 1024 };

/* What a busy machine may take for anything; whoever waits for a reader waits for ever. */
#define PATIENCE_MS 60000

/* Standard error goes into a pipe between the two. */
static struct stderr_capture captured;

static int capture(void **state)
{
    (void)state;
    captured = stderr_capture_begin();
    base_log_writer_start();
    return 0;
}

static int give_back(void **state)
{
    (void)state;
    stderr_capture_end(&captured);
    close(captured.read_fd);
    return 0;
}

static void log_lines(int count)
{
    for (int i = 0; i < count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        base_log(BASE_LOG_INFO, "line", "number", number, NULL);
    }
}

static void log_long_lines(void)
{
    char value[LONG_BYTES + 1];
    memset(value, 'x', LONG_BYTES);
    value[LONG_BYTES] = '\0';
    for (int i = 0; i < LINES; i++) {
        base_log(BASE_LOG_INFO, "line", "value", value, NULL);
    }
}

/* Reads on behind the `len` bytes that are there until nothing has come for a second; returns how
 * many there are then. */
static size_t read_on(char *text, size_t len)
{
    struct pollfd readable = {.fd = captured.read_fd, .events = POLLIN};
    while (poll(&readable, 1, 1000) > 0) {
        assert_true(len < TEXT_SIZE - 1);
        ssize_t got = read(captured.read_fd, text + len, TEXT_SIZE - 1 - len);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    text[len] = '\0';
    return len;
}

static char *read_all(void)
{
    char *text = malloc(TEXT_SIZE);
    (void)read_on(text, 0);
    return text;
}

static int64_t now_ms(void)
{
    return base_clock_monotonic_ns() / BASE_NS_PER_MS;
}

static void lines_are_written_whole_and_in_order(void **state)
{
    (void)state;
    enum { FEW = 300 };
    log_lines(FEW);
    base_log_writer_stop();
    char *text = read_all();
    const char *at = text;
    for (int i = 0; i < FEW; i++) {
        char end[64];
        snprintf(end, sizeof end, " level=info event=line number=%d\n", i);
        at = strchr(at, ' ');
        assert_non_null(at);
        assert_memory_equal(at, end, strlen(end));
        at += strlen(end);
    }
    assert_string_equal(at, "");
    free(text);
}

/* The lines that are there, and those that are told to be dropped. */
struct tally {
    int written;
    int dropped;
};

static struct tally count_lines(const char *text)
{
    struct tally tally = {0};
    static const char told[] = " level=warn event=\"log lines dropped\" count=";
    for (const char *at = text; (at = strstr(at, "event=line ")) != NULL; at++) {
        tally.written++;
    }
    for (const char *at = text; (at = strstr(at, told)) != NULL; at++) {
        tally.dropped += (int)strtol(at + strlen(told), NULL, 10);
    }
    return tally;
}

/* Each line is there or among those that are told to be dropped, and nobody has waited. */
static void a_reader_that_sleeps_holds_nobody_up(void **state)
{
    (void)state;
    struct tally tally = {0};
    int64_t begun_ms = now_ms();
    log_long_lines();
    char *text = malloc(TEXT_SIZE);
    size_t len = 0;
    while (tally.written + tally.dropped < LINES && now_ms() - begun_ms < PATIENCE_MS) {
        len = read_on(text, len);
        tally = count_lines(text);
    }
    free(text);
    base_log_writer_stop();
    assert_true(tally.dropped > 0 && tally.written > 0);
    assert_int_equal(tally.written + tally.dropped, LINES);
}

static void stopping_waits_for_a_reader_only_so_long(void **state)
{
    (void)state;
    log_long_lines();
    int64_t begun_ms = now_ms();
    base_log_writer_stop();
    int64_t taken_ms = now_ms() - begun_ms;
    assert_in_range(taken_ms, BASE_LOG_WRITER_STOP_MS - 1, PATIENCE_MS);
}

/* A reader that is slow, and how long it would take for all that a writer holds. */
enum { PIECE_BYTES = 4096, PAUSE_MS = 50 };
#define SLOW_MS (2 * BASE_LOG_WRITER_BYTES / PIECE_BYTES * PAUSE_MS)

static void *read_slowly(void *argument)
{
    const atomic_bool *is_over = argument;
    char piece[PIECE_BYTES];
    while (!atomic_load(is_over) && read(captured.read_fd, piece, sizeof piece) > 0) {
        usleep(PAUSE_MS * 1000);
    }
    return NULL;
}

/* There is always room for some more, and never for all. */
static void stopping_waits_for_a_slow_reader_no_longer(void **state)
{
    (void)state;
    pthread_t reader;
    atomic_bool is_over = false;
    log_long_lines();
    assert_int_equal(pthread_create(&reader, NULL, read_slowly, &is_over), 0);
    int64_t begun_ms = now_ms();
    base_log_writer_stop();
    int64_t taken_ms = now_ms() - begun_ms;
    atomic_store(&is_over, true);
    pthread_join(reader, NULL);
    assert_in_range(taken_ms, BASE_LOG_WRITER_STOP_MS - 1, SLOW_MS / 2);
}

static void a_reader_that_is_gone_is_no_harm(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    close(captured.read_fd);
    log_long_lines();
    int64_t begun_ms = now_ms();
    base_log_writer_stop();
    assert_in_range(now_ms() - begun_ms, 0, BASE_LOG_WRITER_STOP_MS - 1);
    captured.read_fd = open("/dev/null", O_RDONLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_written_whole_and_in_order, capture, give_back),
        cmocka_unit_test_setup_teardown(a_reader_that_sleeps_holds_nobody_up, capture, give_back),
        cmocka_unit_test_setup_teardown(stopping_waits_for_a_reader_only_so_long, capture,
                                        give_back),
        cmocka_unit_test_setup_teardown(stopping_waits_for_a_slow_reader_no_longer, capture,
                                        give_back),
        cmocka_unit_test_setup_teardown(a_reader_that_is_gone_is_no_harm, capture, give_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
