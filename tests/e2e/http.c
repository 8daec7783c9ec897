/* One curl easy handle a client, reset between requests: curl keeps the connection.
 *
 * Debian's libcurl 7.88.1 fails when it reuses a connection on which HTTP/2 is known to be spoken
 * (curl issue 10634): "Error in the HTTP2 framing layer". Asking for plain HTTP/2 instead works,
 * since a connection that speaks it already needs no upgrade; so only what opens a connection asks
 * for prior knowledge. */
#include "tests/e2e/http.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>

#include <cmocka.h>

#define URL_SIZE 16384
#define HEADERS_BYTES_MAX (size_t)(256 * 1024)
#define HEADER_LINE_SIZE 70000

struct e2e_client {
    CURL *curl;
    int port;
    enum e2e_http http;
    bool has_connection; /* as far as HTTP/2 goes; see above */
    struct curl_slist *headers;
    struct e2e_response response;
    char url[URL_SIZE];
};

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
    struct e2e_client *client = user;
    /* An interim 100 Continue comes before the answer it announces. */
    if (size * count > 5 && strncmp(data, "HTTP/", 5) == 0) {
        base_buf_reset(&client->response.headers, HEADERS_BYTES_MAX);
    }
    return base_buf_append(&client->response.headers, data, size * count) ? size * count : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    struct e2e_client *client = user;
    return base_buf_append(&client->response.body, data, size * count) ? size * count : 0;
}

struct e2e_client *e2e_client_create(int port, enum e2e_http http)
{
    struct e2e_client *client = base_calloc(1, sizeof *client);
    client->curl = curl_easy_init();
    assert_non_null(client->curl);
    client->port = port;
    client->http = http;
    base_buf_init(&client->response.headers, HEADERS_BYTES_MAX);
    base_buf_init(&client->response.body, E2E_ANSWER_BYTES_MAX);
    return client;
}

void e2e_client_destroy(struct e2e_client *client)
{
    if (client == NULL) {
        return;
    }
    curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->headers);
    base_buf_dispose(&client->response.headers);
    base_buf_dispose(&client->response.body);
    base_free(client);
}

static bool names_header(const char *line, const char *name)
{
    size_t len = strlen(name);
    return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

static void add_headers(struct e2e_client *client, const struct e2e_request *request)
{
    bool has_type = false;
    bool has_expect = false;
    static char line[HEADER_LINE_SIZE];
    const char *next = request->headers == NULL ? "" : request->headers;
    while (*next != '\0') {
        size_t len = strcspn(next, "\n");
        assert_true(len < sizeof line);
        snprintf(line, sizeof line, "%.*s", (int)len, next);
        next += next[len] == '\n' ? len + 1 : len;
        has_type = has_type || names_header(line, "content-type");
        has_expect = has_expect || names_header(line, "expect");
        client->headers = curl_slist_append(client->headers, line);
    }
    if (!has_expect) {
        client->headers = curl_slist_append(client->headers, "Expect:");
    }
    if (!has_type && request->body.data != NULL) {
        client->headers = curl_slist_append(client->headers, "Content-Type: application/json");
    }
}

void e2e_client_expect_connection(struct e2e_client *client)
{
    client->has_connection = true;
}

static long curl_version_of(const struct e2e_client *client)
{
    return client->http == E2E_HTTP1 ? (long)CURL_HTTP_VERSION_1_1
           : client->has_connection  ? (long)CURL_HTTP_VERSION_2_0
                                     : (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
}

CURL *e2e_client_prepare(struct e2e_client *client, const struct e2e_request *request)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    curl_slist_free_all(client->headers);
    client->headers = NULL;
    base_buf_reset(&client->response.headers, HEADERS_BYTES_MAX);
    base_buf_reset(&client->response.body, E2E_ANSWER_BYTES_MAX);
    add_headers(client, request);
    int len = snprintf(client->url, sizeof client->url, "http://127.0.0.1:%d%s", client->port,
                       request->path);
    assert_in_range(len, 1, sizeof client->url - 1);
    curl_easy_setopt(curl, CURLOPT_URL, client->url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, curl_version_of(client));
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)E2E_REQUEST_MS_MAX);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, client);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, client);
    if (request->body.data != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
    }
    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    }
    return curl;
}

const struct e2e_response *e2e_client_response(struct e2e_client *client, CURLcode outcome)
{
    struct e2e_response *response = &client->response;
    response->outcome = outcome;
    client->has_connection = outcome == CURLE_OK;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &response->status);
    curl_easy_getinfo(client->curl, CURLINFO_HTTP_VERSION, &response->http_version);
    /* Text functions may read what came; the NUL is not part of it. */
    bool fits = base_buf_append_char(&response->headers, '\0') &&
                base_buf_append_char(&response->body, '\0');
    assert_true(fits);
    response->headers.len--;
    response->body.len--;
    return response;
}

const struct e2e_response *e2e_client_call(struct e2e_client *client,
                                           const struct e2e_request *request)
{
    CURL *curl = e2e_client_prepare(client, request);
    return e2e_client_response(client, curl_easy_perform(curl));
}

bool e2e_response_header(const struct e2e_response *response, const char *name, char *out,
                         size_t size)
{
    for (const char *line = response->headers.data; line != NULL && *line != '\0';) {
        size_t len = strcspn(line, "\r\n");
        if (names_header(line, name)) {
            const char *value = line + strlen(name) + 1;
            value += strspn(value, " ");
            snprintf(out, size, "%.*s", (int)(line + len - value), value);
            return true;
        }
        line += len;
        line += strspn(line, "\r\n");
    }
    return false;
}
