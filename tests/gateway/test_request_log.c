#include "gateway/request_log.h"

#include "base/clock.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A log that writes into a socket pair, whose other end never waits. */
struct fixture {
    struct base_timers timers;
    struct gw_request_log log;
    int fds[2];
};

static struct fixture fix;

static void fill_with_one(const struct base_random *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
    ((unsigned char *)out)[0] = 0xFE;
}

static const struct base_random one = {.fill = fill_with_one};

static void write_to_pair(struct base_str lines)
{
    assert_int_equal(send(fix.fds[0], lines.data, lines.len, 0), lines.len);
}

static int open_log(void **state)
{
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fix.fds), 0);
    base_timers_init(&fix.timers);
    gw_request_log_init(&fix.log, write_to_pair, &fix.timers, &one);
    return 0;
}

static int close_log(void **state)
{
    (void)state;
    gw_request_log_dispose(&fix.log);
    base_timers_dispose(&fix.timers);
    close(fix.fds[0]);
    close(fix.fds[1]);
    return 0;
}

/* Gives what has been written so far. */
static const char *written(char *out, size_t size)
{
    ssize_t got = recv(fix.fds[1], out, size - 1, MSG_DONTWAIT);
    out[got < 0 ? 0 : got] = '\0';
    return out;
}

/* Lets the time of the buffer pass. */
static void wait_for_flush(void)
{
    base_timers_run(&fix.timers, base_clock_monotonic_ns() +
                                     GW_REQUEST_LOG_DELAY_MS * BASE_NS_PER_MS + BASE_NS_PER_MS);
}

static const struct gw_request_entry plain = {
    .method = {"GET", 3},
    .route = {"/notes/{note_id}", 16},
    .path = {"/notes/42", 9},
    .status = 200,
    .duration_ns = 412999,
    .received_bytes = 0,
    .sent_bytes = 138,
    .peer = {"127.0.0.1", 9},
    .protocol = {"HTTP/1.1", 8},
    .request_id = {"5f1c", 4},
};

static void test_lines(void **state)
{
    (void)state;
    struct gw_request_entry keyed = plain;
    keyed.stage = BASE_STR("prod");
    keyed.key_id = BASE_STR("a1b2c3");
    struct gw_request_entry unrouted = plain;
    unrouted.route = (struct base_str){0};
    unrouted.path = BASE_STR("/a\" status=200\x01");
    unrouted.status = 404;
    unrouted.received_bytes = SIZE_MAX / 2;
    const struct row {
        const struct gw_request_entry *entry;
        const char *expected;
    } rows[] = {
        {&plain, "method=GET route=/notes/{note_id} status=200 duration_us=412 received=0 sent=138 "
                 "peer=127.0.0.1 protocol=HTTP/1.1 request_id=5f1c\n"},
        {&keyed, "method=GET route=/notes/{note_id} stage=prod status=200 duration_us=412 "
                 "received=0 sent=138 "
                 "peer=127.0.0.1 protocol=HTTP/1.1 request_id=5f1c key_id=a1b2c3\n"},
        {&unrouted, "method=GET path=\"/a\\\" status=200\\x01\" status=404 duration_us=412 "
                    "received=9223372036854775807 sent=138 peer=127.0.0.1 protocol=HTTP/1.1 "
                    "request_id=5f1c\n"},
    };
    base_role_assert_loop();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1024];
        gw_request_log_add(&fix.log, rows[i].entry);
        assert_string_equal(written(text, sizeof text), "");
        wait_for_flush();
        written(text, sizeof text);
        assert_memory_equal(text, "time=", 5);
        char *rest = strstr(text, " level=info event=request ");
        assert_non_null(rest);
        assert_string_equal(rest + strlen(" level=info event=request "), rows[i].expected);
    }
}

static void test_long_paths_are_cut(void **state)
{
    (void)state;
    char path[2 * GW_REQUEST_LOG_PATH_MAX];
    memset(path, 'p', sizeof path);
    struct gw_request_entry entry = plain;
    entry.route = (struct base_str){0};
    entry.path = base_str_make(path, sizeof path);
    base_role_assert_loop();
    gw_request_log_add(&fix.log, &entry);
    wait_for_flush();
    char text[2048];
    const char *at = strstr(written(text, sizeof text), " path=");
    assert_non_null(at);
    assert_int_equal(strspn(at + 6, "p"), GW_REQUEST_LOG_PATH_MAX);
    assert_int_equal(at[6 + GW_REQUEST_LOG_PATH_MAX], ' ');
}

/* However long what a client chooses is, and however much longer when escaped, the line tells who
 * it was and how it went. */
static void test_nothing_pushes_the_rest_off_the_line(void **state)
{
    (void)state;
    char longest[2 * BASE_LOG_LINE_SIZE];
    memset(longest, '\x01', sizeof longest);
    struct gw_request_entry entry = plain;
    entry.route = (struct base_str){0};
    entry.path = base_str_make(longest, sizeof longest);
    entry.method = base_str_make(longest, sizeof longest);
    entry.status = 404;
    base_role_assert_loop();
    gw_request_log_add(&fix.log, &entry);
    wait_for_flush();
    char text[2 * BASE_LOG_LINE_SIZE];
    written(text, sizeof text);
    assert_non_null(strstr(text, " status=404 duration_us=412 received=0 sent=138 peer=127.0.0.1 "
                                 "protocol=HTTP/1.1 request_id=5f1c\n"));
}

/* A full buffer is written at once, whole lines only; the rest comes with time, and at the end. */
static void test_batches(void **state)
{
    (void)state;
    static char text[4 * 64 * 1024];
    size_t lines = 0;
    base_role_assert_loop();
    while (written(text, sizeof text)[0] == '\0') {
        gw_request_log_add(&fix.log, &plain);
        lines++;
    }
    size_t len = strlen(text);
    assert_in_range(len, GW_REQUEST_LOG_BYTES - 200, GW_REQUEST_LOG_BYTES);
    assert_int_equal(text[len - 1], '\n');
    size_t line_len = strcspn(text, "\n") + 1;
    assert_int_equal(len, (lines - 1) * line_len);
    wait_for_flush();
    assert_int_equal(strlen(written(text, sizeof text)), line_len);
    wait_for_flush();
    assert_string_equal(written(text, sizeof text), "");
    gw_request_log_add(&fix.log, &plain);
    gw_request_log_dispose(&fix.log);
    assert_int_equal(strlen(written(text, sizeof text)), line_len);
    assert_int_equal(base_timers_next_ns(&fix.timers), BASE_NEVER_NS);
}

static void test_ids(void **state)
{
    (void)state;
    char id[GW_REQUEST_ID_SIZE];
    base_role_assert_loop();
    gw_request_log_make_id(&fix.log, id);
    assert_string_equal(id, "00000000000000fe");
    gw_request_log_make_id(&fix.log, id);
    assert_string_equal(id, "00000000000000ff");
    static const struct row {
        const char *id;
        bool expected;
    } rows[] = {
        {"a", true},
        {"0193a6e2-7c5b-7cc3-98c4-dc0c0c07398f", true},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
        {"", false},
        {"a b", false},
        {"a\"", false},
        {"a=b", false},
        {"\xC3\xBC", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (gw_request_id_is_valid(base_str_of(rows[i].id)) != rows[i].expected) {
            fail_msg("\"%s\"", rows[i].id);
        }
    }
}

#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, open_log, close_log)

int main(void)
{
    base_role_enter(BASE_ROLE_LOOP);
    const struct CMUnitTest tests[] = {
        WITH_LOG(test_lines),
        WITH_LOG(test_long_paths_are_cut),
        WITH_LOG(test_nothing_pushes_the_rest_off_the_line),
        WITH_LOG(test_batches),
        WITH_LOG(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
