/* The access log of the real program: each request has its line, refused ones as well, and nothing
 * that a client keeps to itself is in it. */
#include "base/mem.h"
#include "tests/e2e/harness.h"
#include "tests/e2e/http.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LOG_SIZE (size_t)(64 * 1024)
#define READ_MS_MAX 15000
#define SECRET "cc0ffee5"

/* One thread: of several, each writes its lines when it likes. */
static int set_up(void **state)
{
    static const char *const flags[] = {"--threads", "1", "--access-log", NULL};
    return e2e_set_up_with(state, flags);
}

/* Gives the program's log so far. */
static char *read_log(const struct e2e_world *world)
{
    char *text = base_calloc(1, LOG_SIZE);
    FILE *file = fopen(world->program.log_path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, LOG_SIZE - 1, file);
    fclose(file);
    assert_true(len < LOG_SIZE - 1);
    return text;
}

/* Stops the program and gives its log. */
static char *take_log(struct e2e_world *world)
{
    e2e_stop(&world->program);
    return read_log(world);
}

/* Gives the fields of the next request's line and moves `at` behind it; fails when
 * there is none. */
static void next_line(const struct e2e_world *world, char **at, char *out, size_t size)
{
    static const char mark[] = " level=info event=request ";
    char *found = strstr(*at, mark);
    if (found == NULL) {
        e2e_fail(&world->program, "a request has no line");
    }
    found += sizeof mark - 1;
    size_t len = strcspn(found, "\n");
    assert_true(found[len] == '\n' && len < size);
    memcpy(out, found, len);
    out[len] = '\0';
    *at = found + len;
}

/* Cuts " duration_us=N" out of the line: the one field that is never the same. */
static void cut_duration(char *line)
{
    char *duration = strstr(line, " duration_us=");
    assert_non_null(duration);
    size_t head = strlen(" duration_us=");
    size_t digits = strspn(duration + head, "0123456789");
    assert_in_range(digits, 1, 9);
    memmove(duration, duration + head + digits, strlen(duration + head + digits) + 1);
}

static const struct row {
    const char *name;
    struct e2e_request request;
    const char *id; /* the request's id that is expected; NULL: one that the program makes */
    const char *line;
} rows[] = {
    {"made",
     {"POST", "/users", NULL, {"{\"name\":\"Ann\"}", 14}},
     NULL,
     "method=POST route=/users status=201 received=14 sent=8"},
    {"the client's id",
     {"GET", "/users/0?", "X-Request-Id: order-7", {NULL, 0}},
     "order-7",
     "method=GET route=/users/{id} status=200 received=0 sent=25"},
    {"an id that is none",
     {"HEAD", "/users/0", "X-Request-Id: a \"b", {NULL, 0}},
     NULL,
     "method=HEAD route=/users/{id} status=200 received=0 sent=0"},
    {"secrets in path, query and headers",
     {"GET",
      "/users/" SECRET "?token=" SECRET,
      "X-Api-Key: " SECRET "\nAuthorization: Bearer " SECRET,
      {NULL, 0}},
     NULL,
     "method=GET route=/users/{id} status=400 received=0 sent="},
    {"no route",
     {"GET", "/no=thing?token=" SECRET, NULL, {NULL, 0}},
     NULL,
     "method=GET path=\"/no=thing\" status=404 received=0 sent=45"},
    {"no method",
     {"PUT", "/users", NULL, {"{}", 2}},
     NULL,
     "method=PUT path=/users status=405 received=2 sent=55"},
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

static void test_lines(void **state)
{
    struct e2e_world *world = *state;
    static char ids[2][ROW_COUNT][64];
    for (enum e2e_http http = E2E_HTTP1; http <= E2E_HTTP2; http++) {
        struct e2e_client *client = e2e_client_create(world->program.http_port, http);
        for (size_t i = 0; i < ROW_COUNT; i++) {
            const struct e2e_response *response = e2e_client_call(client, &rows[i].request);
            assert_int_equal(response->outcome, CURLE_OK);
            assert_true(e2e_response_header(response, "x-request-id", ids[http][i], 64));
            if (rows[i].id != NULL) {
                assert_string_equal(ids[http][i], rows[i].id);
            } else {
                assert_int_equal(strspn(ids[http][i], "0123456789abcdef"), 16);
            }
        }
        e2e_client_destroy(client);
    }
    char *log = take_log(world);
    char *at = log;
    for (size_t i = 0; i < (size_t)2 * ROW_COUNT; i++) {
        const struct row *row = &rows[i % ROW_COUNT];
        char line[1024];
        char end[256];
        next_line(world, &at, line, sizeof line);
        cut_duration(line);
        size_t http = i / ROW_COUNT;
        snprintf(end, sizeof end, " peer=127.0.0.1 protocol=%s request_id=%s",
                 http == E2E_HTTP1 ? "HTTP/1.1" : "HTTP/2", ids[http][i % ROW_COUNT]);
        if (strncmp(line, row->line, strlen(row->line)) != 0 || strstr(line, end) == NULL) {
            e2e_fail(&world->program, "%s: expected %s...%s, got\n%s", row->name, row->line, end,
                     line);
        }
    }
    assert_null(strstr(at, "event=request"));
    assert_null(strstr(log, SECRET));
    base_free(log);
}

/* What the library answers itself, before a request is whole. */
static void test_refused_by_the_library(void **state)
{
    struct e2e_world *world = *state;
    static const char request[] = "POST /users HTTP/1.1\r\nHost: x\r\nX-Request-Id: too-large\r\n"
                                  "Content-Length: 5242880\r\n\r\n";
    char answer[2048] = "";
    int fd = e2e_connect(world->program.http_port, READ_MS_MAX);
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    assert_true(recv(fd, answer, sizeof answer - 1, 0) > 0);
    close(fd);
    assert_non_null(strstr(answer, "\r\nx-request-id: too-large\r\n"));
    char *log = take_log(world);
    char *at = log;
    char line[1024];
    next_line(world, &at, line, sizeof line);
    cut_duration(line);
    assert_string_equal(line, "method=POST path=/users status=413 received=0 sent=77 "
                              "peer=127.0.0.1 protocol=HTTP/1.1 request_id=too-large");
    base_free(log);
}

/* A client that leaves before its answer, which an upstream that says nothing makes it wait for. */
static void test_client_leaves(void **state)
{
    struct e2e_world *world = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int silent = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(silent, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(silent, 8), 0);
    assert_int_equal(getsockname(silent, (struct sockaddr *)&address, &len), 0);
    char upstream[32];
    snprintf(upstream, sizeof upstream, "127.0.0.1:%d", ntohs(address.sin_port));
    const char *const args[] = {"gateway", "--listen",     "127.0.0.1:0", "--upstream",
                                upstream,  "--access-log", NULL};
    e2e_stop(&world->program);
    e2e_start(&world->program, &world->dir, "leaves.log", E2E_HTTP_LISTENER, args);
    static const char request[] = "GET /users HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = e2e_connect(world->program.http_port, READ_MS_MAX);
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    e2e_await_read(&world->program, fd);
    close(fd);
    e2e_await_log(&world->program, "event=request");
    char *log = take_log(world);
    char *at = log;
    char line[1024];
    next_line(world, &at, line, sizeof line);
    cut_duration(line);
    assert_memory_equal(line, "method=GET route=/users status=499 ", 35);
    base_free(log);
    close(silent);
}

/* ---- API keys ---- */

#define KEY_VALUE "value-of-a-key-0123456789"
#define KEY_MS_MAX 20000

static int set_up_keys(void **state)
{
    setenv("TOLLGATE_NO_KEYS", "false", 1);
    int failure = set_up(state);
    unsetenv("TOLLGATE_NO_KEYS");
    return failure;
}

/* Makes a key of value KEY_VALUE in the plan that every store has; gives its id. */
static void make_key(const struct e2e_world *world, char *id, size_t size)
{
    static const char body[] = "{\"name\":\"test\",\"enabled\":true,\"value\":\"" KEY_VALUE "\"}";
    struct e2e_client *client = e2e_client_create(world->program.admin_port, E2E_HTTP1);
    const struct e2e_request create = {"POST", "/apikeys", NULL, {body, sizeof body - 1}};
    const struct e2e_response *response = e2e_client_call(client, &create);
    const char *at = strstr(response->body.data, "\"id\":\"");
    assert_int_equal(response->status, 201);
    assert_non_null(at);
    at += strlen("\"id\":\"");
    snprintf(id, size, "%.*s", (int)strcspn(at, "\""), at);
    char link[128];
    int len = snprintf(link, sizeof link, "{\"keyId\":\"%s\",\"keyType\":\"API_KEY\"}", id);
    const struct e2e_request add = {"POST", "/usageplans/standard/keys", NULL, {link, (size_t)len}};
    assert_int_equal(e2e_client_call(client, &add)->status, 201);
    e2e_client_destroy(client);
}

/* The key itself is nowhere in the log; its id stands where it was used. */
static void test_keys(void **state)
{
    struct e2e_world *world = *state;
    char id[64];
    make_key(world, id, sizeof id);
    struct e2e_client *client = e2e_client_create(world->program.http_port, E2E_HTTP1);
    const struct e2e_request request = {"GET", "/notes", "X-Api-Key: " KEY_VALUE, {NULL, 0}};
    long long end_ms = e2e_now_ms() + KEY_MS_MAX;
    while (e2e_client_call(client, &request)->status != 200) {
        assert_true(e2e_now_ms() < end_ms);
        e2e_sleep_ms(20);
    }
    const struct e2e_request keyless = {"GET", "/notes", NULL, {NULL, 0}};
    assert_int_equal(e2e_client_call(client, &keyless)->status, 403);
    e2e_client_destroy(client);
    char *log = take_log(world);
    char used[128];
    snprintf(used, sizeof used, " key_id=%s\n", id);
    char *at = strstr(log, "route=/notes status=200 ");
    assert_non_null(at);
    assert_memory_equal(at + strcspn(at, "\n") + 1 - strlen(used), used, strlen(used));
    assert_null(strstr(at + strcspn(at, "\n"), "key_id="));
    assert_null(strstr(log, KEY_VALUE));
    assert_non_null(strstr(log, "method=POST route=/apikeys status=201 "));
    assert_non_null(strstr(log, "method=POST route=/usageplans/{usage_plan_id}/keys status=201 "));
    base_free(log);
}

#define WITH_PROGRAM(test) cmocka_unit_test_setup_teardown(test, set_up, e2e_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PROGRAM(test_lines),
        WITH_PROGRAM(test_refused_by_the_library),
        WITH_PROGRAM(test_client_leaves),
        cmocka_unit_test_setup_teardown(test_keys, set_up_keys, e2e_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
