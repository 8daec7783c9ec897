#include "tests/gateway/front_fixture.h"

#include "notes/v1/notes.tg.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { LOOPS = 2 };

struct front_fixture fix;
static const struct base_str note_wire = {"\x0A\x02"
                                          "42"
                                          "\x12\x05"
                                          "Hello",
                                          11};

int front_open(void **state)
{
    (void)state;
    struct base_err err;
    fake_channel_init(&fix.fake);
    fix.fake.plan = (struct fake_plan){.response = note_wire};
    fix.gateway = gw_gateway_create(
        &(struct gw_gateway_config){
            .descriptor_sets = &(struct gw_descriptor_set){.bytes = notes_v1_notes_descriptor_set},
            .descriptor_set_count = 1,
            .channel = &fix.fake.channel,
        },
        &err);
    assert_non_null(fix.gateway);
    fix.front = gw_front_open(
        &(struct gw_front_config){
            .gateway = fix.gateway,
            .address = "127.0.0.1:0",
            .loops = LOOPS,
            .body_memory_bytes = fix.body_memory_bytes,
            .read_timeout_ms = fix.read_timeout_ms,
        },
        &err);
    assert_non_null(fix.front);
    fix.port = gw_front_port(fix.front);
    return 0;
}

int front_close(void **state)
{
    (void)state;
    gw_front_close(fix.front, FRONT_GRACE_MS);
    gw_gateway_unref(fix.gateway);
    rpc_channel_destroy(&fix.fake.channel);
    assert_int_equal(fix.fake.ended, fix.fake.started);
    return 0;
}

void sleep_ms(int ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

int64_t now_ms(void)
{
    return base_clock_monotonic_ns() / BASE_NS_PER_MS;
}

int raw_connect(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)fix.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool raw_send(int fd, const char *text)
{
    size_t len = strlen(text);
    return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

void raw_send_bytes(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        at += sent;
        len -= (size_t)sent;
    }
}

void raw_read(int fd, char *out, size_t size, const char *enough)
{
    size_t len = 0;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    while (len < size - 1 && poll(&readable, 1, 10000) > 0) {
        ssize_t got = recv(fd, out + len, size - 1 - len, 0);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
        out[len] = '\0';
        if (enough != NULL && strstr(out, enough) != NULL) {
            break;
        }
    }
    out[len] = '\0';
}

bool raw_is_closed(int fd)
{
    char c;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    return poll(&readable, 1, 10000) > 0 && recv(fd, &c, 1, 0) <= 0;
}
