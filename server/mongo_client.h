/* MongoDB client: a pool of connections, and one command at a time on one of them.
 *
 * With server/mongo_stream.h the only module that includes mongoc's headers. A command is given as
 * BSON; it waits at the gate for a connection, gets what is left of the call's time as maxTimeMS
 * and ends with it, and its failures come back in our codes: UNAVAILABLE (no server, too many
 * calls, connection lost, not the primary, write concern not met), DEADLINE_EXCEEDED,
 * ALREADY_EXISTS (a duplicate key), INTERNAL for what the database should not have refused.
 * Messages name no hosts and no credentials; the database's own words go to the log. Any thread
 * that may block.
 */
#ifndef SERVER_MONGO_CLIENT_H
#define SERVER_MONGO_CLIENT_H

#include "rpc/context.h"
#include "server/mongo_gate.h"

struct _bson_t; /* bson_t, from libbson */

struct srv_mongo_client;

/* Returns owned a pool for `uri` with the defaults of server/store_mongo.h, which begins to look
 * for the database at once. NULL with INVALID_ARGUMENT, as srv_store_mongo_open has it. */
struct srv_mongo_client *srv_mongo_client_open(const char *uri, struct base_err *err);

/* No command may be running. Accepts NULL. */
void srv_mongo_client_close(struct srv_mongo_client *client);

/* Runs `command`, a read that loses its connection twice. On success `out_reply` is the caller's to
 * destroy; a document that could not be written is a failure, too. Ends by the call's deadline, or
 * SRV_STORE_MONGO_COMMAND_MS from now without one; by SRV_STORE_MONGO_CONNECT_MS later where it has
 * to open a connection. */
bool srv_mongo_client_run(struct srv_mongo_client *client, struct rpc_context *ctx,
                          enum srv_mongo_kind kind, const struct _bson_t *command,
                          struct _bson_t *out_reply, struct base_err *err) BASE_MUST_CHECK;

#endif
