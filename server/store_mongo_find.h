/* MongoDB find: documents by their keys, one or several with one command.
 *
 * Any thread that may block.
 */
#ifndef SERVER_STORE_MONGO_FIND_H
#define SERVER_STORE_MONGO_FIND_H

#include "server/store_mongo_command.h"

/* Stands `out_documents` before the first document of a find's reply; false where it is none. */
bool srv_mongo_open_batch(const bson_t *reply, bson_iter_t *out_documents);

/* The next document, which lives in the reply; false after the last. */
bool srv_mongo_next_document(bson_iter_t *documents, bson_t *out_document);

/* Finds at->key. The document lives in `out_reply`, which is the caller's on success. NOT_FOUND
 * without one, or where its _id only equals the key to MongoDB, as a decimal does. */
bool srv_mongo_find_one(const struct srv_mongo_target *at, bson_t *out_reply, bson_t *out_document,
                        struct base_err *err) BASE_MUST_CHECK;

/* Finds whichever of `keys` there are; on success `out_reply` is the caller's. MongoDB cuts it
 * where it would be longer than 16 MiB: then a cursor stays open. */
bool srv_mongo_find_many(const struct srv_mongo_target *at, const struct srv_key *keys,
                         size_t count, bson_t *out_reply, struct base_err *err) BASE_MUST_CHECK;

/* Opens the bytes of a reply, which say how long they are; borrows them. */
bool srv_mongo_open_reply(const uint8_t *bytes, bson_t *out_reply);

/* The document of `key` in a reply, where it lives; false without one. */
bool srv_mongo_find_in_reply(const bson_t *reply, struct srv_key key, bson_t *out_document);

/* The cursor that a find left open because the server cut its batch; 0 when the reply is whole. */
int64_t srv_mongo_open_cursor(const bson_t *reply);

/* Closes it. Failing does not matter: MongoDB closes it in time. */
void srv_mongo_kill_cursor(const struct srv_mongo_target *at, int64_t cursor);

/* Reads a number that stands for a key, of whichever BSON type; false for what is none, as 1.5. */
bool srv_mongo_read_number_key(const bson_iter_t *id, int64_t *out_number);

#endif
