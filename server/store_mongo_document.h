/* MongoDB document: between a message and {_id, its fields, _version}.
 *
 * Any thread.
 */
#ifndef SERVER_STORE_MONGO_DOCUMENT_H
#define SERVER_STORE_MONGO_DOCUMENT_H

#include "server/store_mongo_command.h"

/* Makes the document of at->key, with a new version; the caller's to destroy on success.
 * RESOURCE_EXHAUSTED past SRV_STORE_DOCUMENT_BYTES_MAX packed, or MongoDB's limit as BSON. */
bool srv_mongo_build_document(const struct srv_mongo_target *at, const ProtobufCMessage *message,
                              bson_t *out_document, struct base_err *err) BASE_MUST_CHECK;

/* Reads a document into a message in `arena`; with `keep_unknown` also the fields that only the
 * database has, as srv_bson_decode says. DATA_LOSS, naming at->key, where it does not fit;
 * RESOURCE_EXHAUSTED past the arena's cap. */
bool srv_mongo_read_document(const struct srv_mongo_target *at, const bson_t *document,
                             bool keep_unknown, struct base_arena *arena,
                             ProtobufCMessage **out_message, struct base_err *err) BASE_MUST_CHECK;

#endif
