/* Admin client: the admin API as the subcommands call it.
 *
 * Requests and answers are the messages of tollgate/admin.proto; they go over the wire as JSON,
 * written and read by the gateway's own transcoder. What an answer holds lives until the next call.
 * Startup thread.
 */
#ifndef CLI_ADMIN_CLIENT_H
#define CLI_ADMIN_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <protobuf-c/protobuf-c.h>

struct cli_admin_client;

/* Returns owned a client of the listener at `url`, "http://127.0.0.1:9901", which goes with `token`
 * where that is not NULL. Borrows both. */
struct cli_admin_client *cli_admin_client_create(const char *url, const char *token);

/* Accepts NULL. */
void cli_admin_client_destroy(struct cli_admin_client *client);

struct cli_admin_call {
    const char *method;
    const char *path;                /* with its query, escaped */
    const ProtobufCMessage *request; /* of the body; NULL for none */
    struct base_str csv;             /* the body, where it is a file's; else empty */
    const ProtobufCMessageDescriptor *answer;
};

/* Calls and gives the answer. A refusal fails with the listener's own words; where nobody listens
 * the message says what to do. */
bool cli_admin_client_call(struct cli_admin_client *client, const struct cli_admin_call *call,
                           ProtobufCMessage **out_answer, struct base_err *err) BASE_MUST_CHECK;

/* Appends a message as JSON, with the fields that are empty. */
bool cli_admin_client_json(struct cli_admin_client *client, const ProtobufCMessage *message,
                           struct base_buf *out, struct base_err *err) BASE_MUST_CHECK;

#endif
