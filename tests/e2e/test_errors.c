/* What is refused: every row over HTTP/1.1 and over HTTP/2, and what a table cannot say: bodies too
 * large, heads too large, garbage, clients that break off. After each the program must still serve
 * and end well. */
#include "base/mem.h"
#include "tests/e2e/rows.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MIB (size_t)(1024 * 1024)
#define READ_MS_MAX 15000

/* The program still answers, has taken no user, and ends with status 0. */
static void expect_well(struct e2e_world *world)
{
    struct e2e_client *client = e2e_client_create(world->program.http_port, E2E_HTTP1);
    const struct e2e_request request = {.method = "GET", .path = "/users"};
    const struct e2e_response *response = e2e_client_call(client, &request);
    if (response->outcome != CURLE_OK || response->status != 200 ||
        strcmp(response->body.data, "{}") != 0) {
        e2e_fail(&world->program, "GET /users: %s, %ld %s", curl_easy_strerror(response->outcome),
                 response->status, response->body.data);
    }
    e2e_client_destroy(client);
    e2e_stop(&world->program);
}

/* A JSON string of `bytes` bytes as a user's name. */
static struct base_str user_of_size(size_t bytes)
{
    char *body = base_alloc(bytes + 1);
    int head = snprintf(body, bytes, "{\"name\":\"");
    memset(body + head, 'x', bytes - (size_t)head - 2);
    memcpy(body + bytes - 2, "\"}", 3);
    return base_str_make(body, bytes);
}

static const char too_large[] =
    "{\"code\":8,\"message\":\"request body is larger than 4194304 bytes\",\"details\":[]}";

static void expect_too_large(struct e2e_world *world, enum e2e_http http, const char *headers)
{
    struct base_str body = user_of_size(5 * MIB);
    struct e2e_client *client = e2e_client_create(world->program.http_port, http);
    const struct e2e_request request = {"POST", "/users", headers, body};
    const struct e2e_response *response = e2e_client_call(client, &request);
    if (response->outcome != CURLE_OK || response->status != 413 ||
        strcmp(response->body.data, too_large) != 0) {
        e2e_fail(&world->program, "HTTP/%s with %s: %s, %ld %s", http == E2E_HTTP2 ? "2" : "1.1",
                 headers == NULL ? "no headers" : headers, curl_easy_strerror(response->outcome),
                 response->status, response->body.data);
    }
    e2e_client_destroy(client);
    base_free((char *)(uintptr_t)body.data);
}

static void test_body_too_large(void **state)
{
    struct e2e_world *world = *state;
    for (enum e2e_http http = E2E_HTTP1; http <= E2E_HTTP2; http++) {
        expect_too_large(world, http, NULL);
        expect_too_large(world, http, "Expect: 100-continue");
        if (http == E2E_HTTP1) {
            expect_too_large(world, http, "Transfer-Encoding: chunked");
        }
    }
    expect_well(*state);
}

/* The largest body there is, and a user of almost as many bytes. */
static void test_body_of_4_mib(void **state)
{
    struct e2e_world *world = *state;
    struct base_str body = user_of_size(4 * MIB);
    struct e2e_client *client = e2e_client_create(world->program.http_port, E2E_HTTP1);
    const struct e2e_request request = {"POST", "/users", NULL, body};
    const struct e2e_response *response = e2e_client_call(client, &request);
    assert_int_equal(response->outcome, CURLE_OK);
    assert_int_equal(response->status, 201);
    assert_string_equal(response->body.data, "{\"id\":0}");
    const struct e2e_request remove = {.method = "DELETE", .path = "/users/0"};
    assert_int_equal(e2e_client_call(client, &remove)->status, 200);
    e2e_client_destroy(client);
    base_free((char *)(uintptr_t)body.data);
    expect_well(*state);
}

/* Reads until the server closes or `size` is full; NUL-terminated. Fails when neither comes. */
static size_t read_to_end(int fd, char *out, size_t size)
{
    size_t used = 0;
    ssize_t got = 1;
    while (used + 1 < size && (got = recv(fd, out + used, size - 1 - used, 0)) > 0) {
        used += (size_t)got;
    }
    out[used] = '\0';
    return used;
}

/* Whether the client closes its side once it has sent all: to the server a client that does may
 * have gone, and a call that takes long is cancelled. */
enum after_sending { STAY, CLOSE_SIDE };

/* Sends bytes as they are on a new connection, and reads what comes back until the
 * server closes. */
static void exchange(const struct e2e_world *world, const char *data, size_t len,
                     enum after_sending after, char *answer, size_t size)
{
    int fd = e2e_connect(world->program.http_port, READ_MS_MAX);
    assert_int_not_equal(fd, -1);
    for (size_t sent = 0; sent < len;) {
        ssize_t count = send(fd, data + sent, len - sent, MSG_NOSIGNAL);
        if (count <= 0) {
            break; /* it has refused the rest, which it may */
        }
        sent += (size_t)count;
    }
    if (after == CLOSE_SIDE) {
        shutdown(fd, SHUT_WR);
    }
    read_to_end(fd, answer, size);
    close(fd);
}

/* A head that announces 5 MiB is refused before the body is sent. */
static void test_announced_body_is_refused_unread(void **state)
{
    struct e2e_world *world = *state;
    static const char head[] = "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
                               "\r\nContent-Length: 5242880\r\n\r\n";
    char answer[8192];
    int fd = e2e_connect(world->program.http_port, READ_MS_MAX);
    assert_int_equal(send(fd, head, sizeof head - 1, MSG_NOSIGNAL), sizeof head - 1);
    long long begin_ms = e2e_now_ms();
    assert_true(recv(fd, answer, sizeof answer - 1, 0) > 0);
    assert_in_range(e2e_now_ms() - begin_ms, 0, READ_MS_MAX - 1);
    assert_memory_equal(answer, "HTTP/1.1 413 ", 13);
    close(fd);
    expect_well(*state);
}

struct garbage {
    const char *name;
    const char *data;
    size_t len;
};
#define GARBAGE(name, literal)                                                                     \
    {                                                                                              \
        name, literal, sizeof(literal) - 1                                                         \
    }

static const struct garbage garbage[] = {
    GARBAGE("nothing", ""),
    GARBAGE("binary", "\x00\x01\x02\xff\xfe\r\n\r\n"),
    GARBAGE("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00"),
    GARBAGE("half a request line", "GET /use"),
    GARBAGE("no version", "GET /users\r\n\r\n"),
    GARBAGE("a version of the future", "GET /users HTTP/9.9\r\nHost: x\r\n\r\n"),
    GARBAGE("a negative length",
            "POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{\"name\":\"A\"}"),
    GARBAGE("a length that is no number",
            "POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n{\"name\":\"A\"}"),
    GARBAGE("a huge length", "POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: "
                             "99999999999999999999999\r\n\r\n{\"name\":\"A\"}"),
    GARBAGE("two lengths", "POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n"
                           "Content-Length: 3\r\n\r\n{\"name\":\"A\"}"),
    GARBAGE("chunked beside a length",
            "POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: "
            "chunked\r\n\r\nc\r\n{\"name\":\"A\"}\r\n0\r\n\r\n"),
    GARBAGE("an unknown transfer encoding",
            "POST /users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: cow\r\n\r\n{\"name\":\"A\"}"),
    GARBAGE("a bad chunk size", "POST /users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked"
                                "\r\n\r\nzz\r\n{\"name\":\"A\"}\r\n0\r\n\r\n"),
    GARBAGE("a body that ends too soon", "POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 100"
                                         "\r\n\r\n{\"name\":\"A\"}"),
    GARBAGE("no Host", "POST /users HTTP/1.1\r\nContent-Length: 12\r\n\r\n{\"name\":\"A\"}"),
    GARBAGE("lines that end in LF alone",
            "POST /users HTTP/1.1\nHost: x\nContent-Length: 12\n\n{\"name\":\"A\"}"),
    GARBAGE("a folded line", "POST /users HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n"
                             "Content-Length: 12\r\n\r\n{\"name\":\"A\"}"),
    GARBAGE("a coding before chunked",
            "POST /users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: cow\r\nTransfer-Encoding: "
            "chunked\r\n\r\nc\r\n{\"name\":\"A\"}\r\n0\r\n\r\n"),
    GARBAGE("an HTTP/2 preface and no frames", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    GARBAGE("an HTTP/2 preface and garbage",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
    GARBAGE("an HTTP/2 frame too large",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\xff\xff\xff\x00"
            "\x00\x00\x00\x00\x01"),
};

/* None of it is taken for a user, none of it does harm; what is answered is a 4xx. */
static void test_garbage(void **state)
{
    struct e2e_world *world = *state;
    static char answer[64 * 1024];
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        exchange(world, garbage[i].data, garbage[i].len, CLOSE_SIDE, answer, sizeof answer);
        if (strncmp(answer, "HTTP/1.1 ", 9) == 0 && answer[9] != '4') {
            e2e_fail(&world->program, "%s is answered %.100s", garbage[i].name, answer);
        }
    }
    expect_well(*state);
}

/* Random bytes, and real requests with a byte changed: no crash, no hang. */
static void test_random_bytes(void **state)
{
    struct e2e_world *world = *state;
    static const char request[] = "GET /users/1?x=%20 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n"
                                  "Grpc-Timeout: 1S\r\nConnection: close\r\n\r\n";
    static char answer[64 * 1024];
    unsigned seed = (unsigned)e2e_now_ms();
    print_message("seed %u\n", seed);
    for (int round = 0; round < 300; round++) {
        char data[sizeof request];
        memcpy(data, request, sizeof data);
        size_t changes = 1 + (size_t)rand_r(&seed) % (round % 10 == 0 ? sizeof data - 1 : 3);
        for (size_t i = 0; i < changes; i++) {
            data[(size_t)rand_r(&seed) % (sizeof data - 1)] = (char)rand_r(&seed);
        }
        exchange(world, data, sizeof data - 1, CLOSE_SIDE, answer, sizeof answer);
    }
    expect_well(*state);
}

static void expect_head_refused(const struct e2e_world *world, const char *head, size_t len,
                                const char *name)
{
    static char answer[64 * 1024];
    exchange(world, head, len, CLOSE_SIDE, answer, sizeof answer);
    if (answer[0] != '\0' && strncmp(answer, "HTTP/1.1 4", 10) != 0) {
        e2e_fail(&world->program, "%s: answered %.100s", name, answer);
    }
}

/* A megabyte of head is not kept: refused or cut off. */
static void test_huge_heads(void **state)
{
    struct e2e_world *world = *state;
    size_t size = 4 * MIB;
    char *head = base_alloc(size);
    int len = snprintf(head, size, "GET /users HTTP/1.1\r\nHost: x\r\nX-Large: ");
    memset(head + len, 'v', MIB);
    memcpy(head + (size_t)len + MIB, "\r\n\r\n", 4);
    expect_head_refused(world, head, (size_t)len + MIB + 4, "a header of 1 MiB");

    len = snprintf(head, size, "GET /users?page_token=");
    memset(head + len, 'v', MIB);
    memcpy(head + (size_t)len + MIB, " HTTP/1.1\r\n\r\n", 13);
    expect_head_refused(world, head, (size_t)len + MIB + 13, "a path of 1 MiB");

    len = snprintf(head, size, "GET /users HTTP/1.1\r\nHost: x\r\n");
    size_t used = (size_t)len;
    for (int i = 0; i < 20000; i++) {
        used += (size_t)snprintf(head + used, size - used, "X-%d: v\r\n", i);
    }
    memcpy(head + used, "\r\n", 2);
    expect_head_refused(world, head, used + 2, "20,000 headers");
    base_free(head);
    expect_well(*state);
}

/* Over HTTP/2: a head beyond the limit ends the stream or the connection, not the program. */
static void test_huge_head_over_http2(void **state)
{
    struct e2e_world *world = *state;
    static char headers[60000];
    int len = snprintf(headers, sizeof headers, "X-Large: ");
    memset(headers + len, 'v', sizeof headers - (size_t)len - 1);
    for (int round = 0; round < 3; round++) {
        struct e2e_client *client = e2e_client_create(world->program.http_port, E2E_HTTP2);
        const struct e2e_request request = {"GET", "/users", headers, {NULL, 0}};
        const struct e2e_response *response = e2e_client_call(client, &request);
        assert_true(response->outcome != CURLE_OK || response->status == 200 ||
                    response->status == 431 || response->status == 400);
        e2e_client_destroy(client);
    }
    expect_well(*state);
}

/* Clients that reset the connection in the middle of what they ask for. */
static void test_clients_that_break_off(void **state)
{
    struct e2e_world *world = *state;
    static const char *const halves[] = {
        "POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{\"name\":\"",
        "GET /users HTTP/1.1\r\nHost: x\r\n\r\nGET /users HTTP/1.1\r\nHost: x\r\n\r\n",
        "DELETE /users/1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /users/7/books HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    };
    for (int round = 0; round < 200; round++) {
        const char *half = halves[round % 4];
        int fd = e2e_connect(world->program.http_port, READ_MS_MAX);
        assert_int_not_equal(fd, -1);
        send(fd, half, strlen(half), MSG_NOSIGNAL);
        if (round % 8 >= 4) {
            e2e_sleep_ms(1);
        }
        struct linger reset = {.l_onoff = 1, .l_linger = 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    expect_well(*state);
}

/* Requests sent ahead on one connection are answered in order. */
static void test_pipelined_requests(void **state)
{
    struct e2e_world *world = *state;
    static const char requests[] = "GET /users HTTP/1.1\r\nHost: x\r\n\r\n"
                                   "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
                                   "DELETE /users/1 HTTP/1.1\r\nHost: x\r\n\r\n"
                                   "GET /users/2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    static const char *const expected[] = {"HTTP/1.1 200 ", "{}",
                                           "HTTP/1.1 404 ", "Not Found",
                                           "HTTP/1.1 404 ", "user 1 not found",
                                           "HTTP/1.1 404 ", "user 2 not found"};
    char answer[16 * 1024];
    exchange(world, requests, sizeof requests - 1, STAY, answer, sizeof answer);
    const char *at = answer;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *found = strstr(at, expected[i]);
        if (found == NULL) {
            e2e_fail(&world->program, "no \"%s\" in its place in %s", expected[i], answer);
        }
        at = found + strlen(expected[i]);
    }
    expect_well(*state);
}

#define WITH_PROGRAM(test) cmocka_unit_test_setup_teardown(test, e2e_set_up, e2e_tear_down)

int main(void)
{
    static struct CMUnitTest tests[E2E_TESTS_MAX] = {
        WITH_PROGRAM(test_body_too_large),
        WITH_PROGRAM(test_body_of_4_mib),
        WITH_PROGRAM(test_announced_body_is_refused_unread),
        WITH_PROGRAM(test_garbage),
        WITH_PROGRAM(test_random_bytes),
        WITH_PROGRAM(test_huge_heads),
        WITH_PROGRAM(test_huge_head_over_http2),
        WITH_PROGRAM(test_clients_that_break_off),
        WITH_PROGRAM(test_pipelined_requests),
    };
    size_t own = 0;
    while (tests[own].name != NULL) {
        own++;
    }
    size_t count = e2e_table_tests(e2e_error_tables, e2e_error_table_count, tests, own);
    return _cmocka_run_group_tests("errors", tests, count, NULL, NULL);
}
