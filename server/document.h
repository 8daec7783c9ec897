/* Document: what every store does alike to keys and messages, whatever keeps them.
 *
 * The checks of the limits in server/store.h and the words of the errors that are the same for each
 * store. Pure functions; any thread.
 */
#ifndef SERVER_DOCUMENT_H
#define SERVER_DOCUMENT_H

#include "server/store.h"

/* Fails with INVALID_ARGUMENT where `key` is longer than a key may be. A key of the wrong kind is a
 * programmer's error. */
bool srv_document_check_key(const struct srv_collection *collection, struct srv_key key,
                            struct base_err *err) BASE_MUST_CHECK;

/* Fails with INVALID_ARGUMENT where the name is longer than a key may be. */
bool srv_document_check_counter(const char *counter, struct base_err *err) BASE_MUST_CHECK;

/* Fails with RESOURCE_EXHAUSTED where `message`, packed, is past SRV_STORE_DOCUMENT_BYTES_MAX. */
bool srv_document_check_size(const struct srv_collection *collection,
                             const ProtobufCMessage *message, struct base_err *err) BASE_MUST_CHECK;

/* Packs `message` into the context's arena. Fails with RESOURCE_EXHAUSTED past
 * SRV_STORE_DOCUMENT_BYTES_MAX or the arena's cap. */
bool srv_document_pack(struct rpc_context *ctx, const struct srv_collection *collection,
                       const ProtobufCMessage *message, struct base_str *out_body,
                       struct base_err *err) BASE_MUST_CHECK;

/* Unpacks a stored body into the context's arena; `body` may go afterwards. Fails with DATA_LOSS
 * where the bytes are no such message, RESOURCE_EXHAUSTED past the arena's cap. */
bool srv_document_unpack(struct rpc_context *ctx, const struct srv_collection *collection,
                         struct srv_key key, struct base_str body, ProtobufCMessage **out_message,
                         struct base_err *err) BASE_MUST_CHECK;

/* Gives a stored body in the form asked for. Where SRV_SEALED, `body` must live as long as the
 * call, and is checked unless `is_checked` says that it has been; errors as for
 * srv_document_unpack. */
bool srv_document_open(struct rpc_context *ctx, const struct srv_collection *collection,
                       struct srv_key key, struct base_str body, enum srv_form form,
                       bool is_checked, ProtobufCMessage **out_message,
                       struct base_err *err) BASE_MUST_CHECK;

/* Each sets its error and returns false. */
bool srv_document_not_found(const struct srv_collection *collection, struct srv_key key,
                            struct base_err *err);
bool srv_document_already_exists(const struct srv_collection *collection, struct srv_key key,
                                 struct base_err *err);
bool srv_document_damaged(const struct srv_collection *collection, struct srv_key key,
                          struct base_err *err);
bool srv_document_counter_is_full(const char *counter, struct base_err *err);

#endif
