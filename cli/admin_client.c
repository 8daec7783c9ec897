#include "cli/admin_client.h"

#include "base/mem.h"
#include "cli/http_client.h"
#include "gateway/transcode.h"
#include "rpc/codec.h"
#include "tollgate/admin.tg.h"

#include <assert.h>

struct cli_admin_client {
    const char *url;
    struct cli_http_client *http;
    struct gw_schema *schema;
    struct base_arena arena; /* of the last answer */
    struct base_buf target;
    struct base_buf json;
    struct base_buf wire;
};

struct cli_admin_client *cli_admin_client_create(const char *url, const char *token)
{
    struct cli_admin_client *client = base_calloc(1, sizeof *client);
    struct base_err err;
    client->url = url;
    client->http = cli_http_client_create(token);
    client->schema = gw_schema_create();
    bool is_loaded = gw_schema_add(client->schema, tollgate_admin_descriptor_set, &err);
    assert(is_loaded);
    (void)is_loaded;
    base_arena_init(&client->arena, CLI_HTTP_ANSWER_BYTES_MAX);
    base_buf_init(&client->target, CLI_HTTP_ANSWER_BYTES_MAX);
    base_buf_init(&client->json, CLI_HTTP_ANSWER_BYTES_MAX);
    base_buf_init(&client->wire, CLI_HTTP_ANSWER_BYTES_MAX);
    return client;
}

void cli_admin_client_destroy(struct cli_admin_client *client)
{
    if (client == NULL) {
        return;
    }
    cli_http_client_destroy(client->http);
    gw_schema_destroy(client->schema);
    base_arena_dispose(&client->arena);
    base_buf_dispose(&client->target);
    base_buf_dispose(&client->json);
    base_buf_dispose(&client->wire);
    base_free(client);
}

/* ---- Messages ---- */

static const struct gw_message *type_of(const struct cli_admin_client *client,
                                        const ProtobufCMessageDescriptor *descriptor)
{
    return gw_schema_message(client->schema, base_str_of(descriptor->name));
}

static bool write_json(struct cli_admin_client *client, const ProtobufCMessage *message,
                       bool prints_defaults, struct base_buf *out, struct base_err *err)
{
    const struct gw_transcode_options options = {
        .schema = client->schema,
        .print_defaults = prints_defaults,
    };
    base_buf_reset(&client->wire, SIZE_MAX);
    return rpc_codec_pack(message, &client->wire, err) &&
           gw_wire_to_json(type_of(client, message->descriptor), base_buf_str(&client->wire),
                           &options, out, err);
}

bool cli_admin_client_json(struct cli_admin_client *client, const ProtobufCMessage *message,
                           struct base_buf *out, struct base_err *err)
{
    return write_json(client, message, true, out, err);
}

/* Reads the JSON of an answer. A newer listener may say more than this program knows. */
static bool read_json(struct cli_admin_client *client, const ProtobufCMessageDescriptor *type,
                      ProtobufCMessage **out_message, struct base_err *err)
{
    const struct gw_transcode_options options = {
        .schema = client->schema,
        .ignore_unknown_fields = true,
    };
    base_arena_reset(&client->arena);
    base_buf_reset(&client->wire, SIZE_MAX);
    return (gw_json_to_wire(type_of(client, type), base_buf_str(&client->json), &options,
                            &client->wire, err) &&
            rpc_codec_unpack(type, base_buf_str(&client->wire), &client->arena, out_message,
                             err)) ||
           base_err_wrap(err, "the answer of %s is not understood", client->url);
}

/* ---- Calls ---- */

/* The code that stands for a status of the admin API. */
static enum base_code code_of(int status)
{
    switch (status) {
    case 400:
        return BASE_INVALID_ARGUMENT;
    case 401:
        return BASE_UNAUTHENTICATED;
    case 403:
        return BASE_PERMISSION_DENIED;
    case 404:
        return BASE_NOT_FOUND;
    case 409:
        return BASE_ALREADY_EXISTS;
    default:
        return BASE_UNKNOWN;
    }
}

/* Fails with the words of a refusal, {"message":...}. */
static bool refuse(struct cli_admin_client *client, int status, struct base_err *err)
{
    ProtobufCMessage *message;
    struct base_err ignored;
    if (read_json(client, &tollgate__admin__error__descriptor, &message, &ignored)) {
        const char *text = ((Tollgate__Admin__Error *)message)->message;
        if (text[0] != '\0') {
            return base_err_set(err, code_of(status), "%s", text);
        }
    }
    return base_err_set(err, code_of(status), "%s answered status %d", client->url, status);
}

bool cli_admin_client_call(struct cli_admin_client *client, const struct cli_admin_call *call,
                           ProtobufCMessage **out_answer, struct base_err *err)
{
    struct base_buf body;
    int status;
    base_buf_init(&body, CLI_HTTP_ANSWER_BYTES_MAX);
    base_buf_reset(&client->target, SIZE_MAX);
    base_buf_reset(&client->json, SIZE_MAX);
    bool ok = (call->request == NULL || write_json(client, call->request, false, &body, err)) &&
              (base_buf_printf(&client->target, "%s%s", client->url, call->path) ||
               base_err_set(err, BASE_INVALID_ARGUMENT, "the request is too long"));
    const struct cli_http_request request = {
        .method = call->method,
        .url = client->target.data,
        .body = call->csv.len > 0 ? call->csv : base_buf_str(&body),
        .content_type = call->csv.len > 0 ? "text/csv" : NULL,
    };
    if (ok && !cli_http_client_send(client->http, &request, &status, &client->json, err)) {
        ok =
            base_err_wrap(err,
                          "no answer from the admin listener at %s; is tollgate serve running, and "
                          "is this its --admin (--admin-url says where to look)",
                          client->url);
    }
    base_buf_dispose(&body);
    return ok && (status < 300 ? read_json(client, call->answer, out_answer, err)
                               : refuse(client, status, err));
}
