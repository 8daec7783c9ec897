/* The words are gathered here so that a client, and the tests, cannot tell one store from another
 * by its errors. */
#include "server/document.h"

#include "rpc/codec.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* A quoted key of full length, its NUL included. */
#define KEY_TEXT_SIZE (SRV_STORE_KEY_BYTES_MAX + sizeof "\"\"")

static const char *key_text(struct srv_key key, char out[KEY_TEXT_SIZE])
{
    if (key.kind == SRV_KEY_NUMBER) {
        snprintf(out, KEY_TEXT_SIZE, "%" PRId64, key.number);
    } else {
        snprintf(out, KEY_TEXT_SIZE, "\"%.*s\"", BASE_STR_ARGS(key.text));
    }
    return out;
}

bool srv_document_check_key(const struct srv_collection *collection, struct srv_key key,
                            struct base_err *err)
{
    assert(key.kind == collection->key_kind);
    if (key.kind == SRV_KEY_TEXT && key.text.len > SRV_STORE_KEY_BYTES_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "a key of %s is %zu bytes long, expected at most %d", collection->name,
                            key.text.len, SRV_STORE_KEY_BYTES_MAX);
    }
    return true;
}

bool srv_document_check_counter(const char *counter, struct base_err *err)
{
    size_t len = strlen(counter);
    if (len > SRV_STORE_KEY_BYTES_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "the name of a counter is %zu bytes long, expected at most %d", len,
                            SRV_STORE_KEY_BYTES_MAX);
    }
    return true;
}

bool srv_document_check_size(const struct srv_collection *collection,
                             const ProtobufCMessage *message, struct base_err *err)
{
    assert(message->descriptor == collection->type);
    size_t len = protobuf_c_message_get_packed_size(message);
    if (len > SRV_STORE_DOCUMENT_BYTES_MAX) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED,
                            "a document of %s is %zu bytes long, expected at most %zu",
                            collection->name, len, SRV_STORE_DOCUMENT_BYTES_MAX);
    }
    return true;
}

bool srv_document_pack(struct rpc_context *ctx, const struct srv_collection *collection,
                       const ProtobufCMessage *message, struct base_str *out_body,
                       struct base_err *err)
{
    if (!srv_document_check_size(collection, message, err)) {
        return false;
    }
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *body = rpc_context_alloc(ctx, len, err);
    if (body == NULL) {
        return false;
    }
    protobuf_c_message_pack(message, body);
    *out_body = base_str_make((const char *)body, len);
    return true;
}

bool srv_document_unpack(struct rpc_context *ctx, const struct srv_collection *collection,
                         struct srv_key key, struct base_str body, ProtobufCMessage **out_message,
                         struct base_err *err)
{
    if (rpc_codec_unpack(collection->type, body, &ctx->arena, out_message, err)) {
        return true;
    }
    return err->code != BASE_RESOURCE_EXHAUSTED && srv_document_damaged(collection, key, err);
}

bool srv_document_open(struct rpc_context *ctx, const struct srv_collection *collection,
                       struct srv_key key, struct base_str body, enum srv_form form,
                       bool is_checked, ProtobufCMessage **out_message, struct base_err *err)
{
    if (form == SRV_OPEN) {
        return srv_document_unpack(ctx, collection, key, body, out_message, err);
    }
    if (!is_checked && !rpc_codec_check(collection->type, body, err)) {
        return srv_document_damaged(collection, key, err);
    }
    return rpc_codec_seal(collection->type, body, &ctx->arena, out_message, err);
}

bool srv_document_not_found(const struct srv_collection *collection, struct srv_key key,
                            struct base_err *err)
{
    char text[KEY_TEXT_SIZE];
    return base_err_set(err, BASE_NOT_FOUND, "%s has no document %s", collection->name,
                        key_text(key, text));
}

bool srv_document_already_exists(const struct srv_collection *collection, struct srv_key key,
                                 struct base_err *err)
{
    char text[KEY_TEXT_SIZE];
    return base_err_set(err, BASE_ALREADY_EXISTS, "%s already has a document %s", collection->name,
                        key_text(key, text));
}

bool srv_document_damaged(const struct srv_collection *collection, struct srv_key key,
                          struct base_err *err)
{
    char text[KEY_TEXT_SIZE];
    return base_err_set(err, BASE_DATA_LOSS, "document %s of %s is damaged", key_text(key, text),
                        collection->name);
}

bool srv_document_counter_is_full(const char *counter, struct base_err *err)
{
    return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "counter %s has no numbers left", counter);
}
