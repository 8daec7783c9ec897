/* What clients see while the front drains. */
#include "tests/gateway/front_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- HTTP/1 ---- */

static void draining_answers_what_has_begun(void **state)
{
    (void)state;
    static const char request[] = "GET /notes/42 HTTP/1.1\r\nHost: a\r\n\r\n";
    char answer[4096];
    fix.fake.plan.end = FAKE_LATER;
    fix.fake.plan.delay_ms = 500;
    int busy = raw_connect();
    int idle = raw_connect();
    int late = raw_connect();
    assert_true(raw_send(busy, request));
    fake_channel_await(&fix.fake.started, 1);
    fix.fake.plan.end = FAKE_INLINE;
    assert_true(raw_send(idle, request));
    raw_read(idle, answer, sizeof answer, NOTE_JSON);
    gw_front_drain(fix.front, FRONT_GRACE_MS);
    sleep_ms(200);
    /* A connection that was there before may still ask. */
    assert_true(raw_send(late, request));
    raw_read(late, answer, sizeof answer, NULL);
    assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_int_equal(raw_connect(), -1);
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
    assert_in_range(now_ms() - before_ms, 300, 2500);
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
    sleep_ms(200);
    gw_front_close(fix.front, FRONT_GRACE_MS);
    fix.front = NULL;
    for (int i = 0; i < HAMMERS; i++) {
        pthread_join(hammers[i], NULL);
    }
    assert_true(atomic_load(&answered) > 0);
    assert_int_equal(atomic_load(&lost), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRONT(draining_answers_what_has_begun),
        WITH_FRONT(the_grace_ends),
        WITH_FRONT(draining_loses_no_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
