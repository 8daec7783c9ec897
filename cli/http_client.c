#include "cli/http_client.h"

#include "base/mem.h"

#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes of the header that names a body's type. */
#define CONTENT_TYPE_SIZE 128

struct cli_http_client {
    CURL *curl;
    struct base_buf authorization; /* the header, NUL-terminated; empty without a token */
    char error[CURL_ERROR_SIZE];
};

struct cli_http_client *cli_http_client_create(const char *token)
{
    struct cli_http_client *client = base_calloc(1, sizeof *client);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client->curl = curl_easy_init();
    base_buf_init(&client->authorization, SIZE_MAX);
    if (token != NULL) {
        base_buf_printf(&client->authorization, "Authorization: Bearer %s", token);
    }
    return client;
}

void cli_http_client_destroy(struct cli_http_client *client)
{
    if (client != NULL) {
        curl_easy_cleanup(client->curl);
        base_buf_dispose(&client->authorization);
        base_free(client);
        curl_global_cleanup();
    }
}

/* Returning less than what came ends the transfer. */
static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    return base_buf_append(user, data, size * count) ? size * count : 0;
}

/* Makes the headers of a request, the caller's to free. */
static struct curl_slist *make_headers(const struct cli_http_client *client,
                                       const struct cli_http_request *request)
{
    const char *type = request->content_type == NULL ? "application/json" : request->content_type;
    char line[CONTENT_TYPE_SIZE];
    snprintf(line, sizeof line, "Content-Type: %s", type);
    struct curl_slist *headers = curl_slist_append(NULL, line);
    return client->authorization.len == 0 ? headers
                                          : curl_slist_append(headers, client->authorization.data);
}

static void prepare(struct cli_http_client *client, const struct cli_http_request *request,
                    const struct curl_slist *headers, struct base_buf *answer)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    client->error[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CLI_HTTP_CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)CLI_HTTP_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (request->body.len > 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
    }
}

bool cli_http_client_send(struct cli_http_client *client, const struct cli_http_request *request,
                          int *out_status, struct base_buf *answer, struct base_err *err)
{
    struct curl_slist *headers = make_headers(client, request);
    prepare(client, request, headers, answer);
    CURLcode outcome = curl_easy_perform(client->curl);
    curl_slist_free_all(headers);
    if (outcome != CURLE_OK) {
        return base_err_set(err, BASE_UNAVAILABLE, "%s",
                            client->error[0] != '\0' ? client->error : curl_easy_strerror(outcome));
    }
    long status = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    *out_status = (int)status;
    return true;
}

bool cli_http_escape(struct base_str text, struct base_buf *out)
{
    char *escaped = curl_easy_escape(NULL, text.data, (int)text.len);
    bool ok = escaped != NULL && base_buf_append_str(out, base_str_of(escaped));
    curl_free(escaped);
    return ok;
}
