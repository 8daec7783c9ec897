/* HTTP client: one request at a time, over libcurl.
 *
 * For the subcommands that talk to the admin listener. No proxy is used and no redirect followed.
 * Startup thread.
 */
#ifndef CLI_HTTP_CLIENT_H
#define CLI_HTTP_CLIENT_H

#include "base/buf.h"
#include "base/err.h"

/* Bytes of an answer, and how long connecting and all of it may take. */
#define CLI_HTTP_ANSWER_BYTES_MAX (size_t)(64 * 1024 * 1024)
#define CLI_HTTP_CONNECT_TIMEOUT_S 5
#define CLI_HTTP_TIMEOUT_S 60

struct cli_http_client;

/* Returns owned a client; `token`, where not NULL, goes with every request as a bearer token. */
struct cli_http_client *cli_http_client_create(const char *token);

/* Accepts NULL. */
void cli_http_client_destroy(struct cli_http_client *client);

struct cli_http_request {
    const char *method;
    const char *url;
    struct base_str body;     /* empty: none */
    const char *content_type; /* of the body; NULL: JSON */
};

/* Sends a request and appends the answer's body. Fails with UNAVAILABLE, and libcurl's reason,
 * where there is no answer. */
bool cli_http_client_send(struct cli_http_client *client, const struct cli_http_request *request,
                          int *out_status, struct base_buf *answer,
                          struct base_err *err) BASE_MUST_CHECK;

/* Appends `text` as it may stand in a path or a query. False past the buffer's maximum. */
bool cli_http_escape(struct base_str text, struct base_buf *out) BASE_MUST_CHECK;

#endif
