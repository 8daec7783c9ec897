#include "tests/gateway/http2_frames.h"

#include "tests/gateway/front_fixture.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

#define PATIENCE_MS 10000
#define PAYLOAD_BYTES_MAX (32 * 1024)

void http2_send(int fd, int type, int flags, int stream, const void *payload, size_t len)
{
    const unsigned char head[9] = {
        (unsigned char)(len >> 16),    (unsigned char)(len >> 8),    (unsigned char)len,
        (unsigned char)type,           (unsigned char)flags,         (unsigned char)(stream >> 24),
        (unsigned char)(stream >> 16), (unsigned char)(stream >> 8), (unsigned char)stream,
    };
    raw_send_bytes(fd, head, sizeof head);
    raw_send_bytes(fd, payload, len);
}

int http2_connect(void)
{
    int fd = raw_connect();
    assert_true(raw_send(fd, HTTP2_PREFACE));
    http2_send(fd, HTTP2_SETTINGS, 0, 0, "", 0);
    return fd;
}

void http2_get(int fd, int stream)
{
    /* Method and scheme by index, path and authority as literals. */
    static const char head[] = "\x82\x86\x04\x09/notes/42\x01\x01"
                               "a";
    http2_send(fd, HTTP2_HEADERS, HTTP2_END_HEADERS | HTTP2_END_STREAM, stream, head,
               sizeof head - 1);
}

static bool read_exactly(int fd, void *out, size_t len)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char *at = out;
    while (len > 0) {
        ssize_t got = poll(&readable, 1, PATIENCE_MS) > 0 ? recv(fd, at, len, 0) : -1;
        if (got <= 0) {
            return false;
        }
        at += got;
        len -= (size_t)got;
    }
    return true;
}

static unsigned number_at(const unsigned char *at)
{
    return (unsigned)at[0] << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
}

bool http2_read(int fd, struct http2_frame *out_frame)
{
    unsigned char head[9];
    unsigned char payload[PAYLOAD_BYTES_MAX];
    if (!read_exactly(fd, head, sizeof head)) {
        return false;
    }
    size_t len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    assert_true(len <= sizeof payload);
    if (!read_exactly(fd, payload, len)) {
        return false;
    }
    *out_frame = (struct http2_frame){.type = head[3], .stream = (int)number_at(head + 5)};
    if (head[3] == HTTP2_RST_STREAM || head[3] == HTTP2_GOAWAY) {
        out_frame->number = number_at(payload);
    }
    return true;
}
