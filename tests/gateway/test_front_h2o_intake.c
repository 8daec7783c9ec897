/* What the front does about clients that want more than is theirs: many bodies at once, bodies that
 * do not end, and requests that are given up as fast as they come. */
#include "tests/gateway/front_fixture.h"
#include "tests/gateway/http2_frames.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define KIB 1024
#define MEMORY_BYTES (2 * 1024 * KIB)
#define READ_TIMEOUT_MS 300

/* Longer than a front takes to look at what it reads. */
#define LOOK_MS 200

/* Descriptors of this process. */
#define FDS_MAX 512

/* How long whatever must come may take. */
#define PATIENCE_MS 20000

#define OVERLOADED_JSON                                                                            \
    "{\"code\":14,\"message\":\"too many large requests at once; try again\",\"details\":[]}"

/* A note as JSON, and the longest that is sent of one that never ends. */
#define NOTE_BYTES (300 * KIB)
#define ENDLESS_BYTES (1000 * KIB)

static char note[NOTE_BYTES + 1];
static char endless[ENDLESS_BYTES];

static void make_bodies(void)
{
    static const char start[] = "{\"content\":\"";
    memset(endless, 'a', sizeof endless);
    memset(note, 'a', NOTE_BYTES);
    memcpy(note, start, sizeof start - 1);
    memcpy(note + NOTE_BYTES - 2, "\"}", 3);
}

static int open_small(void **state)
{
    make_bodies();
    fix.body_memory_bytes = MEMORY_BYTES;
    fix.read_timeout_ms = 0;
    return front_open(state);
}

static int open_hasty(void **state)
{
    make_bodies();
    fix.body_memory_bytes = 0;
    fix.read_timeout_ms = READ_TIMEOUT_MS;
    return front_open(state);
}

/* ---- HTTP/1 ---- */

/* Sends the head of a POST and the first `len` bytes of its body, which is `body_bytes` long. */
static int post_begin(size_t body_bytes, const char *body, size_t len)
{
    char head[128];
    int fd = raw_connect();
    snprintf(head, sizeof head, "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n",
             body_bytes);
    assert_true(raw_send(fd, head));
    raw_send_bytes(fd, body, len);
    return fd;
}

static int post_endless(size_t len)
{
    return post_begin(GW_BODY_BYTES_MAX, endless, len);
}

static int post_note(void)
{
    return post_begin(NOTE_BYTES, note, NOTE_BYTES);
}

static void assert_answer(int fd, const char *status, const char *text)
{
    char answer[4096];
    raw_read(fd, answer, sizeof answer, text);
    if (strncmp(answer, status, strlen(status)) != 0 || strstr(answer, text) == NULL) {
        fail_msg("expected %s and %s, found %s", status, text, answer);
    }
}

static void assert_overloaded(int fd)
{
    char answer[4096];
    raw_read(fd, answer, sizeof answer, OVERLOADED_JSON);
    assert_memory_equal(answer, "HTTP/1.1 503 ", 13);
    assert_non_null(strcasestr(answer, "\r\nretry-after: 1\r\n"));
    assert_non_null(strcasestr(answer, "\r\ncontent-type: application/json\r\n"));
    assert_non_null(strstr(answer, OVERLOADED_JSON));
}

static void assert_a_note_is_got(void)
{
    int fd = raw_connect();
    assert_true(raw_send(fd, "GET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_answer(fd, "HTTP/1.1 200 ", NOTE_JSON);
    close(fd);
}

/* Posts a note until there is room for it again. */
static void await_room(void)
{
    char answer[4096] = "";
    int64_t begun = now_ms();
    while (strncmp(answer, "HTTP/1.1 201 ", 13) != 0) {
        int fd = post_note();
        raw_read(fd, answer, sizeof answer, "]}");
        close(fd);
        assert_true(now_ms() - begun < PATIENCE_MS);
    }
}

static bool has_come(int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    return poll(&readable, 1, 0) > 0;
}

/* Waits until the front has answered or closed as many of them. */
static void await_refusals(const int *fds, int count, int expected)
{
    int found = 0;
    for (int64_t begun = now_ms(); found < expected; sleep_ms(1)) {
        assert_true(now_ms() - begun < PATIENCE_MS);
        found = 0;
        for (int i = 0; i < count; i++) {
            found += has_come(fds[i]);
        }
    }
}

/* Posts notes that are served and never answered, until there is room for no more; gives the
 * connections and how many they are, of which the last was refused. */
static int hold_all_room(int *fds, int max)
{
    int count = 0;
    bool is_refused = false;
    while (!is_refused) {
        assert_true(count < max);
        int started = atomic_load(&fix.fake.started);
        int fd = fds[count++] = post_note();
        for (int64_t begun = now_ms(); atomic_load(&fix.fake.started) == started && !has_come(fd);
             sleep_ms(1)) {
            assert_true(now_ms() - begun < PATIENCE_MS);
        }
        sleep_ms(LOOK_MS); /* what is served is counted */
        is_refused = has_come(fd);
    }
    return count;
}

/* As many as must be: those left fit. */
static void bodies_that_are_too_much_together_are_refused(void **state)
{
    (void)state;
    enum { CLIENTS = 8, LEFT_MAX = MEMORY_BYTES / (600 * KIB) };
    int left = 0;
    int fds[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = post_endless(600 * KIB);
    }
    assert_a_note_is_got();
    await_refusals(fds, CLIENTS, CLIENTS - LEFT_MAX);
    sleep_ms(LOOK_MS);
    for (int i = 0; i < CLIENTS; i++) {
        if (has_come(fds[i])) {
            assert_overloaded(fds[i]);
            assert_true(raw_is_closed(fds[i]));
        } else {
            left++;
        }
        close(fds[i]);
    }
    assert_in_range(left, 0, LEFT_MAX);
    await_room();
}

/* The front's end of the connection that is a client's from `port` on, in this process as well, or
 * -1. */
static int front_end_of(in_port_t port)
{
    for (int fd = 3; fd < FDS_MAX; fd++) {
        struct sockaddr_in peer = {0};
        socklen_t len = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sin_port == port) {
            return fd;
        }
    }
    return -1;
}

/* Closes the connection and waits until it is over at the front's end, too. */
static void leave(int fd)
{
    struct sockaddr_in ours;
    socklen_t len = sizeof ours;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&ours, &len), 0);
    close(fd);
    for (int64_t begun = now_ms(); front_end_of(ours.sin_port) >= 0; sleep_ms(1)) {
        assert_true(now_ms() - begun < PATIENCE_MS);
    }
}

static void only_who_holds_more_than_a_share_is_refused(void **state)
{
    (void)state;
    enum { CLIENTS = 4, SENT = 100 * KIB };
    int fds[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = post_begin(NOTE_BYTES, note, SENT);
    }
    sleep_ms(LOOK_MS);
    int large[2] = {post_endless(ENDLESS_BYTES), post_endless(ENDLESS_BYTES)};
    await_refusals(large, 2, 1);
    assert_overloaded(large[has_come(large[0]) ? 0 : 1]);
    leave(large[0]);
    leave(large[1]);
    for (int i = 0; i < CLIENTS; i++) {
        raw_send_bytes(fds[i], note + SENT, NOTE_BYTES - SENT);
        assert_answer(fds[i], "HTTP/1.1 201 ", NOTE_JSON);
        close(fds[i]);
    }
}

/* What is being served counts as well, and is left alone. */
static void requests_being_served_take_the_room_of_others(void **state)
{
    (void)state;
    enum { CLIENTS = 16 };
    int fds[CLIENTS];
    fix.fake.plan.end = FAKE_NEVER;
    int count = hold_all_room(fds, CLIENTS);
    assert_overloaded(fds[count - 1]);
    assert_int_equal(fix.fake.started, count - 1);
    assert_true(count > 2);

    int small = raw_connect();
    assert_true(raw_send(small, "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"));
    fake_channel_await(&fix.fake.started, count);
    close(small);
    for (int i = 0; i < count; i++) {
        close(fds[i]);
    }
    fake_channel_await(&fix.fake.ended, count);
    fix.fake.plan.end = FAKE_INLINE;
    await_room();
}

/* ---- HTTP/2 ---- */

/* POST /notes: method and scheme by index, path and authority as literals. */
static void http2_post_begin(int fd, int stream)
{
    static const char head[] = "\x83\x86\x04\x06/notes\x01\x01"
                               "a";
    http2_send(fd, HTTP2_HEADERS, HTTP2_END_HEADERS, stream, head, sizeof head - 1);
}

static void http2_send_body(int fd, int stream, const char *body, size_t len, int flags)
{
    for (size_t at = 0; at < len;) {
        size_t part = len - at < 16 * KIB ? len - at : 16 * KIB;
        http2_send(fd, HTTP2_DATA, at + part == len ? flags : 0, stream, body + at, part);
        at += part;
    }
}

/* The next HEADERS or RST_STREAM. */
static struct http2_frame read_frame(int fd)
{
    struct http2_frame frame;
    do {
        assert_true(http2_read(fd, &frame));
    } while (frame.type != HTTP2_HEADERS && frame.type != HTTP2_RST_STREAM);
    return frame;
}

static void streams_that_are_too_much_together_are_refused(void **state)
{
    (void)state;
    enum { STREAMS = 8, LEFT_MAX = MEMORY_BYTES / (600 * KIB), LAST = 2 * STREAMS + 1 };
    struct http2_frame frame;
    int left = STREAMS;
    int fd = http2_connect();
    for (int i = 0; i < STREAMS; i++) {
        http2_post_begin(fd, 2 * i + 1);
        http2_send_body(fd, 2 * i + 1, endless, 600 * KIB, 0);
    }
    while (left > LEFT_MAX) {
        frame = read_frame(fd);
        assert_int_equal(frame.type, HTTP2_RST_STREAM);
        /* What is sent after that finds a closed stream. */
        left -= frame.number == HTTP2_REFUSED_STREAM;
    }
    http2_post_begin(fd, LAST);
    http2_send_body(fd, LAST, note, NOTE_BYTES, HTTP2_END_STREAM);
    do {
        frame = read_frame(fd);
    } while (frame.stream != LAST);
    assert_int_equal(frame.type, HTTP2_HEADERS);
    close(fd);
    fake_channel_await(&fix.fake.ended, 1);
}

/* ---- Time ---- */

static void a_body_that_does_not_end_is_given_up(void **state)
{
    (void)state;
    int http1 = post_endless(1);
    int http2 = http2_connect();
    http2_post_begin(http2, 1);
    int64_t begun = now_ms();
    while (now_ms() - begun < 3 * READ_TIMEOUT_MS) {
        http2_send(http2, HTTP2_DATA, 0, 1, endless, 1);
        sleep_ms(READ_TIMEOUT_MS / 10);
    }
    struct http2_frame frame = read_frame(http2);
    assert_int_equal(frame.type, HTTP2_RST_STREAM);
    assert_int_equal(frame.number, HTTP2_CANCEL);
    assert_true(raw_is_closed(http1));
    assert_a_note_is_got();
    close(http1);
    close(http2);
}

/* ---- Giving up ---- */

static void http2_give_up(int fd, int stream)
{
    static const char code[4] = {0, 0, 0, HTTP2_CANCEL};
    http2_send(fd, HTTP2_RST_STREAM, 0, stream, code, sizeof code);
}

/* Whether the front has not closed the connection; what it sent is thrown away. */
static bool is_open(int fd)
{
    char thrown_away[4096];
    ssize_t got = recv(fd, thrown_away, sizeof thrown_away, MSG_DONTWAIT);
    return got > 0 || (got < 0 && errno == EAGAIN);
}

static void a_client_that_gives_up_cancels_its_call(void **state)
{
    (void)state;
    fix.fake.plan.end = FAKE_NEVER;
    int fd = http2_connect();
    http2_get(fd, 1);
    fake_channel_await(&fix.fake.started, 1);
    http2_give_up(fd, 1);
    fake_channel_await(&fix.fake.cancelled, 1);
    fake_channel_await(&fix.fake.ended, 1);
    assert_true(is_open(fd));
    close(fd);
}

static void a_client_that_gives_up_all_the_time_is_cut_off(void **state)
{
    (void)state;
    enum { STREAMS = GW_FRONT_GIVEN_UP_PER_S_MAX };
    struct http2_frame frame;
    int stream = 1;
    int fd = http2_connect();
    fix.fake.plan.end = FAKE_NEVER;
    for (int i = 0; i < STREAMS; i++, stream += 2) {
        http2_get(fd, stream);
        http2_give_up(fd, stream);
    }
    fake_channel_await(&fix.fake.cancelled, STREAMS);
    fake_channel_await(&fix.fake.ended, STREAMS);
    fix.fake.plan.end = FAKE_INLINE;
    http2_get(fd, stream);
    do { /* as often is no harm */
        frame = read_frame(fd);
    } while (frame.stream != stream);
    assert_int_equal(frame.type, HTTP2_HEADERS);

    fix.fake.plan.end = FAKE_NEVER;
    for (int i = 0; is_open(fd); i++, stream += 2) {
        assert_true(i < 100 * STREAMS);
        http2_get(fd, stream + 2);
        http2_give_up(fd, stream + 2);
    }
    close(fd);
}

/* Who is told that there is no room has given up nothing, however often he asks. */
static void a_client_that_is_refused_all_the_time_is_kept(void **state)
{
    (void)state;
    enum { CLIENTS = 16, AT_ONCE = 50, REQUESTS = 3 * GW_FRONT_GIVEN_UP_PER_S_MAX };
    int holders[CLIENTS];
    fix.fake.plan.end = FAKE_NEVER;
    int count = hold_all_room(holders, CLIENTS);
    int fd = http2_connect();
    for (int stream = 1; stream < 2 * REQUESTS;) {
        for (int i = 0; i < AT_ONCE; i++, stream += 2) {
            http2_post_begin(fd, stream);
            http2_send_body(fd, stream, note, 20 * KIB, HTTP2_END_STREAM);
        }
        for (int i = 0; i < AT_ONCE; i++) {
            read_frame(fd);
        }
    }
    close(fd);
    for (int i = 0; i < count; i++) {
        close(holders[i]);
    }
    fake_channel_await(&fix.fake.ended, count - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bodies_that_are_too_much_together_are_refused, open_small,
                                        front_close),
        cmocka_unit_test_setup_teardown(only_who_holds_more_than_a_share_is_refused, open_small,
                                        front_close),
        cmocka_unit_test_setup_teardown(requests_being_served_take_the_room_of_others, open_small,
                                        front_close),
        cmocka_unit_test_setup_teardown(streams_that_are_too_much_together_are_refused, open_small,
                                        front_close),
        cmocka_unit_test_setup_teardown(a_body_that_does_not_end_is_given_up, open_hasty,
                                        front_close),
        WITH_FRONT(a_client_that_gives_up_cancels_its_call),
        cmocka_unit_test_setup_teardown(a_client_that_gives_up_all_the_time_is_cut_off, open_small,
                                        front_close),
        cmocka_unit_test_setup_teardown(a_client_that_is_refused_all_the_time_is_kept, open_small,
                                        front_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
