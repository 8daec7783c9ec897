/* MongoDB command: what the operations of the MongoDB store build their commands of.
 *
 * A command is a BSON document {NAME: collection, ...}; keys are bound as values, never as text of
 * a query. Any thread that may block.
 */
#ifndef SERVER_STORE_MONGO_COMMAND_H
#define SERVER_STORE_MONGO_COMMAND_H

#include "server/mongo_client.h"
#include "server/store.h"

#include <bson/bson.h>

/* Where an operation stands: what its errors name. */
struct srv_mongo_target {
    struct srv_mongo_client *client;
    struct rpc_context *ctx;
    const struct srv_collection *collection;
    struct srv_key key;
};

void srv_mongo_append_key(bson_t *out, const char *name, struct srv_key key);

/* Starts {NAME: collection}; the caller's to destroy. */
void srv_mongo_begin_command(bson_t *command, const char *name, const struct srv_mongo_target *at);

/* As srv_mongo_client_run. */
bool srv_mongo_run(const struct srv_mongo_target *at, enum srv_mongo_kind kind,
                   const bson_t *command, bson_t *out_reply, struct base_err *err) BASE_MUST_CHECK;

/* The number at `path` ("cursor.id") of a reply, whatever BSON type the server gave it; `missing`
 * without one. */
int64_t srv_mongo_reply_number(const bson_t *reply, const char *path, int64_t missing);

#endif
