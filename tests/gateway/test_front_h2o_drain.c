/* What clients see while the front drains. */
#include "tests/gateway/front_fixture.h"
#include "tests/gateway/http2_frames.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Longer than what these tests wait for takes. */
#define LONG_GRACE_MS 20000

/* ---- HTTP/1 ---- */

/* Waits until the front listens no more. */
static void await_closed_door(void)
{
    for (int fd; (fd = raw_connect()) >= 0; sleep_ms(10)) {
        close(fd);
    }
}

static void ask(int fd, char *answer, size_t size)
{
    assert_true(raw_send(fd, "GET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n"));
    raw_read(fd, answer, size, NOTE_JSON);
    assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
}

static void draining_answers_what_has_begun(void **state)
{
    (void)state;
    char answer[4096];
    fix.fake.plan.end = FAKE_LATER;
    atomic_store(&fix.fake.is_held, true);
    int busy = raw_connect();
    int idle = raw_connect();
    int late = raw_connect();
    assert_true(raw_send(busy, "GET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n"));
    fake_channel_await(&fix.fake.started, 1);
    fix.fake.plan.end = FAKE_INLINE;
    ask(idle, answer, sizeof answer);
    ask(late, answer, sizeof answer);
    gw_front_drain(fix.front, LONG_GRACE_MS);
    /* A connection that was there before may still ask, and is told when no more. */
    do {
        ask(late, answer, sizeof answer);
    } while (strstr(answer, "Connection: close\r\n") == NULL);
    await_closed_door();
    atomic_store(&fix.fake.is_held, false);
    raw_read(busy, answer, sizeof answer, NULL);
    assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
    assert_non_null(strstr(answer, NOTE_JSON));
    assert_true(raw_is_closed(idle));
    close(busy);
    close(idle);
    close(late);
}

static void the_grace_ends(void **state)
{
    (void)state;
    fix.fake.plan.end = FAKE_NEVER;
    int fd = raw_connect();
    assert_true(raw_send(fd, "GET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n"));
    fake_channel_await(&fix.fake.started, 1);
    int64_t before_ms = now_ms();
    gw_front_close(fix.front, 300);
    fix.front = NULL;
    assert_in_range(now_ms() - before_ms, 300, LONG_GRACE_MS);
    assert_int_equal(fix.fake.cancelled, 1);
    close(fd);
}

enum { HAMMERS = 4 };
static atomic_int answered;
static atomic_int lost;

/* Asks on one connection until the front closes it. Every request must get its answer. */
static void ask_until_closed(int fd, const char *request)
{
    for (bool is_open = true; is_open;) {
        char answer[1024];
        bool is_sent = raw_send(fd, request);
        raw_read(fd, answer, sizeof answer, NOTE_JSON);
        if (!is_sent || strstr(answer, NOTE_JSON) == NULL) {
            atomic_fetch_add(&lost, 1);
            return;
        }
        atomic_fetch_add(&answered, 1);
        is_open = strstr(answer, "Connection: keep-alive") != NULL;
    }
}

/* Connects again and again until nobody listens any more. */
static void *hammer(void *request)
{
    for (int fd; (fd = raw_connect()) >= 0;) {
        ask_until_closed(fd, request);
        close(fd);
    }
    return NULL;
}

static void draining_loses_no_request(void **state)
{
    (void)state;
    static char *const requests[] = {
        "GET /notes/42 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    pthread_t hammers[HAMMERS];
    for (size_t i = 0; i < HAMMERS; i++) {
        pthread_create(&hammers[i], NULL, hammer, requests[i % 2]);
    }
    while (atomic_load(&answered) < HAMMERS) {
        sleep_ms(200);
    }
    gw_front_close(fix.front, FRONT_GRACE_MS);
    fix.front = NULL;
    for (int i = 0; i < HAMMERS; i++) {
        pthread_join(hammers[i], NULL);
    }
    assert_true(atomic_load(&answered) > 0);
    assert_int_equal(atomic_load(&lost), 0);
}

/* ---- HTTP/2 ---- */

/* How long a front waits between its two GOAWAYs, at least. */
#define SILENCE_MS 1000

/* As GOAWAY names them. */
#define ALL_STREAMS 0x7FFFFFFFU

/* What a client is told until its connection is closed. */
struct story {
    int first_type; /* of frame */
    int last_answered;
    int goaways;
    unsigned last_taken[2]; /* by each GOAWAY */
};

static struct story read_to_the_end(int fd)
{
    struct story story = {.first_type = -1};
    for (struct http2_frame frame; http2_read(fd, &frame);) {
        if (story.first_type == -1) {
            story.first_type = frame.type;
        }
        if (frame.type == HTTP2_HEADERS) {
            story.last_answered = frame.stream;
        } else if (frame.type == HTTP2_GOAWAY) {
            assert_true(story.goaways < 2);
            story.last_taken[story.goaways++] = frame.number;
        }
    }
    close(fd);
    return story;
}

static void assert_told_twice(const struct story *story)
{
    assert_int_equal(story->goaways, 2);
    assert_int_equal(story->last_taken[0], ALL_STREAMS);
    assert_int_equal(story->last_taken[1], story->last_answered);
}

static void the_last_goaway_names_the_last_stream_that_was_answered(void **state)
{
    (void)state;
    int fd = http2_connect();
    http2_get(fd, 1);
    http2_get(fd, 3);
    fake_channel_await(&fix.fake.ended, 2);
    int64_t begun = now_ms();
    gw_front_drain(fix.front, LONG_GRACE_MS);
    struct story story = read_to_the_end(fd);
    assert_told_twice(&story);
    assert_int_equal(story.last_answered, 3);
    assert_in_range(now_ms() - begun, SILENCE_MS, LONG_GRACE_MS / 2);
}

static void a_client_that_begins_while_the_front_drains_is_told_to_go(void **state)
{
    (void)state;
    static const char preface[] = HTTP2_PREFACE;
    enum { SEEN = 4 };
    int fd = raw_connect();
    raw_send_bytes(fd, preface, SEEN);
    gw_front_drain(fix.front, LONG_GRACE_MS);
    await_closed_door();
    raw_send_bytes(fd, preface + SEEN, sizeof preface - 1 - SEEN);
    http2_send(fd, HTTP2_SETTINGS, 0, 0, "", 0);
    http2_get(fd, 1);
    struct story story = read_to_the_end(fd);
    assert_int_equal(story.first_type, HTTP2_SETTINGS);
    assert_told_twice(&story);
    assert_int_equal(story.last_answered, 1);
}

/* Whether it is answered or not, the client knows. */
static void a_request_just_as_its_connection_is_closed_is_answered_or_not_taken(void **state)
{
    (void)state;
    enum { CLIENTS = 100 };
    int fds[CLIENTS];
    struct http2_frame frame = {0};
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = http2_connect();
        http2_get(fds[i], 1);
    }
    fake_channel_await(&fix.fake.ended, CLIENTS);
    int first = http2_connect();
    gw_front_drain(fix.front, LONG_GRACE_MS);
    while (frame.type != HTTP2_GOAWAY) {
        assert_true(http2_read(first, &frame));
    }
    close(first);
    sleep_ms(SILENCE_MS - CLIENTS / 2);
    for (int i = 0; i < CLIENTS; i++) {
        http2_get(fds[i], 3);
        sleep_ms(1);
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct story story = read_to_the_end(fds[i]);
        assert_told_twice(&story);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRONT(draining_answers_what_has_begun),
        WITH_FRONT(the_grace_ends),
        WITH_FRONT(draining_loses_no_request),
        WITH_FRONT(the_last_goaway_names_the_last_stream_that_was_answered),
        WITH_FRONT(a_client_that_begins_while_the_front_drains_is_told_to_go),
        WITH_FRONT(a_request_just_as_its_connection_is_closed_is_answered_or_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
