/* CORS on the real program, over HTTP/1.1 and HTTP/2: preflights, and the headers that let a page
 * read every answer, refusals as much as any. What browsers make of it: tests/browser. */
#include "base/mem.h"
#include "tests/e2e/rows.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define APP "https://app.example.com"
#define ASKS_APP "Origin: " APP
#define ASKS_EVIL "Origin: https://evil.example"
#define PREFLIGHT(method) "\nAccess-Control-Request-Method: " method
#define READ_MS_MAX 15000

/* What lets pages of APP read an answer. */
#define READABLE                                                                                   \
    "access-control-allow-origin: " APP "\nvary: Origin\naccess-control-expose-headers: *\n"       \
    "-access-control-allow-credentials"
#define UNREADABLE                                                                                 \
    "vary: Origin\n-access-control-allow-origin\n-access-control-expose-headers\n"                 \
    "-access-control-allow-methods\n-access-control-allow-headers"

static const char *const app_flags[] = {
    "--cors-origin", APP, "--cors-origin", "http://*.localhost:3000", "--cors-max-age", "60", NULL,
};

static const struct e2e_row app_rows[] = {
    {"read", "GET", "/users", ASKS_APP, NULL, 200, "{}", READABLE},
    {"read by wildcard", "GET", "/users", "Origin: http://a.localhost:3000", NULL, 200, "{}",
     "access-control-allow-origin: http://a.localhost:3000\nvary: Origin"},
    {"another site reads in vain", "GET", "/users", ASKS_EVIL, NULL, 200, "{}", UNREADABLE},
    {"null is another site", "GET", "/users", "Origin: null", NULL, 200, "{}", UNREADABLE},
    {"an origin in another case", "GET", "/users", "Origin: https://APP.example.com", NULL, 200,
     "{}", UNREADABLE},
    {"caches are told without an origin, too", "GET", "/users", NULL, NULL, 200, "{}", UNREADABLE},
    {"write", "POST", "/users", ASKS_APP, "{\"name\":\"Ann\"}", 201, "{\"id\":0}", READABLE},
    {"HEAD", "HEAD", "/users", ASKS_APP, NULL, 200, NULL, READABLE},
    {"OPTIONS that is no preflight", "OPTIONS", "/users", ASKS_APP, NULL, 204, NULL,
     READABLE "\nallow: GET, HEAD, POST, OPTIONS"},
    {"a preflight", "OPTIONS", "/users",
     ASKS_APP PREFLIGHT("POST") "\nAccess-Control-Request-Headers: content-type,x-api-key", NULL,
     204, NULL,
     "access-control-allow-origin: " APP "\nvary: Origin\n"
     "access-control-allow-methods: GET, HEAD, POST, OPTIONS\n"
     "access-control-allow-headers: Authorization, Content-Type, Grpc-Timeout, X-Api-Key, "
     "X-Request-Id, "
     "X-Server-Timeout\n"
     "access-control-max-age: 60\n-access-control-expose-headers\n-allow"},
    {"a preflight for metadata", "OPTIONS", "/users",
     ASKS_APP PREFLIGHT("GET") "\nAccess-Control-Request-Headers: grpc-metadata-a,x-other", NULL,
     204, NULL,
     "access-control-allow-headers: Authorization, Content-Type, Grpc-Timeout, X-Api-Key, "
     "X-Request-Id, "
     "X-Server-Timeout, grpc-metadata-a"},
    {"a preflight for a method with a variable in its path", "OPTIONS", "/users/0",
     ASKS_APP PREFLIGHT("DELETE"), NULL, 204, NULL,
     "access-control-allow-methods: GET, HEAD, DELETE, OPTIONS"},
    {"a preflight for what needs a key asks for none", "OPTIONS", "/notes/1",
     ASKS_APP PREFLIGHT("PUT"), NULL, 204, NULL,
     "access-control-allow-methods: GET, HEAD, PUT, PATCH, DELETE, OPTIONS"},
    {"a preflight for a method that is not there", "OPTIONS", "/users",
     ASKS_APP PREFLIGHT("DELETE"), NULL, 204, NULL,
     "access-control-allow-methods: GET, HEAD, POST, OPTIONS"},
    {"a preflight for a path that is not there lets the page see its 404", "OPTIONS", "/nothing",
     ASKS_APP PREFLIGHT("DELETE"), NULL, 204, NULL, "access-control-allow-methods: DELETE"},
    {"another site's preflight", "OPTIONS", "/users", ASKS_EVIL PREFLIGHT("POST"), NULL, 204, NULL,
     UNREADABLE "\n-access-control-max-age"},
    {"400 of a bad body", "POST", "/users", ASKS_APP, "{\"name\":7}", 400,
     "{\"code\":3,\"message\":\"body at byte 8, name: expected a string, found a "
     "number\",\"details\":[]}",
     READABLE},
    {"404 of a path", "DELETE", "/nothing", ASKS_APP, NULL, 404,
     "{\"code\":5,\"message\":\"Not Found\",\"details\":[]}", READABLE},
    {"404 of a service", "GET", "/users/7", ASKS_APP, NULL, 404,
     "{\"code\":5,\"message\":\"user 7 not found\",\"details\":[]}", READABLE},
    {"405", "PUT", "/users", ASKS_APP, "{}", 405,
     "{\"code\":12,\"message\":\"Method Not Allowed\",\"details\":[]}",
     READABLE "\nallow: GET, HEAD, POST, OPTIONS"},
    {"415", "POST", "/users", ASKS_APP "\nContent-Type: text/plain", "{}", 415,
     "{\"code\":3,\"message\":\"the body must be application/json in UTF-8, without a "
     "Content-Encoding\",\"details\":[]}",
     READABLE},
    {"504", "GET", "/users", ASKS_APP "\nGrpc-Timeout: 0n", NULL, 504,
     "{\"code\":4,\"message\":\"deadline exceeded\",\"details\":[]}", READABLE},
};

static const char *const credential_flags[] = {"--cors-origin", APP,      "--cors-credentials",
                                               "--cors-header", "X-Only", NULL};

static const struct e2e_row credential_rows[] = {
    {"a user", "POST", "/users", NULL, "{\"name\":\"Ann\"}", 201, "{\"id\":0}", NULL},
    {"another", "POST", "/users", NULL, "{\"name\":\"Bob\"}", 201, "{\"id\":1}", NULL},
    {"each header is exposed by its name", "GET", "/users?page_size=1", ASKS_APP, NULL, 200,
     "{\"0\":{\"name\":\"Ann\",\"books\":[]}}",
     "access-control-allow-origin: " APP "\naccess-control-allow-credentials: true\n"
     "access-control-expose-headers: content-type, x-next-page-token"},
    {"a preflight", "OPTIONS", "/users", ASKS_APP PREFLIGHT("POST"), NULL, 204, NULL,
     "access-control-allow-credentials: true\naccess-control-allow-headers: X-Only"},
    {"another site", "GET", "/users/0", ASKS_EVIL, NULL, 200, "{\"name\":\"Ann\",\"books\":[]}",
     UNREADABLE "\n-access-control-allow-credentials"},
};

static const char *const any_flags[] = {
    "--cors-origin", "*", "--cors-expose", "Retry-After", "--cors-expose", "X-Next-*", NULL};

static const struct e2e_row any_rows[] = {
    {"any site reads", "GET", "/users", ASKS_EVIL, NULL, 200, "{}",
     "access-control-allow-origin: *\naccess-control-expose-headers: Retry-After\n-vary"},
    {"a page without an origin, too", "GET", "/users", "Origin: null", NULL, 200, "{}",
     "access-control-allow-origin: *"},
    {"a request without an origin may be cached for any", "GET", "/users", NULL, NULL, 200, "{}",
     "access-control-allow-origin: *\n-vary"},
    {"and its preflight", "OPTIONS", "/users", "Origin: null" PREFLIGHT("POST"), NULL, 204, NULL,
     "access-control-allow-origin: *\naccess-control-allow-methods: GET, HEAD, POST, OPTIONS"},
};

static const char *const key_flags[] = {"--no-keys=false", "--cors-origin", APP, NULL};

static const struct e2e_row key_rows[] = {
    {"403 without a key", "GET", "/notes", ASKS_APP, NULL, 403, "{\"message\":\"Forbidden\"}",
     READABLE "\nx-amzn-errortype: ForbiddenException"},
    {"403 of an unknown key", "DELETE", "/notes/1", ASKS_APP "\nX-Api-Key: any", NULL, 403,
     "{\"message\":\"Forbidden\"}", READABLE},
    {"a preflight asks for none", "OPTIONS", "/notes/1", ASKS_APP PREFLIGHT("PUT"), NULL, 204, NULL,
     "access-control-allow-methods: GET, HEAD, PUT, PATCH, DELETE, OPTIONS"},
};

static const char *const stage_flags[] = {"--stage", "dev", "--cors-origin", APP, NULL};

static const struct e2e_row stage_rows[] = {
    {"on a stage", "GET", "/dev/users", ASKS_APP, NULL, 200, "{}", READABLE},
    {"a preflight on a stage", "OPTIONS", "/dev/users", ASKS_APP PREFLIGHT("POST"), NULL, 204, NULL,
     "access-control-allow-methods: GET, HEAD, POST, OPTIONS"},
    {"404 without the stage", "GET", "/users", ASKS_APP, NULL, 404,
     "{\"code\":5,\"message\":\"Not Found\",\"details\":[]}", READABLE},
};

static const char *const no_flags[] = {NULL};

static const struct e2e_row no_rows[] = {
    {"nothing is said", "GET", "/users", ASKS_APP, NULL, 200, "{}",
     "-access-control-allow-origin\n-vary"},
    {"a preflight is any OPTIONS", "OPTIONS", "/users", ASKS_APP PREFLIGHT("POST"), NULL, 204, NULL,
     "allow: GET, HEAD, POST, OPTIONS\n-access-control-allow-methods"},
};

static const struct policy {
    const char *const *flags;
    struct e2e_table table;
} policies[] = {
    {app_flags, E2E_TABLE("origins by name", app_rows)},
    {credential_flags, E2E_TABLE("credentials", credential_rows)},
    {any_flags, E2E_TABLE("any origin", any_rows)},
    {key_flags, E2E_TABLE("keys", key_rows)},
    {stage_flags, E2E_TABLE("stages", stage_rows)},
    {no_flags, E2E_TABLE("no CORS", no_rows)},
};

static void test_tables(void **state)
{
    for (size_t i = 0; i < sizeof policies / sizeof *policies * 2; i++) {
        e2e_set_up_with(state, policies[i / 2].flags);
        struct e2e_world *world = *state;
        e2e_table_run(&policies[i / 2].table, &world->program, i % 2 == 0 ? E2E_HTTP1 : E2E_HTTP2,
                      NULL);
        e2e_stop(&world->program);
        e2e_tear_down(state);
    }
}

/* ---- What a table cannot say ---- */

static int set_up(void **state)
{
    return e2e_set_up_with(state, app_flags);
}

static void expect_readable(const struct e2e_world *world, enum e2e_http http,
                            const struct e2e_request *request, long status)
{
    struct e2e_client *client = e2e_client_create(world->program.http_port, http);
    const struct e2e_response *response = e2e_client_call(client, request);
    char origin[64] = "";
    e2e_response_header(response, "access-control-allow-origin", origin, sizeof origin);
    if (response->outcome != CURLE_OK || response->status != status || strcmp(origin, APP) != 0) {
        e2e_fail(&world->program, "HTTP/%s, expected %ld: %s, %ld, allow-origin \"%s\"",
                 http == E2E_HTTP2 ? "2" : "1.1", status, curl_easy_strerror(response->outcome),
                 response->status, origin);
    }
    e2e_client_destroy(client);
}

/* A body refused by the gateway (HTTP/2) and by the library (HTTP/1.1), and one announced. */
static void test_body_too_large(void **state)
{
    static const size_t size = 5 * 1024 * 1024;
    char *body = base_calloc(1, size);
    for (enum e2e_http http = E2E_HTTP1; http <= E2E_HTTP2; http++) {
        const struct e2e_request request = {"POST", "/users", ASKS_APP, {body, size}};
        expect_readable(*state, http, &request, 413);
    }
    base_free(body);
}

/* Over HTTP/2 the library ends a connection for as much. */
static void test_headers_too_large(void **state)
{
    static char value[40000];
    static char headers[2 * sizeof value + 200];
    memset(value, 'v', sizeof value - 1);
    snprintf(headers, sizeof headers, ASKS_APP "\nGrpc-Metadata-A: %s\nGrpc-Metadata-B: %s", value,
             value);
    const struct e2e_request request = {"GET", "/users", headers, {NULL, 0}};
    expect_readable(*state, E2E_HTTP1, &request, 431);
}

/* Heads and bodies that the front or the library refuses once the headers are known. */
static void test_malformed_requests(void **state)
{
    static const struct row {
        const char *request;
        const char *status;
    } rows[] = {
        {"POST /users HTTP/1.1\r\nHost: x\r\nHost: y\r\n" ASKS_APP "\r\n\r\n", "HTTP/1.1 400 "},
        {"POST /users HTTP/1.1\r\nHost: x\r\n" ASKS_APP "\r\nTransfer-Encoding: chunked\r\n\r\n"
         "zz\r\n",
         "HTTP/1.1 400 "},
        {"POST /users HTTP/1.1\r\nHost: x\r\n" ASKS_APP "\r\nContent-Length: 5242880\r\n\r\n",
         "HTTP/1.1 413 "},
        {"POST /users HTTP/1.1\r\nHost: x\r\n" ASKS_APP "\r\nExpect: 7-wonders\r\n"
         "Content-Length: 2\r\n\r\n{}",
         "HTTP/1.1 417 "},
    };
    const struct e2e_world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char answer[2048] = "";
        int fd = e2e_connect(world->program.http_port, READ_MS_MAX);
        assert_int_not_equal(fd, -1);
        size_t len = strlen(rows[i].request);
        assert_int_equal(send(fd, rows[i].request, len, MSG_NOSIGNAL), len);
        for (size_t used = 0; strstr(answer, "\r\n\r\n") == NULL;) {
            ssize_t got = recv(fd, answer + used, sizeof answer - 1 - used, 0);
            if (got <= 0) {
                break;
            }
            used += (size_t)got;
            answer[used] = '\0';
        }
        close(fd);
        if (strncmp(answer, rows[i].status, strlen(rows[i].status)) != 0 ||
            strstr(answer, "\r\naccess-control-allow-origin: " APP "\r\n") == NULL) {
            e2e_fail(&world->program, "to\n%s\nexpected %s that may be read, got\n%s",
                     rows[i].request, rows[i].status, answer);
        }
    }
}

#define WITH_PROGRAM(test) cmocka_unit_test_setup_teardown(test, set_up, e2e_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        WITH_PROGRAM(test_body_too_large),
        WITH_PROGRAM(test_headers_too_large),
        WITH_PROGRAM(test_malformed_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
