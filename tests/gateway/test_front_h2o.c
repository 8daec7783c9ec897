/* The front as decent clients see it: libcurl over HTTP/1.0, HTTP/1.1, with a request to upgrade to
 * HTTP/2, and over HTTP/2 by prior knowledge. */
#include "tests/gateway/front_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <curl/curl.h>

enum { REPLY_SIZE = 64 * 1024, REQUEST_MS_MAX = 20000 };

struct reply {
    CURLcode failure;
    long status;
    long version;
    size_t len;
    char body[REPLY_SIZE];
    size_t headers_len;
    char headers[4096];
};

static size_t keep(char *data, size_t size, size_t count, void *user)
{
    struct reply *reply = user;
    size_t len = size * count;
    if (len > sizeof reply->body - 1 - reply->len) {
        return 0;
    }
    memcpy(reply->body + reply->len, data, len);
    reply->len += len;
    reply->body[reply->len] = '\0';
    return len;
}

static size_t keep_header(char *data, size_t size, size_t count, void *user)
{
    struct reply *reply = user;
    size_t len = size * count;
    assert_true(len < sizeof reply->headers - reply->headers_len);
    for (size_t i = 0; i < len; i++) { /* HTTP/1 gives Content-Type, HTTP/2 content-type */
        char c = data[i];
        reply->headers[reply->headers_len++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    reply->headers[reply->headers_len] = '\0';
    return len;
}

struct request {
    long version; /* CURL_HTTP_VERSION_... */
    const char *method;
    const char *path;
    const char *header; /* one more, or NULL */
    const char *body;
    size_t body_len;
    bool chunked;
};

static CURL *curl_of(const struct request *request, struct reply *reply,
                     struct curl_slist **out_headers)
{
    CURL *curl = curl_easy_init();
    char url[256];
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    headers = curl_slist_append(headers, "Content-Type: application/json");
    if (request->header != NULL) {
        headers = curl_slist_append(headers, request->header);
    }
    if (request->chunked) {
        headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
    }
    *reply = (struct reply){0};
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", fix.port, request->path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, request->version);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_NOBODY, (long)(strcmp(request->method, "HEAD") == 0));
    if (request->body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)REQUEST_MS_MAX);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    *out_headers = headers;
    return curl;
}

static void perform(const struct request *request, struct reply *reply)
{
    struct curl_slist *headers;
    CURL *curl = curl_of(request, reply, &headers);
    reply->failure = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &reply->version);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
}

static const long versions[] = {CURL_HTTP_VERSION_1_0, CURL_HTTP_VERSION_1_1, CURL_HTTP_VERSION_2_0,
                                CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE};

static void every_protocol_gives_the_same_answers(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *path;
        const char *body;
        long status;
        const char *answer;
        const char *header; /* lower-case; NULL for none */
    } rows[] = {
        {"GET", "/notes/42", NULL, 200, NOTE_JSON, "content-type: application/json\r\n"},
        {"GET", "/notes/42?", NULL, 200, NOTE_JSON, "content-length: 44\r\n"},
        {"HEAD", "/notes/42", NULL, 200, "", "content-length: 44\r\n"},
        {"POST", "/notes", "{\"title\":\"Hello\"}", 201, NOTE_JSON, NULL},
        {"OPTIONS", "/notes", NULL, 204, "", "allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"},
        {"GET", "/nope", NULL, 404, "{\"code\":5,\"message\":\"Not Found\",\"details\":[]}",
         "content-type: application/json\r\n"},
        {"POST", "/notes/42", "{}", 405,
         "{\"code\":12,\"message\":\"Method Not Allowed\",\"details\":[]}",
         "allow: GET, HEAD, PUT, PATCH, DELETE, OPTIONS\r\n"},
    };
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            static struct reply reply;
            char header[128] = "";
            for (size_t c = 0; rows[i].header != NULL && rows[i].header[c] != '\0'; c++) {
                char upper = rows[i].header[c];
                header[c] = upper >= 'A' && upper <= 'Z' ? (char)(upper + 32) : upper;
            }
            perform(&(struct request){.version = versions[v],
                                      .method = rows[i].method,
                                      .path = rows[i].path,
                                      .body = rows[i].body,
                                      .body_len = rows[i].body == NULL ? 0 : strlen(rows[i].body)},
                    &reply);
            if (reply.failure != CURLE_OK || reply.status != rows[i].status ||
                strcmp(reply.body, rows[i].answer) != 0 || strstr(reply.headers, header) == NULL) {
                fail_msg("%s %s over %ld: %s, %ld, %s, %s", rows[i].method, rows[i].path,
                         versions[v], curl_easy_strerror(reply.failure), reply.status, reply.body,
                         reply.headers);
            }
        }
    }
}

static void an_answer_of_204_has_no_length(void **state)
{
    (void)state;
    static struct reply reply;
    perform(
        &(struct request){.version = CURL_HTTP_VERSION_1_1, .method = "OPTIONS", .path = "/notes"},
        &reply);
    assert_null(strstr(reply.headers, "content-length"));
    assert_null(strstr(reply.headers, "transfer-encoding"));
}

static void answered_headers_are_lower_case(void **state)
{
    (void)state;
    static struct reply reply;
    fix.fake.plan.header_key = BASE_STR("color");
    fix.fake.plan.header_value = BASE_STR("Blue");
    perform(&(struct request){.version = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
                              .method = "GET",
                              .path = "/notes/42"},
            &reply);
    assert_int_equal(reply.failure, CURLE_OK);
    assert_non_null(strstr(reply.headers, "grpc-metadata-color: blue\r\n"));
}

/* ---- Bodies ---- */

/* {"content":"aaa..."} of `len` bytes. */
static char *json_of(size_t len)
{
    static const char head[] = "{\"content\":\"";
    char *json = malloc(len + 1);
    memset(json, 'a', len);
    memcpy(json, head, sizeof head - 1);
    memcpy(json + len - 2, "\"}", 3);
    return json;
}

static void bodies_over_the_limit_are_refused(void **state)
{
    (void)state;
    static const struct {
        long version;
        bool chunked;
        size_t len;
        long status;
    } rows[] = {
        {CURL_HTTP_VERSION_1_1, false, GW_BODY_BYTES_MAX, 201},
        {CURL_HTTP_VERSION_1_1, false, GW_BODY_BYTES_MAX + 1, 413},
        {CURL_HTTP_VERSION_1_1, false, 3 * GW_BODY_BYTES_MAX, 413},
        {CURL_HTTP_VERSION_1_1, true, GW_BODY_BYTES_MAX - 1, 201},
        {CURL_HTTP_VERSION_1_1, true, 3 * GW_BODY_BYTES_MAX, 413},
        {CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE, false, GW_BODY_BYTES_MAX, 201},
        {CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE, false, GW_BODY_BYTES_MAX + 1, 413},
        {CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE, false, GW_FRONT_HTTP2_BODY_BYTES_MAX, 413},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct reply reply;
        char *json = json_of(rows[i].len);
        perform(&(struct request){.version = rows[i].version,
                                  .method = "POST",
                                  .path = "/notes",
                                  .body = json,
                                  .body_len = rows[i].len,
                                  .chunked = rows[i].chunked},
                &reply);
        free(json);
        if (reply.failure != CURLE_OK || reply.status != rows[i].status ||
            (rows[i].status == 413 && strcmp(reply.body, TOO_LARGE_JSON) != 0)) {
            fail_msg("row %zu: %s, %ld, %s", i, curl_easy_strerror(reply.failure), reply.status,
                     reply.body);
        }
    }
}

static void the_deadline_is_kept(void **state)
{
    (void)state;
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
        static struct reply reply;
        fix.fake.plan.end = FAKE_NEVER;
        int64_t before_ms = now_ms();
        perform(&(struct request){.version = versions[v],
                                  .method = "GET",
                                  .path = "/notes/42",
                                  .header = "Grpc-Timeout: 150m"},
                &reply);
        assert_int_equal(reply.status, 504);
        assert_string_equal(reply.body,
                            "{\"code\":4,\"message\":\"deadline exceeded\",\"details\":[]}");
        assert_in_range(now_ms() - before_ms, 150, REQUEST_MS_MAX - 1);
        fake_channel_await(&fix.fake.cancelled, (int)v + 1);
    }
}

/* ---- Many at once ---- */

enum { AT_ONCE = 50, ROUNDS = 4 };

static void many_calls_cross_threads_and_come_back(void **state)
{
    (void)state;
    static struct reply replies[AT_ONCE];
    fix.fake.plan.end = FAKE_LATER;
    fix.fake.plan.delay_ms = 2;
    for (int round = 0; round < ROUNDS; round++) {
        CURL *curls[AT_ONCE];
        struct curl_slist *headers[AT_ONCE];
        struct request request = {.version = versions[round], .method = "GET", .path = "/notes/1"};
        CURLM *multi = curl_multi_init();
        int running = 0;
        for (int i = 0; i < AT_ONCE; i++) {
            curls[i] = curl_of(&request, &replies[i], &headers[i]);
            curl_multi_add_handle(multi, curls[i]);
        }
        do {
            curl_multi_perform(multi, &running);
            curl_multi_poll(multi, NULL, 0, 100, NULL);
        } while (running > 0);
        for (int i = 0; i < AT_ONCE; i++) {
            assert_string_equal(replies[i].body, NOTE_JSON);
            curl_multi_remove_handle(multi, curls[i]);
            curl_easy_cleanup(curls[i]);
            curl_slist_free_all(headers[i]);
        }
        curl_multi_cleanup(multi);
    }
}

/* ---- Draining ---- */

static int grace_ms = FRONT_GRACE_MS;

static void *close_in_background(void *unused)
{
    gw_front_close(fix.front, grace_ms);
    fix.front = NULL;
    return unused;
}

/* Starts a stream, waits until its rpc has started, closes the front and waits for the stream's
 * end.
 */
static void drain_a_stream(struct reply *reply)
{
    struct request request = {
        .version = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE, .method = "GET", .path = "/notes/42"};
    struct curl_slist *headers;
    CURL *curl = curl_of(&request, reply, &headers);
    CURLM *multi = curl_multi_init();
    pthread_t closer;
    int running = 1;
    curl_multi_add_handle(multi, curl);
    while (atomic_load(&fix.fake.started) == 0) {
        curl_multi_perform(multi, &running);
        curl_multi_poll(multi, NULL, 0, 10, NULL);
    }
    pthread_create(&closer, NULL, close_in_background, NULL);
    while (running > 0) {
        curl_multi_perform(multi, &running);
        curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    pthread_join(closer, NULL);
    curl_multi_remove_handle(multi, curl);
    curl_easy_cleanup(curl);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
}

/* The connection is told to go away, but its stream is served to the end. */
static void draining_answers_a_stream_that_has_begun(void **state)
{
    (void)state;
    static struct reply reply;
    fix.fake.plan.end = FAKE_LATER;
    fix.fake.plan.delay_ms = 1500; /* a connection without streams is closed after a second */
    drain_a_stream(&reply);
    assert_string_equal(reply.body, NOTE_JSON);
}

static void the_grace_ends_for_streams_too(void **state)
{
    (void)state;
    static struct reply reply;
    fix.fake.plan.end = FAKE_NEVER;
    grace_ms = 300;
    drain_a_stream(&reply);
    grace_ms = FRONT_GRACE_MS;
    assert_string_equal(reply.body, "");
    assert_int_equal(fix.fake.cancelled, 1);
}

/* ---- Addresses ---- */

static void bad_addresses_are_refused(void **state)
{
    (void)state;
    char taken[64];
    char message_taken[128];
    snprintf(taken, sizeof taken, "127.0.0.1:%d", fix.port);
    snprintf(message_taken, sizeof message_taken, "cannot listen on %s: Address already in use",
             taken);
    const struct {
        const char *address;
        enum base_code code;
        const char *message;
    } rows[] = {
        {"8080", BASE_INVALID_ARGUMENT, "address 8080: expected host:port"},
        {":8080", BASE_INVALID_ARGUMENT, "address :8080: expected host:port"},
        {"127.0.0.1:", BASE_INVALID_ARGUMENT, "address 127.0.0.1:: expected host:port"},
        {"127.0.0.1:http", BASE_INVALID_ARGUMENT, "address 127.0.0.1:http: expected host:port"},
        {"127.0.0.1:65536", BASE_INVALID_ARGUMENT, "address 127.0.0.1:65536: expected host:port"},
        {"127.0.0.1:-1", BASE_INVALID_ARGUMENT, "address 127.0.0.1:-1: expected host:port"},
        {taken, BASE_UNAVAILABLE, message_taken},
        {"192.0.2.1:80", BASE_UNAVAILABLE,
         "cannot listen on 192.0.2.1:80: Cannot assign requested address"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_err err;
        struct gw_front_config config = {
            .gateway = fix.gateway, .address = rows[i].address, .loops = 1};
        assert_null(gw_front_open(&config, &err));
        assert_int_equal(err.code, rows[i].code);
        assert_string_equal(err.message, rows[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FRONT(every_protocol_gives_the_same_answers),
        WITH_FRONT(an_answer_of_204_has_no_length),
        WITH_FRONT(answered_headers_are_lower_case),
        WITH_FRONT(bodies_over_the_limit_are_refused),
        WITH_FRONT(the_deadline_is_kept),
        WITH_FRONT(many_calls_cross_threads_and_come_back),
        WITH_FRONT(draining_answers_a_stream_that_has_begun),
        WITH_FRONT(the_grace_ends_for_streams_too),
        WITH_FRONT(bad_addresses_are_refused),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
