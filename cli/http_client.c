#include "cli/http_client.h"

#include "base/mem.h"

#include <curl/curl.h>
#include <stdint.h>

struct cli_http_client {
    CURL *curl;
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
};

static void add_header(struct cli_http_client *client, const char *line)
{
    client->headers = curl_slist_append(client->headers, line);
}

struct cli_http_client *cli_http_client_create(const char *token)
{
    struct cli_http_client *client = base_calloc(1, sizeof *client);
    struct base_buf line;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client->curl = curl_easy_init();
    add_header(client, "Content-Type: application/json");
    base_buf_init(&line, SIZE_MAX);
    if (token != NULL && base_buf_printf(&line, "Authorization: Bearer %s", token)) {
        add_header(client, line.data);
    }
    base_buf_dispose(&line);
    return client;
}

void cli_http_client_destroy(struct cli_http_client *client)
{
    if (client != NULL) {
        curl_slist_free_all(client->headers);
        curl_easy_cleanup(client->curl);
        base_free(client);
        curl_global_cleanup();
    }
}

/* Returning less than what came ends the transfer. */
static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    return base_buf_append(user, data, size * count) ? size * count : 0;
}

static void prepare(struct cli_http_client *client, const char *method, const char *url,
                    struct base_str body, struct base_buf *answer)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    client->error[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CLI_HTTP_CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)CLI_HTTP_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (body.len > 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    }
}

bool cli_http_client_send(struct cli_http_client *client, const char *method, const char *url,
                          struct base_str body, int *out_status, struct base_buf *answer,
                          struct base_err *err)
{
    prepare(client, method, url, body, answer);
    CURLcode outcome = curl_easy_perform(client->curl);
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
