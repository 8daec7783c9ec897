/* HTTP client: libcurl, so that nothing of Tollgate judges Tollgate.
 *
 * One request after another on a kept connection, over HTTP/1.1 or over HTTP/2 with prior
 * knowledge. Everything is bounded in time. One thread.
 */
#ifndef E2E_HTTP_H
#define E2E_HTTP_H

#include "base/buf.h"

#include <curl/curl.h>

/* How long one request may take, and bytes of one answer. */
#define E2E_REQUEST_MS_MAX 60000
#define E2E_ANSWER_BYTES_MAX (size_t)(32 * 1024 * 1024)

enum e2e_http { E2E_HTTP1, E2E_HTTP2 };

struct e2e_request {
    const char *method;
    const char *path;    /* with the query, sent as it stands */
    const char *headers; /* "name: value" lines; "name:" keeps curl from sending its own; or NULL */
    struct base_str body; /* data NULL: none. JSON unless the headers name a content-type */
};

struct e2e_response {
    CURLcode outcome; /* CURLE_OK: the answer is whole */
    long status;
    long http_version;       /* CURL_HTTP_VERSION_1_1 or CURL_HTTP_VERSION_2_0 */
    struct base_buf headers; /* as they came, status line first */
    struct base_buf body;
};

struct e2e_client;

/* Returns owned a client of 127.0.0.1:`port`. */
struct e2e_client *e2e_client_create(int port, enum e2e_http http);

/* Accepts NULL. */
void e2e_client_destroy(struct e2e_client *client);

/* Sends one request and waits for its answer, which is borrowed until the next call. */
const struct e2e_response *e2e_client_call(struct e2e_client *client,
                                           const struct e2e_request *request);

/* The client's curl handle made ready for `request`, to be driven by a curl multi handle; what it
 * receives goes to e2e_client_response. The request must live until it is done. */
CURL *e2e_client_prepare(struct e2e_client *client, const struct e2e_request *request);

/* Says that the multi handle which will drive the client has an HTTP/2 connection already. */
void e2e_client_expect_connection(struct e2e_client *client);

/* What came for the prepared request, once curl reports it done with `outcome`. */
const struct e2e_response *e2e_client_response(struct e2e_client *client, CURLcode outcome);

/* The value of the first header `name` (any case), in `out`, cut to its size; false without one. */
bool e2e_response_header(const struct e2e_response *response, const char *name, char *out,
                         size_t size);

#endif
