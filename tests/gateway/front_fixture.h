/* A front on a free port over a fake channel, and raw sockets to talk to it. */
#ifndef GATEWAY_FRONT_FIXTURE_H
#define GATEWAY_FRONT_FIXTURE_H

#include "gateway/front_h2o.h"
#include "tests/gateway/fake_channel.h"

/* How long the fixture's own closing lets requests end. */
#define FRONT_GRACE_MS 5000

/* What every rpc answers unless a test's plan says otherwise, as JSON. */
#define NOTE_JSON "{\"noteId\":\"42\",\"title\":\"Hello\",\"content\":\"\"}"
#define TOO_LARGE_JSON                                                                             \
    "{\"code\":8,\"message\":\"request body is larger than 4194304 bytes\",\"details\":[]}"

struct front_fixture {
    struct fake_channel fake;
    struct gw_gateway *gateway;
    struct gw_front *front; /* a test that closes it sets NULL */
    int port;
    size_t
        body_memory_bytes; /* of the front's config, as is the next; a test's own setup sets them */
    int read_timeout_ms;
};

extern struct front_fixture fix;

/* Setup and teardown of cmocka: the front, serving Notes on two loops; every rpc
 * must have ended. */
int front_open(void **state);
int front_close(void **state);

void sleep_ms(int ms);
int64_t now_ms(void);

/* A connection to the front; -1 when refused. */
int raw_connect(void);

/* Sends the text; false when the other side is gone. */
bool raw_send(int fd, const char *text);

/* Sends all of it. What a connection that the front has closed does not take is lost. */
void raw_send_bytes(int fd, const void *bytes, size_t len);

/* Reads until the front closes, or `enough` (may be NULL) stands in what came, or ten seconds have
 * passed; ends `out` with NUL. */
void raw_read(int fd, char *out, size_t size, const char *enough);

/* Waits for the front to close the connection. */
bool raw_is_closed(int fd);

#define WITH_FRONT(test) cmocka_unit_test_setup_teardown(test, front_open, front_close)

#endif
