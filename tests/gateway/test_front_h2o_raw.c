/* The front as the rest sees it: raw sockets that send what no decent client sends, or go away in
 * the middle. */
#include "library/v1/library.tg.h"
#include "tests/gateway/front_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int count_of(const char *text, const char *part)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) {
        count++;
    }
    return count;
}

static void what_could_smuggle_is_refused_and_closed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *request;
        const char *status;
        const char *body;
    } rows[] = {
        {"both lengths",
         "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\nGET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n",
         "HTTP/1.1 400 ",
         "{\"code\":3,\"message\":\"malformed HTTP request: both Content-Length and "
         "Transfer-Encoding\",\"details\":[]}"},
        {"a cow", "POST /notes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: cow\r\n\r\n",
         "HTTP/1.1 400 ", "{\"code\":3,\"message\":\"Invalid Request\",\"details\":[]}"},
        {"a cow before chunked",
         "POST /notes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: cow\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n",
         "HTTP/1.1 400 ",
         "{\"code\":3,\"message\":\"malformed HTTP request: Transfer-Encoding is not "
         "chunked\",\"details\":[]}"},
        {"bare LF", "GET /notes/42 HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400 ",
         "{\"code\":3,\"message\":\"malformed HTTP request: a line ends in LF without "
         "CR\",\"details\":[]}"},
        {"a broken chunk",
         "POST /notes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
         "HTTP/1.1 400 ", "{\"code\":3,\"message\":\"Invalid Request\",\"details\":[]}"},
        {"an expectation",
         "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: tea\r\n\r\n",
         "HTTP/1.1 417 ", "{\"code\":3,\"message\":\"Expectation Failed\",\"details\":[]}"},
        {"not HTTP", "hello\r\n\r\n", "HTTP/1.1 400 ", "Bad Request"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char answer[4096];
        int fd = raw_connect();
        assert_true(raw_send(fd, rows[i].request));
        raw_read(fd, answer, sizeof answer, NULL);
        close(fd);
        if (strncmp(answer, rows[i].status, strlen(rows[i].status)) != 0 ||
            strstr(answer, rows[i].body) == NULL || count_of(answer, "HTTP/1.1") != 1) {
            fail_msg("%s: %s", rows[i].name, answer);
        }
    }
}

/* Sends more than is taken of a body; false when the machine is so busy that it takes longer than
 * the front's patience with who has been refused. */
static bool send_too_much(int fd)
{
    static char junk[1 << 20];
    int64_t begun = now_ms();
    bool is_sent = true;
    memset(junk, 'a', sizeof junk);
    raw_send(fd, "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    for (int i = 0; i < 8; i++) {
        is_sent = send(fd, junk, sizeof junk, MSG_NOSIGNAL) > 0 && is_sent;
        sleep_ms(10);
    }
    bool is_in_time = now_ms() - begun < 1000;
    assert_true(is_sent || !is_in_time);
    return is_in_time;
}

/* The answer must arrive although the client is still sending when it is given. */
static void a_refusal_reaches_a_client_that_does_not_stop_sending(void **state)
{
    (void)state;
    char answer[4096];
    int fd = raw_connect();
    while (!send_too_much(fd)) {
        close(fd);
        fd = raw_connect();
    }
    raw_read(fd, answer, sizeof answer, NULL);
    assert_non_null(strstr(answer, "HTTP/1.1 413 "));
    assert_non_null(strstr(answer, TOO_LARGE_JSON));
    close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    static const enum fake_end ends[] = {FAKE_INLINE, FAKE_LATER};
    for (size_t i = 0; i < 2; i++) {
        char answer[4096];
        fix.fake.plan.end = ends[i];
        int fd = raw_connect();
        assert_true(raw_send(fd, "GET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n"
                                 "GET /nope HTTP/1.1\r\nHost: a\r\n\r\n"
                                 "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
                                 "GET http://a/notes/42 HTTP/1.1\r\nHost: b\r\nConnection: "
                                 "close\r\n\r\n"));
        raw_read(fd, answer, sizeof answer, NULL);
        close(fd);
        const char *first = strstr(answer, "HTTP/1.1 200 ");
        const char *second = strstr(answer, "HTTP/1.1 404 ");
        const char *third = strstr(answer, "HTTP/1.1 201 ");
        assert_non_null(first);
        assert_non_null(second);
        assert_non_null(third);
        assert_true(first < second && second < third);
        assert_int_equal(count_of(answer, NOTE_JSON), 3);
    }
}

/* And what would follow an upgrade is refused. */
static void who_asks_to_upgrade_is_answered_over_http1(void **state)
{
    (void)state;
    char answer[4096];
    int fd = raw_connect();
    for (int i = 0; i < 2; i++) {
        assert_true(raw_send(fd, "GET /notes/42 HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n"
                                 "Connection: Upgrade, HTTP2-Settings\r\n"
                                 "HTTP2-Settings: AAMAAABk\r\n\r\n"));
        raw_read(fd, answer, sizeof answer, NOTE_JSON);
        assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
        assert_non_null(strstr(answer, "\r\nConnection: keep-alive\r\n"));
        assert_non_null(strstr(answer, NOTE_JSON));
    }
    assert_true(raw_send(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    raw_read(fd, answer, sizeof answer, NULL);
    assert_memory_equal(answer, "HTTP/1.1 400 ", 13);
    close(fd);
}

static void a_client_may_send_byte_by_byte(void **state)
{
    (void)state;
    static const char request[] =
        "POST /notes HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    char answer[4096];
    int fd = raw_connect();
    for (size_t i = 0; i < sizeof request - 1; i++) {
        char one[2] = {request[i], '\0'};
        assert_true(raw_send(fd, one));
        sleep_ms(1);
    }
    raw_read(fd, answer, sizeof answer, NULL);
    assert_memory_equal(answer, "HTTP/1.1 201 ", 13);
    close(fd);
}

static void a_client_that_hangs_up_cancels_its_call(void **state)
{
    (void)state;
    fix.fake.plan.end = FAKE_NEVER;
    int fd = raw_connect();
    assert_true(raw_send(fd, "GET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n"));
    fake_channel_await(&fix.fake.started, 1);
    close(fd);
    fake_channel_await(&fix.fake.cancelled, 1);
    fake_channel_await(&fix.fake.ended, 1);

    /* One that only ends its own side gets to know. */
    char answer[4096];
    fd = raw_connect();
    assert_true(raw_send(fd, "GET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n"));
    fake_channel_await(&fix.fake.started, 2);
    shutdown(fd, SHUT_WR);
    raw_read(fd, answer, sizeof answer, NULL);
    assert_memory_equal(answer, "HTTP/1.1 499 ", 13);
    close(fd);
    fake_channel_await(&fix.fake.cancelled, 2);
}

/* ---- Large answers ---- */

enum { LARGE = 6 * 1024 * 1024 };

/* A Note whose content is `len` times "a", as wire bytes. */
static struct base_str large_note(size_t len)
{
    char *wire = malloc(len + 8);
    size_t at = 0;
    wire[at++] = 0x1A;
    for (size_t left = len; left > 0; left >>= 7) {
        wire[at++] = (char)((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
    }
    memset(wire + at, 'a', len);
    return base_str_make(wire, at + len);
}

/* The answer goes out from the call's own memory for as long as the client takes to read it. */
static void a_large_answer_is_sent_whole_to_a_slow_client(void **state)
{
    (void)state;
    static char part[256 * 1024];
    size_t total = 0;
    struct base_str note = large_note(LARGE);
    fix.fake.plan.response = note;
    int fd = raw_connect();
    assert_true(raw_send(fd, "GET /notes/42 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    for (ssize_t got; (got = recv(fd, part, sizeof part, 0)) > 0;) {
        total += (size_t)got;
        sleep_ms(1);
    }
    assert_true(total > LARGE);
    assert_memory_equal(part, "aaaa", 4);
    close(fd);

    /* And dies with one that goes away before the end. */
    fd = raw_connect();
    assert_true(raw_send(fd, "GET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(recv(fd, part, sizeof part, 0) > 0);
    close(fd);
    gw_front_close(fix.front, FRONT_GRACE_MS);
    fix.front = NULL;
    free((char *)(uintptr_t)note.data);
}

/* ---- Replacing ---- */

/* Waits until nobody but the test holds the gateway it began with. */
static void await_last_reference(void)
{
    int64_t end_ms = now_ms() + FAKE_AWAIT_MS_MAX;
    while (atomic_load(&fix.gateway->refs) > 1 && now_ms() < end_ms) {
        sleep_ms(1);
    }
    assert_int_equal(atomic_load(&fix.gateway->refs), 1);
}

/* Whether the path is not there any more, on whatever loop. */
static bool is_gone(const char *request)
{
    bool is_there = false;
    for (int i = 0; i < 8 && !is_there; i++) {
        char answer[1024];
        int fd = raw_connect();
        assert_true(raw_send(fd, request));
        raw_read(fd, answer, sizeof answer, "}");
        is_there = strstr(answer, "HTTP/1.1 404 ") == NULL;
        close(fd);
    }
    return !is_there;
}

static void a_replaced_gateway_ends_its_requests(void **state)
{
    (void)state;
    struct base_err err;
    struct gw_gateway *library = gw_gateway_create(
        &(struct gw_gateway_config){
            .descriptor_sets =
                &(struct gw_descriptor_set){.bytes = library_v1_library_descriptor_set},
            .descriptor_set_count = 1,
            .channel = &fix.fake.channel,
        },
        &err);
    assert_non_null(library);
    static const char request[] = "GET /notes/42 HTTP/1.1\r\nHost: x\r\n\r\n";
    char answer[1024];
    fix.fake.plan.end = FAKE_LATER;
    atomic_store(&fix.fake.is_held, true);
    int before = raw_connect();
    assert_true(raw_send(before, request));
    fake_channel_await(&fix.fake.started, 1);
    fix.fake.plan.end = FAKE_INLINE;
    gw_front_replace(fix.front, library);
    gw_gateway_unref(library);
    for (int64_t begun = now_ms(); !is_gone(request); sleep_ms(1)) {
        assert_true(now_ms() - begun < FAKE_AWAIT_MS_MAX);
    }
    assert_true(atomic_load(&fix.gateway->refs) > 1);
    atomic_store(&fix.fake.is_held, false);
    raw_read(before, answer, sizeof answer, NOTE_JSON);
    assert_non_null(strstr(answer, "HTTP/1.1 200 "));
    assert_non_null(strstr(answer, NOTE_JSON));
    await_last_reference();
    assert_true(raw_send(before, request));
    raw_read(before, answer, sizeof answer, "]}");
    assert_non_null(strstr(answer, "HTTP/1.1 404 "));
    close(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRONT(a_replaced_gateway_ends_its_requests),
        WITH_FRONT(what_could_smuggle_is_refused_and_closed),
        WITH_FRONT(a_refusal_reaches_a_client_that_does_not_stop_sending),
        WITH_FRONT(pipelined_requests_are_answered_in_order),
        WITH_FRONT(who_asks_to_upgrade_is_answered_over_http1),
        WITH_FRONT(a_client_may_send_byte_by_byte),
        WITH_FRONT(a_client_that_hangs_up_cancels_its_call),
        WITH_FRONT(a_large_answer_is_sent_whole_to_a_slow_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
